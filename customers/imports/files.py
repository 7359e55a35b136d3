"""Reading a table from a CSV file or a workbook that may be anything: rows with their numbers, or what is wrong.

Nothing is guessed: another encoding, a line that is cut off, a field too many are errors. A byte-order mark of UTF-8,
as spreadsheets write it, is skipped. Cells of a workbook come as they are typed (`customers.workbooks`).
"""

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from customers.workbooks import MOST_UNPACKED, BadWorkbook, Cell, is_workbook, plain_text, read_sheet

LONGEST_LINE = 20_000
MOST_COLUMNS = 200
MOST_ROWS = 1_000_000


class BadFile(Exception):
    """The file as a whole can't be read; the message says where and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the number of its (last) line, and its fields by column; those of a CSV file are texts."""

    line: int
    fields: dict[str, Cell]


def read_table(
    file: BinaryIO,
    *,
    columns: Sequence[str],
    encoding: str = "utf-8",
    delimiter: str = ",",
    most_unpacked: int = MOST_UNPACKED,
) -> Iterator[Row]:
    """The rows of a CSV file or workbook, which must have all of `columns`. Raises `BadFile`, at the last row at last.

    `encoding` and `delimiter` are those of a CSV file; `most_unpacked` bounds the bytes of a workbook.
    """
    if file.seekable() and _begins_a_workbook(file):
        return _sheet_rows(file, columns, most_unpacked)
    return read_rows(file, columns=columns, encoding=encoding, delimiter=delimiter)


def _begins_a_workbook(file: BinaryIO) -> bool:
    start = file.read(8)
    file.seek(0)
    return is_workbook(start)


def _sheet_rows(file: BinaryIO, columns: Sequence[str], most_unpacked: int) -> Iterator[Row]:
    rows = read_sheet(file, most_rows=MOST_ROWS, most_unpacked=most_unpacked)
    try:
        first = next(rows, None)
        header = _header([plain_text(cell) for cell in first.cells] if first else None, columns)
        for row in rows:
            if len(row.cells) > len(header):
                raise BadFile(
                    f"Row {row.number} has {len(row.cells)} cells and the first names {len(header)}: name them."
                )
            cells = (*row.cells, *[""] * (len(header) - len(row.cells)))
            yield Row(row.number, dict(zip(header, cells, strict=True)))
    except (BadWorkbook, ValueError) as problem:
        raise BadFile(str(problem)) from problem


def read_rows(
    file: BinaryIO, *, columns: Sequence[str], encoding: str = "utf-8", delimiter: str = ","
) -> Iterator[Row]:
    """The rows of a CSV file, which must have all of `columns`. Raises `BadFile`, at the latest at the last row."""
    lines = _Lines(file, encoding)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        header = _header(next(reader, None), columns)
        for count, values in enumerate(reader, start=1):
            if not values:
                continue
            if len(values) != len(header):
                raise BadFile(_wrong_length(reader.line_num, len(values), len(header), delimiter))
            if count > MOST_ROWS:
                raise BadFile(f"The file has more than {MOST_ROWS:,} rows: split it.")
            fields: dict[str, Cell] = dict(zip(header, values, strict=True))
            yield Row(reader.line_num, fields)
    except csv.Error as error:
        raise BadFile(f"Line {reader.line_num}: {error}. Is the file cut off, or a quotation mark missing?") from error
    if not lines.ended and header[-1] in columns:
        message = "The last line has no end, so the file may be cut off within {}. If it is complete, end that line."
        raise BadFile(message.format(header[-1]))


class _Lines:
    """Lines as text; bounded, so that a file of one endless line takes no memory."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        if codecs.lookup(encoding).name.startswith(("utf-16", "utf-32")):
            raise BadFile("Files in UTF-16 or UTF-32 are not read: save the file as UTF-8.")
        self._file, self._encoding, self._number = file, encoding, 0
        self.ended = True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LONGEST_LINE + 1)
        if not line:
            raise StopIteration
        self._number += 1
        self.ended = line.endswith((b"\n", b"\r"))
        if self._number == 1:
            line = _without_mark(line)
        if len(line) > LONGEST_LINE:
            raise BadFile(f"Line {self._number} is longer than {LONGEST_LINE:,} bytes: is this a CSV file?")
        if b"\0" in line:
            raise BadFile(f"Line {self._number} has a NUL byte: save the file as text in UTF-8.")
        try:
            return line.decode(self._encoding)
        except UnicodeDecodeError as error:
            message = f"Line {self._number} is not {self._encoding}: name the file's encoding, e.g. cp1252."
            raise BadFile(message) from error


def _without_mark(line: bytes) -> bytes:
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BadFile("The file is in UTF-16: save it as UTF-8.")
    return line.removeprefix(codecs.BOM_UTF8)


def _header(names: list[str] | None, columns: Sequence[str]) -> list[str]:
    if not names:
        raise BadFile("The file is empty: its first line must name the columns.")
    if len(names) > MOST_COLUMNS:
        raise BadFile(f"The first line names more than {MOST_COLUMNS} columns: is this a CSV file?")
    names = [name.strip() for name in names]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadFile(f"Line 1 names a column twice: {', '.join(twice)}.")
    if absent := [name for name in columns if name not in names]:
        raise BadFile(f"Line 1 has no column {', '.join(absent)}. The columns are: {', '.join(names)}.")
    return names


def _wrong_length(line: int, found: int, expected: int, delimiter: str) -> str:
    what = f"Line {line} has {found} fields and the first line names {expected}"
    if found < expected:
        return f"{what}: is the file cut off?"
    return f"{what}: is there a {delimiter!r} within a field that is not in quotation marks, as in 1,000.00?"
