"""What customers owe and will owe, by part, currency and customer, on a date (`domain 3.2`, `3.3`).

The definitions are querysets: `receivables_on` (what was open, what of it overdue) and `orders_that_use_credit`. The
sums, the hold list's figures and the lists behind a number are all made of these two. Nothing here is scoped to what a
person may see: a clerk's view of a group would understate its exposure (`reliability.md` finding 8).
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from credit_mgmt.compiled import DAY, IDS, Statement, slotted
from credit_mgmt.engine.facts import DueItem as EngineDueItem
from credit_mgmt.engine.facts import Part
from credit_mgmt.models import Commitment, Parameters
from customers.models import CustomerTransaction, DueItem, SalesOrder
from customers.money import ZERO, MissingRate, Rates
from customers.orders import OPEN_ORDERS
from customers.receivables import due_items_on, overdue_on

USES_CREDIT = (
    OPEN_ORDERS & Q(uninvoiced_amount__gt=0) & (Q(payment_terms__isnull=True) | Q(payment_terms__uses_credit=True))
)
"""Open orders of which something is left; one on terms that use no credit counts 0 (`domain 2`, `3.2`)."""

EPOCH = dt.date(1900, 1, 1)
_SPAN = 10**12


@dataclass(frozen=True, slots=True)
class Counting:
    """How a legal entity counts what its customers owe: the parameters of `domain 3.2` and `3.3` that aim at sums."""

    as_of: dt.date
    all_open: bool = False
    """Every open order uses credit, not just the approved ones."""
    disputed_count: bool = True
    minimums: tuple[tuple[str, Decimal], ...] = ()
    """*Ignore open items below*, by currency, in that currency; empty where nothing is ignored."""
    settled_later: bool = True
    """Whether any settlement is dated after `as_of`; without one the kept open amounts answer."""


@dataclass(slots=True)
class Owed:
    """Everything that one customer owes or will owe."""

    parts: list[Part] = field(default_factory=list)
    days_overdue: int = 0
    oldest_overdue: str | None = None


def receivables_on(counting: Counting) -> QuerySet[DueItem]:
    """Due items open on the day, annotated `open` and `overdue`, in their own currency."""
    items = due_items_on(counting.as_of, settled_later=counting.settled_later)
    return items.annotate(
        overdue=overdue_on(counting.as_of, disputed_count=counting.disputed_count, minimums=dict(counting.minimums))
    )


def orders_that_use_credit(*, all_open: bool) -> QuerySet[SalesOrder]:
    """Open orders that use their payer's credit (`domain 3.2`), annotated `delivered` and `ordered` in their currency.

    Those with a commitment; or, with `all_open`, every open order, held ones too.
    """
    orders = SalesOrder.objects.filter(USES_CREDIT)
    if not all_open:
        orders = orders.filter(Exists(Commitment.objects.filter(order=OuterRef("pk"))))
    return orders.annotate(
        delivered=F("delivered_uninvoiced_amount"), ordered=F("uninvoiced_amount") - F("delivered_uninvoiced_amount")
    )


_ITEM_COLUMNS = ("customer_id", "currency_id", "open", "overdue", "due_date", "transaction_id")
_ORDER_COLUMNS = ("payer_id", "currency_id", "delivered", "ordered")

# Each component is added up by itself and the few sums are put together afterwards: what counts is what a customer with
# thousands of open items costs. The oldest overdue item is the least of (due date, transaction), packed into one number
# so that one pass finds it.
_SUMS = """
    SELECT s.customer, s.currency, s.balance, 0, 0, s.overdue, s.oldest / {span}, t.number
    FROM (
        SELECT customer, currency, sum(open) AS balance, sum(overdue) FILTER (WHERE overdue > 0) AS overdue,
               min((due_date - DATE '1900-01-01')::bigint * {span} + transaction) FILTER (WHERE overdue > 0) AS oldest
        FROM ({items}) AS i (customer, currency, open, overdue, due_date, transaction) GROUP BY customer, currency
    ) s LEFT JOIN {transactions} t ON t.id = mod(s.oldest, {span})
    UNION ALL
    SELECT customer, currency, 0, sum(delivered), sum(ordered), 0, NULL, NULL
    FROM ({orders}) AS o (customer, currency, delivered, ordered) GROUP BY customer, currency
"""


@lru_cache(maxsize=64)
def _statement(counting: Counting) -> Statement:
    """The sums by customer and currency for the customers `IDS`, compiled once for each way of counting on `DAY`."""
    items = receivables_on(counting).filter(customer__any_of=IDS).values_list(*_ITEM_COLUMNS)
    orders = orders_that_use_credit(all_open=counting.all_open).filter(payer__any_of=IDS).values_list(*_ORDER_COLUMNS)
    transactions = CustomerTransaction._meta.db_table
    return Statement(_SUMS.format(items=slotted(items), orders=slotted(orders), transactions=transactions, span=_SPAN))


def owed_by(customer_ids: Collection[int], counting: Counting) -> dict[int, Owed]:
    """What each customer owes and will owe, counted as one entity counts; one query. Who owes nothing is left out."""
    rows = _statement(replace(counting, as_of=DAY)).rows(ids=sorted(customer_ids), day=counting.as_of)
    sums: dict[int, dict[str, list[Decimal]]] = {}
    owed: dict[int, Owed] = defaultdict(Owed)
    for customer, currency, *amounts, oldest, number in rows:
        by_currency = sums.setdefault(customer, {})
        known = by_currency.get(currency)
        added = [amount or ZERO for amount in amounts]
        by_currency[currency] = added if known is None else [a + b for a, b in zip(known, added, strict=True)]
        if oldest is not None:
            days = (counting.as_of - EPOCH).days - int(oldest)
            if days > owed[customer].days_overdue:
                owed[customer].days_overdue, owed[customer].oldest_overdue = days, number
    for customer, by_currency in sums.items():
        owed[customer].parts = [Part(currency, *by_currency[currency]) for currency in sorted(by_currency)]
    return dict(owed)


@lru_cache(maxsize=64)
def _overdue_statement(counting: Counting) -> Statement:
    """The overdue items of the customers `IDS` on `DAY`, oldest first."""
    items: QuerySet[Any] = receivables_on(counting)
    rows = items.filter(customer__any_of=IDS, overdue__gt=0).order_by("due_date", "pk")
    return Statement(slotted(rows.values_list("transaction__number", "due_date", "currency_id", "overdue")))


def overdue_items(customer_id: int, counting: Counting) -> list[EngineDueItem]:
    """The customer's overdue items, oldest first, each in its own currency (`domain 3.3`); what a remedy names."""
    found = _overdue_statement(replace(counting, as_of=DAY)).rows(ids=[customer_id], day=counting.as_of)
    return [
        EngineDueItem(number, (counting.as_of - due).days, currency, overdue)
        for number, due, currency, overdue in found
    ]


def counting_of(
    row: Parameters | None, *, currency: str, rates: Rates, as_of: dt.date, last_settlement: dt.date | None
) -> Counting:
    """How a legal entity with these parameters counts on a day; `currency` is its accounting currency.

    An amount below which items are ignored is converted to each currency there is; where there is no rate nothing is
    ignored.
    """
    settled_later = last_settlement is not None and last_settlement > as_of
    if row is None:
        return Counting(as_of, settled_later=settled_later)
    return Counting(
        as_of,
        all_open=row.open_orders_that_use_credit == Parameters.OpenOrders.ALL,
        disputed_count=row.disputed_amounts_count_as_overdue,
        minimums=tuple(_minimums(row.ignore_open_items_below, currency, rates)),
        settled_later=settled_later,
    )


def _minimums(minimum: Decimal, currency: str, rates: Rates) -> Iterable[tuple[str, Decimal]]:
    if minimum <= ZERO:
        return
    for code in sorted({currency, *rates.minor_units}):
        try:
            yield code, rates.convert(minimum, currency, code)
        except MissingRate:
            continue


def owed_by_all(counting_by_customer: Mapping[int, Counting]) -> dict[int, Owed]:
    """`owed_by` for customers of several legal entities: one query for each way of counting among them."""
    customers: dict[Counting, list[int]] = defaultdict(list)
    for customer, counting in counting_by_customer.items():
        customers[counting].append(customer)
    owed: dict[int, Owed] = {}
    for counting, ids in customers.items():
        owed.update(owed_by(ids, counting))
    return owed
