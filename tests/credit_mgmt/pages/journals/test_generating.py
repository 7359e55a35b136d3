"""Lines made of limits that exist (`ux.md` 3.8): shown before they are written."""

import pytest
from django.test import Client

from credit_mgmt.models import LimitJournalLine
from customers.models import Customer
from tests.credit_mgmt.pages.journals.desk import LAST, shown
from tests.factories_credit import TODAY, give_limit
from tests.factories_journals import a_journal

pytestmark = pytest.mark.django_db


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
