"""A rule as it was typed, before it is saved: what it would say, and what would be found of it."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from credit_mgmt.models import BlockingRule, RuleVersion
from credit_mgmt.rules.values import DEFAULTS, read_values
from customers.access import Actor, NotAllowed, OutOfScope
from customers.errors import InvalidInput

UNSAVED = 1_000_000
"""The number of a version that there is not: above that of any there is."""


def as_typed(values: Mapping[str, Any], *, rule: str, actor: Actor, at: dt.datetime) -> RuleVersion | None:
    """The draft that saving `values` would make of the rule with the code `rule`, or of a new one; nothing is stored.

    None where the values are not in order yet, or `actor` may not save them.
    """
    try:
        read = read_values(values, base=DEFAULTS, actor=actor)
    except (InvalidInput, NotAllowed, OutOfScope):
        return None
    kind = read.values["type"]
    known = BlockingRule.objects.filter(code=rule, type=kind).first() if rule else None
    version = RuleVersion(rule=known or BlockingRule(type=kind, code="This rule"), number=UNSAVED, changed_at=at)
    read.into(version)
    return version
