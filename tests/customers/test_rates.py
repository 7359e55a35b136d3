"""Exchange rates in force on a day, and when they are read again (`domain 1`)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from customers.models import ExchangeRate
from customers.money import MissingRate
from customers.rates import rates_on
from tests.customers.conftest import Put

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]

JANUARY, FEBRUARY = dt.date(2026, 1, 1), dt.date(2026, 2, 1)


def feed(put: Put, rate: str, valid_from: dt.date = JANUARY, rate_type: str = "default", pair: str = "EUR/USD") -> None:
    source, _, target = pair.partition("/")
    put(
        "exchange-rates",
        {"rate_type": rate_type, "from_currency": source, "to_currency": target, "rate": Decimal(rate),
         "valid_from": valid_from},
    )  # fmt: skip


def test_the_newest_rate_valid_on_the_day_counts(put: Put) -> None:
    feed(put, "1.25")
    feed(put, "1.50", FEBRUARY)
    feed(put, "9", rate_type="budget")
    assert rates_on("default", FEBRUARY - dt.timedelta(days=1)).convert(Decimal(10), "EUR", "USD") == Decimal("12.50")
    assert rates_on("default", FEBRUARY).convert(Decimal(10), "EUR", "USD") == 15


def test_the_inverse_is_used_where_only_that_exists_and_the_target_is_rounded_half_up(put: Put) -> None:
    feed(put, "0.008", pair="JPY/USD")
    rates = rates_on("default", JANUARY)
    assert rates.convert(Decimal("10.10"), "USD", "JPY") == 1263  # 1262.5
    assert rates.convert(Decimal(1), "JPY", "USD") == Decimal("0.01")


def test_a_missing_rate_is_said(put: Put) -> None:
    feed(put, "1.25", FEBRUARY)
    with pytest.raises(MissingRate, match="EUR to USD"):
        rates_on("default", JANUARY).convert(Decimal(1), "EUR", "USD")


def test_an_unchanged_clock_spares_the_reading(put: Put) -> None:
    feed(put, "1.25")
    rates_on("default", JANUARY)
    with CaptureQueriesContext(connection) as queries:
        rates_on("default", JANUARY)
    assert len(queries) == 1


def test_a_change_by_any_path_is_seen_at_once(put: Put) -> None:
    feed(put, "1.25")
    assert rates_on("default", JANUARY).rate("EUR", "USD") == Decimal("1.25")
    ExchangeRate.objects.update(rate=Decimal("1.75"))
    assert rates_on("default", JANUARY).rate("EUR", "USD") == Decimal("1.75")


def test_what_was_rolled_back_is_not_remembered(put: Put) -> None:
    feed(put, "1.25")
    with transaction.atomic():
        feed(put, "2")
        assert rates_on("default", JANUARY).rate("EUR", "USD") == 2
        transaction.set_rollback(True)
    feed(put, "3")
    assert rates_on("default", JANUARY).rate("EUR", "USD") == 3
