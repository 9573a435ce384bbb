// Rules as a workflow, and back: a card is a chain of nodes, cards are alternatives, limits come behind all of them.
import { KINDS, LIMITS } from "bowerbird/collectors/kinds.js";

const LONGEST = 48; // characters of an ID
const TYPES = Object.fromEntries(Object.entries(KINDS).map(([kind, one]) => [one.type, kind]));
const LIMIT_TYPES = Object.fromEntries(Object.entries(LIMITS).map(([kind, one]) => [one.type, kind]));

// A row of a kind, with a node's name that no other row has: coins hang on it, so it stays.
export function freshRow(kind, cards) {
  const taken = new Set(cards.flatMap((card) => card.rows.map((row) => row.node)));
  let number = 1;
  while (taken.has(`${kind}-${number}`)) number++;
  return { kind, node: `${kind}-${number}`, ...KINDS[kind].fresh() };
}

// The shape of a preset: { workflow, operators }, nothing of which is written yet.
export function compile({ cards, limits }, id) {
  const nodes = [], operators = [], ends = [];
  const add = (name, type, info, inputs) => {
    const operator = `${id.slice(0, LONGEST - name.length - 1)}-${name}`;
    operators.push({ id: operator, model_type_id: type, output_info: info });
    nodes.push({ id: name, model: { id: operator }, node_inputs: inputs.map((one) => ({ node_id: one })) });
    return name;
  };
  for (const { rows } of cards) {
    let before = [];
    for (const row of rows) {
      const kind = KINDS[row.kind];
      const info = { params: kind.params(row), ...(kind.data ? { data: kind.data(row) } : {}) };
      before = [add(row.node, kind.type, info, before)];
    }
    ends.push(...before);
  }
  let before = ends;
  for (const [name, limit] of Object.entries(LIMITS))
    if (limits[name]) before = [add(name, limit.type, { params: limit.params(limits[name]) }, before)];
  return { workflow: { id, nodes }, operators };
}

// What is wrong with the rules: { node or limit: text }; nothing: they can be tried.
export function mistakes({ cards, limits }) {
  const found = {};
  for (const [index, card] of cards.entries()) {
    if (!card.rows.length) found[`card-${index}`] = "This card is empty. Add a rule to it, or take it away.";
    for (const row of card.rows) {
      const wrong = KINDS[row.kind].check(row);
      if (wrong) found[row.node] = wrong;
    }
  }
  if (!cards.length && !Object.values(limits).some(Boolean)) found.cards = "Nothing would be kept. Add a rule.";
  for (const [name, limit] of Object.entries(LIMITS)) {
    const wrong = limits[name] && limit.check(limits[name]);
    if (wrong) found[name] = wrong;
  }
  return found;
}

// The rules of a workflow whose nodes have their `type`, `params` and `data`; null when it is too rich for cards.
export function decompile(nodes) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const readers = new Map(nodes.map((node) => [node.id, nodes.filter((one) => one.inputs.includes(node.id))]));
  const isLimit = (node) => node.type in LIMIT_TYPES;
  const limits = { dedup: null, rate: null, budget: null };
  const tail = nodes.filter(isLimit);
  for (const node of tail) {
    const kind = LIMIT_TYPES[node.type];
    if (node.id !== kind || limits[kind]) return null;
    limits[kind] = LIMITS[kind].read(node.params);
    if (!limits[kind]) return null;
  }
  const cards = [];
  for (const end of nodes.filter((node) => !isLimit(node) && readers.get(node.id).every(isLimit))) {
    const rows = [];
    for (let node = end; node; node = byId.get(node.inputs[0])) {
      const row = node.inputs.length < 2 && readers.get(node.id).length < 2 ? rowOf(node) : null;
      if (!row) return null;
      rows.unshift(row);
    }
    cards.push({ rows });
  }
  const made = compile({ cards, limits }, "same");
  return isSame(made.workflow.nodes, nodes) ? { cards, limits } : null;
}

function rowOf(node) {
  const kind = TYPES[node.type];
  const values = kind && KINDS[kind].read(node.params, node.data);
  return values ? { kind, node: node.id, ...values } : null;
}

function isSame(made, nodes) {
  const links = (id, inputs) => `${id}<${[...inputs].sort().join()}`;
  const wanted = nodes.map((node) => links(node.id, node.inputs)).sort();
  return JSON.stringify(made.map((node) => links(node.id, node.node_inputs.map((one) => one.node_id))).sort()) === JSON.stringify(wanted);
}

// The rule in words: [[text, …], …], a list for each card.
export const cardWords = (cards) => cards.map((card) => card.rows.map((row) => KINDS[row.kind].words(row)));
export const limitWords = (limits) => Object.entries(LIMITS).filter(([name]) => limits[name]).map(([name, limit]) => limit.words(limits[name]));
