// A sitting at the queue: where one is, what was decided, and how that is kept, undone and done again.
import { computed, reactive } from "vue";
import { Steps, isLabelled, writes } from "bowerbird/label/work.js";

const PACED = 50; // the latest decisions that tell the pace
const IDLE_S = 60; // whoever takes longer does something else
const REST_MS = 40; // after a step: what it shows is painted before others are fetched

export class Session {
  constructor(queue, outbox) {
    Object.assign(this, { queue, outbox, steps: new Steps(), times: [] });
    this.state = reactive({ at: 0, isPainted: false, pace: 0, decided: 0, skipped: [], isFailed: null, canUndo: false, canRedo: false });
    this.item = computed(() => queue.items[this.state.at] ?? null);
  }

  // The item that is shown is on the screen: only now a key may decide anything.
  painted() {
    if (this.state.isPainted) return;
    this.state.isPainted = true;
    this.since = performance.now();
  }

  go(at) {
    const to = Math.min(this.queue.items.length, Math.max(0, at));
    if (to === this.state.at) return;
    Object.assign(this.state, { at: to, isPainted: false });
    this.timer ||= setTimeout(() => this.rested(), REST_MS);
  }

  rested() {
    this.timer = 0;
    this.queue.ahead(this.state.at);
  }

  // Labels the item anew, and goes on when asked to. It is kept before anything else happens.
  async decide(after, { goesOn = false } = {}) {
    const item = this.item.value;
    if (!item || !this.state.isPainted) return;
    const step = { id: item.input.id, before: item.work, after, goesOn }, { at } = this.state;
    if (goesOn) this.state.isPainted = false; // what is decided takes no second key
    if (await this.keep(item, step.before, after)) {
      this.steps.add(step);
      this.count();
      if (goesOn) this.next(at + 1);
    } else this.state.isPainted = true;
  }

  async keep(item, before, after) {
    const made = writes(item.input.id, before, after);
    Object.assign(item, { work: after, isDone: isLabelled(after) });
    if (!made.length) return true;
    try {
      await this.outbox.put(made);
      return true;
    } catch (error) {
      Object.assign(item, { work: before, isDone: isLabelled(before) });
      this.state.isFailed = error;
      return false;
    }
  }

  next(at) {
    const seconds = (performance.now() - this.since) / 1000;
    if (seconds < IDLE_S) this.times = [...this.times, seconds].slice(-PACED);
    this.state.pace = this.times.length ? [...this.times].sort((a, b) => a - b)[Math.floor(this.times.length / 2)] : 0;
    this.state.decided++;
    this.go(at);
  }

  skip() {
    const item = this.item.value;
    if (!item || !this.state.isPainted) return;
    if (!this.state.skipped.includes(item.input.id)) this.state.skipped.push(item.input.id);
    this.go(this.state.at + 1);
  }

  undo() {
    return this.step(this.steps.undo(), (one) => [one.after, one.before, 0]);
  }

  redo() {
    return this.step(this.steps.redo(), (one) => [one.before, one.after, one.goesOn ? 1 : 0]);
  }

  async step(one, way) {
    if (!one) return;
    const [from, to, further] = way(one), at = this.queue.items.findIndex((item) => item.input.id === one.id);
    if (at + further !== this.state.at) this.state.isPainted = false; // what is left takes no key
    await this.keep(this.queue.items[at], from, to);
    if (one.goesOn) this.state.decided += further ? 1 : -1;
    this.count();
    this.go(at + further);
  }

  count() {
    Object.assign(this.state, { canUndo: this.steps.done.length > 0, canRedo: this.steps.undone.length > 0 });
  }
}
