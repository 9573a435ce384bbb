// Questions: `if (await confirmTyped({ title, text, word: app, action: "Delete" })) …`
function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// Asks once. With `word`, it has to be typed before the button works.
export function confirmTyped({ title, text, word = "", action = "Delete", kind = "danger" }) {
  const input = make("input", { className: "input", autocomplete: "off", spellcheck: false });
  const yes = make("button", { className: `btn primary ${kind}`, type: "submit", disabled: Boolean(word) }, action);
  const no = make("button", { className: "btn", type: "button" }, "Cancel");
  const asked = make("span", {}, "Type ", make("b", { className: "breakable" }, word), " to confirm");
  const label = make("label", {}, asked, input);
  label.className = "stack";
  const form = make("form", { method: "dialog" },
    make("h2", { id: "bb-asked" }, title), make("p", { className: "muted" }, text), ...(word ? [label] : []),
    make("div", { className: "actions" }, no, yes));
  const dialog = make("dialog", { className: "bb" }, form);
  dialog.setAttribute("aria-labelledby", "bb-asked");
  document.body.append(dialog);
  return new Promise((resolve) => {
    const answer = (value) => {
      dialog.remove();
      resolve(value);
    };
    input.addEventListener("input", () => (yes.disabled = input.value !== word));
    no.addEventListener("click", () => answer(false));
    dialog.addEventListener("cancel", () => answer(false));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!yes.disabled) answer(true);
    });
    dialog.showModal();
    (word ? input : yes).focus();
  });
}
