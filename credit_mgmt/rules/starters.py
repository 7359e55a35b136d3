"""Three rules to begin with (`ux` 3.10, First use): drafted in one go where there is no rule yet."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction

from credit_mgmt.engine.facts import RuleType
from credit_mgmt.models import BlockingRule, RuleVersion
from credit_mgmt.rules import draft_rule
from credit_mgmt.rules.wording import reads_as
from customers.access import Action, Actor, authorize
from customers.errors import Refused

STARTERS: tuple[Mapping[str, Any], ...] = (
    {"type": str(RuleType.DAYS_OVERDUE), "name": "Long overdue", "days": 60},
    {"type": str(RuleType.LIMIT_EXPIRED), "name": "Limit expired", "days": 30},
    {"type": str(RuleType.LIMIT_USED), "name": "Limit used up", "threshold_percent": Decimal(100)},
)


def starter_sentences() -> list[str]:
    """What the three would say."""
    versions = []
    for values in STARTERS:
        own = {name: value for name, value in values.items() if name != "type"}
        versions.append(RuleVersion(rule=BlockingRule(type=values["type"]), **own))
    return [reads_as(version) for version in versions]


@transaction.atomic
def draft_starters(*, actor: Actor, at: dt.datetime) -> list[RuleVersion]:
    """Draft the three for every legal entity. Raises `NotAllowed`; `Refused` where there are rules already."""
    authorize(actor, Action.SETUP, None)
    if BlockingRule.objects.exists():
        raise Refused("has_rules", "There are rules already: make the one that is missing.")
    why = "One of the three rules to begin with."
    return [draft_rule(values={**values, "why": why}, actor=actor, at=at) for values in STARTERS]
