// The preview of a draft: asked for at once when somebody changes one thing, and of many changes in a row again once
// the last is a quarter of a second ago; an older question is given up.
import { onBeforeUnmount, ref, shallowRef, watch } from "vue";
import { call, newest } from "bowerbird/api.js";
import { own } from "bowerbird/collectors/common.js";
import { compile, mistakes } from "bowerbird/collectors/graphs.js";
import { collectorOf } from "bowerbird/collectors/saving.js";

const DEBOUNCE_MS = 250, EXAMPLES = 12;

// What PostCollectorPreviews is asked; null when there is nothing to ask yet.
export function questionOf(draft, hours) {
  if (!draft.source.model) return null;
  const named = collectorOf(draft, ""), source = named.collector_source.api_post_model_outputs_collector_source;
  delete source.post_inputs_key_id; // a preview needs no key, and one that is wrong must not hide it
  const asked = { collector: named, hours, examples: EXAMPLES };
  if (draft.how === "rules") {
    if (Object.keys(mistakes(draft)).length) return null;
    Object.assign(asked, compile(draft, `${(draft.id || "draft").slice(0, 30)}-rules`));
  } else if (!draft.preWorkflow && !draft.sample && !draft.postWorkflow) return null;
  return asked;
}

export const ask = (user, app, question, signal) => call("POST", `${own(user, app)}/collectors/previews`, question, { signal });

export function usePreview(user, app, draft, span) {
  const answer = shallowRef(null), error = ref(null), isStale = ref(false);
  const latest = newest();
  let timer, asked = "", changed = 0;
  const load = async (question) => {
    try {
      answer.value = await latest((signal) => ask(user, app, question, signal));
      error.value = null;
    } catch (problem) {
      if (problem.name === "AbortError") return;
      error.value = problem;
    }
    isStale.value = false;
  };
  const look = (again) => {
    const question = questionOf(draft, span.value), text = JSON.stringify(question);
    if (text === asked && again !== true) return;
    asked = text;
    clearTimeout(timer);
    isStale.value = Boolean(answer.value) || Boolean(question);
    const isFirst = performance.now() - changed > DEBOUNCE_MS;
    changed = performance.now();
    if (question) timer = setTimeout(() => load(question), again === true || isFirst ? 0 : DEBOUNCE_MS);
    else error.value = null;
  };
  watch([draft, span], look, { deep: true, immediate: true });
  onBeforeUnmount(() => clearTimeout(timer));
  return { answer, error, isStale, retry: () => look(true) };
}

// Which field an error of the API is about: { field or node: text }.
export function placed(error, draft) {
  const details = error?.answer?.status?.details ?? "";
  const node = details.match(/node '([^']+)'/)?.[1];
  if (node) return { [node]: details };
  const operator = details.match(/operators\[(\d+)\]/)?.[1];
  if (operator !== undefined && draft.how === "rules") return { [compile(draft, "x").workflow.nodes[Number(operator)]?.id ?? "cards"]: details };
  const field = details.match(/^collectors?(?:\[0\])?\.([\w.]+): /)?.[1];
  if (!field) return {};
  return { [field.split(".").pop()]: details.replace(/^[^:]*: /, "") };
}
