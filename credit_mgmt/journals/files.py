"""The lines of a journal as a file (`domain 8`, `ux.md` 3.8): CSV or XLSX, which `pasting` reads back."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter

from credit_mgmt.journals import journal_of
from credit_mgmt.journals.pasting import GROUP
from credit_mgmt.masking import Mask
from credit_mgmt.models import LimitJournal, LimitJournalLine
from customers.access import Actor
from customers.errors import InvalidInput
from customers.money import round_half_up
from customers.rates import minor_units
from customers.spreadsheets import BOM, as_text
from customers.workbooks import DIGITS

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
HEADS = ("account", "name", "currency", "current_limit", "new_limit", "new_from", "new_to", "approval", "problem")


def write_lines(*, journal: str, actor: Actor, form: str) -> bytes:
    """All lines of a journal as a file: `csv` or `xlsx`. Amounts of a group only for who may see them.

    Raises `NotFound`; `InvalidInput` for another format.
    """
    if form not in FORMATS:
        raise InvalidInput.of("format", "invalid_choice", f"Choose one of {', '.join(FORMATS)}.")
    found = journal_of(journal, actor)
    rows = _cells(found, Mask(actor))
    if form == "csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows([HEADS, *([_safe(cell) for cell in row] for row in rows)])
        return BOM + text.getvalue().encode()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "lines.xlsx"
        _write_xlsx(path, rows)
        return path.read_bytes()


Cell = str | Decimal | dt.date | None


def _cells(journal: LimitJournal, mask: Mask) -> Iterator[list[Cell]]:
    units = minor_units()
    lines = journal.lines.select_related("customer", "group").order_by("number")
    for line in lines.iterator(chunk_size=5_000):
        hidden = mask.hides_group(line.group_id)
        amounts = [None if hidden else round_half_up(amount, units[line.currency_id]) for amount in _amounts(line)]
        account = line.customer.key if line.customer else f"{GROUP}{line.group_id}"
        name = line.customer.name if line.customer else line.group.description if line.group else ""
        yield [account, name, line.currency_id, *amounts, line.new_from, line.new_to, line.approval, line.problem]


def _amounts(line: LimitJournalLine) -> tuple[Decimal, Decimal]:
    return line.current_limit, line.new_limit


def _safe(cell: Cell) -> str:
    if cell is None:
        return ""
    return as_text(cell) if isinstance(cell, str) else str(cell)


def _write_xlsx(path: Path, rows: Iterable[Sequence[Cell]]) -> None:
    """Row by row, so that memory does not grow with the lines; texts stay texts."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet("Lines")
        day, money = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "#,##0.00"})
        sheet.write_row(0, 0, HEADS, book.add_format({"bold": True}))
        sheet.freeze_panes(1, 1)
        for number, row in enumerate(rows, start=1):
            for place, cell in enumerate(row):
                if isinstance(cell, dt.date):
                    sheet.write_datetime(number, place, dt.datetime.combine(cell, dt.time.min), day)
                elif isinstance(cell, Decimal) and len(cell.as_tuple().digits) <= DIGITS:
                    sheet.write_number(number, place, float(cell), money)
                elif cell is not None and cell != "":
                    sheet.write_string(number, place, str(cell))  # a longer number would lose its cents
