// From the drawing to the API and back.
import { all, call, path } from "bowerbird/api.js";
import { isOperator, partsOf, valuesOf } from "bowerbird/models/fields.js";
import { keyOf, modelTypes } from "bowerbird/models/uses.js";
import { arranged } from "bowerbird/workflows/graph.js";

const TRAINED = 21100;
const addressOf = (model) => path`/v2/users/${model.user_id}/apps/${model.app_id}/models/${model.id}`;
export const nameFor = (workflow, node) => `${workflow.slice(0, 24)}-${node}`.slice(0, 48);

// All that the palette offers: types by id, and models that can be nodes.
export async function stock(place, signal) {
  const [types, models] = await Promise.all([modelTypes(), all(`${place}/models`, "models", { signal })]);
  const byId = Object.fromEntries(types.map((type) => [type.id, type]));
  const usable = models.filter((one) => one.model_version?.status?.code === TRAINED && byId[one.model_type_id] && !isOperator(byId[one.model_type_id]));
  return { types: byId, models: usable };
}

// { workflow, nodes } as they are stored.
export async function opened(place, id, types, signal) {
  const { workflow } = await call("GET", place + path`/workflows/${id}`, undefined, { signal });
  const nodes = await Promise.all((workflow.nodes ?? []).map((node) => drawn(node, types, signal)));
  return { workflow, nodes: laidOut(workflow, nodes, types) };
}

// Where somebody has put the nodes, or else where they are put by themselves.
export function laidOut(workflow, nodes, types) {
  const layout = workflow.metadata?.layout ?? {};
  const isPlaced = nodes.every((node) => Array.isArray(layout[node.id]));
  return isPlaced ? nodes.map((node) => ({ ...node, x: layout[node.id][0], y: layout[node.id][1] })) : arranged(nodes, types);
}

export async function drawn(node, types, signal) {
  const { model } = node, type = types[model.model_type_id];
  const made = { id: node.id, type: model.model_type_id ?? "", model, version: model.model_version?.id ?? "", values: null, reads: (node.node_inputs ?? []).map((one) => one.node_id), x: 0, y: 0,
    suppress: Boolean(node.suppress_output), override: node.output_info_override };
  if (!type || !isOperator(type)) return made;
  const address = addressOf(model) + (made.version ? path`/versions/${made.version}` : "");
  const answer = await call("GET", address, undefined, { signal }).catch(() => null);
  const info = answer?.model?.output_info ?? answer?.model_version?.output_info;
  made.values = valuesOf(type.model_type_fields ?? [], { output_info: overridden(info, made.override) });
  made.was = JSON.stringify(made.values);
  return made;
}

// What a node is set to: its model's parameters and concepts, or those that the node puts in their place.
export function overridden(info, override) {
  const data = override?.data?.concepts?.length ? override.data : info?.data;
  return { data, params: { ...info?.params, ...override?.params } };
}

// Writes the operators and then the workflow. Throws the API's error with `node` and `index` of what it is about.
export async function save({ place, user, app, id, isNew, about, metadata, nodes, types }) {
  const made = [];
  try {
    const written = [];
    for (const node of nodes) written.push(await withModel({ place, user, app, id, node, types, made }));
    const layout = spots(nodes), isMoved = metadata?.layout || JSON.stringify(layout) !== JSON.stringify(spots(arranged(nodes, types)));
    const workflow = { id, description: about, ...(isMoved && { metadata: { ...metadata, layout } }), nodes: written.map(nodeMessage) };
    const answer = await (isNew ? call("POST", `${place}/workflows`, { workflows: [workflow] }) : call("PATCH", `${place}/workflows`, { workflows: [workflow], action: "overwrite" }));
    return answer.workflows[0];
  } catch (error) {
    await Promise.all(made.map((address) => call("DELETE", address).catch(() => null)));
    error.node ??= /node '([^']+)'/.exec(error.why ?? "")?.[1] ?? "";
    throw error;
  }
}

// The drawing as it is, to be run before it is written: { workflow, operators }.
export function drafted({ user, app, nodes, types }) {
  const operators = [];
  const named = nodes.map((node) => {
    if (isAsStored(node)) return node;
    const model = { id: `draft-${operators.length + 1}`, user_id: user, app_id: app };
    operators.push({ id: model.id, model_type_id: node.type, model_version: versionOf(node, types) });
    return { ...node, model, version: "", override: undefined };
  });
  return { workflow: { nodes: named.map(nodeMessage) }, operators };
}

const isAsStored = (node) => !node.values || JSON.stringify(node.values) === node.was;
const versionOf = (node, types) => ({ output_info: {}, ...partsOf(types[node.type].model_type_fields ?? [], node.values) });

// Where nodes lie; nothing is kept of a drawing that nobody changed by hand.
const spots = (nodes) => Object.fromEntries(nodes.map((node) => [node.id, [Math.round(node.x), Math.round(node.y)]]));

// The node with a model that holds its values: its own is given a version, anything else is left as it is.
async function withModel({ place, user, app, id, node, types, made }) {
  if (isAsStored(node)) return node;
  const name = nameFor(id, node.id), version = versionOf(node, types);
  const model = { id: name, user_id: user, app_id: app }, address = place + path`/models/${name}`;
  try {
    const isOwn = node.model && keyOf(node.model) === keyOf(model);
    if (!isOwn && (await isMade(place, name, version, node))) made.push(address);
    else await call("POST", `${address}/versions`, { model_versions: [version] });
  } catch (error) {
    error.node = node.id;
    throw error;
  }
  return { ...node, model, version: "", override: undefined };
}

async function isMade(place, name, version, node) {
  const description = `Made for the node ${node.id} of a workflow.`;
  try {
    await call("POST", `${place}/models`, { models: [{ id: name, model_type_id: node.type, description, model_version: version }] });
    return true;
  } catch (error) {
    if (error.http === 400 && /exists already/.test(error.why)) return false; // left by a workflow that is gone
    throw error;
  }
}

function nodeMessage(node) {
  const { id, user_id, app_id } = node.model;
  const model = { id, user_id, app_id, ...(node.version && { model_version: { id: node.version } }) };
  return { id: node.id, model, node_inputs: node.reads.map((node_id) => ({ node_id })), suppress_output: node.suppress, ...(node.override && { output_info_override: node.override }) };
}

// The outputs of a run, by node: those that are left out of the answer have none.
export function byNode(result, nodes) {
  const told = nodes.filter((node) => !node.suppress);
  return Object.fromEntries((result.outputs ?? []).map((output, at) => [told[at]?.id, output]));
}
