// The labels of one person on one item, as values: what each key makes of them, and what that writes.
import { ownId, regionOf, valueOf } from "bowerbird/explorer/labels.js";
import { boxOf, regionWith } from "bowerbird/explorer/stage.js";

// { classId, textId, concepts: [{ id, name, value }], boxes: [{ id, box, concept }], text }
export function workOf(annotations, me) {
  const own = annotations.filter((one) => one.user_id === me && !one.model_version_id && !one.input_level);
  const whole = own.find((one) => one.data?.concepts?.length && !regionOf(one)), written = own.find((one) => one.data?.text?.raw && !regionOf(one));
  return {
    classId: whole?.id ?? ownId(me),
    textId: written?.id ?? `text-${ownId(me)}`.slice(0, 128),
    concepts: (whole?.data.concepts ?? []).map((one) => ({ id: one.id, name: one.name || one.id, value: valueOf(one) })),
    boxes: own.filter(regionOf).map((one) => ({ id: one.id, box: boxOf(regionOf(one)), concept: conceptOf(regionOf(one)) })),
    text: written?.data.text.raw ?? "",
  };
}

const conceptOf = (region) => {
  const found = region.data?.concepts?.[0];
  return found ? { id: found.id, name: found.name || found.id } : null;
};

export const withConcept = (work, concept, value) => ({ ...work, concepts: [...work.concepts.filter((one) => one.id !== concept.id), { ...concept, value }] });
export const withoutConcept = (work, id) => ({ ...work, concepts: work.concepts.filter((one) => one.id !== id) });
export const only = (work, concept) => ({ ...work, concepts: [...work.concepts.filter((one) => one.value === 0 && one.id !== concept.id), { ...concept, value: 1 }] });
export const withBox = (work, box) => ({ ...work, boxes: [...work.boxes.filter((one) => one.id !== box.id), box] });
export const withoutBox = (work, id) => ({ ...work, boxes: work.boxes.filter((one) => one.id !== id) });
export const withText = (work, text) => ({ ...work, text });

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const sent = ({ id, name, value }) => (name && name !== id ? { id, name, value } : { id, value });

// How the annotations shall be so that the server knows `after`, where it knew `before`.
export function writes(input_id, before, after) {
  const made = [];
  const put = (id, data) => made.push({ input_id, id, data });
  if (!same(before.concepts, after.concepts)) put(after.classId, after.concepts.length ? { concepts: after.concepts.map(sent) } : null);
  if (before.text !== after.text) put(after.textId, after.text ? { text: { raw: after.text } } : null);
  for (const one of after.boxes) if (!same(one, before.boxes.find((old) => old.id === one.id))) put(one.id, { regions: [regionWith(one.box, one.concept ? [sent({ ...one.concept, value: 1 })] : [])] });
  for (const old of before.boxes) if (!after.boxes.some((one) => one.id === old.id)) put(old.id, null);
  return made;
}

// The work with what waits to be sent laid over it: the server does not know that yet.
export function overlaid(work, pending) {
  let made = work;
  for (const { id, data } of pending) {
    const region = data?.regions?.[0];
    if (id === work.classId) made = { ...made, concepts: (data?.concepts ?? []).map((one) => ({ name: one.id, ...one })) };
    else if (id === work.textId) made = withText(made, data?.text?.raw ?? "");
    else made = region ? withBox(made, { id, box: boxOf(region), concept: conceptOf(region) }) : withoutBox(made, id);
  }
  return made;
}

export const isLabelled = (work) => work.concepts.length + work.boxes.length > 0 || work.text !== "";

// Steps that can be undone, over all items.
export class Steps {
  done = [];
  undone = [];

  constructor(most = 1000) {
    this.most = most;
  }

  add(step) {
    this.done.push(step);
    if (this.done.length > this.most) this.done.shift();
    this.undone = [];
  }

  undo() {
    const step = this.done.pop();
    if (step) this.undone.push(step);
    return step;
  }

  redo() {
    const step = this.undone.pop();
    if (step) this.done.push(step);
    return step;
  }
}
