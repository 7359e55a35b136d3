"""Temporary limits that share days, by several writers at once (`reliability.md` F08): one of them is left, always."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import IntegrityError

from credit_mgmt import accounts
from credit_mgmt.limits.temporary import NewTemporaryLimit, set_temporary_limits
from credit_mgmt.models import CreditAccount, LimitHistory, TemporaryLimit
from customers.errors import InvalidInput
from tests.factories_holds import DAY, NOW, SYSTEM, a_customer
from tests.reliability.races import RACERS, ROUNDS, race, retried

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def an_account() -> CreditAccount:
    customer = a_customer(f"US-{CreditAccount.objects.count()}")
    return CreditAccount.objects.get(customer=customer)


def writer(account: CreditAccount, number: int) -> Callable[[], object]:
    """Each wants ten days, which begin a day later than those of the one before: all share a day."""
    first = DAY + dt.timedelta(days=number)
    limit = NewTemporaryLimit(account.pk, Decimal(number), first, first + dt.timedelta(days=9), journal=f"ADJ-{number}")
    return lambda: set_temporary_limits(limits=[limit], actor=SYSTEM, at=NOW, as_of=DAY)


def write_at_once(account: CreditAccount) -> list[object]:
    """What the writers were told."""
    return list(race([retried(writer(account, number)) for number in range(RACERS)]))


def test_one_of_eight_is_left_and_the_others_are_told_in_words():
    for _ in range(ROUNDS // 2):
        account = an_account()
        told = write_at_once(account)
        refused = [answer for answer in told if isinstance(answer, Exception)]
        assert {type(answer) for answer in refused} == {InvalidInput}
        assert len(refused) == RACERS - 1
        assert TemporaryLimit.objects.filter(account=account).count() == 1
        assert list(LimitHistory.objects.filter(account=account).values_list("sequence", flat=True)) == [1, 2]


def test_sabotage_without_the_lock_the_constraint_catches_what_the_service_missed(monkeypatch):
    """The race is a real one: nobody sees the others' rows, and only the database is left to refuse."""
    monkeypatch.setattr(accounts, "_LOCK", accounts._LOCK.replace("FOR NO KEY UPDATE", ""))
    caught = 0
    for _ in range(5):
        account = an_account()
        told = write_at_once(account)
        caught += any(isinstance(answer, IntegrityError) or "deadlock" in str(answer) for answer in told)
        assert TemporaryLimit.objects.filter(account=account).count() == 1
    assert caught > 0  # how often they meet is the machine's affair
