"""How often each rule held orders of late, and how many of those were let go as they were (`ux` 3.10).

An order that is released while the reason still holds good was stopped for nothing, as far as somebody who looked at it
could see: the share of such releases measures false stops. The pages of rules are handed this by their route.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from customers.access import Actor, scoped
from holds.models import Hold, HoldReason
from holds.models.holds import NO_MOMENT

LOOK_BACK = dt.timedelta(days=30)


class Held(NamedTuple):
    """Holds of a rule in the days looked back at: all, those decided since, and those released as they were."""

    held: int = 0
    decided: int = 0
    as_is: int = 0

    @property
    def as_is_percent(self) -> int | None:
        """Of those decided, how many were released while the rule still stopped them; None where none was decided."""
        return round(100 * self.as_is / self.decided) if self.decided else None


def holds_by_rule(actor: Actor, *, now: dt.datetime) -> Mapping[str, Held]:
    """The holds of the last 30 days that `actor` may see, by the id of the rule that held them; one query."""
    released = Q(hold__status=Hold.Status.RELEASED, valid=True)
    rows = HoldReason.objects.filter(hold__in=_recent(actor, now)).exclude(rule="").order_by().values_list("rule")
    counted = rows.annotate(
        held=Count("hold", distinct=True),
        decided=Count("hold", distinct=True, filter=~Q(hold__status=Hold.Status.ACTIVE)),
        as_is=Count("hold", distinct=True, filter=released),
    )
    return {rule: Held(*counts) for rule, *counts in counted}


def _recent(actor: Actor, now: dt.datetime) -> QuerySet[Hold, Any]:
    """Holds placed in the last 30 days: open ones by their index, closed ones by that of what was decided since."""
    since = now - LOOK_BACK
    seen = scoped(Hold.objects.filter(held_at__gte=since), actor)
    seen = seen.annotate(closed=Coalesce("decided_at", Value(NO_MOMENT)))
    return seen.filter(Q(status=Hold.Status.ACTIVE) | Q(decided_at__isnull=False, closed__gte=since)).values("pk")
