// A workflow while it is drawn: its nodes, and what is wrong with them, by the rules that the API checks by, in words.
// A node: { id, type, model, version, values, reads, x, y, suppress }; `model` names one that exists, or is null for an
// operator that is written when the workflow is saved.
import { isOperator, nameOf, plain, problems as wrongValues, start } from "bowerbird/models/fields.js";

export const MOST = 20, WIDTH = 208, HEIGHT = 96;
const LONGEST = 48;
const ANY = "any", CROPS = "regions[...].data.image";
const GIVEN = ["image", "video", "audio", "text", ANY];
const ID = /^[A-Za-z0-9_-]{1,48}$/;

const bare = (field) => field.replaceAll("[...]", "");
const overlaps = (a, b) => {
  const [short, long] = [bare(a), bare(b)].sort((one, other) => one.length - other.length);
  return long === short || long.startsWith(`${short}.`);
};
export const fits = (offered, wanted) => wanted.includes(ANY) || offered.some((o) => o === ANY || wanted.some((w) => overlaps(o, w)));
const takesOf = (type) => type?.input_fields ?? [];
const givesOf = (type) => type?.output_fields ?? [];
const byCrops = (type, offered) => !isOperator(type) && takesOf(type).includes("image") && offered.includes(CROPS) && !offered.includes("image") && !offered.includes(ANY);
const accepts = (type, offered) => fits(offered, takesOf(type)) || byCrops(type, offered);

// What a person can put before a node that does not find what it takes.
const MAKERS = [[/regions.*text/, "a reader of texts"], [/regions/, "a detector"], [/embeddings/, "an embedder"], [/concepts/, "a classifier"], [/^text$/, "a model that answers with text"], [/^image$/, "nothing, so that it reads the input"]];
export function cure(type) {
  const found = MAKERS.find(([pattern]) => takesOf(type).some((field) => pattern.test(field)));
  return found ? `Put ${found[1]} before it.` : "";
}

// Nodes that name no inputs, but need what only a model before them makes, read from the last such.
export function linksOf(nodes, types) {
  const links = {};
  nodes.forEach((node, at) => {
    links[node.id] = node.reads;
    const type = types[node.type];
    if (!type || node.reads.length || takesOf(type).some((field) => GIVEN.includes(field))) return;
    const makes = (one) => givesOf(types[one.type]).filter((field) => !takesOf(types[one.type]).includes(field) && field !== ANY);
    const maker = nodes.slice(0, at).reverse().find((one) => fits(makes(one), takesOf(type)));
    if (maker) links[node.id] = [maker.id];
  });
  return links;
}

// The nodes, each after those that it reads from; those in a circle are left out.
export function sorted(nodes, links) {
  const done = new Set(), order = [];
  for (let left = [...nodes], before = -1; left.length !== before; ) {
    before = left.length;
    left = left.filter((node) => {
      const isReady = (links[node.id] ?? []).every((id) => done.has(id));
      if (isReady) (done.add(node.id), order.push(node));
      return !isReady;
    });
  }
  return order;
}

// What each node hands on: by id, the fields.
export function offers(nodes, types, links = linksOf(nodes, types)) {
  const made = {};
  for (const node of sorted(nodes, links)) {
    const type = types[node.type], reads = links[node.id];
    const offered = reads.length ? [...new Set(reads.flatMap((id) => made[id] ?? []))] : [ANY];
    const gives = givesOf(type);
    if (type && byCrops(type, offered)) made[node.id] = gives.map((field) => `regions[...].data.${field}`);
    else made[node.id] = gives.includes(ANY) ? offered : gives;
  }
  return made;
}

export const listed = (words) => words.map(plain).join(", ");

// Why one node cannot read from another; empty: it can.
export function whyNot(nodes, types, from, to) {
  if (from === to) return "A node does not read from itself.";
  const target = nodes.find((node) => node.id === to), links = linksOf(nodes, types);
  if (target.reads.includes(from)) return `${to} reads from ${from} already.`;
  if (reaches(links, to, from)) return `${from} reads from ${to}, so this would be a circle.`;
  const offered = [...target.reads, from].flatMap((id) => offers(nodes, types, links)[id] ?? []);
  return accepts(types[target.type] ?? {}, offered) ? "" : misfit(target, types, [from], offered);
}

const misfit = (node, types, sources, offered) => `${node.id} takes ${listed(takesOf(types[node.type]))}, but ${sources.join(" and ")} gives ${listed(offered)}. ${cure(types[node.type])}`;

// Whether `end` comes after `start` (it reads from it, if only by way of others).
function reaches(links, start, end) {
  const left = [end], seen = new Set();
  while (left.length) {
    const id = left.pop();
    if (id === start) return true;
    if (!seen.has(id)) (seen.add(id), left.push(...(links[id] ?? [])));
  }
  return false;
}

// What is wrong: { nodeId: words }.
export function problems(nodes, types) {
  const links = linksOf(nodes, types), made = offers(nodes, types, links), wrong = {};
  const ids = nodes.map((node) => node.id);
  for (const node of nodes) {
    const type = types[node.type];
    const offered = [...new Set((links[node.id] ?? []).flatMap((id) => made[id] ?? []))];
    if (!ID.test(node.id)) wrong[node.id] = "An ID has 1 to 48 of letters, digits, - and _.";
    else if (ids.indexOf(node.id) !== ids.lastIndexOf(node.id)) wrong[node.id] = `Two nodes are called ${node.id}.`;
    else if (!type) wrong[node.id] = "Its model is gone. Choose another, or delete the node.";
    else if (!made[node.id]) wrong[node.id] = "The nodes read from each other in a circle.";
    else if (links[node.id].length && !accepts(type, offered)) wrong[node.id] = misfit(node, types, links[node.id], offered);
    else if (node.values) wrong[node.id] = valueWords(type, node.values);
    if (!wrong[node.id]) delete wrong[node.id];
  }
  return wrong;
}

function valueWords(type, values) {
  const found = wrongValues(type.model_type_fields ?? [], values);
  const [path] = Object.keys(found);
  const field = path && type.model_type_fields.find((one) => one.path === path);
  return field ? `${nameOf(field)}: ${found[path]}` : "";
}

export const terminals = (nodes, types) => {
  const links = linksOf(nodes, types);
  const read = new Set(Object.values(links).flat());
  return nodes.filter((node) => !read.has(node.id)).map((node) => node.id);
};

// When an input passes, said as a sentence: ends are joined by "or", what lies before an end by "and".
export function sentence(nodes, types) {
  const ends = terminals(nodes, types);
  if (!ends.length) return "";
  const links = linksOf(nodes, types);
  const chain = (id) => [...(links[id] ?? []).flatMap(chain), id].filter((one, at, all) => all.indexOf(one) === at);
  const words = ends.map((id) => chain(id).join(" and then "));
  return words.length === 1 ? `An input passes when it comes through ${words[0]}.` : `An input passes when it comes through any of: ${words.map((one) => (one.includes(" ") ? `(${one})` : one)).join(" or ")}.`;
}

export function freshId(nodes, wanted) {
  const base = wanted.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, LONGEST - 3) || "node";
  for (let n = 1; ; n++) {
    const id = n === 1 ? base : `${base}-${n}`;
    if (!nodes.some((node) => node.id === id)) return id;
  }
}

// A node of what the palette offers: { type } for an operator, or { type, model } for a model that exists.
export function nodeOf(nodes, types, { type, model }, x, y) {
  const values = model ? null : start(types[type].model_type_fields ?? []);
  return { id: freshId(nodes, model?.id ?? type), type, model: model ?? null, version: "", values, reads: [], x, y, suppress: false };
}

// Places for all nodes: columns by how far they are from the start, rows in order.
export function arranged(nodes, types) {
  const links = linksOf(nodes, types), column = {}, rows = {};
  for (const node of sorted(nodes, links)) column[node.id] = Math.max(0, ...links[node.id].map((id) => column[id] + 1));
  return nodes.map((node) => {
    const at = column[node.id] ?? 0;
    rows[at] = (rows[at] ?? -1) + 1;
    return { ...node, x: 24 + at * (WIDTH + 72), y: 24 + rows[at] * (HEIGHT + 64) };
  });
}
