"""The clocks of `policies`, read along with the rows of a list instead of by a statement of their own."""

from typing import Any

from django.db.models import Subquery

from credit_mgmt.models import LimitHistory, PolicyClock
from credit_mgmt.policies import Clock
from customers.models import ReferenceClock, Settlement


def clock_columns() -> dict[str, Any]:
    """The clocks as columns: a list that reads them along with its rows needs no statement for them (`clock_of`)."""
    return {
        "clock_policy": Subquery(PolicyClock.objects.order_by().values("version")[:1]),
        "clock_reference": Subquery(ReferenceClock.objects.order_by().values("version")[:1]),
        "clock_settlement": Subquery(Settlement.objects.order_by("-date").values("date")[:1]),
        "clock_limit": Subquery(LimitHistory.objects.order_by("-effective_on").values("effective_on")[:1]),
    }


def clock_of(row: Any) -> Clock:
    """The clocks that a row was read with. Nobody decides by them: whether the policy is stored is not told."""
    return Clock(row.clock_policy, row.clock_reference, row.clock_settlement, row.clock_limit, policy_is_stored=False)
