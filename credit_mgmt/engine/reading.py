"""How a ladder is read, in words made from the order itself (`ux` 3.10): page and behaviour cannot drift apart.

A rule of each kind is put in order by the very function that puts rules in order for a decision; what stands above
what is then said.
"""

from itertools import product

from credit_mgmt.engine.facts import Action, Level, Rule, RuleType
from credit_mgmt.engine.ladder import in_order

_LEVELS = {Level.TABLE: "rules for one customer", Level.GROUP: "rules for a group", Level.ALL: "rules for everyone"}
_ACTIONS = {Action.BLOCKING: "blocking rules", Action.EXCLUSION: "exclusions"}


def levels_in_order() -> list[Level]:
    """The levels as they are looked at."""
    return list(dict.fromkeys(rule.level for rule in _one_of_each()))


def reading_instruction() -> str:
    """How the rules of a type decide on an order, in sentences."""
    first, *rest = levels_in_order()
    actions = list(dict.fromkeys(rule.action for rule in _one_of_each() if rule.level is first))
    steps = ", then ".join(_LEVELS[level] for level in rest)
    inside = f"{_ACTIONS[actions[0]]} before {_ACTIONS[actions[1]]}"
    return (
        f"Read from the top: {_LEVELS[first]}, then {steps}; within a level {inside}. The first rule that blocks or "
        f"excuses decides for its type; one that does neither hands on to the next. {_what_exclusions_do()}"
    )


def _what_exclusions_do() -> str:
    """Which blocking rules an exclusion comes before, as the order stands."""
    ordered = _one_of_each()
    own_level = any(
        rule.level is exclusion.level
        for place, exclusion in enumerate(ordered)
        for rule in ordered[place:]
        if exclusion.action is Action.EXCLUSION and rule.action is Action.BLOCKING
    )
    if own_level:
        return "An exclusion overrides blocking rules of its own level and of the levels below it."
    return "An exclusion overrides blocking rules of the levels below its own, never of its own level."


def _one_of_each() -> list[Rule]:
    """A rule of each level and action, in the order of the engine; handed over in the opposite order."""
    made = (
        Rule(id=f"{level}/{action}", name="", type=RuleType.DAYS_OVERDUE, action=action, level=level)
        for level, action in product(reversed(Level), reversed(Action))
    )
    return in_order(made)
