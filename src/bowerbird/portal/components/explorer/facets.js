// The counts beside the grid: of each facet, what the query finds without that facet's own filters.
import { call } from "bowerbird/api.js";
import { leaf, metaOf, parse, queryOf, spell, STATUSES } from "bowerbird/explorer/filters.js";

const SHOWN = ["concept", "collector", "status", "kind", "metadata"];
const FIELD = { concept: "concept", collector: "collector", status: "status", kind: "kind", metadata: "meta" };
const NAMES = { concept: "Concept", without_concept: "Not a concept", collector: "Collector", status: "Status", kind: "Kind" };

const nameOf = ({ field, value }) => (field === "meta" ? `metadata.${leaf(value).key}` : field);

export async function facetsOf(place, texts, signal) {
  const own = texts.map(parse).filter((one) => !one.not && (one.field in FIELD || one.field === "meta"));
  const names = [...new Set(own.map(nameOf))].slice(0, 15);
  const without = (name) => texts.filter((text) => nameOf(parse(text)) !== name);
  const queries = [{ query: queryOf(texts), facets: SHOWN }, ...names.map((name) => ({ query: queryOf(without(name)), facets: [name] }))];
  const { facets = [] } = await call("POST", `${place.replace("/v2/", "/v1/")}/inputs/facets`, { queries }, { signal });
  const byName = new Map((facets[0]?.facets ?? []).map((one) => [one.name, { ...one, drawn: facets[0].drawn }]));
  names.forEach((name, n) => (facets[n + 1]?.facets ?? []).forEach((one) => byName.set(one.name, { ...one, drawn: facets[n + 1].drawn })));
  return [...byName.values()].map((facet) => shown(facet, texts)).filter((facet) => facet.values.length);
}

function shown({ name, values = [], distinct, drawn = 0 }, texts) {
  const key = name.startsWith("metadata.") ? name.slice("metadata.".length) : "";
  const text = (value) => spell({ not: false, field: key ? "meta" : name, value: key ? metaOf(key, value) : value });
  const told = values.map(({ value, count = 0 }) => ({ text: text(value), count, words: wordsOf(name, value), isOn: texts.includes(text(value)) }));
  return { name, title: key || NAMES[name] || name, values: told, distinct: distinct ?? values.length, isRough: drawn > 0 };
}

function wordsOf(name, value) {
  if (name === "status") return STATUSES[value] ?? String(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

