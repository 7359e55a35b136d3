"""Rows of a list as CSV or as a workbook: numbers are numbers, dates are dates.

A text that a spreadsheet would take for a formula is marked as text in CSV; in XLSX the cell says that it is text.
"""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

import xlsxwriter

from customers.listing.columns import Value
from customers.spreadsheets import as_text

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MOST_IN_XLSX = 1_048_575
"""Rows that a sheet has, below its head."""


def plain(value: Value) -> str | int | Decimal | dt.date | None:
    """A cell's value; moments in UTC without a zone, as spreadsheets know none, and to the second."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).replace(tzinfo=None, microsecond=0)
    if isinstance(value, Decimal):
        return value.quantize(Decimal("0.01")) if value == value.quantize(Decimal("0.01")) else value.normalize()
    return value


def safe(value: Value) -> str:
    """A cell of a CSV file. A text that begins like a formula gets an apostrophe; numbers stay numbers."""
    cell = plain(value)
    if cell is None:
        return ""
    if isinstance(cell, str):
        return as_text(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    return format(cell, "f") if isinstance(cell, Decimal) else str(cell)


def as_csv(rows: Iterable[Sequence[Value]]) -> bytes:
    """Rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([safe(value) for value in row] for row in rows)
    return text.getvalue().encode()


def as_xlsx(path: Path, sheet_name: str, heads: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Write a workbook row by row, so that memory does not grow with the rows."""
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False,
                                         "strings_to_urls": False, "strings_to_numbers": False}) as book:  # fmt: skip
        sheet = book.add_worksheet(sheet_name)
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        moment, money = (
            book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            book.add_format({"num_format": "#,##0.00"}),
        )
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, max(0, len(heads) - 1), 16)
        sheet.write_row(0, 0, heads, bold)
        for number, row in enumerate(rows, start=1):
            for place, value in enumerate(row):
                cell = plain(value)
                if isinstance(cell, dt.datetime):
                    sheet.write_datetime(number, place, cell, moment)
                elif isinstance(cell, dt.date):
                    sheet.write_datetime(number, place, dt.datetime.combine(cell, dt.time.min), day)
                elif isinstance(cell, Decimal):
                    sheet.write_number(number, place, float(cell), money)
                elif isinstance(cell, int):
                    sheet.write_number(number, place, cell)
                elif cell:
                    sheet.write_string(number, place, cell)
