// The items to label, fetched ahead of the person: the next ones are there, their pictures decoded.
import { reactive, shallowReactive } from "vue";
import { call } from "bowerbird/api.js";
import { queryOf } from "bowerbird/explorer/filters.js";
import { hosted, kindOf, textOf } from "bowerbird/explorer/media.js";
import { isLabelled, overlaid, workOf } from "bowerbird/label/work.js";

const PER_PAGE = 32, LOW = 12, AHEAD = 5;

export class Queue {
  // `source`: { collector } or { filters } or { ids }; what waits in the outbox is laid over.
  constructor(place, me, source, outbox) {
    Object.assign(this, { address: `${place.replace("/v2/", "/v1/")}/label_items`, me, source, outbox });
    this.items = shallowReactive([]); // of a long sitting all are kept: to be gone back to
    this.state = reactive({ concepts: [], isEnd: false, isLoading: false, error: null });
    this.cursor = "";
    this.pictures = new Map();
  }

  async more() {
    if (this.state.isLoading || this.state.isEnd) return;
    this.state.isLoading = true;
    try {
      const answer = await call("POST", this.address, { ...asked(this.source), per_page: PER_PAGE, ...(this.cursor ? { after: this.cursor } : {}) });
      if (!this.cursor && answer.concepts) this.state.concepts = keyed(answer.concepts.map(({ id, name }) => ({ id, name: name || id })));
      await this.take(answer.items ?? []);
      this.cursor = answer.cursor ?? "";
      this.state.isEnd = !this.cursor;
      this.state.error = null;
    } catch (error) {
      this.state.error = error;
    }
    this.state.isLoading = false;
  }

  async take(items) {
    const pending = await this.outbox.pending().catch(() => []);
    for (const one of items) {
      this.outbox.knows(one.annotations ?? []);
      if (this.items.some((known) => known.input.id === one.input.id)) continue;
      const { input, annotations = [], predictions = [], is_blind = false } = one;
      const work = overlaid(workOf(annotations, this.me), pending.filter((write) => write.input_id === input.id));
      // The server does not know yet that it is labelled: it is not offered a second time.
      if (!this.source.withLabelled && isLabelled(work)) continue;
      this.items.push(shallowReactive({ input: slim(input), others: annotations.filter((a) => a.user_id !== this.me), predictions: is_blind ? [] : predictions, isBlind: is_blind, work, isDone: isLabelled(work) }));
    }
  }

  // Item number `at` is shown: what comes next is fetched and decoded.
  ahead(at) {
    if (this.items.length - at < LOW) this.more();
    const next = this.items.slice(at + 1, at + 1 + AHEAD);
    const wanted = new Set(next.map(({ input }) => input.id));
    for (const id of this.pictures.keys()) if (!wanted.has(id)) this.pictures.delete(id);
    for (const { input } of next) if (!this.pictures.has(input.id)) this.pictures.set(input.id, prepared(input));
  }
}

function asked({ collector, filters = [], ids = [], withLabelled = false }) {
  const from = collector ? { collector_id: collector } : ids.length ? { input_ids: ids } : filters.length ? { query: queryOf(filters) } : {};
  return withLabelled || ids.length ? { ...from, with_labelled: true } : from;
}

// Where the first ten are digits, each has the key of its name.
function keyed(concepts) {
  const [first, rest] = [concepts.slice(0, 10), concepts.slice(10)];
  if (!first.every((one) => /^\d$/.test(one.name))) return concepts;
  return [...first.sort((a, b) => ((Number(a.name) + 9) % 10) - ((Number(b.name) + 9) % 10)), ...rest];
}

// What is shown of an input here: neither its metadata nor where it is from, which are most of it.
function slim({ id, status, data }) {
  const kind = kindOf({ data });
  if (!kind) return { id, status, data: {} };
  const { hosted: from, raw } = data[kind];
  return { id, status, data: { [kind]: { raw, hosted: from && { prefix: from.prefix, suffix: from.suffix, sizes: from.sizes } } } };
}

function prepared(input) {
  if (kindOf(input) === "text") return textOf(input, { bytes: 100_000 }).catch(() => "");
  if (kindOf(input) !== "image" || !hosted(input)) return null;
  const picture = new Image();
  picture.src = hosted(input);
  picture.decode().catch(() => {}); // a picture that cannot be shown says so when its turn comes
  return picture;
}
