"""Limit journals on pages (`ux.md` 3.7, 3.8): the list, the grid, what is done with a journal, and who may."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from credit_mgmt.journals.approval import require_approval, submit_journal
from credit_mgmt.models import CreditAccount, LimitJournal, LimitJournalLine, TemporaryLimit
from customers.access import Actor
from customers.models import Customer, Role
from tests import factories as make
from tests.factories_credit import ACTOR, AT, TODAY, customer_with_limit, give_limit
from tests.factories_holds import a_user
from tests.factories_journals import UNTIL, a_journal, line, post, today
from tests.workbooks import a_workbook

pytestmark = pytest.mark.django_db
LAST = UNTIL.isoformat()


def signed_in(role: str, entity: str | None = None) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.get(username=someone(role, entity).name))
    return client


def someone(role: str, entity: str | None = None) -> Actor:
    return a_user(f"{role}-{entity or 'all'}", role, entity)


@pytest.fixture
def customer(settings: Any) -> Customer:
    settings.CREDIT_TODAY = TODAY
    return customer_with_limit("1000", account="US-1", name="Adatum")


@pytest.fixture
def clerk(customer: Customer) -> Client:
    return signed_in(Role.CREDIT_CLERK, "USMF")


@pytest.fixture
def manager(customer: Customer) -> Client:
    return signed_in(Role.CREDIT_MANAGER, "USMF")


def shown(answer: Any) -> str:
    text: str = answer.content.decode()
    return re.sub(r"\s+", " ", text)


def limit_of(customer: Customer) -> Decimal:
    return CreditAccount.objects.get(customer=customer).limit_amount


def cells(number: int, new_limit: str, new_to: str = LAST, was: tuple[str, str] = ("1,500.00", LAST)) -> dict[str, Any]:
    """The fields of one row of the grid, as the page sends them."""
    return {
        "row": str(number),
        f"was-{number}": list(was),
        f"new_limit-{number}": new_limit,
        f"new_to-{number}": new_to,
    }


def queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


class TestTheJourneyWithoutAScript:
    def test_a_clerk_makes_a_journal_and_a_manager_posts_it(
        self, clerk: Client, manager: Client, customer: Customer
    ) -> None:
        made = clerk.post(
            "/journals/new/",
            {"legal_entity": "USMF", "type": "credit_limit", "description": "March review", "then": "lines"},
        )
        address = made["Location"]
        assert address == "/journals/USMF-000001/"
        assert "No lines yet." in shown(clerk.get(address))
        clerk.post(f"{address}add/", {"owner": "US-1", "new_limit": "=1000*1.5", "new_from": "", "new_to": LAST})
        page = shown(clerk.get(address))
        for words in ("Adatum", "1,500.00", "+50.0", "A credit manager posts it"):
            assert words in page, words
        assert "/post/" not in page
        clerk.post(f"{address}lines/", {"version": "2", **cells(1, "1,600.00")})
        assert LimitJournalLine.objects.get().new_limit == 1600
        clerk.post(f"{address}submit/")
        assert LimitJournal.objects.get().status == "approved"
        assert "Biggest increases" in shown(manager.get(f"{address}post/"))
        answer = manager.post(f"{address}post/", follow=True)
        assert "1 limits are in force" in shown(answer)
        assert limit_of(customer) == 1600
        assert "Reverse…" in shown(manager.get(address))

    def test_a_posted_journal_is_reversed_by_another_one(self, manager: Client, customer: Customer) -> None:
        posted = post(a_journal(line(customer, 1500)))
        answer = manager.post(f"/journals/{posted.number}/reverse/")
        assert answer["Location"] == "/journals/USMF-000002/"
        page = shown(manager.get(answer["Location"]))
        assert "It reverses" in page
        manager.post("/journals/USMF-000002/post/")
        assert limit_of(customer) == 1000

    def test_a_temporary_limit_has_a_first_day_too(self, manager: Client, customer: Customer) -> None:
        journal = a_journal(type="temporary_credit_limit")
        row = {"owner": "USMF:US-1", "new_limit": "5,000.00", "new_from": "2026-03-10", "new_to": "2026-03-20"}
        manager.post(f"/journals/{journal.number}/add/", row)
        page = shown(manager.get(f"/journals/{journal.number}/"))
        assert 'name="new_from-1" value="2026-03-10"' in page
        assert "from 10 Mar" in page
        manager.post(f"/journals/{journal.number}/post/")
        assert TemporaryLimit.objects.get().amount == 5000
        assert limit_of(customer) == 1000


class TestTheGrid:
    def test_saves_what_was_typed_over_and_leaves_what_others_changed(self, clerk: Client, customer: Customer) -> None:
        other = customer_with_limit("10", account="US-2", name="Beta")
        journal = a_journal(line(customer, 1500), line(other, 20))
        unchanged = cells(2, "20.00", was=("20.00", LAST))
        LimitJournalLine.objects.filter(number=2).update(new_limit=33)
        typed = {**cells(1, "1,700.00"), **unchanged, "row": ["1", "2"], "version": str(journal.version)}
        clerk.post(f"/journals/{journal.number}/lines/", typed)
        assert list(journal.lines.order_by("number").values_list("new_limit", flat=True)) == [1700, 33]

    @pytest.mark.parametrize(
        ("new_limit", "new_to", "said"),
        [
            ("abc", LAST, "is not an amount"),
            ("=1+", LAST, "can’t be computed"),
            ("=2**9", LAST, "can’t be computed"),
            ("", LAST, "Give the new limit"),
            ("10.005", LAST, "USD has 2 decimals"),
            ("€ 10.00", LAST, "The limit is in USD"),
            ("10.00", "31 February", "is not a date"),
            ("10.00", "", "Say until when"),
        ],
    )
    def test_names_the_cell_that_is_wrong_and_keeps_what_was_typed(
        self, clerk: Client, customer: Customer, new_limit: str, new_to: str, said: str
    ) -> None:
        journal = a_journal(line(customer, 1500))
        answer = clerk.post(f"/journals/{journal.number}/lines/", cells(1, new_limit, new_to))
        assert answer.status_code == 422
        page = shown(answer)
        assert "Nothing was saved." in page
        assert said in page
        assert 'aria-invalid="true"' in page
        assert LimitJournalLine.objects.get().new_limit == 1500

    def test_keeps_what_was_typed_when_somebody_was_faster(self, clerk: Client, customer: Customer) -> None:
        journal = a_journal(line(customer, 1500))
        answer = clerk.post(f"/journals/{journal.number}/lines/", {"version": "1", **cells(1, "1,700.00")})
        assert answer.status_code == 409
        page = shown(answer)
        assert "What you typed is kept below." in page
        assert 'value="1,700.00"' in page
        assert f'value="{journal.version}"' in page

    def test_of_a_row_that_is_left_comes_back_with_its_consequences(self, clerk: Client, customer: Customer) -> None:
        journal = a_journal(line(customer, 1500))
        typed = {**cells(1, "=1500*2"), "version": str(journal.version)}
        answer = clerk.post(f"/journals/{journal.number}/lines/1/", typed, headers={"HX-Request": "true"})
        page = shown(answer)
        assert page.startswith(" <tr") or page.startswith("<tr")
        assert 'value="3,000.00"' in page
        assert 'id="journal-version" name="version" value="3"' in page
        wrong = clerk.post(f"/journals/{journal.number}/lines/1/", cells(1, "x"), headers={"HX-Request": "true"})
        assert "is not an amount" in shown(wrong)
        assert LimitJournalLine.objects.get().new_limit == 3000

    def test_shows_what_is_found_of_a_line_and_filters_by_it(self, clerk: Client, customer: Customer) -> None:
        fine = customer_with_limit("10", account="US-2", name="Beta")
        journal = a_journal(line(customer, -5), line(fine, 20))
        page = shown(clerk.get(f"/journals/{journal.number}/?show=error"))
        assert "A limit is 0 or more" in page
        assert "Beta" not in page
        assert "Adatum" not in shown(clerk.get(f"/journals/{journal.number}/?q=beta"))

    def test_says_that_the_current_limit_changed_and_compares_again(self, clerk: Client, customer: Customer) -> None:
        journal = a_journal(line(customer, 1500))
        give_limit(customer, "1200")
        address = f"/journals/{journal.number}/"
        assert "now 1,200.00" in shown(clerk.get(address))
        assert clerk.post(f"{address}check/")["Location"] == f"{address}?show=error"
        assert "refresh the line" in shown(clerk.get(address))
        clerk.post(f"{address}lines/", {"do": "refresh", "line": "1"})
        page = shown(clerk.get(address))
        assert "refresh the line" not in page
        assert LimitJournalLine.objects.get().current_limit == 1200

    def test_removes_the_lines_that_are_ticked(self, clerk: Client, customer: Customer) -> None:
        journal = a_journal(line(customer, 1500))
        address = f"/journals/{journal.number}/lines/"
        assert "Tick the lines" in shown(clerk.post(address, {"do": "remove"}))
        clerk.post(address, {"do": "remove", "line": "1"})
        assert not journal.lines.exists()


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


class TestGenerating:
    ASKED = {
        "source": "customers", "include_limits": "on", "adjustment": "20", "value_type": "percentage",
        "round_off": "1000", "rounding_form": "up", "dates": "absolute", "new_to": LAST,
    }  # fmt: skip

    def test_shows_what_would_be_added_before_it_is(self, clerk: Client, customer: Customer) -> None:
        address = f"/journals/{a_journal().number}/generate/"
        page = shown(clerk.get(address, {**self.ASKED, "preview": "1"}))
        assert "Add 1 line" in page
        assert "2,000.00" in page
        assert not LimitJournalLine.objects.exists()
        clerk.post(address, self.ASKED)
        assert LimitJournalLine.objects.get().new_limit == 2000
        assert "already in this journal" in shown(clerk.get(address, {**self.ASKED, "preview": "1"}))

    def test_names_the_field_that_is_wrong(self, clerk: Client, customer: Customer) -> None:
        address = f"/journals/{a_journal().number}/generate/"
        answer = clerk.get(address, {**self.ASKED, "new_to": "", "limit_min": "x", "preview": "1"})
        assert answer.status_code == 422
        assert set(answer.context["form"].errors) == {"limit_min"}
        answer = clerk.get(address, {**self.ASKED, "new_to": "", "preview": "1"})
        assert set(answer.context["form"].errors) == {"new_to"}

    def test_moves_the_current_dates(self, clerk: Client, customer: Customer) -> None:
        """domain 8: dates relative, offsets from the current dates"""
        give_limit(customer, "1000", expires_on=TODAY)
        address = f"/journals/{a_journal().number}/generate/"
        moved = {**self.ASKED, "dates": "relative", "to_offset_years": "1"}
        clerk.post(address, moved)
        assert LimitJournalLine.objects.get().new_to == TODAY.replace(year=2027)


class TestPosting:
    def test_is_refused_as_a_whole_with_what_is_wrong_with_the_lines(self, manager: Client, customer: Customer) -> None:
        other = customer_with_limit("10", account="US-2")
        journal = a_journal(line(customer, -5), line(other, 20))
        answer = manager.post(f"/journals/{journal.number}/post/")
        assert answer.status_code == 409
        page = shown(answer)
        assert "A limit is 0 or more" in page
        assert "?show=error" in page
        assert (limit_of(customer), limit_of(other)) == (1000, 10)

    def test_waits_for_approval_where_that_is_required(self, manager: Client, customer: Customer) -> None:
        require_approval(subject="journal", legal_entity=None, required=True, actor=ACTOR)
        journal = a_journal(line(customer, 1500))
        page = shown(manager.get(f"/journals/{journal.number}/"))
        assert "need approval" in page
        assert "Submit…" in page
        assert "Post…" not in page
        assert manager.post(f"/journals/{journal.number}/post/").status_code == 409
        manager.post(f"/journals/{journal.number}/submit/")
        assert "Waits for approval" in shown(manager.get(f"/journals/{journal.number}/"))
        manager.post(f"/journals/{journal.number}/recall/")
        assert LimitJournal.objects.get().status == "draft"
        assert limit_of(customer) == 1000

    def test_of_very_many_lines_is_done_by_a_job(self, manager: Client, customer: Customer, monkeypatch: Any) -> None:
        monkeypatch.setattr("credit_mgmt.journals.posting.WHILE_WAITING", 0)
        journal = a_journal(line(customer, 1500))
        assert "/jobs/" in manager.post(f"/journals/{journal.number}/post/")["Location"]


class TestTheList:
    def test_has_what_waits_under_its_tabs(self, manager: Client, customer: Customer) -> None:
        own = someone(Role.CREDIT_MANAGER, "USMF")
        a_journal(line(customer, 1500), actor=own, description="Mine")
        post(a_journal(line(customer, 1600), description="Done"))
        approved = a_journal(line(customer, 1700), description="Ready")
        submit_journal(journal=approved.number, actor=ACTOR, at=AT, today=today)
        counts = {tab["label"]: tab["count"] for tab in manager.get("/journals/").context["tabs"]}
        assert counts == {
            "My drafts": 1,
            "To approve": 0,
            "Approved, not posted": 1,
            "Posted this month": 1,
            "All": None,
        }
        assert "Mine" in shown(manager.get("/journals/?view=my-drafts"))
        assert "Done" not in shown(manager.get("/journals/?view=my-drafts"))
        for address, number in (
            ("status=posted", 2), ("q=ready", 3), ("owner=me", 1), ("status=approved&type=credit_limit", 3),
        ):  # fmt: skip
            rows = manager.get(f"/journals/?{address}").context["rows"]
            assert [row.sequence for row in rows] == [number], address
        assert len(manager.get("/journals/?customer=USMF:US-1").context["rows"]) == 3

    def test_cancels_drafts_together_and_their_numbers_stay(self, clerk: Client, customer: Customer) -> None:
        a_journal()
        a_journal()
        address = "/journals/cancel/?journal=USMF-000001&journal=USMF-000002"
        assert "Cancel 2 journals" in shown(clerk.get(address))
        clerk.post("/journals/cancel/", {"journal": ["USMF-000001", "USMF-000002"]})
        assert set(LimitJournal.objects.values_list("status", flat=True)) == {"cancelled"}
        assert a_journal().number == "USMF-000003"
        assert "Tick the drafts" in shown(clerk.get("/journals/cancel/"))


class TestWhoMay:
    def test_readers_see_and_change_nothing(self, customer: Customer) -> None:
        journal = a_journal(line(customer, 1500))
        reader = signed_in(Role.VIEWER, "USMF")
        page = shown(reader.get(f"/journals/{journal.number}/"))
        assert "1,500.00" in page
        assert "new_limit-1" not in page
        for address in ("lines/", "add/", "paste/", "generate/", "submit/", "post/", "copy/", "check/", "refresh/"):
            assert reader.post(f"/journals/{journal.number}/{address}").status_code == 403, address
        assert reader.get("/journals/new/").status_code == 403
        assert "New journal" not in shown(reader.get("/journals/"))

    def test_clerks_do_not_post(self, clerk: Client, customer: Customer) -> None:
        journal = a_journal(line(customer, 1500))
        assert clerk.get(f"/journals/{journal.number}/post/").status_code == 403
        assert clerk.post(f"/journals/{journal.number}/post/").status_code == 403

    def test_sales_viewers_see_no_limits(self, customer: Customer) -> None:
        assert signed_in(Role.SALES_VIEWER).get("/journals/").status_code == 403

    def test_journals_of_other_legal_entities_do_not_exist(self, clerk: Client, customer: Customer) -> None:
        make.LegalEntityFactory(code="DEMF")
        other = a_journal(legal_entity="DEMF")
        for address in ("", "lines/1/", "post/", "generate/", "paste/", "export/", "add/", "find/", "reverse/"):
            verb = clerk.post if address in {"lines/1/"} else clerk.get
            assert verb(f"/journals/{other.number}/{address}").status_code in {404, 403}, address
        assert clerk.get(f"/journals/{other.number}/").status_code == 404
        assert other.number not in shown(clerk.get("/journals/"))
        assert clerk.post("/journals/cancel/", {"journal": other.number}).status_code == 404

    def test_what_is_posted_offers_no_fields_and_refuses_them(self, manager: Client, customer: Customer) -> None:
        posted = post(a_journal(line(customer, 1500)))
        page = shown(manager.get(f"/journals/{posted.number}/"))
        assert "new_limit-1" not in page
        assert manager.post(f"/journals/{posted.number}/lines/", cells(1, "7.00")).status_code == 409
        assert manager.post(f"/journals/{posted.number}/check/").status_code == 409


class TestQueries:
    def test_do_not_depend_on_journals_or_lines(self, manager: Client, customer: Customer) -> None:
        journal = a_journal(line(customer, 1500))
        of_list, of_page = queries(manager, "/journals/"), queries(manager, f"/journals/{journal.number}/")
        assert of_list <= 12
        assert of_page <= 45
        many = [customer_with_limit("10", account=f"US-{number}") for number in range(20, 32)]
        longer = a_journal(*(line(one, 20) for one in many))
        for _ in range(3):
            a_journal()
        assert queries(manager, "/journals/") == of_list
        assert queries(manager, f"/journals/{longer.number}/") <= of_page
