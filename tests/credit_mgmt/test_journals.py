"""Limit adjustment journals (`domain 8`): numbers, drafts, lines."""

from decimal import Decimal

import pytest

from credit_mgmt.models import LimitHistory, LimitJournal
from tests.factories_credit import account_of, customer_with_limit
from tests.factories_journals import UNTIL, a_journal, line, post

pytestmark = pytest.mark.django_db


def test_a_posted_journal_puts_limits_in_force_and_is_named_in_the_history():
    customer = customer_with_limit("100")
    posted = post(a_journal(line(customer, 250)))
    account = account_of(customer)
    assert (account.limit_amount, account.expires_on) == (Decimal(250), UNTIL)
    entry = LimitHistory.objects.order_by("-pk")[0]
    assert (entry.source, entry.journal, entry.journal_line) == ("journal", posted.number, 1)
    assert LimitJournal.objects.get().status == "posted"
