// Keys of the page. They act only outside of text fields and dialogs, and can be switched off as a whole.
// `const off = hotkeys({ "n": ["New collector", create], "g c": ["Go to Collectors", go] })`
const OFF = "bowerbird.keys";
const known = new Set();
const NATIVE = "input, textarea, select, [contenteditable], [role=textbox]";
let first = "", timer;

export const keysAreOn = () => localStorage.getItem(OFF) !== "off";
export const switchKeys = (on) => localStorage.setItem(OFF, on ? "on" : "off");
// What can be pressed now, for the help: [[keys, words], …].
export const keysNow = () => [...known].flatMap((map) => Object.entries(map).map(([keys, [words]]) => [keys, words]));

// Registers keys, and gives back what takes them away; the latest registered goes first.
export function hotkeys(map) {
  known.add(map);
  return () => known.delete(map);
}

function named(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const shift = event.shiftKey && (event.key.length > 1 || /[a-z]/i.test(event.key));
  return [event.ctrlKey || event.metaKey ? "ctrl+" : "", event.altKey ? "alt+" : "", shift ? "shift+" : "", key].join("");
}

function isTyping(event) {
  const target = event.target.closest?.(NATIVE);
  return target && !(target.matches("input[type=checkbox], input[type=radio]"));
}

function found(keys) {
  for (const map of [...known].reverse()) if (map[keys]) return map[keys][1];
  return null;
}

addEventListener("keydown", (event) => {
  if (event.repeat || event.isComposing || event.defaultPrevented) return;
  const key = named(event);
  const withCtrl = key.startsWith("ctrl+");
  if ((isTyping(event) || document.querySelector("dialog[open]")) && !withCtrl) return;
  if (!withCtrl && !keysAreOn()) return;
  // A button or link that has the focus keeps its own Enter and Space.
  if (["Enter", " "].includes(event.key) && event.target.closest?.("button, a, summary")) return;
  const sequence = first ? `${first} ${key}` : key;
  const act = found(sequence) ?? (first ? found(key) : null);
  clearTimeout(timer);
  const begins = !first && [...known].some((map) => Object.keys(map).some((keys) => keys.startsWith(`${key} `)));
  first = begins ? key : "";
  timer = setTimeout(() => (first = ""), 1200);
  if (!act) return;
  event.preventDefault();
  first = "";
  act(event);
});
