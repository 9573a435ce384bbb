// Signing in: one form that asks for what the server says it needs next.
import { wordsOf } from "./errors.js";

const form = document.querySelector("form");
const query = new URLSearchParams(location.search);
const view = document.body.dataset.view;
const title = document.querySelector("h1");
const FIELDS = {
  login: { label: "User ID or email", autocomplete: "username" },
  password: { label: "Password", type: "password", autocomplete: "current-password" },
  new_password: { label: "New password", type: "password", autocomplete: "new-password",
    hint: "At least 10 characters. Long is good; odd characters are not needed." },
  code: { label: "Code", autocomplete: "one-time-code", inputmode: "numeric",
    hint: "Six digits of your authenticator app, or a recovery code." },
};
const VIEWS = {
  signin: { fields: ["login", "password"], button: "Sign in", aside: ["Forgot your password?", "/signin/forgot"] },
  link: { fields: [], button: "Continue", intro: "This link signs you in. It works once." },
  forgot: { fields: ["login"], button: "Send me a link", aside: ["Back to sign in", "/signin"],
    intro: "You get a link by mail with which you set a new password." },
};
const token = query.get("token") ?? "";
if (token) history.replaceState(null, "", location.pathname); // so that nobody reads it over a shoulder

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function field(name) {
  const { label, hint, ...more } = FIELDS[name];
  const input = element("input", { className: "input", id: name, name, required: true });
  for (const [key, value] of Object.entries(more)) input.setAttribute(key, value);
  const parts = [Object.assign(element("label", {}, label), { htmlFor: name }), input];
  if (hint) {
    input.setAttribute("aria-describedby", `${name}-hint`);
    parts.push(element("span", { className: "hint", id: `${name}-hint` }, hint));
  }
  return element("div", { className: "field" }, ...parts);
}

const message = element("div", { role: "alert" });
const button = element("button", { className: "btn primary", type: "submit" }, VIEWS[view].button);

function begin() {
  const { fields, aside, intro } = VIEWS[view];
  if (intro) form.append(element("p", { className: "muted" }, intro));
  form.append(...fields.map(field), message, button);
  if (aside) form.append(element("p", { className: "aside" }, element("a", { href: aside[1] }, aside[0])));
  form.querySelector("input")?.focus();
}

function greet(user) {
  title.textContent = `Welcome, ${user}`;
  if (form.elements.username) return;
  const name = element("input", { name: "username", value: user, hidden: true }); // for password managers
  name.setAttribute("autocomplete", "username");
  form.prepend(name);
}

function ask(name, text) {
  if (!form.elements[name]) message.before(field(name));
  form.elements[name].focus();
  say(text);
}

function say(text, kind = "") {
  message.className = text ? `note ${kind}` : "";
  message.textContent = text;
}

function given() {
  const values = Object.fromEntries(new FormData(form));
  const { new_password, ...rest } = values;
  return { ...rest, password: new_password ?? rest.password ?? "", link_token: token, next: query.get("next") ?? "/" };
}

async function send() {
  const answer = await fetch(location.pathname, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(given()),
  });
  return { ok: answer.ok, told: await answer.json() };
}

function show({ ok, told }) {
  if (!ok) {
    const { what, why, now } = wordsOf(told.status ?? {});
    say([what, why, now].filter(Boolean).join(" "), "bad");
    form.querySelector("input[type=password], #code")?.select();
  } else if (told.next) location.assign(told.next);
  else if (told.needs_password || told.needs_code) {
    if (told.user) greet(told.user);
    if (told.needs_code) ask("code", "One more step: your second factor.");
    if (told.needs_password) ask("new_password", "Choose a password for the next time.");
  }
  else if (told.by_mail) say("If there is such a person, a mail is on its way to them.");
  else say("This server sends no mail. Ask an admin for a link: they make it with `bowerbird users link`.");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const empty = [...form.querySelectorAll("input")].find((input) => !input.value);
  if (empty) {
    say(`${FIELDS[empty.name].label}: please fill it in.`, "bad");
    return empty.focus();
  }
  button.disabled = true;
  try {
    show(await send());
  } catch {
    say("The portal does not answer. Check your connection and try again.", "bad");
  } finally {
    button.disabled = false;
  }
});
begin();
