"""Reading a CSV file that may be anything: the rows with their line numbers, or what is wrong with the file.

Nothing is guessed: another encoding, a line that is cut off, a field too many are errors. A byte-order mark of UTF-8,
as spreadsheets write it, is skipped.
"""

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

LONGEST_LINE = 20_000
MOST_COLUMNS = 200
MOST_ROWS = 1_000_000


class BadFile(Exception):
    """The file as a whole can't be read; the message says where and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the number of its (last) line, and its fields by column."""

    line: int
    fields: dict[str, str]


def read_rows(
    file: BinaryIO, *, columns: Sequence[str], encoding: str = "utf-8", delimiter: str = ","
) -> Iterator[Row]:
    """The rows of `file`, which must have all of `columns`. Raises `BadFile`, at the latest at the last row."""
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
            yield Row(reader.line_num, dict(zip(header, values, strict=True)))
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
