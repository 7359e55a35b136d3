"""Reading a workbook (XLSX) that may be anything: the rows of its first visible sheet, with cells as they are typed.

Nothing is run and nothing is guessed. A number is a number whatever the reader's locale, a date is a date; a formula is
the value that was saved with it. A cell whose value can't be told says why, at its row. What the file unpacks to is
bounded before anything of it is read; macros, links and hidden sheets are left alone.
"""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any
from xml.parsers import expat

from openpyxl import load_workbook

MOST_PARTS = 2_000
MOST_UNPACKED = 32 * 1024 * 1024
"""Bytes of all parts of a workbook together: many times what ten thousand rows take."""
MOST_COLUMNS = 200
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")
DIGITS = 15
"""What a spreadsheet keeps of a number: more digits are noise of binary fractions."""
_NO_WORKBOOK = "This is no workbook that can be read: save it as an Excel workbook (.xlsx), or as CSV."


class BadWorkbook(Exception):
    """The file as a whole can't be read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class NoValue:
    """A cell that has something in it, but no value to go by; `why` names the remedy."""

    why: str


Cell = str | Decimal | dt.date | bool | NoValue
"""What a cell holds; an empty one holds an empty text."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row that isn't empty: its number, as the spreadsheet shows it, and its cells up to the last that isn't."""

    number: int
    cells: tuple[Cell, ...]


def is_workbook(content: bytes) -> bool:
    """Whether the file is meant as a workbook, also one of a kind that is not read."""
    return content.startswith((_ZIP, _OLE))


def plain_text(cell: Cell) -> str:
    """A cell as a field of a CSV file that can be read in one way only: `1234.5`, `2026-01-31`, `true`.

    Raises `ValueError` that names the remedy for a cell without a value.
    """
    if isinstance(cell, NoValue):
        raise ValueError(cell.why)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return cell.isoformat() if isinstance(cell, dt.date) else cell


def read_sheet(file: IO[bytes], *, most_rows: int, most_unpacked: int = MOST_UNPACKED) -> Iterator[SheetRow]:
    """The rows of the first visible sheet. Raises `BadWorkbook`, at the latest at the last row."""
    with _opened(file, most_unpacked) as archive:
        formulas = _has_formulas(archive)
    count = 0
    for row in _rows(file, with_formulas=formulas):
        if row.cells:
            count += 1
            if count > most_rows:
                raise BadWorkbook(f"The sheet has more than {most_rows:,} rows: split it.")
            yield row


def _opened(file: IO[bytes], most_unpacked: int) -> zipfile.ZipFile:
    """The archive, once it is known to be small and to hold no document type. Sizes bind: no part is read further."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError) as problem:
        raise BadWorkbook(_kind_of(file)) from problem
    parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > most_unpacked:
        message = f"The workbook unpacks to more than {most_unpacked // 1024 // 1024} MB: split it."
        raise BadWorkbook(message)
    try:
        for part in parts:
            if part.filename.endswith((".xml", ".rels")):
                with archive.open(part) as stream:
                    _refuse_document_type(stream)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, expat.ExpatError, OSError, EOFError) as problem:
        raise BadWorkbook(_NO_WORKBOOK) from problem
    return archive


def _kind_of(file: IO[bytes]) -> str:
    file.seek(0)
    if file.read(len(_OLE)) == _OLE:
        return "This is an old workbook, or one with a password: save it as .xlsx without password, or as CSV."
    return _NO_WORKBOOK


class _Began(Exception):
    """The first element is there: a document type can't come any more."""


def _refuse_document_type(stream: IO[bytes]) -> None:
    """Entities of a document type multiply within the parser; no spreadsheet program writes any."""

    def document_type(*_: Any) -> None:
        raise BadWorkbook(_NO_WORKBOOK)

    def element(*_: Any) -> None:
        raise _Began

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler, parser.StartElementHandler = document_type, element
    try:
        while chunk := stream.read(4096):
            parser.Parse(chunk, False)
    except _Began:
        return


def _has_formulas(archive: zipfile.ZipFile) -> bool:
    sheets = (name for name in archive.namelist() if name.endswith(".xml") and "sharedStrings" not in name)
    return any(_FORMULA.search(archive.read(name)) for name in sheets)


def _rows(file: IO[bytes], *, with_formulas: bool) -> Iterator[SheetRow]:
    """All rows, empty ones too. Where there are formulas, they are read beside their values: one may have none."""
    try:
        rows = _cells(file, data_only=True)
        beside = _cells(file, data_only=False) if with_formulas else None
        for number, row in enumerate(rows, start=1):
            written = next(beside, ()) if beside is not None else ()
            yield SheetRow(number, _trimmed([_cell(cell) for cell in row], written))
    except BadWorkbook:
        raise
    except Exception as problem:  # a file that may be anything: whatever the library meets, it can't be read
        raise BadWorkbook(_NO_WORKBOOK) from problem


def _cells(file: IO[bytes], *, data_only: bool) -> Iterator[Sequence[Any]]:
    file.seek(0)
    book = load_workbook(io.BytesIO(file.read()), read_only=True, data_only=data_only, keep_links=False)
    sheet = next((sheet for sheet in book.worksheets if sheet.sheet_state == "visible"), None)
    if sheet is None:
        raise BadWorkbook("The workbook has no visible sheet with cells.")
    sheet.reset_dimensions()  # what a file says of its size is not to be trusted
    for row in sheet.iter_rows():
        if any(cell.value is not None for cell in row[MOST_COLUMNS:]):
            raise BadWorkbook(f"The sheet has more than {MOST_COLUMNS} columns: is this the right file?")
        yield row[:MOST_COLUMNS]


def _trimmed(cells: list[Cell], written: Sequence[Any]) -> tuple[Cell, ...]:
    """The cells up to the last that holds anything; formulas without a saved value among them."""
    for place, other in enumerate(written):
        if cells[place] == "" and other.data_type == "f":
            cells[place] = NoValue("The formula has no saved value: open and save the file in a spreadsheet program.")
    while cells and cells[-1] == "":
        cells.pop()
    return tuple(cells)


def _cell(cell: Any) -> Cell:
    """What a cell holds, by the kind of its value."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "e":
        return NoValue(f"The cell holds the error {value}: mend it.")
    if isinstance(value, bool | str):
        return value
    return _number(cell) if isinstance(value, int | float) else _moment(value)


def _number(cell: Any) -> Cell:
    if "%" in str(cell.number_format):
        return NoValue("The cell is a percentage: write it as a plain number, as 50 for 50 %.")
    value = cell.value
    return Decimal(value) if isinstance(value, int) else Decimal(f"{value:.{DIGITS}g}")


def _moment(value: Any) -> Cell:
    """A date; spreadsheets keep it as midnight of its day."""
    if not isinstance(value, dt.datetime):
        return NoValue("The cell holds a time: give a number, a text or a date.")
    if value.time() == dt.time.min:
        return value.date()
    return NoValue(f"{value:%Y-%m-%d %H:%M} has a time of day: give a date alone.")
