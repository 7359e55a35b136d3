"""What rules cost: one check under sixty of them beside one under six, in turns."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from benchmarks.measures import EVERYWHERE, Figure, p50, timed
from credit_mgmt import checks
from credit_mgmt.engine.facts import Action, Level, Policy, Rule, RuleType
from credit_mgmt.policies import current_policy

_SIX: tuple[tuple[RuleType, dict[str, Any]], ...] = (
    (RuleType.DAYS_OVERDUE, {"days": 60}),
    (RuleType.ACCOUNT_STATUS, {"account_status": "WATCH"}),
    (RuleType.PAYMENT_TERMS, {"payment_terms": "N90"}),
    (RuleType.LIMIT_EXPIRED, {"days": 10}),
    (RuleType.SALES_ORDER, {"amount": Decimal(3500), "currency": "EUR"}),
    (RuleType.LIMIT_USED, {"threshold_percent": Decimal(100)}),
)
TARGET = 1.2
"""Sixty rules cost a check less than a fifth more."""


def sixty_rules(orders: Sequence[int]) -> Figure:
    """One question in process, p50 in milliseconds, as `measures.one_check`; six rules stand where the floor stands."""
    known = current_policy()
    few, many = replace(known, rules=_rules(1), version=-1), replace(known, rules=_rules(10), version=-2)
    ours, floors = [], []
    for order in [*orders[:20], *orders]:
        ours.append(timed(partial(_check, order, many)))
        floors.append(timed(partial(_check, order, few)))
    return Figure("one check under 60 rules, beside 6 (as floor), p50", p50(ours[20:]), p50(floors[20:]), "ms", TARGET)


def _check(order: int, policy: Policy) -> None:
    checks.check_order(order, checkpoint="confirmation", as_of=EVERYWHERE, policy=policy)


def _rules(times: int) -> tuple[Rule, ...]:
    """`times` rules of each of six types, as people set them up: one for all, then some for groups and customers, every
    third of them an exclusion."""
    rules = []
    for kind, values in _SIX:
        for number in range(times):
            aim: dict[str, Any] = {"level": Level.ALL}
            if number % 2:
                aim = {"level": Level.GROUP, "credit_management_group": f"G{number}"}
            elif number:
                aim = {"level": Level.TABLE, "customer": f"E1:C-{number}"}
            action = Action.EXCLUSION if number % 3 == 2 else Action.BLOCKING
            name = f"{kind}-{number}"
            rules.append(Rule(id=name, name=name, type=kind, action=action, **aim, **values))
    return tuple(rules)
