// The keys of labelling: by their place on the keyboard where they are digits, so that they work in any layout.
import { keysAreOn } from "bowerbird/ui.js";

const FIELDS = "input, textarea, select, [contenteditable], dialog[open]";

// Which concept a digit means: 1–9 and 0 the first ten, with Shift the next ten; -1 when it is none.
export function digitOf(event) {
  const [, digit] = /^(?:Digit|Numpad)(\d)$/.exec(event.code) ?? [];
  if (digit === undefined || event.ctrlKey || event.altKey || event.metaKey) return -1;
  return ((Number(digit) + 9) % 10) + (event.shiftKey ? 10 : 0);
}

// What only this listener can tell: digits by place, and arrows that may be held down to move a box.
export function listen({ digit, arrow }) {
  const heard = (event) => {
    if (event.defaultPrevented || !keysAreOn() || event.target.closest?.(FIELDS) || document.querySelector("dialog[open]")) return;
    const n = event.repeat ? -1 : digitOf(event), by = ARROWS[event.key];
    const isTaken = n >= 0 ? digit(n) : by && !event.ctrlKey && !event.altKey && arrow(...by, event.shiftKey);
    if (!isTaken) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  addEventListener("keydown", heard, { capture: true });
  return () => removeEventListener("keydown", heard, { capture: true });
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
