"""The list of journals (`ux.md` 3.7)."""

import io
from typing import Any

import pytest
from django.test import Client

from credit_mgmt.journals.approval import submit_journal
from credit_mgmt.models import LimitJournal
from customers.models import Customer, Role
from customers.workbooks import read_sheet
from tests import factories as make
from tests.credit_mgmt.pages.journals.desk import shown, someone
from tests.factories_credit import ACTOR, AT, customer_with_limit, give_limit
from tests.factories_journals import a_journal, line, post, today

pytestmark = pytest.mark.django_db


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

    @pytest.mark.parametrize(
        ("address", "found"),
        [
            ("source=manual", [1, 2, 3]),
            ("group=G1", [2]),
            ("amount_min=900", [2, 3]),
            ("amount_max=10", [1]),
            ("lines_min=2", [3]),
            ("entity=USMF&type=credit_limit&sort=journal", [1, 2, 3]),
            ("posted_by=me", []),
            ("journal=USMF-000001&journal=USMF-000003", [1, 3]),
            ("customer=USMF:US-1&sort=-lines", [3, 1]),
            ("changed_min=2020-01-01&changed_max=2020-12-31", []),
            ("status=nonsense", [1, 2, 3]),
        ],
    )
    def test_is_narrowed_and_sorted_by_its_address(
        self, manager: Client, customer: Customer, address: str, found: list[int]
    ) -> None:
        group = make.CustomerCreditGroupFactory(number="G1")
        give_limit(group, "1000")
        other = customer_with_limit("1", account="US-3")
        a_journal(line(customer, 1010))
        a_journal(line(group, 100))
        a_journal(line(customer, 2000), line(other, 2))
        answer = manager.get(f"/journals/?{address}", follow=True)
        assert [row.sequence for row in answer.context["rows"]] == found
        assert ("not a known status" in shown(answer)) == (address == "status=nonsense")

    def test_has_the_columns_that_its_reader_chose_and_views_of_their_own(
        self, clerk: Client, customer: Customer
    ) -> None:
        a_journal(line(customer, 1500), description="November")
        clerk.post("/journals/columns/", {"order": ["journal", "entity", "valid_to", "approver"],
                                          "cols": ["journal", "entity", "valid_to"]})  # fmt: skip
        answer = clerk.get("/journals/")
        assert [column.name for column in answer.context["columns"]] == ["journal", "entity", "valid_to"]
        assert "31 Dec 2027" in shown(answer)
        clerk.post("/journals/views/new/", {"label": "Novembers", "visibility": "me", "from": "q=Nov&sort=lines"})
        assert "Novembers" in shown(clerk.get("/journals/"))
        assert [row.description for row in clerk.get("/journals/?view=novembers").context["rows"]] == ["November"]

    def test_is_had_as_a_file_with_numbers_as_numbers(self, clerk: Client, customer: Customer) -> None:
        a_journal(line(customer, 1500), description="=November")
        text = clerk.get("/journals/export/?format=csv").content.decode("utf-8-sig")
        [heads, row] = text.splitlines()
        assert heads.startswith("Journal,Type,Description,Lines,Increase USD")
        assert row.startswith("USMF-000001,Limit,'=November,1,500.00")
        book = clerk.get("/journals/export/?format=xlsx")
        assert book["Content-Disposition"].endswith('.xlsx"')
        [_, cells] = [one.cells for one in read_sheet(io.BytesIO(book.content), most_rows=10)]
        assert cells[:5] == ("USMF-000001", "Limit", "=November", 1, 500)

    def test_tells_what_others_changed_since(self, clerk: Client, customer: Customer) -> None:
        journal = a_journal(line(customer, 1500))
        address = clerk.get("/journals/").context["changes_url"]
        assert clerk.get(address).status_code == 204
        LimitJournal.objects.filter(pk=journal.pk).update(changed_at=AT.replace(year=2100))
        answer = clerk.get(address)
        assert "1 changed since" in shown(answer)
        assert '<a href="/journals/">Show</a>' in shown(answer)
        assert clerk.get("/journals/changes/?since=yesterday").status_code == 204

    def test_takes_eight_queries_whatever_it_has(
        self, clerk: Client, customer: Customer, django_assert_max_num_queries: Any
    ) -> None:
        clerk.get("/journals/")
        for number in range(4):
            a_journal(line(customer, 1500 + number))
        columns = "journal,valid_from,valid_to,approver,reverses"
        for address in ("/journals/", f"/journals/?cols={columns}", "/journals/?view=my-drafts&amount_min=3"):
            clerk.get(address)
            with django_assert_max_num_queries(10):
                assert clerk.get(address).status_code == 200
