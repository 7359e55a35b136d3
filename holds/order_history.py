"""A customer's orders of the last two years: when they were held and why, who decided, how late they were paid
(`ux.md` 3.2, Order history). It reads evidence; a fixed number of queries for a page, whatever the history.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, Max, Min, OuterRef, Q, QuerySet, Subquery

from credit_mgmt.models import DecisionRecord
from customers.models import Customer, DueItem, SalesOrder
from holds.models import Hold, HoldEvent

MONTHS = 24


@dataclass(slots=True)
class PastOrder:
    """One order; `paid_late` is the longest that an instalment of its invoices was, or is, late, in days.

    None where nothing of it fell due yet or no invoice is linked; `unpaid` where something late is still open.
    """

    order: SalesOrder
    first_seen: dt.date | None
    holds: list[Hold] = field(default_factory=list)
    deciders: dict[Any, str] = field(default_factory=dict)
    paid_late: int | None = None
    unpaid: bool = False

    @property
    def hold(self) -> Hold | None:
        """The latest hold."""
        return self.holds[0] if self.holds else None

    @property
    def decided_by(self) -> str:
        """Who closed the latest hold, by the name that was recorded."""
        return self.deciders.get(self.holds[0].pk, "") if self.holds else ""


def orders_since(payer: Customer, as_of: dt.date) -> QuerySet[SalesOrder]:
    """The orders that `payer` pays of which a document was first posted, or that were first held, within 24 months.

    An order that was never checked has no date and counts. Annotated `first_seen`; order it by a unique key.
    """
    checked = DecisionRecord.objects.filter(order=OuterRef("pk")).order_by().values("order")
    first = Subquery(checked.annotate(first=Min("at")).values("first"))
    since = dt.datetime.combine(as_of - dt.timedelta(days=round(MONTHS * 30.44)), dt.time(), dt.UTC)
    rows = SalesOrder.objects.filter(payer=payer).annotate(first_seen=first)
    return rows.filter(Q(first_seen__isnull=True) | Q(first_seen__gte=since))


def past_orders(orders: Sequence[SalesOrder], as_of: dt.date) -> list[PastOrder]:
    """What became of `orders` (rows of `orders_since`); three queries."""
    ids = [order.pk for order in orders]
    found = {
        order.pk: PastOrder(order, moment.date() if (moment := getattr(order, "first_seen", None)) else None)
        for order in orders
    }
    holds = list(Hold.objects.filter(order__in=ids).select_related("release_reason").order_by("-held_at", "-number"))
    names = _deciders(holds)
    for hold in holds:
        found[hold.order_id].holds.append(hold)
        found[hold.order_id].deciders = names
    for order_id, (days, is_open) in _lateness(ids, as_of).items():
        found[order_id].paid_late, found[order_id].unpaid = days, is_open
    return list(found.values())


def _deciders(holds: Sequence[Hold]) -> dict[Any, str]:
    """Who closed each hold, as its last event recorded it."""
    closed = [hold.pk for hold in holds if hold.status != Hold.Status.ACTIVE]
    events = HoldEvent.objects.filter(hold__in=closed, to_status=F("hold__status")).exclude(from_status=F("to_status"))
    rows = events.order_by("version").values_list("hold_id", "actor_name", "actor")
    return {hold: name or actor for hold, name, actor in rows}


def _lateness(order_ids: Sequence[int], as_of: dt.date) -> Mapping[int, tuple[int, bool]]:
    """By order: the most days that an instalment was settled after it fell due, or is open past it."""
    items = DueItem.objects.filter(transaction__sales_order__in=order_ids, amount__gt=0, due_date__lt=as_of)
    rows = items.annotate(settled_on=Max("settlements_taken__date")).order_by("pk")
    worst: dict[int, tuple[int, bool]] = defaultdict(lambda: (0, False))
    for order, due, still_open, settled_on in rows.values_list(
        "transaction__sales_order_id", "due_date", "open_amount", "settled_on"
    ):
        end = as_of if still_open else settled_on or due
        late, unpaid = max(0, (end - due).days), bool(still_open)
        before = worst[order]
        worst[order] = (max(before[0], late), before[1] or unpaid)
    return worst
