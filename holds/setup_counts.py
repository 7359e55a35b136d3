"""What a change of the setup does to holds, counted: handed to the setup pages with their addresses (decision 43)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Value

from credit_mgmt.setup.counts import PERIOD, AtCheckpoint, ReasonUse
from customers.access import Actor, scoped
from customers.models import Document
from holds.models import Hold, StandingForce


def _why(*codes: str) -> Q:
    """Open holds with any of these valid reasons."""
    found = Q()
    for code in codes:
        found |= Q(reason_codes__contains=[code])
    return found


TOUCHED: Mapping[str, Q] = {
    "check_credit_limit_for_sales_order": _why("limit_used", "limit_exceeded"),
    "message_when_exceeding_credit_limit": _why("limit_exceeded"),
    "check_when_payment_terms_are_increased": _why("payment_terms_changed"),
    "check_when_settlement_discount_is_increased": _why("settlement_discount_changed"),
    "ignore_limit_expired_when_date_is_blank": _why("limit_expired"),
    "check_customer_credit_groups_credit_limit": ~Q(limiting_group=""),
    "disputed_amounts_count_as_overdue": _why("days_overdue", "overdue_amount"),
    "ignore_open_items_below": _why("days_overdue", "overdue_amount"),
    "automatically_release": Q(ready_to_release=True, forced=False),
    "require_review_date": Q(review_date=None),
    "remove_blocked_load_lines": Q(checkpoint__in=[Document.RELEASE_TO_WAREHOUSE, Document.PICKING_LIST]),
}
"""Parameters that have a say in open holds: in which."""


class Counts:
    """`credit_mgmt.setup.counts.HoldCounts`."""

    def at_checkpoints(
        self, actor: Actor, *, now: dt.datetime, only: str | None, without: Collection[str]
    ) -> dict[str, AtCheckpoint]:
        """Holds placed within the period, by document."""
        rows = _within(actor, only, without).filter(held_at__gte=now - PERIOD)
        counted = rows.order_by().values("checkpoint").annotate(
            placed=Count("pk"), again=Count("pk", filter=Q(times_held__gt=1))
        )  # fmt: skip
        return {row["checkpoint"]: AtCheckpoint(row["placed"], row["again"]) for row in counted}

    def of_reasons(self, actor: Actor, *, now: dt.datetime) -> dict[int, ReasonUse]:
        """Open forced holds, standing forces, and decisions within the period, by reason."""
        holds = scoped(Hold.objects.all(), actor)
        forced = holds.filter(status=Hold.Status.ACTIVE, forced=True)
        decided = holds.filter(release_reason__isnull=False, decided_at__gte=now - PERIOD)
        standing = scoped(StandingForce.objects.filter(ended_at=None), actor, path="customer__legal_entity")
        found: dict[int, dict[str, int]] = defaultdict(dict)
        counted = _by(forced, "forced_reason", "forced").union(
            _by(decided, "release_reason", "decided"), _by(standing, "reason", "standing"), all=True
        )
        for reason, kind, count in counted:
            found[reason][kind] = count
        return {reason: ReasonUse(**counts) for reason, counts in found.items()}

    def of_parameters(self, actor: Actor, *, only: str | None, without: Collection[str]) -> dict[str, int]:
        """Open holds that a parameter has a say in."""
        rows = _within(actor, only, without).filter(status=Hold.Status.ACTIVE)
        return rows.aggregate(**{name: Count("pk", filter=which) for name, which in TOUCHED.items()})


def _within(actor: Actor, only: str | None, without: Collection[str]) -> QuerySet[Hold]:
    rows = scoped(Hold.objects.all(), actor)
    return rows.filter(legal_entity=only) if only else rows.exclude(legal_entity__in=list(without))


def _by(rows: QuerySet[Any], reason: str, kind: str) -> QuerySet[Any, Any]:
    counted = rows.order_by().values(of=F(f"{reason}_id"), kind=Value(kind)).annotate(count=Count("pk"))
    figures: QuerySet[Any, Any] = counted.values_list("of", "kind", "count")
    return figures
