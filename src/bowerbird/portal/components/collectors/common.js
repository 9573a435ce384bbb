// What the pages about collectors share: counts, polling while somebody looks, and who may do what.
import { onBeforeUnmount, onMounted, ref } from "vue";
import { call, path, query } from "bowerbird/api.js";

export const num = (value) => Number(value ?? 0); // counts come as text where they could be large
export const ACTIVE = 52001, PAUSED = 52002, BLOCKED = 52003;
export const own = (user, app) => path`/v1/users/${user}/apps/${app}`;
export const place = (user, app) => path`/v2/users/${user}/apps/${app}`;
export const shown = (user, app) => path`/u/${user}/${app}`;
// Where the Explorer shows what a collector kept.
export const keptHref = (base, id) => `${base}/explorer?f=${encodeURIComponent(`collector:${id}`)}`;
export const sourceOf = (collector) => collector?.collector_source?.api_post_model_outputs_collector_source ?? {};
export const modelName = (source) => [source.model_user_id, source.model_app_id, source.model_id].join("/");

// Does the work at once and then again and again, each time after the time before has ended; rests while the page is hidden.
export function usePoll(work, milliseconds) {
  let timer, isGone = false, isBusy = false;
  const again = () => {
    clearTimeout(timer);
    if (!isGone && !document.hidden) timer = setTimeout(run, milliseconds);
  };
  const run = async () => {
    if (isBusy || isGone) return;
    isBusy = true;
    await work();
    isBusy = false;
    again();
  };
  const wake = () => (document.hidden ? clearTimeout(timer) : run());
  onMounted(() => {
    document.addEventListener("visibilitychange", wake);
    run();
  });
  onBeforeUnmount(() => {
    isGone = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", wake);
  });
  return run;
}

// What the person may do in the app: `may.value("PostCollectors")` is "" or the reason why not.
export function useRights(me, user, app) {
  const held = ref(null), needed = ref({});
  onMounted(async () => {
    const quietly = (promise) => promise.catch(() => null);
    const [mine, all] = await Promise.all([
      quietly(call("GET", `${place(user, app)}/myscopes`)),
      quietly(call("GET", path`/v2/users/${me.id}/scopes` + query({ key_type: "personal_access_token" }))),
    ]);
    held.value = mine ? new Set(mine.scopes ?? []) : null;
    needed.value = needs(all);
  });
  const lacks = (rpc) => (held.value && !held.value.has("All") ? (needed.value[rpc] ?? []).filter((one) => !held.value.has(one)) : []);
  const why = (...rpcs) => {
    const missing = [...new Set(rpcs.flatMap(lacks))];
    return missing.length ? `You lack ${missing.join(", ")} here. ${user}, who owns the app, can give it under Settings, Collaborators.` : "";
  };
  return { needed, why };
}

// The scopes of each call, as the API tells them: { PostInputs: ["Inputs:Add", …] }.
function needs(answer) {
  const pairs = (answer?.endpoint_deps ?? []).map((one) => [one.endpoint.split("/").pop(), one.depending_scopes ?? []]);
  return Object.fromEntries(pairs);
}

const STATES = {
  on: ["good", "On"], paused: ["paused", "Paused"], shadow: ["accent", "Only counts"], blocked: ["bad", "Blocked"],
};
export const stateOf = (state) => STATES[state] ?? ["", state || "…"];

// The state of a collector that was read by itself.
export function stateFrom(collector, options) {
  const code = collector?.status?.code;
  if (code === PAUSED) return "paused";
  if (code === BLOCKED) return "blocked";
  return options?.shadow ? "shadow" : "on";
}

const CURES = {
  key: ["Open the key", "settings"], workflow: ["Open the workflow", "workflows"], model: ["Open the model", "models"],
  app: ["Open the settings", "settings"], server: ["", ""],
};

// What mends a blocked collector: { text, href }, or null when only waiting helps.
export function cureOf(cure, id, base, collector, modes) {
  if (cure === "key" || cure === "model") {
    const what = cure === "key" ? "Choose another key" : "Choose another model";
    return { text: what, href: `${base}/collectors/${encodeURIComponent(collector)}/edit#${cure}` };
  }
  const [text, mode] = CURES[cure] ?? ["", ""];
  if (!mode || (modes && !modes.includes(mode))) return null;
  return { text, href: `${base}/${mode}` + (cure === "workflow" && id ? `/${encodeURIComponent(id)}` : "") };
}

export const setStatus = (user, app, ids, code) =>
  call("PATCH", `${place(user, app)}/collectors`, { action: "overwrite", collectors: ids.map((id) => ({ id, status: { code } })) });

// Skipped predictions, in the words of the documentation.
export const SKIPS = {
  filtered: "left out by a rule", sampled_out: "lost the coin", budget: "over the budget", duplicate: "repeats", caller: "of other callers",
  inactive: "while it was paused", shadow: "only counted", shed: "shed under load", overflow: "lost: no room", error: "a rule failed",
};
export const skipWord = (reason) => SKIPS[reason] ?? reason;
