"""Posting from its dialog (`ux.md` 3.8): what it says before, and what refuses it."""

from typing import Any

import pytest
from django.test import Client

from credit_mgmt.journals.approval import decide_journals, require_approval, submit_journal
from credit_mgmt.models import LimitJournal
from customers.models import Customer, Role
from tests.credit_mgmt.pages.journals.desk import limit_of, shown, someone
from tests.factories_credit import ACTOR, AT, customer_with_limit
from tests.factories_journals import a_journal, line, post, today

pytestmark = pytest.mark.django_db


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

    def test_says_before_what_the_whole_journal_does(self, manager: Client, customer: Customer) -> None:
        journal = a_journal(line(customer, 1500))
        page = shown(manager.get(f"/journals/{journal.number}/post/"))
        for words in ("Holds it would clear</dt><dd>0<", "Orders it would stop</dt><dd>0<", "Below the exposure"):
            assert words in page, words

    def test_of_a_long_journal_says_so_once_the_dialog_stands_or_on_a_page_of_its_own(
        self, manager: Client, customer: Customer, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr("credit_mgmt.pages.journal_steps.COUNTED_AT_ONCE", 0)
        journal = a_journal(line(customer, 1500))
        address = f"/journals/{journal.number}/effects/"
        page = shown(manager.get(f"/journals/{journal.number}/post/"))
        assert f'hx-get="{address}" hx-trigger="load"' in page
        assert f'<a href="{address}">' in page
        assert "Holds it would clear" not in page
        part = shown(manager.get(address, headers={"HX-Request": "true"}))
        assert "Holds it would clear" in part
        assert "<html" not in part
        assert "All 1 lines together" in shown(manager.get(address))

    def test_has_no_effect_to_come_once_it_is_done(self, manager: Client, customer: Customer) -> None:
        posted = post(a_journal(line(customer, 1500)))
        assert manager.get(f"/journals/{posted.number}/effects/").status_code == 409

    def test_stands_in_the_limit_history_with_who_approved_it(self, manager: Client, customer: Customer) -> None:
        require_approval(subject="journal", legal_entity=None, required=True, actor=ACTOR)
        journal = a_journal(line(customer, 1500))
        submit_journal(journal=journal.number, actor=ACTOR, at=AT, today=today)
        approver = someone(Role.CREDIT_MANAGER)
        decide_journals(journals=[journal.number], approved=True, actor=approver, at=AT)
        post(journal)
        for address in ("/customers/USMF/US-1/", "/customers/USMF/US-1/panels/limits/"):
            page = shown(manager.get(address))
            assert "Approved by" in page, address
            assert f"<td>{approver.name}</td>" in page, address
            assert f'<a href="/journals/{journal.number}/">{journal.number}</a>' in page, address
