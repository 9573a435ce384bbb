// What went wrong in the words of a person: what, why, and what to do now.
const NOW = {
  10030: "Try again in a moment.", // the server is busy
  11001: "", // a session or a link that has ended: the text itself says what to do
  11002: "", // user, password or code
  11007: "Ask the owner of the app for that permission.",
  11008: "Sign in again.",
};
const BY_HTTP = {
  401: "Sign in again.",
  403: "Ask the owner of the app for the permission that is missing.",
  404: "Look at whether the address is right, or ask the owner to share it.",
  409: "Choose another ID, or open the one that exists.",
  413: "Send less at once.",
  502: "Try again in a moment.",
  503: "Try again in a moment.",
  504: "Try again; if it happens again, ask for less at once.",
};

export function wordsOf(status, http = 0) {
  const what = status.description || "The server did not do it.";
  const why = status.details || "";
  return { what, why, now: NOW[status.code] ?? BY_HTTP[http] ?? "", code: status.code ?? 0 };
}
