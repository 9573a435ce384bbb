// What a query finds, by rank and a page at a time: near what is shown is loaded, far from it is aborted and forgotten.
import { reactive } from "vue";
import { call } from "bowerbird/api.js";
import { labelsOf } from "bowerbird/explorer/labels.js";

const PAGE = 128;
const KEPT = 24; // pages: about three thousand inputs
const PICTURES_MS = 150; // that pictures in view have for themselves
const AHEAD = 1; // pages on either side of what is seen

export class Results {
  // `query` as PostInputsSearches takes it; `ranks` order by likeness; `oldest` counts from the other end.
  constructor(place, query, { ranks = [], oldest = false } = {}) {
    this.place = place;
    this.query = query;
    this.ranks = ranks;
    this.oldest = oldest;
    this.state = reactive({ total: null, error: null, pages: {}, labels: {} });
    this.loading = new Map();
    this.used = new Map(); // when each page was last looked at
    this.closed = new AbortController();
  }

  async open() {
    await Promise.all([this.count(), this.oldest ? null : this.load(0)]);
    return this;
  }

  async count() {
    if (this.ranks.length) return (this.state.total = null);
    const answer = await this.search({ only_count: true, searches: [{ query: this.query }] }, this.closed.signal).catch((error) => this.fail(error));
    if (answer) this.state.total = Number(answer.hit_counts?.[0]?.estimated_total ?? 0);
  }

  at(rank) {
    const wanted = this.oldest ? this.state.total - 1 - rank : rank;
    return this.state.pages[Math.floor(wanted / PAGE)]?.[wanted % PAGE];
  }

  labels(id) {
    return this.state.labels[id] ?? [];
  }

  // Ranks `first` to `last` are seen: their pages first, and once these are there, those beside them.
  show(first, last) {
    this.seen = [first, last];
    const flip = (rank) => (this.oldest ? this.state.total - 1 - rank : rank);
    const [from, to] = [flip(first), flip(last)].sort((a, b) => a - b).map((rank) => Math.floor(rank / PAGE));
    const end = this.state.total === null ? to : Math.floor(Math.max(0, this.state.total - 1) / PAGE);
    const pages = Array.from({ length: to - from + 1 + 2 * AHEAD }, (_, n) => from - AHEAD + n).filter((page) => page >= 0 && page <= end);
    for (const page of [...this.loading.keys()]) if (!pages.includes(page)) this.stop(page);
    const missing = pages.filter((page) => page >= from && page <= to && !this.state.pages[page]);
    for (const page of missing.length ? missing : pages) this.load(page);
  }

  async load(page) {
    this.used.set(page, performance.now());
    if (this.state.pages[page] || this.loading.has(page)) return;
    const controller = new AbortController();
    this.loading.set(page, controller);
    try {
      const found = await this.read(page, controller.signal);
      this.state.pages[page] = found;
      this.state.error = null;
      performance.mark("explorer-page");
      this.forget();
      await new Promise((resolve) => setTimeout(resolve, PICTURES_MS));
      if (this.seen) this.show(...this.seen);
      await this.label(found, controller.signal);
    } catch (error) {
      this.fail(error);
    } finally {
      if (this.loading.get(page) === controller) this.loading.delete(page);
    }
  }

  stop(page) {
    this.loading.get(page).abort();
    this.loading.delete(page);
  }

  async read(page, signal) {
    const answer = await this.search({ searches: [{ query: { ...this.query, ...(this.ranks.length ? { ranks: this.ranks } : {}) } }], pagination: { page: page + 1, per_page: PAGE } }, signal);
    const found = (answer.hits ?? []).map((hit) => ({ ...hit.input, score: this.ranks.length ? hit.score : undefined }));
    if (this.ranks.length && found.length < PAGE) this.state.total = page * PAGE + found.length;
    return found;
  }

  search(body, signal) {
    return call("POST", `${this.place}/inputs/searches`, body, { signal: AbortSignal.any([signal, this.closed.signal]) });
  }

  // Labels are looked up after the pictures: a list without them is of use already.
  async label(found, signal) {
    const ids = found.map((input) => input.id);
    if (ids.length) Object.assign(this.state.labels, await labelsOf(this.place, ids, { signal }));
  }

  async relabel(ids) {
    Object.assign(this.state.labels, await labelsOf(this.place, ids).catch((error) => (this.fail(error), {})));
  }

  forget() {
    const old = [...this.used].filter(([page]) => this.state.pages[page]).sort((a, b) => a[1] - b[1]).slice(0, -KEPT);
    for (const [page] of old) {
      for (const input of this.state.pages[page]) delete this.state.labels[input.id];
      delete this.state.pages[page];
      this.used.delete(page);
    }
  }

  fail(error) {
    if (error.name !== "AbortError") this.state.error = error;
  }

  close() {
    this.closed.abort();
  }
}
