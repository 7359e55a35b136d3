"""Rows pasted from a spreadsheet, and lines as files (`domain 8`): each wrong row is named, nothing is half done."""

import io
import zipfile
from decimal import Decimal

import pytest

from credit_mgmt.journals.files import paste_lines, read_lines, write_lines
from credit_mgmt.models import LimitJournal
from customers.access import Actor, Grant
from customers.errors import InvalidInput
from tests import factories as make
from tests.factories_credit import ACTOR, AT, customer_with_limit, give_limit
from tests.factories_journals import UNTIL, a_journal, line, today

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
