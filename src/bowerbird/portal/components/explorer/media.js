// The media of inputs, as a page shows them.
import { mediaUrl } from "bowerbird/api.js";
import { KINDS } from "bowerbird/explorer/filters.js";

export const kindOf = (input) => KINDS.find((kind) => input?.data?.[kind]) ?? "";

// The address of a size, "orig" or "small"; empty while nothing is hosted: what lies elsewhere is never asked for.
export function hosted(input, size = "orig") {
  const { prefix, suffix, sizes = [] } = input?.data?.[kindOf(input)]?.hosted ?? {};
  return sizes.includes(size) ? mediaUrl(`${prefix}/${size}/${suffix}`) : "";
}

export const small = (input) => hosted(input, "small") || (kindOf(input) === "image" ? hosted(input) : "");

const texts = new Map();
const MOST_TEXTS = 2000;

// The first bytes of a text, kept for when it is shown again.
export async function textOf(input, { bytes = 600, signal } = {}) {
  if (input.data.text.raw) return input.data.text.raw;
  const address = hosted(input), key = `${bytes} ${address}`;
  if (!address) return "";
  if (!texts.has(key)) {
    const answer = await fetch(address, { signal, headers: { range: `bytes=0-${bytes - 1}` } });
    if (!answer.ok) return "";
    if (texts.size >= MOST_TEXTS) texts.delete(texts.keys().next().value);
    // A range may end within a letter.
    texts.set(key, new TextDecoder().decode(await answer.arrayBuffer()).replace(/�$/, ""));
  }
  return texts.get(key);
}

// Colours that people with any sight tell apart, given out in turn; what matters stands beside them in words.
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#7f5af0", "#a04000", "#5f7c8a", "#c2185b"];
const given = new Map();
export function colourOf(id) {
  if (!given.has(id)) given.set(id, COLOURS[given.size % COLOURS.length]);
  return given.get(id);
}
