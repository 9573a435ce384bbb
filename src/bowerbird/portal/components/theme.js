// Before anything is drawn: the theme that this browser was told to use.
(() => {
  try {
    const theme = localStorage.getItem("bowerbird.theme");
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  } catch {} // a browser that keeps nothing follows the system
})();
