// What people and models say of an input, by who says it, and the boxes among it.
import { colourOf } from "bowerbird/explorer/media.js";
import { isPeoples, valueOf } from "bowerbird/explorer/labels.js";
import { boxOf } from "bowerbird/explorer/stage.js";

const named = (concept) => concept.name || concept.id;

// [{ who, isModel, concepts: [{ id, name, value }], regions: [{ id, text }], texts: [] }]
export function bySpeaker(annotations) {
  const found = new Map();
  for (const one of annotations) {
    const who = isPeoples(one) ? one.user_id : modelOf(one);
    if (!found.has(who)) found.set(who, { who, isModel: !isPeoples(one), concepts: [], regions: [], texts: [] });
    add(found.get(who), one);
  }
  return [...found.values()];
}

function modelOf({ worker, model_version_id }) {
  return worker?.model?.id ? `${worker.model.id} ${model_version_id.slice(0, 8)}` : `model version ${model_version_id.slice(0, 8)}`;
}

function add(speaker, { id, data = {} }) {
  for (const concept of data.concepts ?? []) speaker.concepts.push({ id: concept.id, name: named(concept), value: valueOf(concept) });
  for (const [n, region] of (data.regions ?? []).entries()) speaker.regions.push({ id: `${id}-${n}`, ...shapeOf(`${id}-${n}`, region, speaker.isModel) });
  if (data.text?.raw) speaker.texts.push(data.text.raw);
}

function shapeOf(id, region, isDotted) {
  const concept = region.data?.concepts?.[0];
  const score = isDotted && concept ? ` ${valueOf(concept).toFixed(2)}` : "";
  const words = region.data?.text?.raw ?? "";
  return { id, box: boxOf(region), text: `${concept ? named(concept) : words || "region"}${score}`, colour: colourOf(concept?.id ?? "region"), isDotted };
}

// The same of an output of a model: one speaker.
export function ofOutput(who, data = {}) {
  const speaker = { who, isModel: true, concepts: [], regions: [], texts: [] };
  add(speaker, { id: `run-${who}`, data });
  return speaker;
}

export const shapesOf = (speakers) => speakers.flatMap((one) => one.regions);
