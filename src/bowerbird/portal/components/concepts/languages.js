// Languages by their codes, as the browser knows them.
const names = new Intl.DisplayNames(["en"], { type: "language" });

export function languageName(code) {
  try {
    return names.of(code);
  } catch {
    return code; // half written
  }
}

export const USUAL = ["ar", "de", "en", "es", "fr", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "ru", "sv", "th", "tr", "uk", "vi", "zh", "zh-TW"];
