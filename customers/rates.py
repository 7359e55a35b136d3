"""Exchange rates in force on a day, cached by the reference clock (`domain 1`).

Triggers raise the clock on every change of rates or currencies, with a number that is never given out twice: what a
process has read under a version is right as long as the clock shows it.
"""

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

from django.db.models import QuerySet

from customers.models import Currency, ExchangeRate, ReferenceClock
from customers.money import Rates

_REMEMBERED = 64
_cache: dict[tuple[str, dt.date], tuple[int, Rates]] = {}


def rates_on(rate_type: str, as_of: dt.date, *, version: int | None = None) -> Rates:
    """The newest rate of `rate_type` valid on `as_of` for every pair of currencies.

    `version` is the reference clock's, where the caller has read it already. One query while nothing changed, none with
    `version`.
    """
    if version is None:
        version = ReferenceClock.objects.values_list("version", flat=True).get()
    known = _cache.get((rate_type, as_of))
    if known is not None and known[0] == version:
        return known[1]
    rates = _read(rate_type, as_of)
    if ReferenceClock.objects.values_list("version", flat=True).get() == version:
        if len(_cache) >= _REMEMBERED:
            _cache.clear()
        _cache[rate_type, as_of] = (version, rates)
    return rates


class DatedRate(NamedTuple):
    """What one unit of a currency was worth in another, and since when: shown wherever something was converted."""

    rate: Decimal
    valid_from: dt.date


def dated_rates(rate_type: str, as_of: dt.date) -> dict[tuple[str, str], DatedRate]:
    """The rates of `rates_on` with their dates, in both directions: the inverse where only that is known. One query."""
    known = {(one.from_currency_id, one.to_currency_id): one for one in _newest(rate_type, as_of)}
    found = {pair: DatedRate(one.rate, one.valid_from) for pair, one in known.items()}
    inverse = {
        (target, source): DatedRate(1 / one.rate, one.valid_from)
        for (source, target), one in known.items()
        if (target, source) not in known
    }
    return found | inverse


def minor_units() -> dict[str, int]:
    """The decimals of every currency, by code; one query."""
    return dict(Currency.objects.order_by().values_list("code", "minor_units"))


def _read(rate_type: str, as_of: dt.date) -> Rates:
    newest = _newest(rate_type, as_of).values_list("from_currency_id", "to_currency_id", "rate")
    return Rates(
        rates={(source, target): rate for source, target, rate in newest},
        minor_units=minor_units(),
    )


def _newest(rate_type: str, as_of: dt.date) -> QuerySet[ExchangeRate]:
    """The newest rate valid on the day for every pair of currencies."""
    rates = ExchangeRate.objects.filter(rate_type=rate_type, valid_from__lte=as_of)
    newest = rates.order_by("from_currency", "to_currency", "-valid_from")
    return newest.distinct("from_currency", "to_currency")
