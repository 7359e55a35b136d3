"""Which orders a backtest is about, and the stored decisions that speak for them (`ux` 3.10).

An order belongs to the period in which it was checked, and counts once. For each document that was posted in the
period its first stored decision speaks: later ones were made after a release, by another rule. Evaluations look again
at what is held already, so they do not speak. An order without any stored decision belongs to the day of its first
invoice, and is rebuilt (`rebuilding`). Point-of-sale and call-centre orders know no rules (`domain 4.8`).
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from credit_mgmt.models import DecisionRecord
from customers.models import CustomerTransaction, SalesOrder

_READ_AT_ONCE = 10_000
_A_DAY = dt.timedelta(days=1)


class Sample(NamedTuple):
    """A stored decision that speaks for its order."""

    order: int
    id: uuid.UUID
    checkpoint: str
    date: dt.date
    facts: str


@dataclass(frozen=True, slots=True)
class Period:
    """The orders that are asked about: of a period, of some legal entities, of some customers (ids) or all."""

    first: dt.date
    last: dt.date
    legal_entities: Sequence[str]
    customers: Sequence[int] = ()

    def decisions(self) -> QuerySet[DecisionRecord]:
        """The stored decisions of postings in the period."""
        # `at` is what the index has; a business date is at most a day away from it.
        rows = self._narrowed(_postings(), "legal_entity", "payer", "order__customer")
        return rows.filter(
            date__range=(self.first, self.last), at__gte=_midnight(self.first) - _A_DAY,
            at__lt=_midnight(self.last) + 2 * _A_DAY, order__order_type=SalesOrder.Type.SALES,
        )  # fmt: skip

    def invoiced(self) -> QuerySet[CustomerTransaction]:
        """The first invoice in the period of each order that has none before, and no stored decision."""
        invoices = CustomerTransaction.objects.filter(kind=CustomerTransaction.Kind.INVOICE)
        of_order = invoices.filter(sales_order=OuterRef("sales_order"))
        before = of_order.filter(Q(date__lt=OuterRef("date")) | Q(date=OuterRef("date"), pk__lt=OuterRef("pk")))
        rows = self._narrowed(invoices, "legal_entity", "sales_order__payer", "sales_order__customer")
        return rows.filter(
            ~Exists(before), ~Exists(_postings().filter(order=OuterRef("sales_order"))),
            date__range=(self.first, self.last), sales_order__order_type=SalesOrder.Type.SALES,
        )  # fmt: skip

    def _narrowed(self, rows: QuerySet[Any], entity: str, payer: str, customer: str) -> QuerySet[Any]:
        rows = rows.filter(**{f"{entity}__in": list(self.legal_entities)})
        if self.customers:
            ids = list(self.customers)
            rows = rows.filter(Q(**{f"{payer}__in": ids}) | Q(**{f"{customer}__in": ids}))
        return rows


def _postings() -> QuerySet[DecisionRecord]:
    return DecisionRecord.objects.filter(kind=DecisionRecord.Kind.POSTING, pro_forma=False)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, dt.UTC)


def orders_in(period: Period) -> Iterator[int]:
    """The orders of the period by id, read in pieces: first those with stored decisions, then those to be rebuilt.

    The latter stand day by day, as they are rebuilt so.
    """
    stored = period.decisions().order_by("order").values_list("order", flat=True).distinct()
    yield from stored.iterator(chunk_size=_READ_AT_ONCE)
    invoiced = period.invoiced().order_by("date", "legal_entity", "sales_order").values_list("sales_order", flat=True)
    yield from invoiced.iterator(chunk_size=_READ_AT_ONCE)


def samples_of(order_ids: Collection[int], period: Period) -> list[Sample]:
    """The decisions that speak for these orders, in the order in which they were made; one query."""
    rows = _postings().filter(order__any_of=order_ids, date__range=(period.first, period.last))
    first = rows.order_by("order", "checkpoint", "at", "pk").distinct("order", "checkpoint")
    found = DecisionRecord.objects.filter(pk__in=first.values("pk")).order_by("order", "at", "pk")
    return [Sample(*row) for row in found.values_list("order_id", "id", "checkpoint", "date", "facts")]


def history_from(legal_entities: Iterable[str]) -> dt.date | None:
    """The day of the oldest stored decision in these legal entities; a look into the index for each of them."""
    oldest = (
        _postings().filter(legal_entity=entity).order_by("at", "pk").values_list("date", flat=True).first()
        for entity in legal_entities
    )
    return min((day for day in oldest if day is not None), default=None)


def first_invoices(order_ids: Collection[int], period: Period) -> dict[int, dt.date]:
    """The day of the first invoice of each of these orders that is to be rebuilt; one query."""
    rows = period.invoiced().filter(sales_order__any_of=order_ids)
    return dict(rows.order_by("sales_order").values_list("sales_order", "date"))
