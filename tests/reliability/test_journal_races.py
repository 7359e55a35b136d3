"""One journal, many workers (`reliability.md` C08, F07): posted once, numbered without gaps, changed by one at a time.

Each protection is taken away once, to see that the race is a real one and that the test would notice.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from credit_mgmt import accounts
from credit_mgmt.journals import posting as journal_posting
from credit_mgmt.models import LimitHistory, LimitJournal
from customers.errors import Refused
from tests.factories import LegalEntityFactory
from tests.factories_credit import account_of, customer_with_limit, give_limit
from tests.factories_journals import a_journal, line, post
from tests.reliability.races import RACERS, ROUNDS, answers, race, retried

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def posting_of(journal: LimitJournal) -> Callable[[], str]:
    """What a worker hears: `posted`, or why not."""

    def run() -> str:
        try:
            return post(journal).status
        except Refused as refusal:
            return refusal.code

    return retried(run)


def test_eight_workers_post_one_journal_once():
    for _ in range(ROUNDS):
        customers = [customer_with_limit("100") for _ in range(3)]
        before = LimitHistory.objects.count()
        journal = a_journal(*(line(customer, 250) for customer in customers))
        outcomes = answers(race([posting_of(journal)] * RACERS))
        assert sorted(outcomes) == ["already_posted"] * (RACERS - 1) + ["posted"]
        assert LimitHistory.objects.count() == before + 3
        assert {account_of(customer).limit_amount for customer in customers} == {250}


def test_sabotage_without_asking_what_the_journal_still_is_it_is_posted_more_than_once(monkeypatch):
    """The condition of the journal's UPDATE taken away: several workers believe that they posted it, or the database
    has to refuse what never changes."""
    monkeypatch.setattr(journal_posting, "_hold", lambda journal: None)
    monkeypatch.setattr(LimitJournal.objects, "filter", _unconditional(LimitJournal.objects.filter))
    monkeypatch.setattr(accounts, "_LOCK", accounts._LOCK.replace("FOR NO KEY UPDATE", ""))
    wrong = 0
    for _ in range(5):
        journal = a_journal(line(customer_with_limit("100"), 250))
        outcomes = race([posting_of(journal)] * RACERS)
        wrong += outcomes.count("posted") != 1 or any(isinstance(outcome, Exception) for outcome in outcomes)
    assert wrong >= 4


def _unconditional(filter_rows: Callable[..., Any]) -> Callable[..., Any]:
    """The manager's filter without the version and the status that were read."""

    def run(*conditions: Any, **fields: Any) -> Any:
        return filter_rows(*conditions, **{name: fields[name] for name in fields if name not in ("version", "status")})

    return run


def test_numbers_have_no_gap_however_many_make_journals_at_once():
    LegalEntityFactory()
    answers(race([lambda: [a_journal() for _ in range(4)]] * RACERS))
    sequences = sorted(LimitJournal.objects.values_list("sequence", flat=True))
    assert sequences == list(range(1, 4 * RACERS + 1))


def test_a_limit_that_changes_while_its_journal_is_posted_is_either_before_or_after():
    """Never lost: posting sees it and refuses as stale, or the change comes after the posting."""
    for _ in range(max(1, ROUNDS // 4)):
        customer = customer_with_limit("100")
        journal = a_journal(line(customer, 250))
        posted, _ = answers(race([posting_of(journal), retried(partial(give_limit, customer, "120"))]))
        entries = LimitHistory.objects.filter(account=account_of(customer)).order_by("sequence")
        told = [(entry.previous_limit, entry.limit_amount) for entry in entries]
        if posted == "stale":
            assert told == [(0, 100), (100, 120)]
        else:
            assert told == [(0, 100), (100, 250), (250, 120)]


def test_sabotage_a_snapshot_from_before_the_lock_loses_a_change(monkeypatch):
    """Lines looked at before the accounts are locked: what changes meanwhile is overwritten unseen."""
    monkeypatch.setattr(journal_posting, "look_at", _looked_at_before())
    customer = customer_with_limit("100")
    journal = a_journal(line(customer, 250))
    give_limit(customer, "120")
    assert posting_of(journal)() == "posted"  # stale, and nobody saw it
    assert account_of(customer).limit_amount == Decimal(250)


def _looked_at_before() -> Callable[..., list[Any]]:
    return lambda journal, **_: []
