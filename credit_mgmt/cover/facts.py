"""Cover as a check sees it: the policies and guarantees in force on the day, as they were agreed (`domain 3.1`).

What they count is the engine's to say; here they are only read, with the account that they belong to.
"""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Func, OuterRef, Q, TextField
from django.db.models.functions import Cast

from credit_mgmt.engine.facts import CoverPart
from credit_mgmt.models import CoverPolicy

_COLUMNS = ("currency_id", "value", "update_percent", "update_amount", "included_in_exposure")

Told = Sequence[Sequence[str | None]]
"""Policies as the accounts statement brings them: the columns as texts."""


def in_force(day: dt.date) -> Q:
    """Policies from their first day to their last, both included."""
    return Q(effective_on__lte=day, expires_on__gte=day)


def cover_in_force(day: dt.date) -> ArraySubquery:
    """The policies of each customer of a queryset, as one array; nothing is read of those that have none."""
    texts = (Cast(F(name), TextField()) for name in _COLUMNS)
    told = Func(*texts, template="ARRAY[%(expressions)s]", output_field=TextField())
    mine = CoverPolicy.objects.filter(in_force(day), customer=OuterRef("pk"))
    return ArraySubquery(mine.order_by("pk").values(told=told))


def cover_parts(told: Told) -> tuple[CoverPart, ...]:
    """The policies of one customer, as the engine takes them."""
    return tuple(
        CoverPart(str(currency), Decimal(value or 0), _number(percent), _number(amount), included == "true")
        for currency, value, percent, amount, included in told
    )


def part_of(policy: CoverPolicy) -> CoverPart:
    """One policy as the engine takes it, whatever the day."""
    return CoverPart(
        policy.currency_id, policy.value, policy.update_percent, policy.update_amount, policy.included_in_exposure
    )


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
