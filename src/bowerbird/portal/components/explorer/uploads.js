// Inputs on their way to the app: in batches of bounded number and size, each row with its own fate.
import { reactive } from "vue";
import { call, query } from "bowerbird/api.js";
import { chunks } from "bowerbird/explorer/labels.js";

const MOST = 128; // inputs in a call
const BYTES = 512 * 1024; // of files in a call, unless one alone is larger
const AT_ONCE = 2;
const POLL_MS = 1000;
const READY = 30000, FAILED = 30002;
const KINDS = [["image/", "image"], ["video/", "video"], ["audio/", "audio"], ["text/", "text"]];

export class Uploads {
  constructor(place, added) {
    this.place = place;
    this.added = added;
    this.rows = reactive([]);
    this.state = reactive({ isSending: false });
    this.stopped = new AbortController();
  }

  // A row: { name, size, state: to_process | processing | processed | error, why, input, file }
  add(rows) {
    this.rows.push(...rows.map((row, n) => ({ key: `${Date.now()}-${this.rows.length + n}`, state: "to_process", why: "", size: 0, ...row })));
    return this.run();
  }

  addFiles(files) {
    return this.add([...files].map((file) => ({ name: file.name, size: file.size, file })));
  }

  of(state) {
    return this.rows.filter((row) => row.state === state);
  }

  retry() {
    for (const row of this.of("error")) Object.assign(row, { state: "to_process", why: "" });
    return this.run();
  }

  cancel() {
    this.stopped.abort();
    for (const row of this.rows) if (row.state === "to_process") Object.assign(row, { state: "error", why: "Cancelled." });
  }

  async run() {
    if (this.state.isSending) return;
    this.state.isSending = true;
    this.stopped = new AbortController();
    await Promise.all(Array.from({ length: AT_ONCE }, () => this.work()));
    this.state.isSending = false;
    this.added();
    this.follow();
  }

  async work() {
    for (let batch = this.next(); batch.length && !this.stopped.signal.aborted; batch = this.next()) await this.send(batch);
  }

  next() {
    const batch = [];
    let size = 0;
    for (const row of this.rows) {
      if (row.state !== "to_process" || row.isTaken) continue;
      if (batch.length && (batch.length === MOST || size + row.size > BYTES)) break;
      row.isTaken = true;
      size += row.size;
      batch.push(row);
    }
    return batch;
  }

  async send(batch) {
    const read = await Promise.all(batch.map((row) => inputOf(row).catch((error) => (fail(row, error.message), null))));
    const good = batch.filter((_, n) => read[n]), inputs = read.filter(Boolean);
    try {
      if (inputs.length) this.settle(good, (await call("POST", `${this.place}/inputs`, { inputs }, { signal: this.stopped.signal })).inputs ?? []);
    } catch (error) {
      // When all are refused the call fails as a whole, and still says why of each.
      const told = error.answer?.inputs ?? [];
      if (told.length === good.length) this.settle(good, told);
      else for (const row of good) fail(row, error.name === "AbortError" ? "Cancelled." : [error.what, error.why].filter(Boolean).join(" "));
    }
    for (const row of batch) row.isTaken = false;
  }

  settle(rows, answers) {
    rows.forEach((row, n) => Object.assign(row, fate(answers[n]), { id: answers[n]?.id ?? "" }));
  }

  // What was taken is fetched and prepared by the worker: look until all of it is.
  async follow() {
    const waiting = this.of("processing");
    if (!waiting.length || this.isFollowing) return;
    this.isFollowing = true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    for (const some of chunks(waiting, MOST)) {
      const { inputs = [] } = await call("GET", `${this.place}/inputs${query({ ids: some.map((row) => row.id), per_page: MOST })}`).catch(() => ({}));
      const byId = new Map(inputs.map((input) => [input.id, input]));
      for (const row of some) if (byId.has(row.id)) Object.assign(row, fate(byId.get(row.id)));
    }
    this.isFollowing = false;
    if (!document.hidden) this.added();
    return this.follow();
  }
}

function fate(input) {
  const { code, description, details } = input?.status ?? {};
  if (code === READY) return { state: "processed", why: "" };
  if (code === FAILED || !code || (code !== 30001 && code !== 30003)) return { state: "error", why: details || description || "The server did not say why." };
  return { state: "processing", why: "" };
}

const fail = (row, why) => Object.assign(row, { state: "error", why });

async function inputOf(row) {
  if (row.input) return row.input;
  const kind = KINDS.find(([prefix]) => row.file.type.startsWith(prefix))?.[1] ?? (/\.(txt|md)$/i.test(row.name) ? "text" : "image");
  const part = kind === "text" ? { raw: await row.file.text() } : { base64: await base64(row.file) };
  return { data: { [kind]: part, metadata: { filename: row.name } } };
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Error("The file could not be read. Choose it again."));
    reader.readAsDataURL(file);
  });
}
