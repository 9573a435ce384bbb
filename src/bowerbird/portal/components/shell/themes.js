// The theme of this browser: as the system says, or light, or dark.
const KEY = "bowerbird.theme";
export const THEMES = ["auto", "light", "dark"];

export const keptTheme = () => localStorage.getItem(KEY) ?? "auto";

export function applyTheme(theme) {
  localStorage.setItem(KEY, theme);
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  window.setDark?.(theme === "auto" ? null : theme === "dark"); // Quasar's own parts
}
