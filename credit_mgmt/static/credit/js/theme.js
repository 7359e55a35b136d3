// Runs before the first paint, so that a chosen theme does not flash. The choice is this browser's alone.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    const theme = localStorage.getItem("credit.theme");
    if (theme) root.dataset.theme = theme;
  } catch {
    // Storage may be forbidden; the system's theme then stands.
  }
})();
