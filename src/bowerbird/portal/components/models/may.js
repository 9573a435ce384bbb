// What the person may do in the app, so that a button can say beforehand why it is off.
import { ref } from "vue";
import { call, path } from "bowerbird/api.js";

// `why("Models:Add")` is empty when they may, else says what is missing and who can grant it; all is open until `ready`.
export function useMay(user, app) {
  const scopes = ref(null);
  const load = async () => {
    try {
      scopes.value = (await call("GET", path`/v2/users/${user}/apps/${app}/myscopes`)).scopes ?? [];
    } catch {
      scopes.value = [];
    }
  };
  const ready = load();
  const why = (...wanted) => {
    if (!scopes.value || scopes.value.includes("All")) return "";
    const missing = wanted.filter((scope) => !scopes.value.includes(scope));
    return missing.length ? `You may not do this here: ${missing.join(", ")} is missing. ${user}, who owns the app, can grant it.` : "";
  };
  return { ready, why };
}
