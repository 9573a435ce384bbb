// What to think of before creating: notes, not hurdles. Each may have a way to mend it.
import { freshRow } from "bowerbird/collectors/graphs.js";

const DRAWS = new Set(["random", "weighted", "stratified"]);

export function notesOf(draft, me, owner) {
  const notes = [];
  const rows = draft.cards.flatMap((card) => card.rows);
  const isEven = draft.cards.some((card) => card.rows.length && card.rows.every((row) => DRAWS.has(row.kind)));
  if (draft.how === "rules" && rows.length && !isEven)
    notes.push({ id: "random", text: "No random part: estimates of production will be impossible for what these rules never keep.", fix: "Add 1 % of everything", mend: () => addRandom(draft) });
  if (draft.how === "rules" && draft.limits.rate)
    notes.push({ id: "rate", text: "A rate limit keeps what comes first, so π is unknown and estimates cannot be had.", fix: "Use a budget instead", mend: () => toBudget(draft) });
  if (!draft.caller && draft.source.user === owner)
    notes.push({ id: "callers", text: "Any caller: you will store other people's inputs. Say so where they can read it." });
  if (draft.source.user && draft.source.user !== owner)
    notes.push({ id: "own", text: `${draft.source.user}/${draft.source.app} belongs to somebody else, so only ${owner}'s own calls are collected.` });
  if (draft.how === "rules" && draft.cards.some((card) => card.rows.some((row, place) => row.kind === "mapped" && place === card.rows.length - 1)))
    notes.push({ id: "mapped", text: "Concepts are mapped last: no rule looks at the mapped ones. What maps to nothing is left out." });
  return notes;
}

function addRandom(draft) {
  draft.cards.push({ rows: [{ ...freshRow("random", draft.cards), share: 0.01 }] });
}

function toBudget(draft) {
  const perDay = Math.max(1, Math.round(draft.limits.rate.rate * 86_400));
  Object.assign(draft.limits, { rate: null, budget: { limit: Math.min(perDay, 10_000), period: "day" } });
}
