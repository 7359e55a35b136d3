"""Cover is a limit (`reliability.md` 0): it never changes between the facts of a check and what the check writes.

The protection is taken away once, to see that the test would notice.
"""

import datetime as dt
import itertools
import threading
from collections.abc import Callable
from decimal import Decimal

import pytest

from credit_mgmt import accounts
from credit_mgmt.cover import end_policy, save_policy
from credit_mgmt.cover import rows as cover_rows
from credit_mgmt.exposure import position_of
from credit_mgmt.models import CoverChange, CoverPolicy
from customers.models import Customer
from tests.factories_credit import ACTOR, TODAY, customer_with_limit, insure
from tests.reliability.races import RACERS, answers, race, retried

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
LONG_ENOUGH = 0.5
"""Seconds in which an unprotected change would be done many times over."""


def totals_around_a_change(customer: Customer, policy: CoverPolicy) -> list[Decimal | None]:
    """What a check sees at its beginning and at its end, while somebody tries to end the policy in between."""
    began, ended = threading.Event(), threading.Event()

    def check() -> list[Decimal | None]:
        with accounts.locked([customer.pk]):
            before = position_of(customer, TODAY).total_limit
            began.set()
            ended.wait(LONG_ENOUGH)
            return [before, position_of(customer, TODAY).total_limit]

    def change() -> list[Decimal | None]:
        began.wait(20)
        end_policy(policy=policy.pk, last_day=TODAY - dt.timedelta(days=1), actor=ACTOR)
        ended.set()
        return []

    return answers(race([check, change]))[0]


def test_cover_waits_for_a_check_that_uses_it():
    customer = customer_with_limit("1000")
    assert totals_around_a_change(customer, insure(customer, "500")) == [1250, 1250]
    assert position_of(customer, TODAY).total_limit == 1000


def test_without_the_lock_a_check_would_see_two_limits(monkeypatch):
    """sabotage"""
    monkeypatch.setattr(cover_rows, "lock_accounts", lambda _: {})
    customer = customer_with_limit("1000")
    assert totals_around_a_change(customer, insure(customer, "500")) == [1250, 1000]


def test_many_changes_of_one_policy_at_once_leave_a_record_without_gaps():
    customer = customer_with_limit("1000")
    policy = insure(customer, "500")

    def change_to(percent: int) -> Callable[[], CoverPolicy]:
        values = {"update_percent": Decimal(percent)}
        return lambda: save_policy(values=values, actor=ACTOR, policy=policy.pk, replace=False)

    answers(race([retried(change_to(percent)) for percent in range(1, RACERS + 1)]))
    changes = list(CoverChange.objects.filter(policy_id=policy.pk).order_by("sequence"))
    assert [change.sequence for change in changes] == list(range(1, RACERS + 2))
    for earlier, later in itertools.pairwise(changes[1:]):
        assert later.before["update_percent"] == earlier.after["update_percent"]
    policy.refresh_from_db()
    assert changes[-1].after["update_percent"] == str(policy.update_percent)
