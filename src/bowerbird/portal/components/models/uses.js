// Where models are used in an app: by which collectors and workflows.
import { all } from "bowerbird/api.js";

const quietly = (promise) => promise.catch((error) => { if (error.name === "AbortError") throw error; return []; });
const key = (user, app, id) => `${user}/${app}/${id}`;
export const keyOf = (model) => key(model.user_id, model.app_id, model.id);

// Model types change with the installation only: they are asked for once a page.
let types;
export function modelTypes() {
  types ??= all("/v2/users/clarifai/apps/main/models/types", "model_types").catch((error) => { types = null; throw error; });
  return types;
}

// { "user/app/model": { collectors: [ids], workflows: [ids] } }
export async function usesOf(place, signal) {
  const [collectors, workflows] = await Promise.all(["collectors", "workflows"].map((name) => quietly(all(`${place}/${name}`, name, { signal }))));
  const found = {};
  const note = (kind, model, id) => {
    const list = ((found[model] ??= { collectors: [], workflows: [] })[kind]);
    if (!list.includes(id)) list.push(id);
  };
  for (const one of collectors) {
    const source = one.collector_source?.api_post_model_outputs_collector_source;
    if (source) note("collectors", key(source.model_user_id, source.model_app_id, source.model_id), one.id);
  }
  for (const one of workflows) for (const node of one.nodes ?? []) note("workflows", keyOf(node.model ?? {}), one.id);
  return found;
}

export async function usesOfWorkflow(place, id, signal) {
  const collectors = await quietly(all(`${place}/collectors`, "collectors", { signal }));
  return collectors.filter((one) => [one.pre_queue_workflow_id, one.post_queue_workflow_id].includes(id)).map((one) => one.id);
}
