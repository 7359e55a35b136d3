"""Rows pasted from a spreadsheet, and lines as files (`domain 8`): each wrong row is named, nothing is half done."""

import datetime as dt
import io
import zipfile
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit_mgmt.journals.files import write_lines
from credit_mgmt.journals.lines import LineInput
from credit_mgmt.journals.pasting import as_block, paste_lines, read_lines
from credit_mgmt.models import LimitJournal
from customers.access import Actor, Grant
from customers.errors import InvalidInput
from tests import factories as make
from tests.factories_credit import ACTOR, AT, customer_with_limit, give_limit
from tests.factories_journals import UNTIL, a_journal, line, today
from tests.workbooks import a_workbook

pytestmark = pytest.mark.django_db


@pytest.fixture
def journal() -> LimitJournal:
    customer_with_limit("100", account="C-1", name="Adatum")
    customer_with_limit("100", account="C-2", name="=cmd")
    give_limit(make.CustomerCreditGroupFactory(number="G1"), "1000")
    return a_journal()


def paste(journal: LimitJournal, text: str, style: str = "") -> list[tuple[str | None, Decimal]]:
    paste_lines(journal=journal.number, text=text, actor=ACTOR, at=AT, today=today, style=style)
    return [(one.customer.account if one.customer else one.group_id, one.new_limit) for one in journal.lines.all()]


@pytest.mark.parametrize(
    "text",
    [
        "C-1\t$1,234.50\t2027-12-31\nUSMF:C-2\t1,000\t12/31/2027\nG1\t5\t31.12.2027",
        "C-1;1.234,50 USD;31.12.2027\r\nC-2;1.000;31.12.2027\r\ngroup:G1;5;31.12.2027\r\n",
        'New limit,Account,To\n"1,234.50",C-1,2027-12-31\n"1,000",C-2,2027-12-31\n5,G1,2027-12-31\n',
        "\ufeffAccount\tName\tNew limit\tnew_to\nC-1\tAdatum\t1.234,50\t2027-12-31\n"
        "C-2\t\t1.000\t2027-12-31\nG1\t\t5\t2027-12-31",
    ],
)
def test_rows_are_read_as_spreadsheets_of_two_locales_write_them(journal, text):
    assert paste(journal, text) == [("C-1", Decimal("1234.50")), ("C-2", Decimal(1000)), ("G1", Decimal(5))]
    assert {one.new_to for one in journal.lines.all()} == {UNTIL}


def test_every_wrong_row_is_named_and_no_row_is_added(journal):
    text = "C-1\t1,234.50\t2027-12-31\nC-9\t5\t2027-12-31\nC-2\t€5.00\tsoon\n\t5\t2027-12-31"
    with pytest.raises(InvalidInput) as refused:
        paste(journal, text)
    assert [(error.field, error.code) for error in refused.value.errors] == [
        ("lines[1].customer", "unknown_reference"),
        ("lines[2].new_limit", "other_currency"),
        ("lines[2].new_to", "invalid"),
        ("lines[3].customer", "required"),
    ]
    assert not journal.lines.exists()


def test_what_may_be_read_in_two_ways_is_asked_about(journal):
    typed = read_lines(journal=journal.number, text="C-1\t1,234\t2027-12-31", actor=ACTOR)
    assert [(error.field, error.code) for error in typed.errors] == [("lines[0].new_limit", "ambiguous_number")]
    assert paste(journal, "C-1\t1,234\t2027-12-31", style="point") == [("C-1", Decimal(1234))]


def test_temporary_limits_have_two_dates(journal):
    temporary = a_journal(type="temporary_credit_limit")
    paste(temporary, "C-1\t500\t2026-03-01\t2026-03-31")
    [made] = temporary.lines.all()
    assert (made.new_from.day, made.new_to.day) == (1, 31)


def test_nothing_is_no_block(journal):
    for text, style in ((" \n", ""), ("C-1\t5", "roman")):
        with pytest.raises(InvalidInput):
            paste(journal, text, style=style)


def test_a_file_goes_out_without_formulas_and_comes_back(journal):
    paste(journal, "C-1\t1,234.50\t2027-12-31\nC-2\t10\t2027-12-31")
    written = write_lines(journal=journal.number, actor=ACTOR, form="csv").decode("utf-8-sig")
    assert "USMF:C-2,'=cmd,USD,100.00,10.00,,2027-12-31,," in written.splitlines()
    again = a_journal()
    assert paste(again, written) == [("C-1", Decimal("1234.50")), ("C-2", Decimal(10))]


def test_a_workbook_has_a_row_for_each_line(journal):
    paste(journal, "C-1\t1,234.50\t2027-12-31")
    book = zipfile.ZipFile(io.BytesIO(write_lines(journal=journal.number, actor=ACTOR, form="xlsx")))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert ("1234.5" in sheet, sheet.count("<row ")) == (True, 2)


class TestWorkbooks:
    HEADS = ("Account", "New limit", "From", "To")

    def read(self, journal: LimitJournal, *rows: tuple[Any, ...], heads: tuple[str, ...] = HEADS) -> Any:
        return read_lines(journal=journal.number, text=a_workbook([heads, *rows]), actor=ACTOR)

    def test_are_read_as_they_are_typed(self, journal):
        typed = self.read(journal, ("C-1", 1234.5, None, UNTIL), ("group:G1", "1.000,50", None, "31.12.2027"))
        assert (typed.errors, typed.rows) == ((), 2)
        assert list(typed.lines.values()) == [
            LineInput(customer="USMF:C-1", new_limit=Decimal("1234.5"), new_to=UNTIL),
            LineInput(credit_group="G1", new_limit=Decimal("1000.50"), new_to=UNTIL),
        ]

    def test_may_have_numbers_for_accounts(self, journal):
        customer_with_limit("1", account="1001")
        assert self.read(journal, (1001, 5, None, UNTIL)).lines[0].customer == "USMF:1001"

    @pytest.mark.parametrize(
        ("row", "field", "code"),
        [
            (("C-1", {"formula": "=1/0", "value": "#DIV/0!"}, None, UNTIL), "new_limit", "no_value"),
            (("C-1", {"number": 1.1, "format": "0.0%"}, None, UNTIL), "new_limit", "no_value"),
            (("C-1", UNTIL, None, UNTIL), "new_limit", "invalid"),
            (("C-1", True, None, UNTIL), "new_limit", "invalid"),
            (("C-1", "1,234", None, UNTIL), "new_limit", "ambiguous_number"),
            (("C-1", 5, None, 46387), "new_to", "invalid"),
            (("C-1", 5, None, "12/11/2027"), "new_to", "ambiguous_date"),
            ((None, 5, None, UNTIL), "customer", "required"),
            (({"formula": "=1/0", "value": "#N/A"}, 5, None, UNTIL), "customer", "required"),
            ((9, 5, None, UNTIL), "customer", "unknown_reference"),
        ],
    )  # fmt: skip
    def test_that_are_wrong_are_named_at_their_row(self, journal, row, field, code):
        typed = self.read(journal, ("C-1", 5, None, UNTIL), row)
        assert [(error.field, error.code) for error in typed.errors] == [(f"lines[1].{field}", code)]

    def test_with_more_rows_than_a_call_takes_are_refused(self, journal, monkeypatch):
        monkeypatch.setattr("credit_mgmt.journals.pasting.MOST_LINES", 1)
        row = ("C-1", 5, None, UNTIL)
        assert self.read(journal, row).rows == 1
        with pytest.raises(InvalidInput, match="more than 2 rows"):
            self.read(journal, row, row)

    def test_that_are_none_are_refused_with_what_to_do(self, journal):
        for content, why in ((b"PK\x03\x04", "no workbook"), (b"\xff\xfe\x00", "neither"), (a_workbook([]), "no rows")):
            with pytest.raises(InvalidInput, match=why):
                read_lines(journal=journal.number, text=content, actor=ACTOR)

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["C-1", "C-2", "G1"]),
                st.integers(0, 10**17 - 100).map(lambda cents: Decimal(cents).scaleb(-2)),
                st.dates(dt.date(2026, 3, 1), dt.date(2199, 12, 31)),
            ),
            min_size=1,
            max_size=8,
        )
    )
    def test_what_goes_out_comes_in_again(self, journal, wanted):
        """Lines, XLSX, lines: also where an amount has more digits than a spreadsheet keeps of a number."""
        lines = [
            LineInput(
                **({"credit_group": name} if name == "G1" else {"customer": f"USMF:{name}"}),
                new_limit=amount,
                new_to=day,
            )
            for name, amount, day in wanted
        ]
        written = write_lines(journal=a_journal(*lines).number, actor=ACTOR, form="xlsx")
        typed = read_lines(journal=journal.number, text=written, actor=ACTOR)
        assert (typed.errors, list(typed.lines.values())) == ((), lines)
        again = read_lines(journal=journal.number, text=as_block(typed), actor=ACTOR, style="point")
        assert (again.errors, list(again.lines.values())) == ((), lines)


def test_figures_of_a_group_leave_only_for_who_may_see_its_members():
    german = make.LegalEntityFactory(code="DEMF")
    group = make.CustomerCreditGroupFactory(number="G1")
    give_limit(group, "1000")
    customer_with_limit("0", credit_group=group)
    customer_with_limit("0", credit_group=group, legal_entity=german)
    journal = a_journal(line(group, 2000))
    reader = Actor("user", 1, "reader", (Grant("credit_manager", "USMF"),))
    written = write_lines(journal=journal.number, actor=reader, form="csv").decode()
    assert "group:G1,,USD,,,,2027-12-31" in written
