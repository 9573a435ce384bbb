// Labels on their way to the server, kept on this computer until it has them: in IndexedDB, so that a closed tab, a
// dead network or a restart loses none. A write says how one annotation shall be: sent twice, it changes nothing.
import { reactive } from "vue";
import { call, path } from "bowerbird/api.js";
import { chunks } from "bowerbird/explorer/labels.js";

const STORE = "writes", MOST = 64;
const SOONEST_MS = 500, LATEST_MS = 30_000;
const REST_MS = 80; // after a key: what comes next is painted first
const MADE = 24150, OK = 10000; // of an annotation, and of a call

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
const ended = (transaction) => new Promise((resolve, reject) => {
  transaction.oncomplete = () => resolve();
  transaction.onabort = transaction.onerror = () => reject(transaction.error);
});

async function opened() {
  const request = indexedDB.open("bowerbird-outbox", 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: ["who", "place", "input_id", "id"] });
  return done(request);
}

export class Outbox {
  // Those of one person; what was left by an earlier visit is sent, too, to whichever app it is for.
  constructor(who, place) {
    Object.assign(this, { who, place, wait: SOONEST_MS, timer: 0, there: new Set() });
    this.state = reactive({ waiting: 0, isOffline: false, isSending: false, refused: [], savedAt: 0, isBroken: false });
    this.kick = () => this.send();
  }

  async open() {
    this.db = await opened();
    addEventListener("online", this.kick);
    await this.count();
    this.send();
    return this;
  }

  // The server has these annotations: they are changed, not made.
  knows(annotations) {
    for (const one of annotations) this.there.add(`${one.input_id} ${one.id}`);
  }

  close() {
    clearTimeout(this.timer);
    removeEventListener("online", this.kick);
    this.isClosed = true;
  }

  store(mode) {
    const transaction = this.db.transaction(STORE, mode);
    return [transaction.objectStore(STORE), transaction];
  }

  async all() {
    const [store] = this.store("readonly");
    return (await done(store.getAll())).filter((one) => one.who === this.who).sort((a, b) => a.at - b.at);
  }

  // What is kept for the app that is open: [{ input_id, id, data }]; without data it shall not be.
  async pending() {
    return (await this.all()).filter((one) => one.place === this.place);
  }

  async count() {
    const all = await this.all();
    this.state.waiting = all.filter((one) => !one.refused).length;
    this.state.refused = all.filter((one) => one.refused);
  }

  // Kept, once this has returned.
  async put(writes) {
    this.state.waiting += writes.length; // nothing says that all is saved from now on
    const [store, transaction] = this.store("readwrite");
    const at = performance.timeOrigin + performance.now();
    writes.forEach((one, n) => store.put({ ...JSON.parse(JSON.stringify(one)), isThere: this.there.has(`${one.input_id} ${one.id}`), who: this.who, place: this.place, at: at + n / 1000, version: crypto.randomUUID() }));
    await ended(transaction).catch((error) => this.count().then(() => Promise.reject(error)));
    this.state.waiting = Math.max(this.state.waiting, writes.length); // who counted meanwhile did not see them
    this.sendIn(REST_MS);
  }

  // Takes away what was sent, unless it was changed meanwhile.
  async sent(writes) {
    const [store, transaction] = this.store("readwrite");
    for (const one of writes) {
      const key = [one.who, one.place, one.input_id, one.id], now = await done(store.get(key));
      if (now?.version === one.version) store.delete(key);
      else if (now) store.put({ ...now, isThere: Boolean(one.data) });
      this.there[one.data ? "add" : "delete"](`${one.input_id} ${one.id}`);
    }
    await ended(transaction);
    this.state.savedAt = Date.now();
  }

  async refuse(write, why) {
    const [store, transaction] = this.store("readwrite");
    const now = await done(store.get([write.who, write.place, write.input_id, write.id]));
    if (now?.version === write.version) store.put({ ...now, refused: why });
    await ended(transaction);
  }

  async again() {
    for (const { refused, ...one } of await this.all()) if (refused) await this.replace(one);
    this.send();
  }

  async replace(one) {
    const [store, transaction] = this.store("readwrite");
    store.put(one);
    await ended(transaction);
  }

  async drop() {
    const [store, transaction] = this.store("readwrite");
    for (const one of this.state.refused) store.delete([one.who, one.place, one.input_id, one.id]);
    await ended(transaction);
    await this.count();
  }

  // One tab sends at a time; the others' writes are in the same store.
  async send() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.isAsked) return (this.isAskedAgain = true);
    this.isAsked = true;
    try {
      await navigator.locks.request(`bowerbird-outbox ${this.who}`, () => this.sendAll());
      Object.assign(this.state, { isOffline: false });
      this.wait = SOONEST_MS;
    } catch (error) {
      this.state.isOffline = true;
      if (error.http !== 401) this.later();
    }
    this.isAsked = this.state.isSending = false;
    if (!this.isClosed) await this.count();
    if (this.isAskedAgain) {
      this.isAskedAgain = false;
      this.send();
    }
  }

  // Whoever labels faster than that does not put it off.
  sendIn(ms) {
    const due = performance.now() + ms;
    if (this.timer && this.due <= due) return;
    clearTimeout(this.timer);
    Object.assign(this, { due, timer: setTimeout(this.kick, ms) });
  }

  later() {
    this.sendIn(this.wait);
    this.wait = Math.min(LATEST_MS, this.wait * 2);
  }

  async sendAll() {
    for (let left = await this.unsent(); left.length; left = await this.unsent()) {
      this.state.isSending = true;
      const { place } = left[0];
      await this.pass(place, left.filter((one) => one.place === place).slice(0, MOST));
      await this.count();
    }
  }

  async unsent() {
    return (await this.all()).filter((one) => !one.refused);
  }

  async pass(place, writes) {
    const fresh = writes.filter((one) => one.data && !one.isThere), known = writes.filter((one) => one.data && one.isThere);
    for (const one of writes.filter((write) => !write.data)) await this.remove(place, one);
    for (const some of chunks(fresh, MOST)) await this.post(place, some);
    for (const one of known) await this.patch(place, one);
  }

  async post(place, writes) {
    const annotations = writes.map(({ id, input_id, data }) => ({ id, input_id, data }));
    const told = await call("POST", `${place}/annotations`, { annotations }).catch((error) => (isFinal(error) ? (error.answer ?? {}) : Promise.reject(error)));
    const isTaken = (n) => told.annotations?.[n]?.status?.code === MADE || (told.status?.code === OK && !told.annotations?.[n]?.status?.code);
    await this.sent(writes.filter((_, n) => isTaken(n)));
    // It may be there from an earlier attempt whose answer was lost.
    for (const [n, one] of writes.entries()) if (!isTaken(n)) await this.patch(place, one, told.annotations?.[n]?.status ?? told.status);
  }

  async patch(place, write, before) {
    const { id, input_id, data } = write;
    try {
      await call("PATCH", `${place}/annotations`, { action: "overwrite", annotations: [{ id, input_id, data }] });
      await this.sent([write]);
    } catch (error) {
      if (!isFinal(error)) throw error;
      if (error.http === 404 && !before) return this.post(place, [write]);
      await this.refuse(write, before?.details || before?.description || error.why || error.what);
    }
  }

  async remove(place, write) {
    try {
      await call("DELETE", place + path`/inputs/${write.input_id}/annotations/${write.id}`);
    } catch (error) {
      if (!isFinal(error)) throw error;
      if (error.http !== 404) return this.refuse(write, error.why || error.what);
    }
    await this.sent([write]);
  }
}

// Whether asking again would bring the same.
const isFinal = (error) => error.http >= 400 && error.http < 500 && ![401, 408, 429].includes(error.http);
