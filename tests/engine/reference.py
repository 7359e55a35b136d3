"""The rules of `domain 4.2` to `4.4` written down a second time, from the specification and from nothing else.

Whoever wrote this had not read `walk.py` and `ladder.py`. It is for comparison only: no currencies, no groups, no
parameters, one customer whose figures are given, rules as plain dictionaries.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

Words = dict[str, Any]
MATCHING = ("account_status", "payment_terms")
SEVEN = (
    "days_overdue",
    "account_status",
    "payment_terms",
    "limit_expired",
    "overdue_amount",
    "sales_order",
    "limit_used",
)


def exceeds(rule: Words, world: Words) -> bool:
    """The test of `domain 4.3`; for status and terms, whether they match."""
    used = world["exposure_without"] + world["order"] > rule.get("threshold_percent", 0) * world["limit"] / 100
    expired, late = world["days_expired"], world["days_overdue"]
    by_amount = rule["type"] == "days_overdue" and rule.get("days") is None
    tests: dict[str, Callable[[], bool]] = {
        "days_overdue": lambda: world["overdue"] > rule["amount"] if by_amount else late > rule["days"],
        "account_status": lambda: world["account_status"] == rule["account_status"],
        "payment_terms": lambda: world["payment_terms"] == rule["payment_terms"],
        "limit_expired": lambda: expired > rule["days"] and expired > 0,
        "overdue_amount": lambda: world["overdue"] > rule["amount"] and used,
        "sales_order": lambda: world["order"] > rule["amount"],
        "limit_used": lambda: used,
    }
    return tests[rule["type"]]()


def excuses(rule: Words, world: Words) -> bool:
    """`domain 4.3`: an exclusion excuses when its own test does not exceed; overdue amount when neither half does."""
    if rule["type"] == "overdue_amount":
        after = world["exposure_without"] + world["order"]
        return world["overdue"] <= rule["amount"] and after <= rule["threshold_percent"] * world["limit"] / 100
    return exceeds(rule, world) is (rule["type"] in MATCHING)


def concerns(rule: Words, world: Words) -> bool:
    """`domain 4.2`: active, valid today, and legal entity, target and risk group all match."""
    today: dt.date = world["today"]
    valid = (rule.get("valid_from") or today) <= today <= (rule.get("valid_to") or today)
    aimed = {
        "table": rule.get("customer") == world["customer"],
        "group": rule.get("credit_management_group") == world["credit_management_group"],
        "all": True,
    }[rule["level"]]
    risk = rule.get("risk_group") in (None, world["risk_group"])
    entity = rule.get("legal_entity") in (None, world["legal_entity"])
    return rule.get("active", True) and valid and aimed and risk and entity


def reasons(rules: list[Words], world: Words) -> list[str]:
    """The sequence of `domain 4.4`: the types that have a blocking reason, in their order."""
    aimed = [rule for rule in rules if concerns(rule, world)]
    excused = [rule for rule in aimed if rule["action"] == "exclusion" and excuses(rule, world)]
    blocking = [rule for rule in aimed if rule["action"] == "blocking" and exceeds(rule, world)]
    if any(rule.get("release_sales_order") for rule in excused):
        return []
    found = []
    for kind in SEVEN:
        for level in ("table", "group", "all"):
            if (kind, level) in [(rule["type"], rule["level"]) for rule in blocking]:
                found.append(kind)
                break
            if (kind, level) in [(rule["type"], rule["level"]) for rule in excused]:
                break
    return found
