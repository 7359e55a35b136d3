"""What the page of rules is narrowed by (`ux.md` 3.10, Filters): chosen by address, like any list."""

from collections.abc import Callable, Iterable
from typing import Any

from credit_mgmt.engine.reach import entity_of
from credit_mgmt.models import BlockingRule, RuleState
from credit_mgmt.rules.ladders import Rung
from customers.listing import Address

Item = dict[str, Any]
SHOWN = (RuleState.ACTIVE, RuleState.SHADOW, RuleState.DRAFT)
"""The states that are shown unless the address says otherwise."""
LEVELS = dict(BlockingRule.ValidFor.choices)
EFFECTS = {**dict(BlockingRule.Action.choices), "release": "Releases the order"}
FINDINGS = {"any": "With a finding", "none": "Without a finding"}
LABELS = {
    "state": "State", "level": "Level", "effect": "Effect", "entity": "Entity", "group": "Group", "finding": "Health",
    "q": "Search", "for": "For",
}  # fmt: skip


def states_asked(address: Address) -> list[str]:
    """The states that are to be shown."""
    return address.choices("state", RuleState.values) or list(SHOWN)


def narrowed(rungs: Iterable[Rung], address: Address) -> list[Rung]:
    """The rungs that the address asks for, in the same order."""
    tests = [test for test in (_chosen(address, name) for name in (*_OF, "finding", "q")) if test is not None]
    return [rung for rung in rungs if all(test(rung) for test in tests)]


def _chosen(address: Address, name: str) -> Callable[[Rung], bool] | None:
    values = address.all(name)
    if not values:
        return None
    if name == "q":
        return lambda rung: all(word in _words(rung) for word in values[-1].lower().split())
    if name == "finding":
        return lambda rung: ("any" if rung.findings else "none") in values
    return lambda rung: any(value in values for value in _OF[name](rung))


_OF: dict[str, Callable[[Rung], tuple[str | None, ...]]] = {
    "level": lambda rung: (rung.version.valid_for,),
    "effect": lambda rung: (rung.version.action, "release" if rung.version.release_sales_order else None),
    "entity": lambda rung: (entity_of(rung.rule),),
    "group": lambda rung: (rung.version.credit_management_group_id,),
}
"""What a rung has of each filter."""


def _words(rung: Rung) -> str:
    version = rung.version
    customer = f"{version.customer.key} {version.customer.name}" if version.customer else ""
    return f"{version.rule.code} {version.name} {customer} {version.credit_management_group_id or ''}".lower()


def filters(address: Address, rungs: Iterable[Rung]) -> list[Item]:
    """The filter buttons; entities and groups are those that rules name."""
    known = list(rungs)
    entities = sorted({code for rung in known if (code := entity_of(rung.rule)) is not None})
    groups = sorted({code for rung in known if (code := rung.version.credit_management_group_id) is not None})
    offered: dict[str, dict[str, str]] = {
        "state": {str(value): str(label) for value, label in RuleState.choices},
        "level": {str(value): str(label) for value, label in LEVELS.items()},
        "effect": {str(value): str(label) for value, label in EFFECTS.items()},
        "entity": {code: code for code in entities},
        "group": {code: code for code in groups},
        "finding": FINDINGS,
    }
    return [_filter(address, name, options) for name, options in offered.items() if options]


def _filter(address: Address, name: str, options: dict[str, str]) -> Item:
    values = address.all(name)
    return {
        "label": LABELS[name],
        "name": name,
        "summary": ", ".join(options.get(value, value) for value in values),
        "options": [{"value": value, "label": label, "selected": value in values} for value, label in options.items()],
    }


def chips(address: Address) -> list[Item]:
    """What is applied, each with the way to take it off."""
    return [
        {"label": f"{LABELS[name]}: {value}", "remove_url": address.without(name, value)}
        for name in LABELS
        for value in address.all(name)
    ]
