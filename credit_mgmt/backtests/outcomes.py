"""What became of orders: how their invoices were paid until a day (`ux` 3.10).

One answer per order, so that the answers add up. A write-off says most; then more than 30 days late, whether it was
paid so late or is still open that late: it is known by now. All paid, and nothing left to invoice, is on time, up to
30 days late included. Anything else is not known yet. A credit note counts as a payment.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Subquery

from credit_mgmt.models.backtests import Became
from customers.models import CustomerTransaction, DueItem, SalesOrder, Settlement
from customers.receivables import open_on

LATE_AFTER = dt.timedelta(days=30)
_OVER = (SalesOrder.CreditStatus.CANCELLED, SalesOrder.CreditStatus.REJECTED)


class Item(NamedTuple):
    """One due item of an order's invoices as of a day; `settled_on` is the day of the last settlement."""

    due: dt.date
    open: Decimal
    settled_on: dt.date | None = None
    written_off: bool = False


def became(items: Iterable[Item], *, complete: bool, as_of: dt.date) -> Became:
    """What became of an order with these due items; `complete`: nothing is left to be invoiced."""
    known = list(items)
    if any(item.written_off for item in known):
        return Became.WRITTEN_OFF
    if any(_days_late(item, as_of) > LATE_AFTER for item in known):
        return Became.LATE
    if known and complete and not any(item.open for item in known):
        return Became.ON_TIME
    return Became.UNKNOWN


def _days_late(item: Item, as_of: dt.date) -> dt.timedelta:
    until = as_of if item.open or item.settled_on is None else item.settled_on
    return until - item.due if item.open or item.settled_on else dt.timedelta(0)


def outcomes_of(order_ids: Collection[int], *, as_of: dt.date) -> dict[int, Became]:
    """What became of each order until `as_of`; two queries for any number."""
    items = _items_of(order_ids, as_of)
    orders = SalesOrder.objects.filter(pk__any_of=order_ids).order_by("pk")
    return {
        pk: became(items[pk], complete=not left or status in _OVER, as_of=as_of)
        for pk, left, status in orders.values_list("pk", "uninvoiced_amount", "credit_status")
    }


def _items_of(order_ids: Collection[int], as_of: dt.date) -> dict[int, list[Item]]:
    taken = Settlement.objects.filter(debit=OuterRef("pk"), date__lte=as_of)
    write_offs = taken.filter(credit__transaction__kind=CustomerTransaction.Kind.WRITE_OFF, amount__gt=0)
    rows = DueItem.objects.filter(
        transaction__sales_order__any_of=order_ids,
        transaction__kind=CustomerTransaction.Kind.INVOICE,
        date__lte=as_of,
    ).annotate(
        open_then=open_on(as_of),
        settled_on=Subquery(taken.order_by("-date", "-pk").values("date")[:1]),
        written_off=Exists(write_offs),
    )
    found: dict[int, list[Item]] = defaultdict(list)
    columns = ("transaction__sales_order", "due_date", "open_then", "settled_on", "written_off")
    for order, *values in rows.order_by("pk").values_list(*columns):
        found[order].append(Item(*values))
    return found
