// What the person may do in an app, so that what they may not is off and says why. The API decides all the same.
import { reactive } from "vue";
import { call } from "bowerbird/api.js";

const NEEDS = {
  label: ["Annotations:Add"],
  upload: ["Inputs:Add", "Annotations:Add", "Predict"],
  patch: ["Inputs:Add", "Annotations:Add"],
  remove: ["Inputs:Delete", "Annotations:Delete"],
  predict: ["Predict"],
  concept: ["Concepts:Add"],
};

// { label: "" | "why not", … }; all off until it is known.
export function useRights(place, owner) {
  const why = reactive(Object.fromEntries(Object.keys(NEEDS).map((act) => [act, "Looking up what you may do here…"])));
  call("GET", `${place}/myscopes`).then(({ scopes = [] }) => {
    const has = (scope) => scopes.includes("All") || scopes.includes(scope);
    for (const [act, needed] of Object.entries(NEEDS)) {
      const lacking = needed.filter((scope) => !has(scope));
      why[act] = lacking.length ? `You lack ${lacking.join(", ")} in this app. ${owner} can give it to you.` : "";
    }
  }).catch((error) => Object.keys(why).forEach((act) => (why[act] = error.what ?? error.message)));
  return why;
}
