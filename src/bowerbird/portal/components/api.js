// The API from the browser: `await call("GET", "/v2/users/…/inputs?page=1")`, as the person signed in.
import { wordsOf } from "./errors.js";

const WRONG_SIGN_IN = 11002; // a password or a code that somebody who is signed in was asked for again

const csrf = () => document.querySelector('meta[name="bowerbird-csrf"]')?.content ?? "";

// An error of the API: what is wrong, why, and what to do now; `status` is as the API said it.
export class ApiError extends Error {
  constructor(words, http, answer) {
    super([words.what, words.why].filter(Boolean).join(" "));
    Object.assign(this, words, { http, answer, requestId: answer?.status?.req_id ?? "" });
  }
}

// The answer to a call. Throws ApiError, or an AbortError when `signal` was aborted.
export async function call(method, path, body, { signal } = {}) {
  const headers = { accept: "application/json" };
  if (method !== "GET") headers["x-bowerbird-csrf"] = csrf();
  if (body !== undefined) headers["content-type"] = "application/json";
  const sent = { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) };
  return read(await reach(() => fetch(`/rpc${path}`, sent)));
}

async function reach(send) {
  try {
    return await send();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    const words = { what: "The portal does not answer.", why: "", now: "Check your connection and try again.", code: 0 };
    throw new ApiError(words, 0, null);
  }
}

async function read(response) {
  const answer = await response.json().catch(() => null);
  const code = answer?.status?.code;
  if (response.status === 401 && code !== WRONG_SIGN_IN) return signInAgain(answer);
  // 10010 is "mixed": each item of the answer has a status of its own.
  if (response.ok && (code === undefined || code === 10000 || code === 10010)) return answer;
  throw new ApiError(wordsOf(answer?.status ?? {}, response.status), response.status, answer);
}

function signInAgain(answer) {
  const next = encodeURIComponent(location.pathname + location.search);
  location.assign(`/signin?next=${next}`);
  throw new ApiError(wordsOf(answer?.status ?? {}, 401), 401, answer);
}

// A path with its variables filled in: path`/v2/users/${user}/apps/${app}`.
export function path(texts, ...values) {
  return String.raw({ raw: texts }, ...values.map((value) => encodeURIComponent(value)));
}

// `?page=2&ids=a&ids=b`; what is undefined, null or "" is left out.
export function query(values) {
  const made = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    for (const one of [value].flat()) if (one !== undefined && one !== null && one !== "") made.append(name, one);
  return made.size ? `?${made}` : "";
}

// All items of a list, page by page: `for await (const inputs of pages("/v2/…/inputs", "inputs"))`.
export async function* pages(address, field, { perPage = 128, signal } = {}) {
  for (let page = 1; ; page++) {
    const items = (await call("GET", address + query({ page, per_page: perPage }), undefined, { signal }))[field] ?? [];
    if (items.length) yield items;
    if (items.length < perPage) return;
  }
}

export async function all(address, field, options) {
  const found = [];
  for await (const items of pages(address, field, options)) found.push(...items);
  return found;
}

// Where the browser gets a hosted medium from: the API says its own address, the portal passes it on.
export function mediaUrl(url) {
  if (!url) return "";
  const at = url.indexOf("/media/");
  return at < 0 ? url : `/rpc${url.slice(at)}`;
}

// Only the latest of several calls counts: `const latest = newest(); await latest((signal) => call(…, { signal }))`.
export function newest() {
  let controller;
  return (work) => {
    controller?.abort();
    controller = new AbortController();
    return work(controller.signal);
  };
}

export async function signOut() {
  const answer = await fetch("/signout", { method: "POST", headers: { "x-bowerbird-csrf": csrf() } });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ApiError(wordsOf(told.status ?? {}, answer.status), answer.status, told);
  location.assign(told.next);
}
