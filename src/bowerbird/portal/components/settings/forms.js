// What forms share: sending, errors beside the field that they are about, copying what is shown once.
import { reactive, ref } from "vue";
import { toast } from "bowerbird/ui.js";

export const WRONG_SIGN_IN = 11002; // a password or a code

// `const { send, wrong, error, isBusy } = useSend(["email"])`: `wrong.email` is what the API says of that field,
// `error` all else. `send(work)` answers what the work does, or null when it failed. `known` are words for codes of
// the API: { 11002: ["code", "That code is wrong."] }.
export function useSend(fields = [], known = {}) {
  const error = ref(null), isBusy = ref(false), wrong = reactive({});
  const clear = () => {
    error.value = null;
    for (const name of Object.keys(wrong)) delete wrong[name];
  };
  const place = (problem) => {
    const [field, text] = known[problem.code] ?? fieldOf(problem.why ?? "", fields);
    if (field) wrong[field] = text;
    else error.value = problem;
  };
  const send = async (work) => {
    if (isBusy.value) return null;
    clear();
    isBusy.value = true;
    try {
      return (await work()) ?? {};
    } catch (problem) {
      place(problem);
      return null;
    } finally {
      isBusy.value = false;
    }
  };
  return { clear, error, isBusy, send, wrong };
}

// "accounts[0].user.primary_email: it is taken" is about primary_email.
function fieldOf(text, fields) {
  const [, about, rest] = text.match(/^([\w[\].]+): (.*)$/s) ?? [];
  const name = about?.replace(/\[\d+\]/g, "").split(".").pop();
  return fields.includes(name) ? [name, rest] : ["", ""];
}

export async function copy(text, name = "Text") {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${name} copied`);
  } catch {
    toast("The browser does not allow copying here. Mark it and copy it.");
  }
}
