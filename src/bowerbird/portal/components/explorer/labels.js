// What people say of inputs. One annotation of each person holds all that they say of an input as a whole: saying
// more changes it, and saying it twice changes nothing.
import { call, query } from "bowerbird/api.js";

const PER_LIST = 64; // ids in one address
export const OK = 10000;

export const isPeoples = (annotation) => !annotation.model_version_id;
export const regionOf = (annotation) => annotation.data?.regions?.[0];
export const valueOf = (concept) => concept.value ?? 0;

// The id of the annotation in which a person says what an input as a whole is.
export const ownId = (me) => `of-${me.replace(/[^\w.-]/g, "_")}`.slice(0, 128);

export const chunks = (list, size) => Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size));

async function annotations(place, ids, more, options) {
  const found = [];
  for (const input_ids of chunks(ids, PER_LIST)) {
    const list = `${place}/annotations${query({ input_ids, ...more(input_ids), per_page: 1000 })}`;
    found.push(...((await call("GET", list, undefined, options)).annotations ?? []));
  }
  return found;
}

// For each of the inputs the concepts that people gave it: { id: [{ id, name, value, by }] }.
export async function labelsOf(place, ids, options) {
  const labels = Object.fromEntries(ids.map((id) => [id, []]));
  for (const one of await annotations(place, ids, () => ({}), options)) {
    const concepts = [...(one.data?.concepts ?? []), ...(regionOf(one)?.data?.concepts ?? [])];
    for (const concept of concepts) labels[one.input_id]?.push({ ...concept, value: valueOf(concept), by: one.user_id });
  }
  return labels;
}

// All that is said of one input, by people and models.
export async function annotationsOf(place, id, options) {
  const address = `${place}/annotations${query({ input_ids: [id], list_all_annotations: true, per_page: 1000 })}`;
  return (await call("GET", address, undefined, options)).annotations ?? [];
}

// Says of many inputs that they are, or are not, a concept. Gives back what undoes it.
export async function sayOfMany(place, me, ids, concept, value, { signal, progress = () => {} } = {}) {
  const id = ownId(me), before = new Map(), said = [];
  for (const some of chunks(ids, PER_LIST)) {
    for (const one of await annotations(place, some, (these) => ({ ids: these.map(() => id) }), { signal })) before.set(one.input_id, one);
    const made = (input_id) => ({ id, input_id, data: { concepts: [{ ...concept, value }] } });
    const fresh = some.filter((one) => !before.has(one)), known = some.filter((one) => before.has(one));
    if (fresh.length) {
      const answer = await call("POST", `${place}/annotations`, { annotations: fresh.map(made) }, { signal });
      refuse(answer.annotations);
    }
    if (known.length) await call("PATCH", `${place}/annotations`, { action: "merge", annotations: known.map(made) }, { signal });
    said.push(...some);
    progress(said.length);
  }
  return () => unsay(place, id, said, before);
}

function refuse(annotations) {
  const bad = annotations.filter((one) => one.status?.code >= 20000 && one.status.code !== 24150);
  if (bad.length) throw Object.assign(new Error(`${bad.length} of ${annotations.length} were refused: ${bad[0].status.details || bad[0].status.description}`), { what: "Not all were labelled." });
}

async function unsay(place, id, ids, before) {
  for (const some of chunks(ids, PER_LIST)) {
    const fresh = some.filter((one) => !before.has(one)), known = some.filter((one) => before.has(one));
    if (fresh.length) await call("DELETE", `${place}/annotations`, { ids: fresh.map(() => id), input_ids: fresh });
    const old = known.map((one) => ({ id, input_id: one, data: before.get(one).data }));
    if (old.length) await call("PATCH", `${place}/annotations`, { action: "overwrite", annotations: old });
  }
}
