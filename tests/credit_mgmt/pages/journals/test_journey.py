"""The journey of a journal on its pages, without a script, and how many queries pages take."""

import pytest
from django.test import Client

from credit_mgmt.models import LimitJournal, LimitJournalLine, TemporaryLimit
from customers.models import Customer
from tests.credit_mgmt.pages.journals.desk import LAST, cells, limit_of, queries, shown
from tests.factories_credit import customer_with_limit
from tests.factories_journals import a_journal, line, post

pytestmark = pytest.mark.django_db


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
