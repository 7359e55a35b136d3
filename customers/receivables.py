"""What was open, and overdue, on a day: the one definition behind exposure, ageing, lists and statistics (`domain 3`).

See Note [Open on another day] in `customers.models.receivables`: what was open on day d is what is open now plus the
settlements dated after d. Amounts are signed and in the transaction's currency.
"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Least

from customers.models import DueItem, Settlement
from customers.models.columns import money
from customers.money import ZERO

_NOTHING = Value(ZERO, output_field=money())


def open_on(as_of: dt.date) -> Combinable:
    """What of a due item was open at the end of `as_of`: what is open now, with later settlements undone."""
    return F("open_amount") + _settled_after(as_of, "debit") - _settled_after(as_of, "credit")


def due_items_on(as_of: dt.date, *, settled_later: bool = True) -> QuerySet[DueItem]:
    """Due items of transactions dated up to `as_of` of which something was open, annotated with that as `open`.

    `settled_later=False` says that no settlement is dated after `as_of`, so that the kept amount answers; it is an
    index-only read then.
    """
    items = DueItem.objects.filter(date__lte=as_of)
    if not settled_later:
        return items.filter(~Q(open_amount=0)).annotate(open=F("open_amount"))
    later = Settlement.objects.filter(date__gt=as_of)
    touched = Exists(later.filter(debit=OuterRef("pk"))) | Exists(later.filter(credit=OuterRef("pk")))
    return items.filter(~Q(open_amount=0) | touched).annotate(open=open_on(as_of)).exclude(open=0)


def overdue_on(
    as_of: dt.date, *, disputed_count: bool = True, minimums: Mapping[str, Decimal] | None = None
) -> Combinable:
    """What of an item of `due_items_on` is overdue on `as_of`: due before it and open (`domain 3.3`); 0 for the rest.

    `disputed_count=False` leaves the disputed amount out. `minimums`, by currency: an item with less open is ignored
    (parameter *ignore open items below*).
    """
    counted = F("open") if disputed_count else F("open") - Least(F("disputed_amount"), F("open"))
    ignored = Q()
    for currency, minimum in (minimums or {}).items():
        ignored |= Q(currency=currency, open__lt=minimum)
    overdue = Q(due_date__lt=as_of, open__gt=0)
    if ignored:
        overdue &= ~ignored
    return Case(When(overdue, then=counted), default=_NOTHING, output_field=money())


def _settled_after(as_of: dt.date, side: str) -> Combinable:
    total = (
        Settlement.objects.filter(date__gt=as_of, **{side: OuterRef("pk")})
        .order_by()
        .values(side)
        .annotate(total=Sum("amount"))
        .values("total")
    )
    return Coalesce(Subquery(total, output_field=money()), _NOTHING)
