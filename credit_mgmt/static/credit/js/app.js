// Conveniences over pages that work without them: dialogs, selection, peek, toasts, polling ticks. No rule lives here.
"use strict";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/* ---- speech and toasts ---- */

function say(text, assertive = false) {
  const region = $(assertive ? "#alert" : "#say");
  region.textContent = "";
  requestAnimationFrame(() => { region.textContent = text; });
}

const TOAST_MS = 10000;

function startToast(toast) {
  const button = $("[data-dismiss]", toast);
  if (button) {
    button.hidden = false;
    button.onclick = () => toast.remove();
  }
  if (toast.classList.contains("error")) return;
  let timer;
  const start = () => { timer = setTimeout(() => toast.remove(), TOAST_MS); };
  const stop = () => clearTimeout(timer);
  for (const event of ["pointerenter", "focusin"]) toast.addEventListener(event, stop);
  for (const event of ["pointerleave", "focusout"]) toast.addEventListener(event, start);
  start();
}

function toast(text, tone = "info", action = null) {
  const box = document.createElement("div");
  box.className = `toast ${tone}`;
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  for (const [label, run] of [action, ["Dismiss", null]].filter(Boolean)) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn small quiet";
    button.textContent = label;
    button.onclick = () => { box.remove(); run?.(); };
    box.append(button);
  }
  $("#toasts").append(box);
  startToast(box);
}

/* ---- dialogs ---- */

const dialog = $("#dialog");
const dialogBody = $("#dialog-body");
let opener = null;

function dialogAddress(trigger) {
  if (trigger.href) return trigger.href;
  const form = trigger.form;
  const url = new URL(trigger.getAttribute("formaction") || form.action, location.href);
  for (const [key, value] of new FormData(form, trigger)) if (value) url.searchParams.append(key, value);
  return url.href;
}

async function openDialog(trigger) {
  const url = dialogAddress(trigger);
  opener = trigger;
  const answer = await fetch(url, { headers: { "HX-Request": "true", "HX-Target": "dialog-body" }, credentials: "same-origin" })
    .catch(() => null);
  // Whatever is not the dialog itself (sign-in page, refusal, lost connection) is shown as an ordinary page.
  if (!answer || answer.status !== 200 || answer.redirected) { location.href = url; return; }
  dialogBody.innerHTML = await answer.text();
  htmx.process(dialogBody);
  if (!dialog.open) dialog.showModal();
  dialog.append($("#toasts")); // what is outside of an open dialog cannot be pressed
  focusIn(dialogBody);
}

function focusIn(root) {
  const invalid = $("[data-focus]", root);
  const open = $$("select, textarea, input:not([type=hidden])", root).find((field) => field.required && !field.value);
  (invalid || $("[autofocus]", root) || open || $("[data-primary]", root) || $("h1, h2", root))?.focus();
}

function closeDialog() { dialog.close(); }

dialog?.addEventListener("close", () => {
  const leave = $("[data-leave]", dialogBody);
  dialogBody.replaceChildren();
  document.body.append($("#toasts"));
  if (leave) return location.assign(leave.href); // what is behind is not as it was
  // The row may have gone with what was done: then the one that took its place.
  const target = opener?.isConnected ? opener : placedLink() || $("#main");
  target?.focus();
  opener = null;
});

document.addEventListener("click", (event) => {
  const trigger = event.target.closest("[data-dialog]");
  if (trigger && dialog && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
    event.preventDefault();
    trigger.closest("details")?.removeAttribute("open");
    openDialog(trigger);
    return;
  }
  if (event.target.closest("[data-close]") || event.target === dialog) closeDialog();
  for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

/* ---- selection ---- */

const boxes = (form) => $$("tbody .select input", form).filter((box) => !box.disabled);
const locale = document.documentElement.dataset.numbers || "en";
const money = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
let lastBox = null;

// Sums in cents as BigInt: amounts are decimal text, and a float would lose cents.
function cents(text) {
  const [, sign, whole, part = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text || "0") || [null, "", "0"];
  return BigInt(sign + whole + part.padEnd(2, "0").slice(0, 2));
}

function tally(form) {
  const picked = boxes(form).filter((box) => box.checked);
  const head = $("[data-select-page]", form);
  if (head) {
    head.checked = picked.length > 0 && picked.length === boxes(form).length;
    head.indeterminate = picked.length > 0 && !head.checked;
  }
  const note = $("[data-tally]", form);
  if (!note) return;
  // What was selected on other pages is kept by the server and only counted here.
  const count = picked.length + Number(form.dataset.elsewhere || 0);
  const sums = new Map((form.dataset.elsewhereSums || "").split(" ").filter(Boolean).map((pair) => [pair.slice(0, 3), cents(pair.slice(4))]));
  for (const box of picked) {
    const currency = box.dataset.currency || note.dataset.currency;
    if (currency) sums.set(currency, (sums.get(currency) || 0n) + cents(box.dataset.amount));
  }
  const number = document.createElement("strong");
  number.textContent = `${count.toLocaleString(locale)} selected`;
  note.replaceChildren(number);
  if (count) for (const [currency, sum] of sums) note.append(` · ${money.format(Number(sum) / 100)} ${currency}`);
  const all = $("[data-select-all]", form);
  if (all) all.hidden = !head?.checked;
}

// Turning the page takes the selection along: the server keeps it, and the next page knows it.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".pager a, thead th a");
  const form = link && $("form[data-keep]");
  if (!form || event.ctrlKey || event.metaKey || event.shiftKey || !(form.dataset.elsewhere || $("[name=was]", form) || boxes(form).some((box) => box.checked))) return;
  event.preventDefault();
  const url = new URL(form.dataset.keep, location.href);
  for (const [key, value] of new FormData(form)) url.searchParams.append(key, value);
  url.searchParams.set("then", new URL(link.href).search);
  location.href = url.href;
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-selection]");
  if (!form) return;
  if (event.target.matches("[data-select-page]")) for (const box of boxes(form)) box.checked = event.target.checked;
  tally(form);
});

document.addEventListener("click", (event) => {
  const form = event.target.closest("form[data-selection]");
  if (!form) return;
  const box = event.target.closest("tbody .select input");
  if (box) {
    if (event.shiftKey && lastBox?.isConnected) {
      const all = boxes(form);
      const [from, to] = [all.indexOf(lastBox), all.indexOf(box)].sort((a, b) => a - b);
      for (const other of all.slice(from, to + 1)) other.checked = box.checked;
      tally(form);
    }
    lastBox = box;
  } else if (event.target.closest("[data-select-none]")) {
    event.preventDefault();
    clearSelection(form);
  }
});

function clearSelection(form) {
  for (const box of boxes(form)) box.checked = false;
  tally(form);
}

/* ---- peek: beside the list where there is room, else the link leads to a page ---- */

const roomForPeek = matchMedia("(min-width: 75rem)");

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-peek], [data-peek-close]");
  const panel = $("#peek");
  if (!link || !panel || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link.matches("[data-peek-close]")) {
    event.preventDefault();
    const number = $("[data-peeked]", panel)?.dataset.peeked;
    panel.replaceChildren();
    history.replaceState(null, "", link.href);
    $(`#row-${number} a`)?.focus();
  } else if (roomForPeek.matches) {
    event.preventDefault();
    htmx.ajax("GET", link.dataset.peek, { target: panel, swap: "innerHTML" });
    history.replaceState(null, "", link.href);
  }
});

/* ---- ticks: polling that stops while nobody looks ---- */

let lastTick = Date.now();
let lastBeat = Date.now();
let fastTicks = 0;
let nextFast = 0;

setInterval(() => {
  if (document.hidden) return;
  const now = Date.now();
  if (now - lastTick >= 20000) {
    lastTick = now;
    htmx.trigger(document.body, "tick");
  }
  if (now - lastBeat >= 15000) {
    lastBeat = now;
    htmx.trigger(document.body, "beat-tick");
  }
  if (now >= nextFast && $('[hx-trigger*="fast-tick"]')) {
    // Every second for ten seconds, every three for a minute, then every ten.
    fastTicks += 1;
    nextFast = now + (fastTicks < 10 ? 900 : fastTicks < 30 ? 3000 : 10000);
    htmx.trigger(document.body, "fast-tick");
  }
}, 500);

/* ---- htmx ---- */

// What a page asks by itself: no use of the session, and no failure worth a word, as it asks again.
const byItself = (detail) => detail.requestConfig?.triggeringEvent?.type?.includes("tick");

document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (byItself({ requestConfig: detail })) detail.headers["X-Background"] = "yes";
});

const title = document.title;
let announced = 0;

function showJob(root) {
  const job = root.matches?.("[data-percent]") ? root : $("[data-percent]", root);
  if (!job) return;
  const percent = parseInt(job.dataset.percent, 10) || 0;
  const running = job.dataset.job === "running";
  document.title = running ? `${percent} % · ${title}` : title;
  const quarter = running ? Math.floor(percent / 25) * 25 : 100;
  if (quarter > announced) {
    announced = quarter;
    say(running ? `${quarter} percent` : `${$("h2", job).textContent.trim()}: ${job.dataset.job}`);
  }
}

document.addEventListener("htmx:afterSettle", (event) => {
  const target = event.detail.elt;
  if (target.closest?.("#dialog")) focusIn(dialogBody);
  else if (document.activeElement === document.body) $("[data-focus]", target)?.focus();
  $$("form[data-selection]").forEach(tally);
  showJob(target);
});

// A whole page where a fragment was asked for means that the session has ended: typed text must survive that.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, elt, requestConfig } = event.detail;
  // Who asks for a part of a page, by its target or in person, expects the page.
  const picks = [elt, requestConfig?.elt].some((node) => node?.hasAttribute("hx-select"));
  if (picks || !/^\s*<!doctype/i.test(xhr.responseText)) return;
  event.detail.shouldSwap = false;
  if (byItself(event.detail)) return;
  if (requestConfig?.verb === "post") return sendPlainly(requestConfig);
  toast("You have been signed out. Sign in in another tab, then send this again.", "error", ["Sign in", () => open(xhr.responseURL, "_blank", "noopener")]);
});

// Sent as a plain form, it comes back with the sign-in page, which keeps it.
function sendPlainly({ path, formData }) {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: path, hidden: true });
  for (const [name, value] of formData) {
    if (typeof value === "string") form.append(Object.assign(document.createElement("textarea"), { name, value }));
  }
  document.body.append(form);
  form.submit();
}

function failed(event, words) {
  const { elt, xhr, requestConfig } = event.detail;
  const reference = xhr?.getResponseHeader?.("X-Request-ID");
  const text = reference ? `${words} Reference ${reference}` : words;
  if (byItself(event.detail)) return;
  toast(text, "error", ["Retry", () => htmx.trigger(elt, requestConfig?.triggeringEvent?.type || "click")]);
  say(text, true);
}
document.addEventListener("htmx:responseError", (event) => failed(event, "The server could not answer this request."));
document.addEventListener("htmx:sendError", (event) => failed(event, "No connection. What you typed is still here."));

// The server may say something with HX-Trigger: {"toast": {"text": "…", "tone": "success"}}.
document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.tone));

/* ---- offline: actions wait and say why, what was typed stays ---- */

function connection() {
  const off = !navigator.onLine;
  $("#offline").hidden = !off;
  for (const act of $$(off ? "button:enabled:not([type=button])" : "[data-off]")) {
    act.disabled = off;
    act.title = off ? "You are offline" : "";
    act.toggleAttribute("data-off", off);
  }
}
for (const event of ["online", "offline"]) addEventListener(event, connection);

// A link would lead to the browser's own error page, and lose this one.
document.addEventListener("click", (event) => {
  if (navigator.onLine || !event.target.closest("a:not([href^='#'])")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

/* ---- start ---- */

$$("#toasts [data-toast]").forEach(startToast);
$$("form[data-selection]").forEach(tally);
$("[data-focus]")?.focus();
showJob(document);
