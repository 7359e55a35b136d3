// The hold list beyond what every list has: rows of a customer in place, rows that somebody else decided.

// The holds of a customer open below its line; a second click closes them again.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-expand]");
  if (!link || event.ctrlKey || event.metaKey) return;
  const row = document.getElementById(`${link.dataset.expand}-row`);
  row.hidden = !row.hidden;
  link.setAttribute("aria-expanded", String(!row.hidden));
});

// {"rows-decided": [{number, words}]}: such a row stays where it is, greyed, and can't be acted on (ux 3.0, Live).
document.addEventListener("rows-decided", (event) => {
  for (const { number, words } of event.detail.value) {
    const row = document.getElementById(`row-${number}`);
    if (!row || row.dataset.state === "greyed") continue;
    row.dataset.state = "greyed";
    const box = row.querySelector(".select input");
    if (box) { box.checked = false; box.disabled = true; box.dispatchEvent(new Event("change", { bubbles: true })); }
    const message = document.createElement("span");
    message.className = "row-message";
    message.textContent = words;
    (row.querySelector(".wide") || row.lastElementChild).append(message);
  }
});

// What changed is told at most once a minute, and only when it says something else than before.
let told = { words: "", at: 0 };
document.addEventListener("list-changed", (event) => {
  const words = event.detail.value;
  if (words === told.words || Date.now() - told.at < 60000) return;
  told = { words, at: Date.now() };
  say(words);
});

// On a narrow screen the tab of the view that is looked at may be out of sight.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
