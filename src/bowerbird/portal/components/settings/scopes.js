// Scopes: which there are, which others each needs, and how they are shown.
import { call, path, query } from "bowerbird/api.js";

export const APP_KEY = "app_specific_key", TOKEN = "personal_access_token", ALL = "All";
const VERBS = ["Get", "Add", "Patch", "Delete"];
// What people mostly give; what else the API knows stands below.
const USUAL = ["Predict", "Search", "Inputs", "Annotations", "Concepts", "Models", "Workflows", "Collectors", "Apps", "Collaborators", "Keys", "Metrics"];
// What people and programs are mostly let do, by the calls that it takes.
const LOOK = ["ListInputs", "ListAnnotations", "ListConcepts", "ListModels", "ListWorkflows", "ListCollectors", "PostInputsSearches"];
export const PRESETS = [
  ["Predict", ["PostModelOutputs", "PostWorkflowResults"]],
  ["Send inputs", ["PostInputs", "ListInputs"]],
  ["Look", LOOK],
  ["Look and label", [...LOOK, "PostAnnotations", "PatchAnnotations", "DeleteAnnotations", "PostConcepts"]],
];

// { needs: scope → all the scopes that it needs, also through others; calls: call → the scopes that it takes }
export async function scopesOf(me, type, signal) {
  const address = path`/v2/users/${me}/scopes` + query({ key_type: type });
  const { scope_deps, endpoint_deps } = await call("GET", address, undefined, { signal });
  const direct = new Map((scope_deps ?? []).map((one) => [one.scope, one.depending_scopes ?? []]));
  const needs = new Map([...direct.keys()].map((scope) => [scope, closure(direct, scope)]));
  return { needs, calls: new Map((endpoint_deps ?? []).map((one) => [one.endpoint.split("/").pop(), one.depending_scopes ?? []])) };
}

// The scopes that some calls take, with what these need.
export function scopesFor({ needs, calls }, names) {
  const direct = names.flatMap((name) => calls.get(name) ?? []);
  return [...new Set(direct.flatMap((scope) => [scope, ...(needs.get(scope) ?? [])]))].sort();
}

function closure(direct, scope) {
  const found = new Set(), open = [scope];
  while (open.length)
    for (const next of direct.get(open.pop()) ?? [])
      if (next !== scope && !found.has(next)) {
        found.add(next);
        open.push(next);
      }
  return found;
}

// Both answer [the scopes after the change, those that changed along].
export function ticked(needs, chosen, scope) {
  const along = [...(needs.get(scope) ?? [])].filter((one) => !chosen.includes(one));
  return [[...chosen, scope, ...along], along];
}
export function unticked(needs, chosen, scope) {
  const along = chosen.filter((one) => needs.get(one)?.has(scope));
  return [chosen.filter((one) => one !== scope && !along.includes(one)), along];
}

const at = (verb) => (VERBS.includes(verb) ? VERBS.indexOf(verb) : VERBS.length);

// [{ noun, scopes: [{ scope, verb }] }], the usual ones and the others.
export function groups(needs) {
  const found = new Map();
  for (const scope of needs.keys()) {
    if (scope === ALL) continue;
    const [noun, verb = ""] = scope.split(":");
    if (!found.has(noun)) found.set(noun, { noun, scopes: [] });
    found.get(noun).scopes.push({ scope, verb });
  }
  for (const group of found.values()) group.scopes.sort((a, b) => at(a.verb) - at(b.verb));
  const usual = USUAL.map((noun) => found.get(noun)).filter(Boolean);
  return { usual, others: [...found.values()].filter((group) => !usual.includes(group)) };
}

// "Inputs: Get, Add; Predict" of a list of scopes.
export function inWords(scopes = []) {
  if (scopes.includes(ALL)) return "everything";
  const found = new Map();
  for (const scope of scopes) {
    const [noun, verb] = scope.split(":");
    found.set(noun, [...(found.get(noun) ?? []), ...(verb ? [verb] : [])]);
  }
  return [...found].map(([noun, verbs]) => (verbs.length ? `${noun} ${verbs.sort((a, b) => at(a) - at(b)).join(", ")}` : noun)).join(" · ");
}
