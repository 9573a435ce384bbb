// How many inputs people or models annotated as a concept, and as not it, where the API counts that.
import { onMounted, ref } from "vue";
import { call } from "bowerbird/api.js";
import { short } from "bowerbird/words.js";

const NEEDS = ["Annotations:Get", "Concepts:Get", "Inputs:Get", "Models:Get", "Search", "Workflows:Get"];

// `told(concept, "concept")` is a number as it is shown, or "" when it is not known.
export function useLabelled(place, ready, why) {
  const facets = ref({});
  onMounted(async () => {
    await ready;
    if (why(...NEEDS)) return;
    const queries = [{ query: { filters: [] }, facets: ["concept", "without_concept"] }];
    const answer = await call("POST", `${place.replace("/v2/", "/v1/")}/inputs/facets`, { queries }).catch(() => null);
    const [found] = answer?.facets ?? [];
    if (found) facets.value = Object.fromEntries((found.facets ?? []).map((one) => [one.name, { ...one, isExact: !found.drawn }]));
  });
  // The most frequent are told; with fewer than that, what is not told has none.
  const told = (concept, name) => {
    const facet = facets.value[name];
    if (!facet) return "";
    const values = facet.values ?? [], value = values.find((one) => one.value === concept.id);
    if (value) return (facet.isExact ? "" : "≈ ") + short(value.count);
    return (facet.distinct ?? 0) <= values.length && facet.isExact ? "0" : "";
  };
  return { told };
}
