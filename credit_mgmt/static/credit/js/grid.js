// The grid of a journal (ux 3.8): a row is saved when it is left, keys move and fill, a block is pasted as lines.

const cellsOf = (row) => $$("td.cell input:not([type=hidden])", row);

document.addEventListener("focusout", ({ target, relatedTarget }) => {
  const row = target.closest("[data-line]");
  if (row && !row.contains(relatedTarget) && cellsOf(row).some((cell) => cell.value !== cell.defaultValue)) htmx.trigger(row, "leave");
});

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  const row = target.closest("[data-line]");
  const at = row ? cellsOf(row).indexOf(target) : -1;
  const fill = event.ctrlKey && key === "d";
  const text = +(target.type === "text");
  const way = fill ? -1 : { Enter: 1, ArrowDown: text, ArrowUp: -text }[key];
  if (at < 0 || !way || event.ctrlKey !== fill) return;
  event.preventDefault();
  const lines = $$("[data-line]");
  const next = cellsOf(lines[lines.indexOf(row) + way] || row)[at];
  if (fill) target.value = next.value;
  else next.focus();
});

document.addEventListener("paste", (event) => {
  const text = event.clipboardData.getData("text").trim();
  if (!/\t|\n/.test(text) || !event.target.closest(".journal, .journal-add")) return;
  event.preventDefault();
  $("#paste-form textarea").value = text;
  $("#paste-form").submit();
});
