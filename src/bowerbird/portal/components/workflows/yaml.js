// A workflow as the file that `bowerbird workflows import` and the official SDK read.
import { partsOf } from "bowerbird/models/fields.js";

// JSON is YAML as well, and needs no rules of its own for quoting.
const said = (value) => JSON.stringify(value);

export function yamlOf({ id, description, nodes, types, user, app }) {
  const lines = ["workflow:", `  id: ${said(id)}`];
  if (description) lines.push(`  description: ${said(description)}`);
  lines.push("  nodes:", ...nodes.flatMap((node) => linesOf(node, types[node.type], user, app)));
  return `${lines.join("\n")}\n`;
}

function linesOf(node, type, user, app) {
  const { model, version } = node;
  const lines = [`  - id: ${said(node.id)}`, "    model:", `      model_id: ${said(model.id)}`];
  if (version) lines.push(`      model_version_id: ${said(version)}`);
  else if (node.values) {
    lines.push(`      model_type_id: ${said(node.type)}`);
    const { output_info } = partsOf(type.model_type_fields ?? [], node.values);
    if (output_info) lines.push(`      output_info: ${said(output_info)}`);
  }
  if (model.user_id !== user || model.app_id !== app) lines.push(`      user_id: ${said(model.user_id)}`, `      app_id: ${said(model.app_id)}`);
  if (node.suppress) lines.push("    suppress_output: true");
  if (node.reads.length) lines.push("    node_inputs:", ...node.reads.map((read) => `    - node_id: ${said(read)}`));
  return lines;
}
