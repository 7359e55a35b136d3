"""Reading workbooks: cells as they are typed, in the first visible sheet; files that mean no good are refused."""

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customers.workbooks import BadWorkbook, NoValue, SheetRow, is_workbook, plain_text, read_sheet
from tests.workbooks import a_workbook, part_of, with_parts

SHEET = "xl/worksheets/sheet1.xml"


def read(content: bytes, **bounds: Any) -> list[SheetRow]:
    return list(read_sheet(io.BytesIO(content), **{"most_rows": 100, **bounds}))


def cells(*row: Any) -> tuple[Any, ...]:
    [found] = read(a_workbook([row]))
    return found.cells


class TestCells:
    @pytest.mark.parametrize(
        ("written", "value"),
        [
            ("1,234", "1,234"),
            ("=1+1", "=1+1"),
            (1234, Decimal(1234)),
            (1234.5, Decimal("1234.5")),
            (0.1 + 0.2, Decimal("0.3")),  # what a spreadsheet shows: the rest is noise of binary fractions
            (-0.01, Decimal("-0.01")),
            (True, True),
            (dt.date(2027, 12, 31), dt.date(2027, 12, 31)),
            ({"formula": "=A1*2", "value": 300}, Decimal(300)),
            ({"formula": '="x"', "value": "US-1"}, "US-1"),
        ],
    )  # fmt: skip
    def test_are_what_they_are_typed_as(self, written: Any, value: Any) -> None:
        assert cells(written) == (value,)

    @pytest.mark.parametrize(
        ("written", "why"),
        [
            ({"formula": "=A1/0", "value": "#DIV/0!"}, "the error #DIV/0!"),
            ({"number": 0.5, "format": "0%"}, "is a percentage"),
            ({"number": 46387.5, "format": "yyyy-mm-dd hh:mm"}, "has a time of day"),
            ({"number": 0.25, "format": "hh:mm"}, "holds a time"),
        ],
    )
    def test_say_why_they_have_no_value(self, written: Any, why: str) -> None:
        [cell] = cells(written)
        assert isinstance(cell, NoValue)
        assert why in cell.why
        with pytest.raises(ValueError, match=why):
            plain_text(cell)

    def test_of_a_formula_that_was_never_worked_out_have_no_value(self) -> None:
        book = a_workbook([["US-1", {"formula": "=1+1", "value": 2}]])
        bare = part_of(book, SHEET).replace(b"<v>2</v>", b"")
        [row] = read(with_parts(book, {SHEET: bare}))
        assert row.cells[0] == "US-1"
        assert "no saved value" in row.cells[1].why

    def test_keep_their_day_in_workbooks_that_count_from_1904(self) -> None:
        [row] = read(a_workbook([[dt.date(2027, 12, 31)]], date_1904=True))
        assert row.cells == (dt.date(2027, 12, 31),)

    @pytest.mark.parametrize(
        ("cell", "text"),
        [
            (Decimal("1E+3"), "1000"),
            (Decimal("1234.50"), "1234.50"),
            (dt.date(2027, 1, 2), "2027-01-02"),
            (True, "true"),
            (" as it is", " as it is"),
        ],
    )
    def test_become_texts_that_are_read_in_one_way(self, cell: Any, text: str) -> None:
        assert plain_text(cell) == text

    @settings(max_examples=30, deadline=None)
    @given(
        st.lists(st.integers(-(10**15) + 1, 10**15 - 1).map(lambda n: Decimal(n).scaleb(-2)), min_size=1, max_size=9)
    )
    def test_any_amount_of_fifteen_digits_comes_back(self, amounts: list[Decimal]) -> None:
        assert cells(*(float(amount) for amount in amounts)) == tuple(amounts)


class TestSheets:
    def test_hidden_ones_are_left_alone(self) -> None:
        assert [row.cells for row in read(a_workbook([["seen"]], hidden_first=True))] == [("seen",)]

    def test_empty_rows_are_skipped_and_the_others_keep_their_numbers(self) -> None:
        rows = read(a_workbook([["a", None, "b", None], [], [None, None], ["c"]]))
        assert [(row.number, row.cells) for row in rows] == [(1, ("a", "", "b")), (4, ("c",))]

    def test_of_no_cells_have_no_rows(self) -> None:
        assert read(a_workbook([])) == []


def _bomb() -> bytes:
    return with_parts(a_workbook([["x"]]), {"xl/worksheets/sheet9.xml": b" " * 40_000_000})


def _entities() -> bytes:
    declared = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'
    return with_parts(a_workbook([["x"]]), {SHEET: declared})


def _hidden_entities() -> bytes:
    declared = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE w [<!ENTITY a "ha">]><sst/>'.encode("utf-16")
    return with_parts(a_workbook([["x"]]), {"xl/sharedStrings.xml": declared})


class TestRefused:
    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"PK\x03\x04 and then nothing", "no workbook"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old one", "old workbook, or one with a password"),
            (_bomb(), "unpacks to more than 32 MB"),
            (_entities(), "no workbook"),
            (_hidden_entities(), "no workbook"),
            (with_parts(a_workbook([["x"]]), {SHEET: b"<worksheet><row"}), "no workbook"),
            (with_parts(a_workbook([["x"]]), {"xl/workbook.xml": b"<workbook/>"}), "no workbook|no visible"),
            (with_parts(a_workbook([["x"]]), {"[Content_Types].xml": b"<Types/>"}), "no workbook"),
            (a_workbook([["x"] * 201]), "more than 200 columns"),
            (a_workbook([["x"]] * 101), "more than 100 rows"),
            (a_workbook([["x"]])[:-40], "no workbook"),
        ],
    )
    def test_with_what_to_do(self, content: bytes, why: str) -> None:
        assert is_workbook(content)
        with pytest.raises(BadWorkbook, match=why):
            read(content)

    def test_a_sheet_that_says_it_is_huge_is_read_as_what_it_is(self) -> None:
        book = a_workbook([["x"]])
        huge = part_of(book, SHEET).replace(b'<dimension ref="A1"/>', b'<dimension ref="A1:XFD1048576"/>')
        assert huge != part_of(book, SHEET)
        assert [row.cells for row in read(with_parts(book, {SHEET: huge}))] == [("x",)]
