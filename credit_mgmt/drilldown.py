"""The documents behind a figure of the exposure bar or of the ageing: exactly those that add up to it (`ux.md` 3.2).

Which documents count, and with how much, is said once, in `credit_mgmt.owed`; here they are listed and added up.

Note [Totals behind a segment]. The engine adds up by currency and converts each total once (Note [Converted once] in
`engine.exposure`), and a segment that is the difference of totals is the difference of converted totals. The total of
a list is made in the same way, so that it equals its segment to the cent.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.expressions import Combinable

from credit_mgmt.engine.exposure import convert
from credit_mgmt.engine.facts import LimitType
from credit_mgmt.exposure import BUCKETS, bucket_of
from credit_mgmt.owed import Counting, counting_of, orders_that_use_credit, receivables_on
from credit_mgmt.policies import current_setup, read_clock, setting_for
from customers.models import Customer
from customers.money import ZERO, MissingRate, Rates

RECEIVABLES = ("open", "overdue", "not_due", "unapplied", *BUCKETS)
"""What a list of receivables can be narrowed to: everything open, a segment of the bar, an ageing bucket."""
ORDERS = ("delivered", "ordered")
"""The segments of the bar that are made of orders."""

_SHARES: dict[str, tuple[Q, Combinable]] = {
    "open": (Q(), F("open")),
    "overdue": (Q(overdue__gt=0), F("overdue")),
    "not_due": (Q(open__gt=F("overdue")) & Q(open__gt=0), F("open") - F("overdue")),
    "unapplied": (Q(open__lt=0), F("open")),
}
"""Which open items are behind a segment, and with how much. A disputed amount that does not count as overdue is *not
due*, as in the engine's figures."""


@dataclass(frozen=True, slots=True)
class Subtotal:
    """What the documents in one currency add up to; `converted` is in the customer's accounting currency."""

    currency: str
    amount: Decimal
    converted: Decimal | None


@dataclass(frozen=True, slots=True)
class Behind:
    """The documents behind `part`: `rows`, annotated with `share`, what of each counts in its own currency.

    `total` is in `currency`, the customer's accounting currency; None where the rate `missing_rate` is missing.
    """

    part: str
    rows: QuerySet[Any]
    subtotals: tuple[Subtotal, ...]
    total: Decimal | None
    currency: str
    missing_rate: str | None = None


@dataclass(frozen=True, slots=True)
class Documents:
    """How a customer's documents are counted on a day; made by `documents_of`."""

    customer: Customer
    counting: Counting
    limit_type: LimitType
    rates: Rates
    currency: str

    def receivables(self, part: str) -> Behind:
        """The due items behind `part`, one of `RECEIVABLES`; one query for the sums, the rows are the caller's."""
        items = receivables_on(self.counting).filter(customer=self.customer.pk)
        condition, share = _SHARES.get(part, (Q(bucket=part), F("open")))
        items = items.annotate(bucket=bucket_of(self.counting.as_of), share=share)
        sums = items.order_by().values("currency_id").annotate(
            balance=Sum("open"), late=Sum("overdue"), credit=Sum("open", filter=Q(open__lt=0)),
            of_part=Sum("share", filter=condition),
        )  # fmt: skip
        lines = [(row["currency_id"], row["of_part"] or ZERO, _totals(part, row)) for row in sums]
        return self._behind(part, items.filter(condition), lines)

    def orders(self, part: str, *, without: int | None = None) -> Behind:
        """The orders behind `part`, one of `ORDERS`; `without` leaves out the order that is being checked.

        Two queries for the sums. What the credit limit type does not count has nothing behind it (`domain 3.2`).
        """
        orders = orders_that_use_credit(all_open=self.counting.all_open).filter(payer=self.customer.pk)
        orders = orders.annotate(share=F(part))
        if without is not None:
            orders = orders.exclude(pk=without)
        if not self._counts(part):
            return Behind(part, orders.none(), (), ZERO, self.currency)
        balances = {
            row["currency_id"]: row["balance"]
            for row in receivables_on(self.counting).filter(customer=self.customer.pk).order_by()
            .values("currency_id").annotate(balance=Sum("open"))
        }  # fmt: skip
        sums = (
            orders.order_by()
            .values("currency_id")
            .annotate(of_part=Sum("share"), gone=Sum("delivered"), to_go=Sum("ordered"))
        )
        lines = [
            (row["currency_id"], row["of_part"], self._order_totals(part, row, balances.get(row["currency_id"], ZERO)))
            for row in sums
        ]
        return self._behind(part, orders.filter(share__gt=0), lines)

    def _counts(self, part: str) -> bool:
        if self.limit_type is LimitType.BALANCE:
            return False
        return part == "delivered" or self.limit_type is not LimitType.BALANCE_PACKING_SLIP

    def _order_totals(self, part: str, row: Mapping[str, Any], balance: Decimal) -> tuple[Decimal, ...]:
        """The totals that are converted: the first, less the others. See Note [Totals behind a segment]."""
        if self.limit_type is LimitType.BALANCE_PACKING_SLIP:
            return (balance + row["gone"], balance)
        return (row["gone"],) if part == "delivered" else (balance + row["gone"] + row["to_go"], balance, row["gone"])

    def _behind(
        self, part: str, rows: QuerySet[Any], lines: Iterable[tuple[str, Decimal, tuple[Decimal, ...]]]
    ) -> Behind:
        subtotals, missing = [], None
        for currency, amount, totals in sorted(lines):
            try:
                first, *others = (convert(self.rates, one, currency, self.currency, self.currency) for one in totals)
                converted: Decimal | None = first - sum(others, ZERO)
            except MissingRate as problem:
                converted, missing = None, f"{problem.from_currency}>{problem.to_currency}"
            if amount or converted:
                subtotals.append(Subtotal(currency, amount, converted))
        total = None if missing else sum((line.converted or ZERO for line in subtotals), ZERO)
        return Behind(part, rows, tuple(subtotals), total, self.currency, missing)


def _totals(part: str, row: Mapping[str, Any]) -> tuple[Decimal, ...]:
    """The totals that are converted: the first, less the others. See Note [Totals behind a segment]."""
    if part == "not_due":
        return (row["balance"] or ZERO, row["late"] or ZERO, row["credit"] or ZERO)
    return (row["of_part"] or ZERO,)


def documents_of(customer: Customer, as_of: dt.date) -> Documents:
    """The documents of a customer as its legal entity counts them on `as_of`. One query."""
    clock = read_clock()
    setup = current_setup(clock)
    entity = customer.legal_entity_id
    rates = setting_for(entity, as_of, setup=setup, clock=clock).rates
    currency = customer.legal_entity.accounting_currency_id
    counting = counting_of(
        setup.row(entity), currency=currency, rates=rates, as_of=as_of, last_settlement=clock.last_settlement
    )
    parameters = setup.policy.parameters_of(entity)
    limit_type = parameters.limit_type if parameters else LimitType.BALANCE_ALL
    return Documents(customer, counting, limit_type, rates, currency)
