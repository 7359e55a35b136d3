"""What a change of the setup touches (`ux.md` 3.11): customers are counted here, holds by the room above.

The pages of setup are given a `HoldCounts` with their addresses (`pages.setup_urls`), so that this room knows no hold.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from django.db.models import Count, Q

from customers.access import Action, Actor, scoped
from customers.models import Customer

PERIOD = dt.timedelta(days=30)
"""Back from now, for what is counted over time."""


@dataclass(frozen=True, slots=True)
class AtCheckpoint:
    """Holds placed at a checkpoint within the period, and how many of them stopped an order that was held before."""

    placed: int = 0
    again: int = 0


@dataclass(frozen=True, slots=True)
class ReasonUse:
    """Open holds that were forced with a reason, customers whose new orders are stopped with it, and releases and
    rejections with it within the period."""

    forced: int = 0
    standing: int = 0
    decided: int = 0


class HoldCounts(Protocol):
    """What the room of holds counts, as far as `actor` may see it; each in one query, whatever the number of holds.

    `without`, `only`: legal entities; None for all.
    """

    def at_checkpoints(
        self, actor: Actor, *, now: dt.datetime, only: str | None, without: Collection[str]
    ) -> Mapping[str, AtCheckpoint]:
        """By document."""

    def of_reasons(self, actor: Actor, *, now: dt.datetime) -> Mapping[int, ReasonUse]:
        """By the reason's id."""

    def of_parameters(self, actor: Actor, *, only: str | None, without: Collection[str]) -> Mapping[str, int]:
        """Open holds that a parameter has a say in, by its name."""


def of_parameters(actor: Actor, *, only: str | None, without: Collection[str]) -> dict[str, int]:
    """Customers that a parameter has a say in, by its name: one query."""
    rows = scoped(Customer.objects.all(), actor, Action.VIEW_EXPOSURE)
    rows = rows.filter(legal_entity=only) if only else rows.exclude(legal_entity__in=list(without))
    grouped = Q(credit_group__isnull=False)
    return rows.aggregate(
        check_customer_credit_groups_credit_limit=Count("pk", filter=grouped),
        unlimited_customers_skip_the_group_limit=Count("pk", filter=grouped & Q(credit_account__unlimited=True)),
        ignore_limit_expired_when_date_is_blank=Count(
            "pk", filter=Q(credit_account__expires_on__isnull=True, credit_account__unlimited=False)
        ),
        enforce_eligible_credit_limit=Count("pk", filter=Q(eligible_credit_limit__isnull=False)),
    )
