// Starting points for a new collector, filled in by what was recorded.
import { num } from "bowerbird/collectors/common.js";

const LIMITS = () => ({ dedup: { method: "exact" }, rate: null, budget: null });
const DOUBT_SHARE = 0.1, USUAL_BAND = 0.8;

// The value of a score below which about this part of what was recorded lies, rounded to hundredths.
export function quantile(histogram, part) {
  const bins = histogram?.bins ?? [], total = bins.reduce((sum, bin) => sum + num(bin.count), 0);
  if (total < 50) return null;
  let seen = 0;
  for (const bin of bins) {
    const count = num(bin.count), low = bin.low ?? 0;
    if (seen + count >= part * total) return Math.round(100 * (low + (part * total - seen) / count * (bin.high - low))) / 100;
    seen += count;
  }
  return 1;
}

const scoreOf = (values, name) => values?.scores?.find((one) => one.name === name);

export const TEMPLATES = [
  {
    id: "uncertain", title: "Uncertain + a little of everything", about: "The least sure tenth, and a random 2 % so that estimates stay possible.",
    make: (values) => ({
      cards: [
        { rows: [{ kind: "score", node: "score-1", score: "max_prob", lo: 0, hi: quantile(scoreOf(values, "max_prob"), DOUBT_SHARE) ?? USUAL_BAND }] },
        { rows: [{ kind: "random", node: "random-1", share: 0.02 }] },
      ],
      limits: LIMITS(),
    }),
  },
  {
    id: "rare", title: "Rare concepts", about: "About as many of each concept: all of what is rare, little of what is common.",
    make: (values) => ({ cards: [{ rows: [{ kind: "stratified", node: "stratified-1", ...strata(values) }] }], limits: LIMITS() }),
  },
  {
    id: "caller", title: "Everything from one caller", about: "All that one user sends, without repeats.",
    make: (values, me) => ({
      cards: [{ rows: [{ kind: "caller", node: "caller-1", users: [values?.callers?.[0]?.value ?? me], deny: false }] }], limits: LIMITS(),
    }),
  },
  { id: "blank", title: "Blank", about: "No rules yet.", make: () => ({ cards: [{ rows: [] }], limits: { dedup: null, rate: null, budget: null } }) },
];

const MOST_STRATA = 12, SHARE_OF_ALL = 0.05;

// Chances such that each concept makes up about the same part of 5 % of all traffic.
function strata(values) {
  const concepts = (values?.concepts ?? []).filter((one) => one.top_share).slice(0, MOST_STRATA);
  const each = SHARE_OF_ALL / Math.max(1, concepts.length);
  const shares = concepts.map((one) => [one.concept_id, Math.min(1, Math.round((1000 * each) / one.top_share) / 1000)]);
  return { shares: Object.fromEntries(shares), rest: concepts.length ? 1 : 0.2 };
}
