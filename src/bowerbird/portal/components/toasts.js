// Short notes at the bottom: `toast("Labelled 24 as crack", { undo: () => … })`; failures by `failed(error)`.
function place() {
  let found = document.getElementById("bb-toasts");
  if (!found) {
    found = document.createElement("div");
    Object.assign(found, { id: "bb-toasts", role: "status" });
    found.setAttribute("aria-live", "polite");
    document.body.append(found);
  }
  return found;
}

// With `undo` it stays ten seconds; `later` is done when nobody has undone it by then, or when the page closes.
export function toast(text, { undo, later, kind = "", seconds = undo ? 10 : 5 } = {}) {
  const note = Object.assign(document.createElement("div"), { className: `toast ${kind}` });
  note.append(Object.assign(document.createElement("span"), { textContent: text }));
  let isDone = false;
  const finish = (act) => {
    if (isDone) return;
    isDone = true;
    clearTimeout(timer);
    removeEventListener("pagehide", expire);
    note.remove();
    act?.();
  };
  const expire = () => finish(later);
  const timer = setTimeout(expire, seconds * 1000);
  addEventListener("pagehide", expire);
  const [label, act] = undo ? ["Undo", () => finish(undo)] : ["Close", expire];
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: label });
  button.addEventListener("click", act);
  note.append(button);
  place().append(note);
  return { close: expire };
}

export function failed(error) {
  if (error?.name === "AbortError") return;
  const text = [error.what ?? error.message, error.why, error.now].filter(Boolean).join(" ");
  toast(text, { kind: "bad", seconds: 12 });
}
