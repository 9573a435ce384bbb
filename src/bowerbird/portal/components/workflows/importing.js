// A workflow from a file, in the form of the official SDK, as the editor draws it.
import { call, path } from "bowerbird/api.js";
import { isOperator, valuesOf } from "bowerbird/models/fields.js";
import { drawn, laidOut, overridden } from "bowerbird/workflows/saving.js";

const MAIN = ["clarifai", "main"];

// { workflow, nodes }. Throws the API's error, which names the line, or one that names the node.
export async function imported({ place, user, app, text, types }) {
  const { workflow } = await call("POST", `${place.replace("/v2/", "/v1/")}/workflows/files`, { text });
  const nodes = await Promise.all(workflow.nodes.map((node) => (isDescribed(node, types) ? described(node, types) : named(node, types, [user, app]))));
  return { workflow, nodes: laidOut(workflow, nodes, types) };
}

const isDescribed = ({ model }, types) => types[model.model_type_id] && isOperator(types[model.model_type_id]);

// An operator that the file describes becomes one of the drawing, which is made when that is saved.
function described(node, types) {
  const { model } = node, type = types[model.model_type_id];
  const values = valuesOf(type.model_type_fields ?? [], { output_info: overridden(model.output_info, node.output_info_override) });
  return { id: node.id, type: type.id, model: null, version: "", values, reads: (node.node_inputs ?? []).map((one) => one.node_id), x: 0, y: 0, suppress: Boolean(node.suppress_output) };
}

// A model that the file names has to be there: where it says, else in this app, else among those for everybody.
async function named(node, types, own) {
  const { id, user_id, app_id, model_version } = node.model;
  const places = user_id || app_id ? [[user_id || own[0], app_id || own[1]]] : [own, MAIN];
  for (const [user, app] of places) {
    const answer = await call("GET", path`/v2/users/${user}/apps/${app}/models/${id}`).catch(() => null);
    const model = answer && { id, user_id: user, app_id: app, model_type_id: answer.model.model_type_id, ...(model_version && { model_version }) };
    if (model) return drawn({ ...node, model }, types);
  }
  throw Object.assign(new Error(), { what: `There is no model ${id}.`, why: `The node ${node.id} names it, and you may not see such a model.`, now: "Put it in first, or name another in the file." });
}
