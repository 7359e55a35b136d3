"""Workbooks for tests: `a_workbook([["Account", 5], …])`, and what can be done to one."""

import datetime as dt
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter


def a_workbook(rows: Sequence[Sequence[Any]], *, hidden_first: bool = False, date_1904: bool = False) -> bytes:
    """A workbook whose visible sheet has these cells: texts, numbers, dates, flags; `{"formula": …, "value": …}`."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"date_1904": date_1904}) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        if hidden_first:
            secret = book.add_worksheet("Secret")
            secret.write_string(0, 0, "hidden")
        sheet = book.add_worksheet("Lines")
        sheet.activate()
        sheet.set_first_sheet()
        if hidden_first:
            secret.hide()
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                if isinstance(cell, dict):
                    form = book.add_format({"num_format": cell["format"]}) if "format" in cell else None
                    if "formula" in cell:
                        sheet.write_formula(number, place, cell["formula"], form, cell.get("value", ""))
                    else:
                        sheet.write_number(number, place, cell["number"], form)
                elif isinstance(cell, dt.date):
                    sheet.write_datetime(number, place, cell, day)
                elif isinstance(cell, str):
                    sheet.write_string(number, place, cell)
                elif cell is not None:
                    sheet.write(number, place, cell)
    return content.getvalue()


def with_parts(content: bytes, parts: Mapping[str, bytes]) -> bytes:
    """The workbook with other parts in the place of its own, or beside them."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts.get(name, old.read(name)))
        for name in parts.keys() - set(old.namelist()):
            new.writestr(name, parts[name])
    return changed.getvalue()


def part_of(content: bytes, name: str) -> bytes:
    """One part of the workbook."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return book.read(name)
