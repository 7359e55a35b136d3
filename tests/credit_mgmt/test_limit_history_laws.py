"""Laws of the limit history (`domain 8`): replayed from nothing, it is what is in force (Hypothesis)."""

import datetime as dt
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit_mgmt.limits import KEEP, LimitChange, set_limits
from credit_mgmt.limits.temporary import NewTemporaryLimit, Withdrawal, set_temporary_limits, withdraw_temporary_limits
from credit_mgmt.models import CreditAccount, LimitHistory, TemporaryLimit
from customers.errors import InvalidInput, Refused
from tests import factories as make
from tests.factories_credit import ACTOR, AT, TODAY, account_of

pytestmark = pytest.mark.django_db
COLUMNS = ("limit_amount", "unlimited", "mandatory", "expires_on")
LAWFUL = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

amounts = st.integers(0, 10**8).map(lambda cents: Decimal(cents) / 100)
days = st.integers(0, 40).map(lambda n: TODAY + dt.timedelta(days=n))


def kept_or(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.just(KEEP) | values


base: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    limit_amount=kept_or(amounts),
    unlimited=kept_or(st.booleans()),
    mandatory=kept_or(st.booleans()),
    expires_on=kept_or(st.none() | days),
)
temporary: st.SearchStrategy[dict[str, Any]] = st.builds(dict, amount=amounts, first=days, length=st.integers(0, 15))
stories = st.lists(
    st.tuples(st.just("change"), base) | st.tuples(st.sampled_from(["set", "take back"]), temporary), max_size=12
)


def take(step: str, values: dict[str, Any], account: CreditAccount) -> None:
    """One step of a story."""
    common: dict[str, Any] = {"actor": ACTOR, "at": AT}
    if step == "change":
        change = LimitChange(account.pk, **values)
        set_limits(changes=[change], source="feed", as_of=TODAY, **common)
    elif step == "set":
        last = values["first"] + dt.timedelta(days=values["length"])
        limit = NewTemporaryLimit(account.pk, values["amount"], values["first"], last, journal="ADJ-1")
        set_temporary_limits(limits=[limit], as_of=TODAY, **common)
    else:
        newest = TemporaryLimit.objects.order_by("-pk").values_list("pk", flat=True)[:1]
        withdrawals = [Withdrawal(pk, journal="ADJ-2") for pk in newest]
        withdraw_temporary_limits(withdrawals=withdrawals, as_of=values["first"], **common)


@LAWFUL
@given(story=stories)
def test_the_history_replays_to_the_limits_in_force(story: list[tuple[str, dict[str, Any]]]) -> None:
    """domain 8: the current limit always equals the last history entry, and each entry begins where the last ended"""
    with transaction.atomic():
        account = account_of(make.CustomerFactory())
        for step, values in story:
            with suppress(InvalidInput, Refused), transaction.atomic():
                take(step, values, account)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        account.refresh_from_db()
        assert replayed() == (
            tuple(getattr(account, name) for name in COLUMNS),
            {limit.pk: limit.last_day for limit in TemporaryLimit.objects.all()},
        )
        assert not any(shared_days())
        transaction.set_rollback(True)


def replayed() -> tuple[tuple[Any, ...], dict[int, dt.date]]:
    """The base limit and the last day of each temporary limit, from the entries alone."""
    in_force: tuple[Any, ...] = (0, False, False, None)
    last_days: dict[int, dt.date] = {}
    entries = LimitHistory.objects.select_related("temporary_limit").order_by("sequence")
    for number, entry in enumerate(entries, start=1):
        before = (entry.previous_limit, entry.previous_unlimited, entry.previous_mandatory, entry.previous_expires_on)
        assert (entry.sequence, before) == (number, in_force)
        in_force = tuple(getattr(entry, name) for name in COLUMNS)
        limit = entry.temporary_limit
        if limit is not None:
            until = max(limit.valid_from, entry.effective_on) - dt.timedelta(days=1)
            last_days[limit.pk] = limit.valid_to if entry.kind == LimitHistory.Kind.TEMPORARY else until
    return in_force, last_days


def shared_days() -> list[bool]:
    """For each pair of temporary limits whether they share a day."""
    limits = list(TemporaryLimit.objects.all())
    return [
        one.valid_from <= other.last_day and other.valid_from <= one.last_day
        for number, one in enumerate(limits)
        for other in limits[:number]
        if one.valid_from <= one.last_day and other.valid_from <= other.last_day
    ]
