// What a query finds, by rank and a page at a time. What is seen goes first: the inputs, then their pictures, then what
// people say of them, then the pages beside it; what is far from it is aborted and forgotten.
import { markRaw, reactive, shallowReactive } from "vue";
import { call } from "bowerbird/api.js";
import { Glances } from "bowerbird/explorer/glances.js";
import { labelsOf } from "bowerbird/explorer/labels.js";

const PAGE = 64;
const KEPT = 24; // pages: about fifteen hundred inputs
const AHEAD = 1; // pages on either side of what is seen
const PACE_MS = 60; // between requests while the bar is dragged: what it only passes by is not asked for

export class Results {
  // `query` as PostInputsSearches takes it; `ranks` order by likeness; `oldest` counts from the other end.
  constructor(place, query, { ranks = [], oldest = false } = {}) {
    this.place = place;
    this.query = query;
    this.ranks = ranks;
    this.oldest = oldest;
    this.state = reactive({ total: null, error: null, pages: shallowReactive({}), labels: shallowReactive({}) });
    this.loading = new Map();
    this.used = new Map(); // when each page was last looked at
    this.labelled = new Set(); // pages whose labels were asked for
    this.closed = new AbortController();
    this.glances = new Glances(place, this.closed.signal, () => this.goOn());
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

  placeOf(rank) {
    return this.oldest ? this.state.total - 1 - rank : rank;
  }

  at(rank) {
    const wanted = this.placeOf(rank);
    return this.state.pages[Math.floor(wanted / PAGE)]?.[wanted % PAGE];
  }

  labels(id) {
    return this.state.labels[id] ?? [];
  }

  glance(id) {
    return this.glances.state[id];
  }

  // Ranks `first` to `last` are seen.
  show(first, last) {
    this.seen = [first, last];
    const [from, to] = [first, last].map((rank) => Math.floor(this.placeOf(rank) / PAGE)).sort((a, b) => a - b);
    const end = this.state.total === null ? to : Math.floor(Math.max(0, this.state.total - 1) / PAGE);
    const pages = span(from - AHEAD, to + AHEAD).filter((page) => page >= 0 && page <= end);
    for (const page of [...this.loading.keys()]) if (!pages.includes(page)) this.stop(page);
    const isThere = (page) => Boolean(this.state.pages[page]), here = pages.filter((page) => page >= from && page <= to);
    if (!here.every(isThere)) return this.loadSoon(here.filter((page) => !isThere(page) && !this.loading.has(page)));
    const inView = span(first, last).map((rank) => this.at(rank)?.id).filter(Boolean);
    this.glances.want(inView);
    if (!inView.every((id) => this.glances.has(id))) return;
    for (const page of here) this.label(page);
    for (const page of pages) this.load(page);
    const beside = pages.filter(isThere).flatMap((page) => this.state.pages[page]);
    this.glances.want(beside.map((input) => input.id));
    if (beside.every((input) => this.glances.has(input.id))) pages.filter(isThere).forEach((page) => this.label(page));
  }

  goOn() {
    if (this.seen) this.show(...this.seen);
  }

  loadSoon(pages) {
    clearTimeout(this.timer);
    const wait = (this.askedAt ?? 0) + PACE_MS - performance.now();
    if (wait > 0) return (this.timer = setTimeout(() => this.goOn(), wait));
    if (pages.length) this.askedAt = performance.now();
    for (const page of pages) this.load(page);
  }

  async load(page) {
    this.used.set(page, performance.now());
    if (this.state.pages[page] || this.loading.has(page)) return;
    const controller = new AbortController();
    this.loading.set(page, controller);
    try {
      this.state.pages[page] = await this.read(page, controller.signal);
      this.state.error = null;
      this.forget();
    } catch (error) {
      this.fail(error);
    }
    if (this.loading.get(page) === controller) this.loading.delete(page);
    if (this.state.pages[page]) this.goOn();
  }

  stop(page) {
    this.loading.get(page).abort();
    this.loading.delete(page);
  }

  async read(page, signal) {
    const answer = await this.search({ searches: [{ query: { ...this.query, ...(this.ranks.length ? { ranks: this.ranks } : {}) } }], pagination: { page: page + 1, per_page: PAGE } }, signal);
    const found = (answer.hits ?? []).map((hit) => markRaw({ ...hit.input, score: this.ranks.length ? hit.score : undefined }));
    if (this.ranks.length && found.length < PAGE) this.state.total = page * PAGE + found.length;
    return found;
  }

  search(body, signal) {
    return call("POST", `${this.place}/inputs/searches`, body, { signal: AbortSignal.any([signal, this.closed.signal]) });
  }

  async label(page) {
    if (this.labelled.has(page)) return;
    this.labelled.add(page);
    await this.relabel(this.state.pages[page].map((input) => input.id));
  }

  async relabel(ids) {
    if (ids.length) Object.assign(this.state.labels, await labelsOf(this.place, ids, { signal: this.closed.signal }).catch((error) => (this.fail(error), {})));
  }

  forget() {
    const old = [...this.used].filter(([page]) => this.state.pages[page]).sort((a, b) => a[1] - b[1]).slice(0, -KEPT);
    for (const [page] of old) {
      const ids = this.state.pages[page].map((input) => input.id);
      for (const id of ids) delete this.state.labels[id];
      this.glances.forget(ids);
      delete this.state.pages[page];
      this.labelled.delete(page);
      this.used.delete(page);
    }
  }

  fail(error) {
    if (error.name !== "AbortError") this.state.error = error;
  }

  close() {
    clearTimeout(this.timer);
    this.closed.abort();
  }
}

const span = (first, last) => Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n);
