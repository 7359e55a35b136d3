"""Money in plain Python: rounding, finite amounts, and conversion at stated rates. No Django here.

Amounts are `Decimal`, never float. They are stored at four places and shown at the currency's minor unit; a converted
amount is rounded half-up to the minor unit of its target currency (`domain 1`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
HUNDRED = Decimal(100)
LARGEST = Decimal(10) ** 15 - 1
"""Amounts go up to this; NaN sorts above it in PostgreSQL, so one bound refuses both."""


class MissingRate(Exception):
    """There is no exchange rate between two currencies on a date, in either direction (`domain 4.9`)."""

    def __init__(self, from_currency: str, to_currency: str) -> None:
        self.from_currency = from_currency
        self.to_currency = to_currency
        super().__init__(f"no exchange rate from {from_currency} to {to_currency}")


def round_half_up(amount: Decimal, minor_units: int) -> Decimal:
    """`amount` at `minor_units` decimals, halves away from zero (`domain 1`)."""
    return amount.quantize(Decimal(1).scaleb(-minor_units), rounding=ROUND_HALF_UP)


def amount_text(amount: Decimal, minor_units: int) -> str:
    """`amount` as it is told to others: plain digits with exactly the currency's decimals (`api.md` Conventions)."""
    return f"{round_half_up(amount, minor_units):f}"


def percent_of(percentage: Decimal, amount: Decimal) -> Decimal:
    """`percentage` per cent of `amount`, unrounded: comparisons are made on exact figures."""
    return amount * percentage / HUNDRED


@dataclass(frozen=True, slots=True)
class Rates:
    """The exchange rates of one rate type in force on one date.

    `rates[(a, b)]` is how much of `b` one `a` is worth; the inverse is used where only that is known.
    """

    rates: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    minor_units: Mapping[str, int] = field(default_factory=dict)

    def rate(self, from_currency: str, to_currency: str) -> Decimal:
        """How much of `to_currency` one `from_currency` is worth. Raises `MissingRate`."""
        if from_currency == to_currency:
            return Decimal(1)
        direct = self.rates.get((from_currency, to_currency))
        if direct is not None:
            return direct
        inverse = self.rates.get((to_currency, from_currency))
        if inverse is None:
            raise MissingRate(from_currency, to_currency)
        return 1 / inverse

    def convert(self, amount: Decimal, from_currency: str, to_currency: str) -> Decimal:
        """`amount` in `to_currency`, rounded half-up to its minor unit; unchanged when the currency is the same.

        Raises `MissingRate`: an unknown rate is never 1 and never 0.
        """
        if from_currency == to_currency:
            return amount
        inverse = self.rates.get((to_currency, from_currency))
        if (from_currency, to_currency) not in self.rates and inverse is not None:
            return round_half_up(amount / inverse, self.minor_units.get(to_currency, 2))
        return round_half_up(amount * self.rate(from_currency, to_currency), self.minor_units.get(to_currency, 2))
