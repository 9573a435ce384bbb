// What components use of Vue for themselves, and all that the other modules offer, from one name.
import { onBeforeUnmount, onMounted, reactive, ref, watch } from "vue";
import { newest } from "./api.js";
import { hotkeys } from "./hotkeys.js";

export * from "./words.js";
export * from "./toasts.js";
export * from "./dialogs.js";
export { hotkeys, keysAreOn, keysNow, switchKeys } from "./hotkeys.js";

// Keys as long as the component is there.
export function useKeys(map) {
  let off;
  onMounted(() => (off = hotkeys(map)));
  onBeforeUnmount(() => off?.());
}

// State that lives in the address: `const url = useUrl({ q: "", sort: "new", page: 1 })`. What equals its default
// is not written. A change makes a step of the history, so that Back undoes it; `useUrl.quiet` makes none.
export function useUrl(defaults) {
  const state = reactive({ ...defaults });
  const read = () => {
    const shown = new URLSearchParams(location.search);
    for (const [name, usual] of Object.entries(defaults)) state[name] = valueOf(shown, name, usual);
  };
  let isReading = false;
  const write = () => {
    if (isReading) return;
    const shown = new URLSearchParams(location.search);
    for (const [name, usual] of Object.entries(defaults)) put(shown, name, state[name], usual);
    const wanted = location.pathname + (shown.size ? `?${shown}` : "") + location.hash;
    if (wanted === location.pathname + location.search + location.hash) return;
    history[useUrl.isQuiet ? "replaceState" : "pushState"](history.state, "", wanted);
  };
  const back = () => {
    isReading = true;
    read();
    queueMicrotask(() => (isReading = false));
  };
  read();
  watch(state, write, { flush: "sync" });
  addEventListener("popstate", back);
  onBeforeUnmount(() => removeEventListener("popstate", back));
  return state;
}
useUrl.isQuiet = false;
useUrl.quiet = (change) => {
  useUrl.isQuiet = true;
  change();
  useUrl.isQuiet = false;
};

function valueOf(shown, name, usual) {
  if (Array.isArray(usual)) return shown.has(name) ? shown.getAll(name) : [...usual];
  if (!shown.has(name)) return usual;
  if (typeof usual === "number") return Number(shown.get(name)) || usual;
  return typeof usual === "boolean" ? shown.get(name) === "1" : shown.get(name);
}

function put(shown, name, value, usual) {
  shown.delete(name);
  if (JSON.stringify(value) === JSON.stringify(usual)) return;
  for (const one of [value].flat()) shown.append(name, typeof one === "boolean" ? (one ? "1" : "0") : one);
}

// Data that is loaded: { data, error, isLoading, load }. What was loaded before stays while it loads anew.
export function useLoad(work) {
  const data = ref(null), error = ref(null), isLoading = ref(false);
  const latest = newest();
  async function load(...given) {
    isLoading.value = true;
    try {
      data.value = await latest((signal) => work(signal, ...given));
      error.value = null;
    } catch (problem) {
      if (problem.name === "AbortError") return;
      error.value = problem;
    }
    isLoading.value = false;
  }
  return { data, error, isLoading, load };
}

// Where a strip of links or tabs is wider than the screen, the one that one is at is in sight.
export const intoView = (element) => element?.scrollIntoView({ inline: "center", block: "nearest" });

// Remembered in this browser, such as the width of a panel; never what belongs to the person.
export function useKept(name, usual) {
  const key = `bowerbird.${name}`;
  const state = ref(JSON.parse(localStorage.getItem(key) ?? "null") ?? usual);
  watch(state, (value) => localStorage.setItem(key, JSON.stringify(value)), { deep: true });
  return state;
}
