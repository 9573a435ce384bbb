// The kinds of rules: what each looks like when it is new, the operator that it becomes, and its words.
import { percent } from "bowerbird/words.js";

const list = (values) => (values ?? []).join(", ");
const round = (value) => Number(Number(value).toPrecision(4));
export const SCORES = {
  max_prob: ["the greatest value", "How sure the model was: the greatest value of all concepts."],
  min_prob: ["the smallest value", "The smallest value of all concepts."],
  margin: ["margin: closeness of the first two", "1 − (first − second): 1 is a tie, 0 is no doubt."],
  entropy: ["entropy", "How spread the values are: 0 is one clear answer, 1 is all alike."],
};
const OPS = { in: "is", ne: "is not", gte: "is at least", lte: "is at most", contains: "contains", startswith: "starts with", exists: "is given" };
export const METADATA_OPS = Object.entries(OPS);

export const KINDS = {
  random: {
    title: "a random share", type: "random-sample", about: "A coin is thrown for each. Estimates of production rest on it.",
    fresh: () => ({ share: 0.02 }),
    params: (row) => ({ keep_fraction: row.share }),
    read: (params) => ({ share: params.keep_fraction ?? 0 }),
    words: (row) => `it is among a random ${percent(row.share)} of everything`,
    check: (row) => (row.share > 0 && row.share <= 1 ? "" : `A share is more than 0 and at most 100 %; it is ${100 * row.share}.`),
  },
  score: {
    title: "confidence", type: "prediction-score-filter", about: "A band of a score of the whole prediction.",
    fresh: () => ({ score: "max_prob", lo: 0, hi: 0.8 }),
    params: (row) => ({ score: row.score, lo: row.lo, hi: row.hi }),
    read: (params) => (SCORES[params.score] ? { score: params.score, lo: params.lo ?? 0, hi: params.hi ?? 1 } : null),
    words: (row) => `${SCORES[row.score][0]} is ${row.lo > 0 ? `from ${round(row.lo)} ` : ""}${row.hi < 1 ? `${row.lo > 0 ? "to" : "at most"} ${round(row.hi)}` : row.lo > 0 ? "on" : "anything"}`,
    check: band,
  },
  concept: {
    title: "certain concepts", type: "concept-thresholder", about: "Keeps what has any of these concepts with such a value.",
    fresh: () => ({ concepts: [], op: "GREATER_THAN_OR_EQUAL", threshold: 0.5 }),
    params: (row) => ({ concept_threshold_type: row.op, filter_other_concepts: true }),
    data: (row) => ({ concepts: row.concepts.map((id) => ({ id, value: row.threshold })) }),
    read: (params, data) => readConcepts(params, data?.concepts ?? []),
    words: (row) => `${list(row.concepts) || "…"} has ${row.op.startsWith("GREATER") ? "at least" : "at most"} ${round(row.threshold)}`,
    check: (row) => (row.concepts.length ? between01(row.threshold) : "Choose at least one concept."),
  },
  metadata: {
    title: "metadata of the input", type: "metadata-filter", about: "What the caller sent along. What is missing meets no condition.",
    fresh: () => ({ field: "", op: "in", values: [] }),
    params: (row) => ({ predicate: predicate(row) }),
    read: (params) => readPredicate(params.predicate),
    words: (row) => `${row.field || "…"} ${OPS[row.op]} ${row.op === "exists" ? "" : row.values.map(String).join(" or ")}`.trim(),
    check: (row) => (!row.field ? "Choose a field of the metadata." : row.op !== "exists" && !row.values.length ? "Choose or write at least one value." : numeric(row)),
  },
  caller: {
    title: "who called", type: "caller-filter", about: "Only these users' predictions, or everybody's but theirs.",
    fresh: () => ({ users: [], deny: false }),
    params: (row) => (row.deny ? { deny: row.users } : { allow: row.users }),
    read: (params) => (params.allow?.length && params.deny?.length ? null : { users: params.deny?.length ? params.deny : (params.allow ?? []), deny: Boolean(params.deny?.length) }),
    words: (row) => `the caller is ${row.deny ? "not " : ""}${row.users.join(" or ") || "…"}`,
    check: (row) => (row.users.length ? "" : "Choose at least one caller."),
  },
  keywords: {
    title: "words of the text", type: "keyword-filter", about: "Keywords in the text of the output or the input.",
    fresh: () => ({ words: [], match: "any" }),
    params: (row) => ({ keywords: row.words, match: row.match }),
    read: (params) => ({ words: params.keywords ?? [], match: params.match ?? "any" }),
    words: (row) => `the text has ${{ any: "any", all: "all", none: "none" }[row.match]} of ${list(row.words) || "…"}`,
    check: (row) => (row.words.length ? "" : "Write at least one word."),
  },
  mapped: {
    title: "mapped to my concepts", type: "concept-synonym-mapper", about: "Turns concepts into those that this app relates them to; the rules below see these. What maps to nothing is left out.",
    fresh: () => ({ graph: "", predicates: ["synonym"] }),
    params: (row) => ({ knowledge_graph_id: row.graph, predicates: row.predicates }),
    read: (params) => ({ graph: params.knowledge_graph_id ?? "", predicates: params.predicates?.length ? params.predicates : ["synonym"] }),
    words: (row) => `its concepts map to mine${row.graph ? ` by ${row.graph}` : ""}`,
    check: (row) => (row.predicates.length ? "" : "Choose at least one relation."),
  },
  stratified: {
    title: "a share of each concept", type: "stratified-sample", about: "All of what is rare, little of what is common, each with a known chance.",
    fresh: () => ({ shares: {}, rest: 0.2 }),
    params: (row) => ({ by: "concept", shares: row.shares, default_share: row.rest }),
    read: (params) => ((params.by ?? "concept") === "concept" && !params.key ? { shares: { ...params.shares }, rest: params.default_share ?? 0 } : null),
    words: (row) => `a coin takes it: ${Object.entries(row.shares).map(([id, share]) => `${percent(share)} of ${id}`).join(", ") || "no concept by itself"}, and ${percent(row.rest)} of all others`,
    check: (row) => (!Object.keys(row.shares).length ? "Choose at least one concept with a share of its own." : [row.rest, ...Object.values(row.shares)].every((share) => share >= 0 && share <= 1) ? "" : "Shares lie between 0 and 100 %."),
  },
  weighted: {
    title: "more of what is doubtful", type: "weighted-sample", about: "A coin whose chance grows with the doubt, and is never 0: nothing is hidden from estimates.",
    fresh: () => ({ score: "margin", rho: 0.05, gamma: 2 }),
    params: (row) => ({ score: row.score, rho: row.rho, gamma: row.gamma }),
    read: (params) => (params.key || params.eta !== undefined || !["margin", "entropy", "least_confidence"].includes(params.score ?? "margin") ? null : { score: params.score ?? "margin", rho: params.rho, gamma: params.gamma ?? 2 }),
    words: (row) => `a coin takes it: about ${percent(row.rho)} of all, the doubtful first`,
    check: (row) => (row.rho > 0 && row.rho <= 1 ? "" : "A share is more than 0 and at most 100 %."),
  },
};

function band(row) {
  return between01(row.lo) || between01(row.hi) || (row.lo > row.hi ? `The band ends at ${row.hi}, before it begins at ${row.lo}. Swap them.` : "");
}

function between01(value) {
  if (typeof value === "number" && value >= 0 && value <= 1) return "";
  const meant = value > 1 && value <= 100 ? ` Did you mean ${value / 100}?` : "";
  return `It must lie between 0 and 1; you wrote ${value}.${meant}`;
}

function numeric(row) {
  const bad = ["gte", "lte"].includes(row.op) && row.values.find((one) => !Number.isFinite(Number(one)));
  return bad ? `“${bad}” is no number.` : "";
}

function predicate({ field, op, values }) {
  if (op === "exists") return { field, op };
  if (op === "in" || op === "ne") {
    const made = values.length === 1 ? { field, op: op === "in" ? "eq" : "ne", value: values[0] } : { field, op: "in", value: values };
    return op === "ne" && values.length > 1 ? { not: made } : made;
  }
  const of = (value) => ({ field, op, value: op === "gte" || op === "lte" ? Number(value) : String(value) });
  return values.length === 1 ? of(values[0]) : { any: values.map(of) };
}

function readPredicate(given) {
  if (given?.not?.op === "in") return { field: given.not.field, op: "ne", values: given.not.value };
  const all = given?.any ?? [given];
  const [{ field, op } = {}] = all;
  if (!field || !all.every((one) => one?.field === field && one.op === op)) return null;
  if (op === "in") return { field, op, values: all[0].value };
  if (op === "exists") return { field, op, values: [] };
  const known = op === "eq" ? "in" : op;
  return OPS[known] ? { field, op: known, values: all.map((one) => one.value) } : null;
}

function readConcepts(params, concepts) {
  const [threshold, ...others] = [...new Set(concepts.map((one) => one.value ?? 1))];
  const op = params.concept_threshold_type ?? "GREATER_THAN";
  if (others.length || threshold === undefined || op === "EQUAL" || params.filter_other_concepts === false) return null;
  return { concepts: concepts.map((one) => one.id), op, threshold };
}

// What comes after all cards together: no repeats, a pace, a budget.
export const LIMITS = {
  dedup: {
    type: "dedup", params: (one) => ({ method: one.method }),
    read: (params) => ({ method: params.method ?? "exact" }), words: (one) => `no ${{ exact: "exact", text: "near (text)", image: "near (image)" }[one.method]} repeats`,
    check: () => "",
  },
  rate: {
    type: "rate-limit", params: (one) => ({ rate: one.rate, burst: Math.max(1, Math.ceil(one.rate)) }),
    read: (params) => ({ rate: params.rate }), words: (one) => `at most ${one.rate} a second`,
    check: (one) => (one.rate > 0 ? "" : "Write a number of predictions a second above 0."),
  },
  budget: {
    type: "budget-sample", params: (one) => ({ limit: one.limit, period: one.period }),
    read: (params) => (params.per?.length ? null : { limit: params.limit, period: params.period ?? "day" }), words: (one) => `at most ${one.limit} a ${one.period}`,
    check: (one) => (Number.isInteger(one.limit) && one.limit >= 1 ? "" : "Write a whole number above 0."),
  },
};
