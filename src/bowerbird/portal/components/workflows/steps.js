// Undo and redo: the states that a value had, as JSON.
import { computed, ref } from "vue";

const MOST = 100;

export function useSteps(state) {
  const past = ref([]), future = ref([]);
  const now = () => JSON.stringify(state.value);
  // Called before a change.
  const mark = () => {
    past.value = [...past.value, now()].slice(-MOST);
    future.value = [];
  };
  const go = (from, to) => {
    if (!from.value.length) return;
    to.value = [...to.value, now()];
    state.value = JSON.parse(from.value.at(-1));
    from.value = from.value.slice(0, -1);
  };
  return { mark, undo: () => go(past, future), redo: () => go(future, past), canUndo: computed(() => past.value.length > 0), canRedo: computed(() => future.value.length > 0) };
}
