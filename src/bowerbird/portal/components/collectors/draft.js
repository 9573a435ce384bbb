// What the form holds; it is kept in this tab until it is saved or thrown away.
import { nextTick, reactive, ref, watch } from "vue";
import { sourceOf } from "bowerbird/collectors/common.js";

export const fresh = (user) => ({
  id: "", description: "", caller: "", source: { user, app: "", model: "", version: "" },
  how: "rules", cards: [{ rows: [] }], limits: { dedup: null, rate: null, budget: null },
  preWorkflow: "", sample: 0, postWorkflow: "", key: "", collectOutputs: true, template: "uncertain",
});

// The form of a collector that there is; `rules` are those of its workflow, if cards can show them.
export function draftOf(collector, rules) {
  const source = sourceOf(collector), workflow = collector.pre_queue_workflow_id ?? "", sample = collector.pre_queue_random_sample ?? 0;
  return {
    id: collector.id, description: collector.description ?? "", caller: source.caller_user_id ?? "",
    source: { user: source.model_user_id, app: source.model_app_id, model: source.model_id, version: source.model_version_id ?? "" },
    how: rules && !sample ? "rules" : "workflow", cards: rules?.cards ?? [{ rows: [] }],
    limits: rules?.limits ?? { dedup: null, rate: null, budget: null },
    preWorkflow: workflow, sample, postWorkflow: collector.post_queue_workflow_id ?? "", key: source.post_inputs_key_id ?? "",
    collectOutputs: Boolean(collector.collect_outputs), template: "",
  };
}

// The draft, and what was kept of it in this tab. A whole key is never written down.
export function useDraft(name, first) {
  const key = `bowerbird.collector.${name}`;
  const kept = read(key);
  const draft = reactive(kept ?? first);
  const forget = () => sessionStorage.removeItem(key);
  let isDone = false, untouched = JSON.stringify(first);
  // What the form fills in by itself is no draft of anybody's.
  const settle = () => {
    untouched = JSON.stringify(draft);
    forget();
  };
  const keep = (text) => (text === untouched ? forget() : sessionStorage.setItem(key, text));
  watch(draft, (now) => isDone || keep(JSON.stringify(now)), { deep: true });
  const wasKept = ref(Boolean(kept));
  const restart = async (values) => {
    Object.assign(draft, values);
    wasKept.value = false;
    await nextTick();
    forget();
  };
  return { draft, settle, wasKept, forget: () => ((isDone = true), forget()), restart };
}

function read(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}
