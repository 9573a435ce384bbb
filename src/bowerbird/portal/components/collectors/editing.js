// The state of the form for a collector: what is loaded for it, what is wrong in it, and how it is saved.
import { computed, onMounted, ref, shallowRef, watch } from "vue";
import { all, call, newest, path, query } from "bowerbird/api.js";
import { own, place, shown, sourceOf, useRights } from "bowerbird/collectors/common.js";
import { draftOf, fresh, useDraft } from "bowerbird/collectors/draft.js";
import { compile, mistakes } from "bowerbird/collectors/graphs.js";
import { versionsOf, watchable } from "bowerbird/collectors/models.js";
import { notesOf } from "bowerbird/collectors/notes.js";
import { ask, placed, usePreview } from "bowerbird/collectors/previews.js";
import { change, collectorOf, create, listWorkflows, readRules } from "bowerbird/collectors/saving.js";
import { TEMPLATES } from "bowerbird/collectors/templates.js";
import { confirmTyped, failed, useLoad } from "bowerbird/ui.js";

export function useEditing(props) {
  const { me, user, app, collector: id, first } = props, base = shown(user, app);
  const kept = useDraft(`${user}/${app}/${id || "new"}`, first ? draftOf(first, null) : fresh(user));
  const { draft } = kept;
  const span = ref(24), hasTried = ref(false), isBusy = ref(false), isNamed = ref(Boolean(draft.id)), saveError = ref(null);
  const picture = useSurroundings(props, draft);
  const original = useOriginal(props, draft, kept.wasKept.value, span);
  const preview = usePreview(user, app, draft, span);
  const { needed, why } = useRights(me, user, app);
  const placedWrong = computed(() => ({ ...placed(preview.error.value, draft), ...placed(saveError.value, draft) }));
  const wrong = computed(() => ({ ...mistakesOf(draft), ...placedWrong.value }));
  const whyNot = computed(() => (draft.how === "rules" && why("PostModels", "PostWorkflows")) || why(id ? "PatchCollectors" : "PostCollectors"));
  const keyScopes = computed(() => {
    const { PostInputs: posting, PostAnnotations: annotating } = needed.value;
    if (!posting) return []; // not known yet
    return [...new Set([...posting, ...(draft.collectOutputs ? [...annotating, "Concepts:Add"] : [])])].sort();
  });
  const figures = computed(() => Object.fromEntries((preview.answer.value?.nodes ?? []).map((one) => [one.node_id, { reached: Number(one.reached ?? 0), passed: Number(one.passed ?? 0) }])));
  const waits = computed(() => (draft.source.model ? (!preview.answer.value && !preview.isStale.value && !preview.error.value ? "Add a rule, and see here what it would have kept." : "") : "Choose a model, and see here what would be kept of its predictions."));
  const unfinished = computed(() => (draft.how === "rules" && Object.keys(mistakes(draft)).length ? "The rules are not finished: these figures are of before." : ""));
  const written = computed(() => (draft.how === "rules" && !Object.keys(mistakes(draft)).length ? shownCalls(user, app, draft) : null));
  watch(saveError, (error) => error && failed(error));

  const apply = (template) => {
    Object.assign(draft, JSON.parse(JSON.stringify(template.make(picture.values.value, me.id))), { template: template.id, how: "rules" });
    suggest();
  };
  const suggest = () => {
    if (!isNamed.value && !id && draft.source.model) draft.id = picture.freeId(`${draft.source.model}-${draft.template || "rules"}`);
  };
  const watchModel = async (model) => {
    draft.source = { user: model.user, app: model.app, model: model.id, version: "" };
    if (model.user !== user) draft.caller = user;
    await picture.look();
    const isUntouched = draft.template && !id;
    if (isUntouched) apply(TEMPLATES.find((one) => one.id === draft.template));
    suggest();
  };
  const start = async () => {
    await fill();
    if (!kept.wasKept.value) kept.settle();
  };
  const fill = async () => {
    if (props.query.like && !kept.wasKept.value && !id) return Promise.all([picture.start(), duplicate(props.query.like)]);
    await Promise.all([picture.start(), original.start()]);
    const [only, another] = picture.models.value?.filter((one) => one.isReady && !one.isPublic) ?? [];
    if (!draft.source.model && only && !another) await watchModel(only);
    else if (!id && !kept.wasKept.value && draft.template) apply(TEMPLATES.find((one) => one.id === draft.template));
  };
  const duplicate = async (like) => {
    const { collector } = await call("GET", path`/v2/users/${user}/apps/${app}/collectors/${like}`);
    const read = collector.pre_queue_workflow_id ? await readRules(user, app, collector.pre_queue_workflow_id) : { rules: null };
    Object.assign(draft, draftOf(collector, read.rules), { id: `${like.slice(0, 43)}-copy` });
    await picture.look();
  };
  const restart = async () => {
    await kept.restart(first ? draftOf(first, null) : fresh(user));
    isNamed.value = false;
    await original.start(true);
    if (!id) await fill();
    kept.settle();
  };
  const save = async (isOn) => {
    hasTried.value = true;
    if (isBusy.value || whyNot.value) return whyNot.value && failed({ message: whyNot.value });
    const [problem] = Object.values({ ...mistakesOf(draft), ...missing(draft), ...stuck(draft, original.before.value) });
    if (problem) return failed({ message: problem });
    isBusy.value = true;
    saveError.value = null;
    if (id && !original.before.value) return (isBusy.value = false); // it is still being read
    if (id && !(await original.isMineToChange())) return (isBusy.value = false);
    try {
      const made = id ? await change(user, app, draft, original.before.value) : await create(user, app, draft, isOn);
      kept.forget();
      location.assign(`${base}/collectors/${encodeURIComponent(made.id)}${id ? "" : "?made=1"}`);
    } catch (error) {
      saveError.value = error;
      isBusy.value = false;
    }
  };
  const tooRich = computed(() => Boolean(id) && original.isRich.value && draft.how === "workflow");
  return {
    ...picture, answer: preview.answer, apply, back: id ? `${base}/collectors/${encodeURIComponent(id)}` : `${base}/collectors`, before: original.answer, draft, existing: picture.existing, figures,
    hasTried, isBusy, isNamed, isStale: preview.isStale, keyScopes, loadError: original.error, notes: computed(() => notesOf(draft, me, user)), placedWrong, previewError: preview.error,
    restart, retry: preview.retry, save, saveError, span, start, tooRich, unfinished, waits, wasKept: kept.wasKept, watchModel, whyNot, written, wrong,
  };
}

// What stands around the form: models, versions, workflows, knowledge graphs, recorded values.
function useSurroundings({ me, user, app }, draft) {
  const values = shallowRef(null), versions = ref([]), graphs = ref([]), existing = ref([]), taken = ref([]);
  const { data: models, error: modelsError, load: loadModels } = useLoad((signal) => watchable(me.id, signal));
  const { data: workflows, load: loadWorkflows } = useLoad((signal) => listWorkflows(user, app, signal));
  const latest = newest();
  const look = () => latest(async (signal) => {
    if (!draft.source.model) return;
    const { user: model_user_id, app: model_app_id, model: model_id, version: model_version_id } = draft.source;
    const asked = query({ model_user_id, model_app_id, model_id, model_version_id, caller_user_id: draft.caller });
    const quietly = (promise) => promise.catch((error) => (error.name === "AbortError" ? null : null));
    const [told, known] = await Promise.all([quietly(call("GET", `${own(user, app)}/collectors/values${asked}`, undefined, { signal })), quietly(versionsOf(draft.source, signal))]);
    if (signal.aborted) return;
    values.value = told;
    versions.value = known ?? [];
  });
  const start = async () => {
    const quietly = (promise) => promise.catch(() => []);
    loadWorkflows();
    quietly(all(`${place(user, app)}/concepts/knowledge_graphs`, "knowledge_graphs")).then((found) => (graphs.value = found.map((one) => one.id)));
    quietly(all(`${place(user, app)}/collectors`, "collectors")).then((found) => (taken.value = found.map((one) => one.id)));
    await Promise.all([loadModels(), look()]);
  };
  const freeId = (wanted) => {
    const stem = wanted.replace(/[^A-Za-z0-9_-]/g, "-").slice(0, 40);
    let id = stem;
    for (let number = 2; taken.value.includes(id); number++) id = `${stem}-${number}`;
    return id;
  };
  watch(() => [draft.caller, draft.source.version], look);
  watch(() => [draft.how, draft.preWorkflow], async () => {
    existing.value = draft.how === "workflow" && draft.preWorkflow ? (await readRules(user, app, draft.preWorkflow).catch(() => ({ nodes: [] }))).nodes : [];
  }, { immediate: true });
  return { existing, freeId, graphs, loadModels, look, models, modelsError, start, values, versions, workflows: computed(() => (workflows.value ?? []).filter((one) => one.app_id === app)) };
}

// The collector as it is: its rules as cards where they can be, and what it would keep, to compare with.
function useOriginal({ user, app, collector: id, first }, draft, wasKept, span) {
  const before = ref(null), answer = shallowRef(null), error = ref(null), isRich = ref(false);
  let revision = 0;
  const newestRevision = async () => (await call("GET", path`/v1/users/${user}/apps/${app}/collectors/${id}/revisions` + query({ per_page: 1 }))).revisions?.[0];
  // Nobody's change is written over without a word.
  const isMineToChange = async () => {
    const now = await newestRevision().catch(() => null);
    if (!now || !revision || now.revision === revision) return true;
    const text = `${now.user_id} saved r${now.revision} while you were here; this form began with r${revision}. Both stand under Revisions.`;
    return confirmTyped({ title: `Somebody changed ${id}`, text, action: "Keep mine", kind: "" });
  };
  const start = async (isAnew = false) => {
    if (!id) return;
    try {
      const workflow = first.pre_queue_workflow_id;
      const found = workflow ? await readRules(user, app, workflow) : { rules: null };
      isRich.value = Boolean(workflow) && !found.rules;
      before.value = { ...JSON.parse(JSON.stringify(draftOf(first, found.rules))), collector: first };
      if (!wasKept || isAnew) Object.assign(draft, JSON.parse(JSON.stringify(draftOf(first, found.rules))));
      revision = (await newestRevision().catch(() => null))?.revision ?? 0;
      await compare();
    } catch (problem) {
      error.value = problem;
    }
  };
  const compare = async () => {
    const collector = JSON.parse(JSON.stringify(first));
    delete sourceOf(collector).post_inputs_key_id;
    delete collector.status;
    answer.value = await ask(user, app, { collector, hours: span.value, examples: 12 }).catch(() => null);
  };
  if (id) watch(span, compare);
  return { answer, before, error, isMineToChange, isRich, start };
}

function mistakesOf(draft) {
  const found = draft.how === "rules" ? mistakes(draft) : {};
  const odd = draft.id.match(/[^A-Za-z0-9_-]/u)?.[0];
  if (odd) found.id = `“${odd}” cannot be in an ID: letters, digits, - and _ can.`;
  if (draft.id.length > 48) found.id = `An ID has at most 48 characters; this has ${draft.id.length}.`;
  if (draft.how === "workflow" && !(draft.sample >= 0 && draft.sample <= 1)) found.sample = "A share lies between 0 and 100 %.";
  return found;
}

function missing(draft) {
  const found = {};
  if (!draft.source.model) found.model_id = "Choose the model whose predictions are watched.";
  if (!draft.id) found.id = "Give the collector an ID.";
  if (!draft.key) found.post_inputs_key_id = "Choose the key that inputs are posted with, or make one.";
  if (draft.how === "workflow" && !draft.preWorkflow && !draft.sample && !draft.postWorkflow) found.cards = "Nothing says what is kept: choose a workflow, or a random share.";
  return found;
}

// What the API cannot take away again: a patch changes what it gives, and nothing can be given as empty.
function stuck(draft, before) {
  const found = {}, now = "cannot be emptied once it is set. Duplicate the collector, and change the copy.";
  if (before?.caller && !draft.caller) found.caller_user_id = `The caller ${now}`;
  if (before?.source.version && !draft.source.version) found.model_version_id = `The version ${now}`;
  return found;
}

function shownCalls(user, app, draft) {
  const rules = compile(draft, `${(draft.id || "draft").slice(0, 30)}-rules-1`), at = path`/v2/users/${user}/apps/${app}`;
  const said = (verb, address, body) => `${verb} ${at}/${address}\n${JSON.stringify(body, null, 2)}`;
  const nodes = rules.workflow.nodes.map((node, index) => ({ id: node.id, type: rules.operators[index].model_type_id, inputs: node.node_inputs.map((one) => one.node_id) }));
  const calls = [said("POST", "models", { models: rules.operators }), said("POST", "workflows", { workflows: [rules.workflow] }), said("POST", "collectors", { collectors: [collectorOf(draft, rules.workflow.id)] })];
  return { nodes, calls: calls.join("\n\n") };
}
