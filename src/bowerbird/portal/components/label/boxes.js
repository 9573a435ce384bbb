// Boxes while labelling: which is chosen, which is being made by keys, and what becomes of them.
import { computed, reactive, watch } from "vue";
import { regionOf, valueOf } from "bowerbird/explorer/labels.js";
import { colourOf } from "bowerbird/explorer/media.js";
import { boxOf, moved, sized } from "bowerbird/explorer/stage.js";
import { withBox, withoutBox } from "bowerbird/label/work.js";

const CENTRE = { left: 0.35, top: 0.35, right: 0.65, bottom: 0.65 };
const REST_MS = 300;
const LEAST = 0.004; // shares of a side: less is no box

export function useBoxes(session, stage) {
  const state = reactive({ tool: "", selected: "", draft: null, moving: null, concept: null, isHidden: false });
  const item = session.item;
  watch(() => item.value?.input.id, () => Object.assign(state, { selected: "", draft: null, moving: null }));
  const own = computed(() => (item.value?.work.boxes ?? []).map((one) => ({ id: one.id, box: one.box, concept: one.concept, text: one.concept?.name ?? "no concept yet", colour: colourOf(one.concept?.id ?? "none") })));
  const others = computed(() => {
    const said = [...(item.value?.others ?? []), ...(item.value?.predictions ?? [])].filter(regionOf);
    return said.flatMap(fixed).filter((one) => !own.value.some((mine) => mine.id === `own-${one.id}`));
  });
  const all = computed(() => [...own.value, ...others.value].map((one) => (one.id === state.moving?.id ? { ...one, box: state.moving.box } : one)));
  const shapes = computed(() => (state.isHidden ? [] : all.value));
  const chosen = computed(() => shapes.value.find((one) => one.id === state.selected));
  const change = (made) => session.decide(made);

  function put(box, { id = crypto.randomUUID(), concept = state.concept } = {}) {
    if (box.right - box.left < LEAST || box.bottom - box.top < LEAST) return;
    state.selected = id;
    return change(withBox(item.value.work, { id, box, concept: concept ? { id: concept.id, name: concept.name } : null }));
  }
  // A box that a model proposes becomes the person's own when it is changed or named.
  const adopt = (one) => (one.isFixed ? `own-${one.id}`.slice(0, 128) : one.id);
  const changed = (id, box) => {
    const one = shapes.value.find((shape) => shape.id === id);
    return put(box, { id: adopt(one), concept: one.concept });
  };
  function name(concept) {
    state.concept = concept;
    if (!chosen.value) return;
    put(chosen.value.box, { id: adopt(chosen.value), concept });
  }
  function remove(id = state.selected) {
    state.selected = "";
    if (own.value.some((one) => one.id === id)) change(withoutBox(item.value.work, id));
  }
  function arm() {
    if (state.tool) state.draft ??= { ...CENTRE };
    state.tool = "box";
    state.selected = "";
  }
  // Arrows move what is in hand, Shift sizes it; by pixels of the screen.
  function nudge(x, y, isSize) {
    const box = state.draft ?? chosen.value?.box;
    if (!box || (!state.draft && chosen.value.isFixed)) return false;
    const { wide, high, scale } = stage(), step = 2;
    const by = [(x * step) / (wide * scale), (y * step) / (high * scale)];
    const made = isSize ? sized(box, `${x ? "r" : ""}${y ? "b" : ""}`, ...by) : moved(box, ...by);
    if (state.draft) state.draft = made;
    else later(chosen.value.id, made);
    return true;
  }
  // Held arrows are one step to undo, and one write: the box is kept once it rests.
  let timer = 0;
  function later(id, box) {
    clearTimeout(timer);
    state.moving = { id, box };
    timer = setTimeout(rest, REST_MS);
  }
  function rest() {
    clearTimeout(timer);
    const { id, box } = state.moving ?? {};
    state.moving = null;
    return id ? changed(id, box) : null;
  }
  // Enter sets the box that is being made; whether there was one.
  function set() {
    if (!state.draft) return false;
    const box = state.draft;
    state.draft = null;
    put(box);
    return true;
  }
  // Esc lets go of one thing after the other; whether there was any.
  function letGo() {
    const which = ["draft", "selected", "tool"].find((name) => state[name]);
    if (which) state[which] = which === "draft" ? null : "";
    return Boolean(which);
  }
  function step(by) {
    const at = shapes.value.findIndex((one) => one.id === state.selected), many = shapes.value.length;
    if (many) state.selected = shapes.value[(at + by + many) % many].id;
  }
  return { arm, changed, chosen, letGo, name, nudge, put, remove, rest, set, shapes, state, step };
}

function fixed(annotation) {
  const isModel = Boolean(annotation.model_version_id), by = isModel ? "model" : annotation.user_id;
  return annotation.data.regions.map((region, n) => {
    const concept = region.data?.concepts?.[0], words = concept ? concept.name || concept.id : "region";
    return {
      id: `${annotation.id || by}-${n}`, box: boxOf(region), concept: concept && { id: concept.id, name: words }, isFixed: true, isDotted: isModel, by,
      text: isModel && concept ? `${words} ${valueOf(concept).toFixed(2)}` : words, colour: colourOf(concept?.id ?? "none"),
    };
  });
}
