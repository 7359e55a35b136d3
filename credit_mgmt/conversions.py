"""One amount in another currency, with the rate and its date: shown wherever something was converted (`domain 1`).

Seen from a legal entity: with the rate type of its parameters and the newest rate valid on the day.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from credit_mgmt.policies import current_setup, read_clock, setting_for
from customers.money import Rates
from customers.rates import dated_rates

SIX_PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Conversion:
    """From one currency to another: one unit of `source` is worth `rate` of `target`, since `valid_from`."""

    source: str
    target: str
    rate: Decimal
    valid_from: dt.date
    rates: Rates

    @property
    def told(self) -> str:
        """The rate with at most six decimals, as people read it."""
        return f"{self.rate.quantize(SIX_PLACES).normalize():f}"

    def of(self, amount: Decimal) -> Decimal:
        """`amount` of the source in the target, rounded half-up to its minor unit."""
        return self.rates.convert(amount, self.source, self.target)


def conversion_of(source: str, target: str, legal_entity: str, as_of: dt.date) -> Conversion | None:
    """How the legal entity converts on the day; None where no rate is known. One query, besides what is cached."""
    clock = read_clock()
    setup = current_setup(clock)
    row = setup.row(legal_entity)
    dated = dated_rates(row.credit_limit_exchange_rate_type if row else "default", as_of).get((source, target))
    if dated is None:
        return None
    rates = setting_for(legal_entity, as_of, setup=setup, clock=clock).rates
    return Conversion(source, target, dated.rate, dated.valid_from, rates)
