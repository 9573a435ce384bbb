// The concepts of an app, and what a person types for one.
import { call } from "bowerbird/api.js";

const MOST = 1000;

export async function conceptsOf(place, options) {
  const answer = await call("GET", `${place}/concepts?per_page=${MOST}`, undefined, options);
  return (answer.concepts ?? []).map(({ id, name }) => ({ id, name: name || id }));
}

// The one that is meant by an ID or a name, or a new one by that name.
export function conceptOf(text, known) {
  const lower = text.toLowerCase();
  const found = known.find((one) => one.id === text) ?? known.find((one) => (one.name ?? "").toLowerCase() === lower);
  return found ? { id: found.id, name: found.name } : { id: idOf(text), name: text };
}

// An ID may hold letters, digits, "-" and "_"; what has none of them is named by its code points.
export function idOf(name) {
  const plain = name.normalize("NFKD").replace(/[^\w-]+/g, "-").replace(/^-+|-+$/g, "").toLowerCase().slice(0, 48);
  return plain || [...name].slice(0, 8).map((letter) => letter.codePointAt(0).toString(16)).join("-");
}
