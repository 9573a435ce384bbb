// Forms from the fields of a model type: values by path, what is wrong with them in words, and the model they make.
export const KIND = {
  BOOLEAN: 1, STRING: 2, NUMBER: 3, CONCEPTS: 4, THRESHOLDS: 5, RANGE: 7, ENUM: 8, COLLABORATORS: 9, JSON: 10,
  NUMBERS: 11, STRINGS: 13, MODEL_CONCEPTS: 18,
};
const CONCEPTS = "output_info.data.concepts";
const LISTS = [KIND.CONCEPTS, KIND.THRESHOLDS, KIND.STRINGS, KIND.NUMBERS, KIND.MODEL_CONCEPTS];

export const nameOf = (field) => field.path.split(".").at(-1).replaceAll("_", " ");
export const idOf = (field) => `bb-f-${field.path.replaceAll(/[^A-Za-z0-9]+/g, "-")}`;
export const isList = (field) => LISTS.includes(field.field_type);
export const lowest = (field) => field.model_type_range_info?.min ?? 0;
export const highest = (field) => field.model_type_range_info?.max ?? 0;
const isEmpty = (value) => value === undefined || value === null || value === "" || (Array.isArray(value) && !value.length);

// What a field holds before anybody touched it.
export function usual(field) {
  if (field.default_value !== undefined) return JSON.parse(JSON.stringify(field.default_value));
  if (isList(field)) return [];
  if (field.field_type === KIND.BOOLEAN) return false;
  return field.field_type === KIND.NUMBER || field.field_type === KIND.RANGE ? null : "";
}

export const start = (fields) => Object.fromEntries(fields.map((field) => [field.path, usual(field)]));

// What is wrong with a value, in words that say what to do; empty: nothing.
export function problem(field, value) {
  if (isEmpty(value)) return field.required ? `Say ${nameOf(field)}: it has no default.` : "";
  const check = { [KIND.NUMBER]: numeric, [KIND.RANGE]: numeric, [KIND.ENUM]: chosen, [KIND.THRESHOLDS]: thresholds, [KIND.JSON]: json }[field.field_type];
  return check?.(field, value) ?? "";
}

export function problems(fields, values) {
  const told = fields.map((field) => [field.path, problem(field, values[field.path])]);
  return Object.fromEntries(told.filter(([, words]) => words));
}

function numeric(field, value) {
  const [low, high] = [lowest(field), highest(field)];
  if (typeof value !== "number" || Number.isNaN(value)) return `${value} is no number.`;
  if (!field.model_type_range_info || (value >= low && value <= high)) return "";
  const hint = high === 1 && value > 1 && value <= 100 ? ` Did you mean ${value / 100}?` : "";
  return `It must lie between ${short(low)} and ${short(high)}; you wrote ${value}.${hint}`;
}
const short = (n) => (Math.abs(n) >= 1e6 ? n.toExponential(0).replace("e+", "e") : String(n));

function chosen(field, value) {
  const options = field.model_type_enum_options ?? [];
  return options.some((one) => one.id === value) ? "" : `Choose one of ${options.map((one) => one.id).join(", ")}.`;
}

function thresholds(_, value) {
  const odd = value.find((one) => !one.id || typeof one.value !== "number" || one.value < 0 || one.value > 1);
  if (odd) return odd.id ? `The threshold of ${odd.id} must lie between 0 and 1.` : "Name the concept, or remove the row.";
  return new Set(value.map((one) => one.id)).size < value.length ? "One concept stands here twice." : "";
}

function json(_, value) {
  if (typeof value === "object") return "";
  try {
    const read = JSON.parse(value);
    return read && typeof read === "object" && !Array.isArray(read) ? "" : "Write an object: {…}.";
  } catch (error) {
    return `This is not JSON: ${error.message}.`;
  }
}

// The parts of a model or version that these values make; what equals its default is left out.
export function partsOf(fields, values) {
  const made = {};
  for (const field of fields) {
    const value = values[field.path];
    if (isEmpty(value) || JSON.stringify(value) === JSON.stringify(field.default_value)) continue;
    put(made, field.path, valueOf(field, value));
  }
  return made;
}

function valueOf(field, value) {
  if (field.field_type === KIND.JSON && typeof value === "string") return JSON.parse(value);
  if (field.path === CONCEPTS && field.field_type === KIND.CONCEPTS) return value.map((id) => ({ id, value: 1 }));
  return value;
}

function put(into, path, value) {
  const names = path.split("."), last = names.pop();
  names.reduce((here, name) => (here[name] ??= {}), into)[last] = value;
}

// The values that a model has already.
export function valuesOf(fields, model) {
  const values = start(fields);
  for (const field of fields) {
    const found = field.path.split(".").reduce((here, name) => here?.[name], model);
    if (found === undefined) continue;
    values[field.path] = field.path !== CONCEPTS ? found
      : found.map((one) => (field.field_type === KIND.THRESHOLDS ? { id: one.id, value: one.value ?? 0 } : one.id));
  }
  return values;
}

// What operators of its kind are for, as the palette and the cards group them.
export const GROUPS = ["Filter", "Edit", "Predict", "Aggregate", "Act"];
const ACTS = ["webhook", "annotation-writer"];
export function groupOf(type) {
  const [takes, gives] = [type.input_fields ?? [], type.output_fields ?? []];
  const inRegions = (fields) => fields.length > 0 && fields.every((one) => one.startsWith("regions"));
  if (ACTS.includes(type.id)) return "Act";
  if (gives.includes("any")) return "Filter";
  if (inRegions(takes) && !inRegions(gives)) return "Aggregate";
  return isOperator(type) && gives.some((one) => takes.includes(one)) ? "Edit" : "Predict";
}

// A type that runs by itself has no runtime to choose.
export const isOperator = (type) => !(type.trainable || (type.model_type_fields ?? []).some((one) => one.path === "import_info.params.runtime"));
const PLAIN = { any: "anything", "regions[...].data.concepts": "concepts of regions", "regions[...].region_info.bounding_box": "boxes", "regions[...].region_info.mask": "masks",
  "regions[...].region_info.span": "spans", "regions[...].data.image": "crops", "regions[...].data.text": "texts of regions", "regions[...].data.embeddings": "embeddings of regions" };
export const plain = (field) => PLAIN[field] ?? field;
export const inOut = (type) => `${(type?.input_fields ?? []).map(plain).join(", ")} → ${(type?.output_fields ?? []).map(plain).join(", ")}`;
