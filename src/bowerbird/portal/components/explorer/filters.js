// The filters of a view: as they stand in its address ("concept:crack", "!collector:night"), in words, and as the API takes them.
export const STATUSES = { 30000: "ready", 30001: "to process", 30002: "failed", 30003: "processing" };
export const KINDS = ["image", "text", "video", "audio"];
export const FIELDS = {
  concept: "concept", without: "not a concept", by: "labelled by", collector: "collector", meta: "metadata",
  status: "status", kind: "kind", id: "ID",
};

export function parse(text) {
  const not = text.startsWith("!");
  const [, field, value] = /^([a-z]+):(.*)$/s.exec(not ? text.slice(1) : text) ?? [null, "id", text];
  return { not, field: field in FIELDS ? field : "id", value: field in FIELDS ? value : text };
}

export const spell = ({ not, field, value }) => `${not ? "!" : ""}${field}:${value}`;

// Metadata as one looks for it: the path of a leaf, such as `camera.site`, `tags[]` or `"odd key".x`, and its value.
const PART = /"(?:[^"\\]|\\.)*"|\[\]|[^."[\]]+/g;
export function metaOf(path, value) {
  const parts = path.match(PART) ?? [path];
  const around = (inside, part) => (part === "[]" ? [inside] : { [part.startsWith('"') ? (object(part) ?? part) : part]: inside });
  return JSON.stringify(parts.reduceRight(around, value));
}

const spelt = (key) => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key));

export function leaf(json) {
  let value = object(json), key = "";
  if (value === undefined) return { key, value: json };
  for (;;) {
    const isList = Array.isArray(value) && value.length === 1, keys = value && typeof value === "object" && !Array.isArray(value) ? Object.keys(value) : [];
    if (!isList && keys.length !== 1) return { key, value };
    key += isList ? "[]" : `${key && "."}${spelt(keys[0])}`;
    value = isList ? value[0] : value[keys[0]];
  }
}

const said = (value) => (typeof value === "string" ? value : JSON.stringify(value));

export function inWords(text) {
  const { not, field, value } = parse(text);
  const of = field === "meta" ? leaf(value) : { key: FIELDS[field], value: field === "status" ? (STATUSES[value] ?? value) : value };
  return `${of.key || "metadata"} ${not ? "≠" : "="} ${said(of.value)}`;
}

const MADE = {
  concept: (id) => ({ annotation: { data: { concepts: [{ id, value: 1 }] } } }),
  without: (id) => ({ annotation: { data: { concepts: [{ id, value: 0 }] } } }),
  by: (user_id) => ({ annotation: { user_id } }),
  collector: (collector_id) => ({ input: { data: { metadata: { collector_id } } } }),
  status: (code) => ({ input: { status: { code: Number(code) || 0 } } }),
  kind: (kind) => ({ input: { data: { [KINDS.includes(kind) ? kind : "image"]: {} } } }),
  id: (id) => ({ input: { id } }),
  meta: (json) => ({ input: { data: { metadata: object(json) ?? {} } } }),
};

// The value of a JSON text; undefined when it is none.
function object(json) {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

// The query of PostInputsSearches.
export function queryOf(texts) {
  const filters = texts.map(parse).map(({ not, field, value }) => ({ ...MADE[field](value), ...(not ? { negate: true } : {}) }));
  return filters.length ? { filters } : {};
}

// What a person may mean by words in the search field: filters, the likeliest first.
export function guesses(words, concepts = []) {
  const text = words.trim();
  if (!text) return [];
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key) return [`meta:${metaOf(key.trim(), scalar(value.trim()))}`];
  const alike = concepts.filter((one) => `${one.id} ${one.name}`.toLowerCase().includes(text.toLowerCase())).slice(0, 6);
  const isId = /^[\w-][\w.-]{0,127}$/.test(text);
  return [...alike.map((one) => `concept:${one.id}`), ...(isId ? [`id:${text}`] : [])];
}

// "3" is a number, as is "true" a truth value; what is meant as text stands in quotes.
export function scalar(text) {
  const value = /^(-?\d+(\.\d+)?|true|false|null|".*"|\[.*\])$/s.test(text) ? (object(text) ?? null) : text;
  return value !== null && typeof value === "object" && !Array.isArray(value) ? text : value;
}
