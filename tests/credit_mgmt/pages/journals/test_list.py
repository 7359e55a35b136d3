"""The list of journals (`ux.md` 3.7)."""

import pytest
from django.test import Client

from credit_mgmt.journals.approval import submit_journal
from credit_mgmt.models import LimitJournal
from customers.models import Customer, Role
from tests.credit_mgmt.pages.journals.desk import shown, someone
from tests.factories_credit import ACTOR, AT
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
