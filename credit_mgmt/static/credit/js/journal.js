// The grid of a journal: a row is saved when it is left, cells are walked by keys, a pasted block goes to its preview.
"use strict";

const cellsOf = (row) => $$("td.cell input:not([type=hidden])", row);
const dirty = (row) => cellsOf(row).some((cell) => cell.value !== cell.defaultValue);

document.addEventListener("focusout", (event) => {
  const row = event.target.closest("tr[data-line]");
  if (row && !row.contains(event.relatedTarget) && dirty(row)) htmx.trigger(row, "leave");
});

function beside(cell, direction) {
  const row = cell.closest("tr");
  const next = direction > 0 ? row.nextElementSibling : row.previousElementSibling;
  return next && cellsOf(next)[cellsOf(row).indexOf(cell)];
}

document.addEventListener("keydown", (event) => {
  const cell = event.target;
  if (!cell.matches?.("tr[data-line] td.cell input")) return;
  const typed = cell.type === "text";
  const way = event.key === "Enter" || (typed && event.key === "ArrowDown") ? 1 : typed && event.key === "ArrowUp" ? -1 : 0;
  if (way && !event.ctrlKey && !event.altKey && !event.metaKey) {
    event.preventDefault();
    const next = beside(cell, way);
    next?.focus();
    next?.select?.();
  } else if (event.ctrlKey && event.key === "d") {
    event.preventDefault();
    const above = beside(cell, -1);
    if (above) cell.value = above.value;
  }
});

// Several cells of a spreadsheet at once are looked at before they become lines.
document.addEventListener("paste", (event) => {
  const form = $("#paste-form");
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!form || !/[\t\n]/.test(text.trim()) || !event.target.closest("table.journal, .journal-add")) return;
  event.preventDefault();
  $("textarea", form).value = text;
  form.submit();
});
