"""Lines come into a draft (`ux.md` 3.8): one by one, ten at a time, pasted, or from a file."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from credit_mgmt.models import LimitJournal, LimitJournalLine
from customers.models import Customer
from tests.credit_mgmt.pages.journals.desk import LAST, shown
from tests.factories_credit import customer_with_limit
from tests.factories_journals import UNTIL, a_journal, line
from tests.workbooks import a_workbook

pytestmark = pytest.mark.django_db


class TestAddingLines:
    def test_ten_rows_are_added_together_and_empty_ones_left_out(self, clerk: Client, customer: Customer) -> None:
        customer_with_limit("10", account="US-2")
        number = a_journal().number
        assert shown(clerk.get(f"/journals/{number}/add/?rows=10")).count('name="owner"') == 10
        rows = {"owner": ["US-1", "", "USMF:US-2"], "new_limit": ["5", "", "6"], "new_from": [""] * 3,
                "new_to": [LAST, "", LAST]}  # fmt: skip
        clerk.post(f"/journals/{number}/add/", rows)
        assert list(LimitJournalLine.objects.order_by("number").values_list("new_limit", flat=True)) == [5, 6]

    @pytest.mark.parametrize(
        ("owner", "said"),
        [
            ("US-NOBODY", "There is no customer USMF:US-NOBODY."),
            ("group:G-NONE", "There is no customer credit group G-NONE."),
            ("DEMF:D-1", "The journal is of USMF"),
        ],
    )
    def test_a_row_that_means_nobody_is_named_and_none_is_added(
        self, clerk: Client, customer: Customer, owner: str, said: str
    ) -> None:
        number = a_journal().number
        rows = {"owner": ["US-1", owner], "new_limit": ["5", "6"], "new_from": ["", ""], "new_to": [LAST, LAST]}
        answer = clerk.post(f"/journals/{number}/add/", rows)
        assert answer.status_code == 422
        assert f"Row 2: {said}" in shown(answer)
        assert not LimitJournalLine.objects.exists()

    def test_accounts_are_found_by_name(self, clerk: Client, customer: Customer) -> None:
        page = shown(clerk.get(f"/journals/{a_journal().number}/find/?owner=adat"))
        assert '<option value="US-1">Adatum</option>' in page

    def test_a_limit_is_changed_from_its_customer_by_a_line_in_a_new_or_an_own_draft(
        self, clerk: Client, customer: Customer
    ) -> None:
        address = "/journals/change/?customer=USMF:US-1"
        assert "now 1,000.00 USD" in shown(clerk.get(address))
        given = {"journal": "", "type": "credit_limit", "new_limit": "1,300", "new_to": LAST, "description": "SO-1"}
        assert clerk.post(address, {**given, "new_limit": ""}).status_code == 422
        made = clerk.post(address, {**given, "new_limit": "1300"})
        assert made["Location"] == "/journals/USMF-000001/"
        customer_with_limit("1", account="US-2")
        page = shown(clerk.get("/journals/change/?customer=USMF:US-2"))
        assert "USMF-000001 SO-1" in page
        clerk.post("/journals/change/?customer=USMF:US-2", {**given, "journal": "USMF-000001", "new_limit": "7"})
        assert LimitJournal.objects.get().line_count == 2

    def test_rows_of_a_spreadsheet_are_looked_at_before_they_are_added(self, clerk: Client, customer: Customer) -> None:
        address = f"/journals/{a_journal().number}/paste/"
        block = "US-1\t$1,234.50\t31.12.2027\nUS-9\t5\t2027-12-31"
        answer = clerk.post(address, {"text": block})
        page = shown(answer)
        assert "1 of 2 rows have errors" in page
        assert "US-9" in page
        assert not LimitJournalLine.objects.exists()
        good = block.splitlines()[0]
        page = shown(clerk.post(address, {"text": good}))
        assert "Add 1 line" in page
        assert f'<textarea name="text" hidden>{" ".join(good.split())}</textarea>' in page
        clerk.post(address, {"text": good, "style": "", "add": "1"})
        assert LimitJournalLine.objects.get().new_limit == Decimal("1234.50")

    def test_a_workbook_is_looked_at_and_then_added_as_it_was_read(self, clerk: Client, customer: Customer) -> None:
        journal = a_journal()
        address = f"/journals/{journal.number}/paste/"
        book = a_workbook([["Account", "New limit", "To"], ["US-1", 1234.567 * 1000, UNTIL]])
        answer = clerk.post(address, {"text": "", "style": "", "file": SimpleUploadedFile("lines.xlsx", book)})
        assert "Add 1 line" in shown(answer)
        handed = {"text": answer.context["was_read"], "style": answer.context["was_style"]}
        assert "1234567" in handed["text"]
        clerk.post(address, {**handed, "add": "1"})
        assert LimitJournalLine.objects.get().new_limit == Decimal("1234567")

    def test_a_file_that_is_no_spreadsheet_is_refused_at_its_field(self, clerk: Client, customer: Customer) -> None:
        address = f"/journals/{a_journal().number}/paste/"
        answer = clerk.post(address, {"text": "", "file": SimpleUploadedFile("old.xls", b"\xd0\xcf\x11\xe0 ...")})
        assert answer.status_code == 422
        assert "save it as .xlsx without password" in " ".join(answer.context["form"].errors["file"])

    def test_lines_go_out_as_a_file(self, clerk: Client, customer: Customer) -> None:
        journal = a_journal(line(customer, 1500))
        answer = clerk.get(f"/journals/{journal.number}/export/?format=csv")
        assert answer["Content-Disposition"] == f'attachment; filename="{journal.number}.csv"'
        assert b"USMF:US-1" in answer.content
        assert clerk.get(f"/journals/{journal.number}/export/?format=doc").status_code == 400
