// Writes what the form says: operators, workflow, collector. What fails half way is taken back.
import { all, call, path } from "bowerbird/api.js";
import { ACTIVE, PAUSED, place } from "bowerbird/collectors/common.js";
import { compile, decompile } from "bowerbird/collectors/graphs.js";

const MOST_TRIES = 30, LONGEST_STEM = 30;

// The collector that the form stands for. The key is a handle, or a whole key that was just made.
export function collectorOf(draft, workflowId) {
  const { user, app, model, version } = draft.source;
  const source = { model_user_id: user, model_app_id: app, model_id: model };
  if (version) source.model_version_id = version;
  if (draft.caller) source.caller_user_id = draft.caller;
  if (draft.key) source.post_inputs_key_id = draft.key;
  const made = {
    id: draft.id, description: draft.description, collect_outputs: draft.collectOutputs,
    collector_source: { api_post_model_outputs_collector_source: source },
  };
  if (draft.how === "rules" && workflowId) made.pre_queue_workflow_id = workflowId;
  if (draft.how === "workflow" && draft.preWorkflow) made.pre_queue_workflow_id = draft.preWorkflow;
  if (draft.how === "workflow" && draft.sample) made.pre_queue_random_sample = draft.sample;
  if (draft.postWorkflow) made.post_queue_workflow_id = draft.postWorkflow;
  return made;
}

// Makes the collector. Answers with what the API made of it.
export async function create(user, app, draft, isOn) {
  const rules = draft.how === "rules" ? await writeRules(user, app, draft, draft.id) : null;
  try {
    const collector = { ...collectorOf(draft, rules?.workflow), status: { code: isOn ? ACTIVE : PAUSED } };
    return (await call("POST", `${place(user, app)}/collectors`, { collectors: [collector] })).collectors[0];
  } catch (error) {
    await takeBack(user, app, rules);
    throw error;
  }
}

// Changes the collector. Changed rules get a workflow of their own, so that the change is at once, and can be taken back.
export async function change(user, app, draft, before) {
  const isNew = draft.how === "rules" && JSON.stringify([draft.cards, draft.limits]) !== JSON.stringify([before.cards, before.limits]);
  const rules = isNew || (draft.how === "rules" && before.how !== "rules") ? await writeRules(user, app, draft, draft.id) : null;
  const collector = collectorOf(draft, rules?.workflow ?? before.preWorkflow);
  // What is not touched is not checked: a collector whose key is gone can still be changed otherwise.
  if (JSON.stringify(sourceFields(draft)) === JSON.stringify(sourceFields(before))) delete collector.collector_source;
  try {
    await removeFields(user, app, draft.id, before.collector, collector);
    return (await call("PATCH", `${place(user, app)}/collectors`, { action: "overwrite", collectors: [collector] })).collectors[0];
  } catch (error) {
    await takeBack(user, app, rules);
    throw error;
  }
}

const sourceFields = ({ source, caller, key }) => [source.user, source.app, source.model, source.version, caller, key];

// An overwrite keeps what it does not give: what the form has emptied is removed first.
async function removeFields(user, app, id, before, now) {
  const names = ["description", "pre_queue_workflow_id", "pre_queue_random_sample", "post_queue_workflow_id", "collect_outputs"];
  const gone = names.filter((name) => before[name] && !now[name]);
  if (!gone.length) return;
  const rest = Object.fromEntries(gone.map((name) => [name, before[name]]));
  const added = ["pre_queue_workflow_id", "pre_queue_random_sample", "post_queue_workflow_id"].filter((name) => now[name] && !before[name]);
  const patch = (action, fields) => call("PATCH", `${place(user, app)}/collectors`, { action, collectors: [{ id, ...fields }] });
  // A collector always has a rule: the new one goes in before the old one goes.
  if (added.length) await patch("overwrite", Object.fromEntries(added.map((name) => [name, now[name]])));
  await patch("remove", rest);
}

async function writeRules(user, app, draft, base) {
  const taken = new Set((await listWorkflows(user, app)).map((one) => one.id));
  for (let number = 1; ; number++) {
    const id = `${base.slice(0, LONGEST_STEM)}-rules-${number}`;
    if (taken.has(id)) continue;
    const { workflow, operators } = compile(draft, id);
    const models = operators.map((one) => one.id);
    try {
      await call("POST", `${place(user, app)}/models`, { models: operators });
    } catch (error) {
      if (number < MOST_TRIES && isDuplicate(error)) continue;
      throw error;
    }
    try {
      await call("POST", `${place(user, app)}/workflows`, { workflows: [workflow] });
      return { workflow: id, models };
    } catch (error) {
      await takeBack(user, app, { models });
      throw error;
    }
  }
}

const isDuplicate = (error) => error.http === 409;

async function takeBack(user, app, rules) {
  if (!rules) return;
  const quietly = (promise) => promise.catch(() => null);
  if (rules.workflow) await quietly(call("DELETE", path`/v2/users/${user}/apps/${app}/workflows/${rules.workflow}`));
  await quietly(call("DELETE", `${place(user, app)}/models`, { ids: rules.models }));
}

// The rules of a workflow of the app, as cards: { cards, limits }, or null when it is too rich, or may not be read.
export async function readRules(user, app, workflowId) {
  const { workflow } = await call("GET", path`/v2/users/${user}/apps/${app}/workflows/${workflowId}`);
  const found = new Map();
  for (const node of workflow.nodes ?? []) {
    const { user_id = user, app_id = app, id, model_version: version } = node.model;
    const address = path`/v2/users/${user_id}/apps/${app_id}/models/${id}` + (version?.id ? path`/versions/${version.id}` : "");
    const answer = await call("GET", address).catch(() => null);
    const info = answer?.model_version?.output_info ?? answer?.model?.model_version?.output_info ?? answer?.model?.output_info;
    found.set(node.id, info ?? {});
  }
  return {
    rules: decompile((workflow.nodes ?? []).map((node) => flat(node, found.get(node.id)))),
    nodes: (workflow.nodes ?? []).map((node) => flat(node, found.get(node.id))),
  };
}

const flat = (node, info) => ({
  id: node.id, type: node.model.model_type_id, inputs: (node.node_inputs ?? []).map((one) => one.node_id),
  params: { ...info.params, ...node.output_info_override?.params }, data: node.output_info_override?.data ?? info.data,
});

export const listWorkflows = (user, app, signal) => all(`${place(user, app)}/workflows`, "workflows", { signal });
