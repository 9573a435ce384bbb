// The concepts that models before a node tell, so that nobody has to remember how they are written.
import { reactive, computed, watch } from "vue";
import { call, path } from "bowerbird/api.js";
import { isOperator } from "bowerbird/models/fields.js";
import { keyOf } from "bowerbird/models/uses.js";
import { linksOf } from "bowerbird/workflows/graph.js";

export function useLabels(nodes, node, typesNow) {
  const known = reactive({});
  const before = computed(() => {
    const links = linksOf(nodes.value, typesNow()), found = new Set(), left = [...(links[node.value?.id] ?? [])];
    while (left.length) {
      const id = left.pop();
      if (!found.has(id)) (found.add(id), left.push(...(links[id] ?? [])));
    }
    return nodes.value.filter((one) => found.has(one.id) && one.model && typesNow()[one.type] && !isOperator(typesNow()[one.type])).map((one) => one.model);
  });
  const look = async (model) => {
    if (known[keyOf(model)]) return;
    known[keyOf(model)] = [];
    const answer = await call("GET", path`/v2/users/${model.user_id}/apps/${model.app_id}/models/${model.id}`).catch(() => null);
    known[keyOf(model)] = (answer?.model?.output_info?.data?.concepts ?? []).map((one) => one.id);
  };
  watch(before, (models) => models.forEach(look));
  return computed(() => [...new Set(before.value.flatMap((model) => known[keyOf(model)] ?? []))]);
}
