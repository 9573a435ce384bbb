// The changes that one can make to a drawing, each undone by one step.
import { computed, ref } from "vue";
import { toast } from "bowerbird/toasts.js";
import { arranged, HEIGHT, nodeOf, whyNot, WIDTH } from "bowerbird/workflows/graph.js";
import { useSteps } from "bowerbird/workflows/steps.js";

export function useEdits(typesNow) {
  const nodes = ref([]), selected = ref("");
  const { mark, undo, redo, canUndo, canRedo } = useSteps(nodes);
  const node = computed(() => nodes.value.find((one) => one.id === selected.value) ?? null);
  const replace = (id, change) => (nodes.value = nodes.value.map((one) => (one.id === id ? { ...one, ...change } : one)));
  const select = (id) => (selected.value = id);

  // Without a place, it comes after the selected node, and reads from it if it can.
  const add = (item, spot) => {
    const types = typesNow(), before = node.value;
    mark();
    const { x, y } = spot ?? free(before ? { x: before.x + WIDTH + 72, y: before.y } : { x: 24, y: 24 });
    const made = nodeOf(nodes.value, types, item, x, y);
    nodes.value = [...nodes.value, made];
    selected.value = made.id;
    if (!spot && before && !whyNot(nodes.value, types, before.id, made.id)) replace(made.id, { reads: [before.id] });
  };
  const free = (spot) => {
    while (nodes.value.some((one) => Math.abs(one.x - spot.x) < WIDTH && Math.abs(one.y - spot.y) < HEIGHT)) spot = { x: spot.x, y: spot.y + HEIGHT + 64 };
    return spot;
  };
  const connect = (from, to) => {
    const why = whyNot(nodes.value, typesNow(), from, to);
    if (why) return toast(why, { kind: "bad", seconds: 8 });
    mark();
    replace(to, { reads: [...nodes.value.find((one) => one.id === to).reads, from] });
  };
  const disconnect = (from, to) => {
    mark();
    replace(to, { reads: nodes.value.find((one) => one.id === to).reads.filter((id) => id !== from) });
  };
  const remove = (id) => {
    mark();
    nodes.value = nodes.value.filter((one) => one.id !== id).map((one) => ({ ...one, reads: one.reads.filter((read) => read !== id) }));
    if (selected.value === id) selected.value = "";
  };
  const rename = (id, wanted) => {
    if (!wanted || wanted === id) return;
    mark();
    nodes.value = nodes.value.map((one) => ({ ...one, id: one.id === id ? wanted : one.id, reads: one.reads.map((read) => (read === id ? wanted : read)) }));
    selected.value = wanted;
  };
  let last = "";
  // Letters that are typed into one node make one step.
  const change = (id, values) => {
    const key = `${id} ${Object.keys(values)}`;
    if (last !== key || !canUndo.value) mark();
    last = key;
    replace(id, values);
  };
  const moved = (id, x, y) => replace(id, { x, y });
  const arrange = () => {
    mark();
    nodes.value = arranged(nodes.value, typesNow());
  };
  const other = (act) => (...given) => ((last = ""), act(...given));
  return { nodes, selected, node, select, mark, undo: other(undo), redo: other(redo), canUndo, canRedo, add: other(add), connect: other(connect), disconnect: other(disconnect),
    remove: other(remove), rename: other(rename), change, moved, arrange: other(arrange) };
}
