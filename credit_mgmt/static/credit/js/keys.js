// Keys (ux 3.0): a key is an attribute of a real control, data-key="r", or data-go="h" for g and then h. What the overlay
// lists is what the page offers, read from the same attributes. A key presses a control; it decides nothing.
"use strict";

const keysMode = document.documentElement.dataset.keys || "on";
const rows = () => $$("[data-row]").filter(shown);
const currentRow = () => document.activeElement?.closest("[data-row]");
const inField = (node) => node.closest("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]");
const shown = (node) => node.checkVisibility?.() ?? true;

/* ---- where the reader is in the list, also after a row has gone or the page has come again ---- */

const PLACE = `credit.place ${location.pathname}`;
let place = null;
let byKey = false;

const linkOf = (row) => row && ($("a", row) || $("input", row));
const placedLink = () => linkOf(placed());

function remember() {
  const row = currentRow();
  if (row) place = { id: row.id, at: rows().indexOf(row) };
}

// The remembered row; where it has gone, the one that took its place.
function placed() {
  const all = rows();
  return place && (all.find((row) => row.id === place.id) || all[Math.min(place.at, all.length - 1)]);
}

document.addEventListener("focusin", remember);
document.addEventListener("pointerdown", () => { byKey = false; }, true);
addEventListener("pagehide", () => {
  if (place) try { sessionStorage.setItem(PLACE, JSON.stringify({ ...place, byKey })); } catch { /* not kept */ }
});
document.addEventListener("htmx:afterSettle", () => {
  if (document.activeElement === document.body && byKey && place && !dialog.open) placedLink()?.focus();
});

function step(direction, extend) {
  const all = rows();
  const row = currentRow();
  const known = row || placed();
  const gone = !row && known && known.id !== place.id;
  const next = known ? all[all.indexOf(known) + (gone && direction > 0 ? 0 : direction)] : all[0];
  if (!next) return;
  if (extend) for (const each of [row, next]) check(each, true);
  linkOf(next)?.focus();
}

function check(row, value) {
  const box = row && $(".select input", row);
  if (!box || box.disabled) return;
  box.checked = value ?? !box.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

function selectAll() {
  const all = $("[data-select-all]") || $("[data-select-page]");
  all?.click();
}

function toggle(summary) {
  summary.click();
  summary.focus();
  const menu = summary.parentElement;
  if (menu.open) requestAnimationFrame(() => $(".menu-panel :is(a, input:not([type=hidden]), select)", menu)?.focus());
}

const inRow = (selector) => $(selector, currentRow() ?? document.createElement("i"));

// Keys of a list: what they do, what they are called, and the control without which a list does not have them.
const LIST_KEYS = {
  j: ["Next row", () => step(1), "[data-row]"],
  k: ["Previous row", () => step(-1), "[data-row]"],
  Enter: ["Open the row", null, "[data-row] a"],
  o: ["Open the row", () => inRow("a")?.click(), "[data-row] a"],
  p: ["Peek at the row", () => inRow("[data-peek]")?.click(), "[data-row] [data-peek]"],
  x: ["Select the row", () => check(currentRow()), ".select input"],
  J: ["Select, and next row", () => step(1, true), ".select input"],
  K: ["Select, and previous row", () => step(-1, true), ".select input"],
  A: ["Select all that match", selectAll, "[data-select-page]"],
  X: ["Clear the selection", () => $$("form[data-selection]").forEach(clearSelection), ".select input"],
  ".": ["Actions on the row", () => inRow("[data-menu]")?.click(), "[data-row] [data-menu]"],
  f: ["Filters", () => toggle($(".filters .menu > summary")), ".filters .menu > summary"],
  v: ["Views", () => ($(".tabs [aria-current]") || $(".tabs a")).focus(), ".tabs a"],
};

/* ---- controls that have a key ---- */

// A bulk action with nothing selected means the row that has the focus.
function usable(control) {
  const form = control.closest("form[data-selection]");
  if (form && !boxes(form).some((box) => box.checked) && !form.dataset.elsewhere) {
    const row = currentRow();
    if (!row || !form.contains(row)) return false;
    check(row, true);
  }
  return shown(control);
}

function pressKeyed(key) {
  const controls = $$(`[data-key="${CSS.escape(key)}"]`);
  const near = document.activeElement.closest("#peek, [data-selection]");
  controls.sort((a, b) => (near?.contains(b) ?? false) - (near?.contains(a) ?? false));
  const control = controls.find(usable);
  control?.click();
  return Boolean(control);
}

// What the page says of its keys follows what the reader prefers.
function announceKeys(root = document) {
  if (keysMode === "on") return;
  for (const control of $$("[data-key]", root)) {
    const key = keysMode === "alt" ? `Alt+${control.dataset.key}` : "";
    key ? control.setAttribute("aria-keyshortcuts", key) : control.removeAttribute("aria-keyshortcuts");
    for (const cap of $$("kbd", control)) { cap.textContent = key; cap.hidden = !key; }
  }
}

/* ---- the overlay ---- */

function nameOf(control) {
  if (control.ariaLabel) return control.ariaLabel;
  const copy = control.cloneNode(true);
  for (const part of $$("kbd, .count", copy)) part.remove();
  return copy.textContent.replace(/\s+/g, " ").trim() || $("[aria-label]", control)?.ariaLabel || "";
}

function offered() {
  const controls = $$("[data-key]").filter((node) => shown(node) || (node.closest(".selection-bar") && rows().length));
  const letters = keysMode === "off" ? [] : [
    ["In the list", Object.entries(LIST_KEYS).filter(([, [, , needs]]) => $(needs)).map(([key, [name]]) => [key, name])],
    ["On this page", controls.map((node) => [node.dataset.key, nameOf(node)])],
    ["Go to", $$("[data-go]").map((node) => [`g ${node.dataset.go}`, nameOf(node)])],
  ];
  const everywhere = [["Ctrl K", "Search and commands"], ["Esc", "Close what is on top"]];
  if (keysMode !== "off") everywhere.splice(1, 0, ["/", "Search box"], ["?", "These keys"]);
  const forms = [["Enter", "The main button of a dialog"], ["Ctrl Enter", "The same, from a text of many lines"]];
  if ($("form[data-save]")) forms.push(["Ctrl S", "Save the form"]);
  return [...letters, ["Everywhere", everywhere], ["In dialogs and forms", forms]].filter(([, keys]) => keys.length);
}

function make(tag, text = "", ...inside) {
  const node = document.createElement(tag);
  node.textContent = text;
  node.append(...inside);
  return node;
}

function drawKey(key) {
  const cap = make("dt");
  const alone = key.length === 1 || key.startsWith("g ");
  const words = alone && keysMode === "alt" ? ["Alt", ...key.split(" ")] : key.split(" ");
  for (const word of words) cap.append(make("kbd", word === key && /^[A-Z]$/.test(key) ? `Shift ${word.toLowerCase()}` : word), " ");
  return cap;
}

function showKeys() {
  const body = make("div");
  body.className = "sheet-body keys";
  body.tabIndex = 0;
  body.role = "region";
  body.ariaLabel = "Keys";
  for (const [heading, keys] of offered()) {
    const list = make("dl", "", ...[...new Map(keys)].map(([key, name]) => make("div", "", drawKey(key), make("dd", name))));
    body.append(make("section", "", make("h3", heading), list));
  }
  const title = make("h2", "Keyboard shortcuts");
  title.id = "dialog-title";
  const close = make("button", "Close");
  close.type = "button";
  close.className = "btn small";
  close.dataset.close = "";
  const change = make("a", "Change or switch off");
  change.href = $("[data-keys-help]")?.href ?? "";
  const head = make("div", "", make("div", "", title, make("p", "", change)), close);
  head.className = "sheet-head";
  const sheet = make("div", "", head, body);
  sheet.className = "sheet";
  opener = document.activeElement;
  dialogBody.replaceChildren(sheet);
  dialog.showModal();
  close.focus();
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-keys-help]") || !dialog) return;
  event.preventDefault();
  showKeys();
});

/* ---- the palette: the search page's own answers, in a dialog ---- */

const palette = $("#palette");
const wanted = $("#palette input");
const options = () => $$("[role=option]", palette);

function mark(option) {
  for (const each of options()) each.ariaSelected = String(each === option);
  if (option) wanted.setAttribute("aria-activedescendant", option.id);
  else wanted.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

function openPalette() {
  if (!palette || dialog.open || palette.open) return;
  palette.showModal();
  wanted.focus();
  htmx.trigger(wanted, "open");
}

palette?.addEventListener("close", () => { wanted.value = ""; $("#palette-found").replaceChildren(); mark(null); });
palette?.addEventListener("htmx:afterSettle", () => {
  mark(options()[0]);
  say($("[data-found]", palette)?.dataset.found ?? "");
});
palette?.addEventListener("keydown", (event) => {
  const all = options();
  const at = all.findIndex((option) => option.ariaSelected === "true");
  const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (way && all.length) mark(all[(at + way + all.length) % all.length]);
  else if (event.key === "Enter" && all[at] && event.target === wanted) all[at].click();
  else if (event.key === "Escape") palette.close(); // a search field would only be emptied
  else return;
  event.preventDefault();
});
document.addEventListener("click", (event) => {
  const ordinary = !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (event.target === palette || event.target.closest("[data-palette-close]") || (ordinary && event.target.closest("#palette [role=option]"))) palette.close();
  if (palette && ordinary && event.target.closest("[data-palette]")) { event.preventDefault(); openPalette(); }
}, true);

/* ---- listening ---- */

let leader = 0;

// With Alt some systems write another sign than the letter of the key.
function keyOf(event) {
  const letter = /^Key([A-Z])$/.exec(event.code);
  if (!event.altKey || !letter || /^[a-z]$/i.test(event.key)) return event.key;
  return event.shiftKey ? letter[1] : letter[1].toLowerCase();
}

function escape() {
  const menu = $("details.menu[open]");
  if (menu) { menu.open = false; $("summary", menu).focus(); } else if (!dialog?.open && !palette?.open) $("[data-peek-close]")?.click();
}

// Keys with Ctrl work whatever the reader prefers: they collide with no typing.
function withControl(event) {
  const { key, target } = event;
  const saved = target.closest("form[data-save]") || $("main form[data-save]");
  if (key === "k") openPalette();
  else if (key === "Enter" && target.form) target.form.requestSubmit($("[data-primary], [type=submit]", target.form));
  else if (key === "s" && saved && !dialog.open) saved.requestSubmit();
  else return;
  event.preventDefault();
}

function withoutControl(event, key) {
  if (leader && Date.now() - leader < 1500) {
    leader = 0;
    const link = $(`[data-go="${CSS.escape(key)}"]`);
    link?.click();
    return Boolean(link);
  }
  if (key === "g") { leader = Date.now(); return true; }
  if (key === "/") { shown($("#search") ?? palette) ? $("#search").focus() : openPalette(); return true; }
  if (key === "?") { showKeys(); return true; }
  // List keys act in the list, or while nothing has the focus.
  const free = event.target === document.body || event.target.id === "main" || event.target.closest("[data-row], .selection-bar, .tabs, .filters, #peek");
  const [, run, needs] = LIST_KEYS[key] ?? [];
  if (free && run && $(needs)) { run(); return true; }
  return key.length === 1 && pressKeyed(key);
}

document.addEventListener("keydown", (event) => {
  byKey = true;
  if (event.key === "Escape") { escape(); return; }
  if (event.ctrlKey || event.metaKey) { withControl(event); return; }
  // Enter means the main button of a dialog from every kind of field; from a list of choices no browser sends it.
  if (event.key === "Enter" && event.target.matches("#dialog select")) {
    event.preventDefault();
    event.target.form.requestSubmit($("[data-primary]", dialogBody));
    return;
  }
  if (keysMode === "off" || event.altKey !== (keysMode === "alt") || dialog?.open || palette?.open) return;
  if (keysMode === "on" && inField(event.target)) return;
  if (withoutControl(event, keyOf(event))) event.preventDefault();
});

/* ---- start ---- */

document.addEventListener("htmx:load", (event) => announceKeys(event.detail.elt));
announceKeys();
try { place = JSON.parse(sessionStorage.getItem(PLACE)); } catch { /* not kept */ }
if (place?.byKey && rows().length && document.activeElement === document.body) placedLink()?.focus();
