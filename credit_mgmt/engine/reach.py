"""Whom rules are aimed at and what they let pass, compared with one another: what rule health and the ladder ask.

Nothing here decides on an order. What is said of two rules is true of every order from a day on; where that cannot be
known of the rules alone (a customer may be in any group), the careful answer is given.
"""

import datetime as dt

from credit_mgmt.engine.facts import Action, Level, Rule, RuleType
from credit_mgmt.engine.ladder import LEVELS

FIGURES = ("days", "amount", "threshold_percent", "threshold_amount")
"""The values of a rule that let more pass the larger they are: for a blocking rule and for an exclusion."""
NAMES = ("currency", "account_status", "payment_terms")
"""The values that are alike or not."""
_COMPARED = frozenset(str(kind) for kind in RuleType)
"""Of the types of other packages it is not known that a larger figure lets more pass: only equal values are alike."""


def entity_of(rule: Rule) -> str | None:
    """The one legal entity whose orders the rule concerns, its own or its customer's; None for all."""
    if rule.legal_entity is None and rule.level is Level.TABLE and rule.customer is not None:
        return rule.customer.partition(":")[0]
    return rule.legal_entity


def covers(broad: Rule, narrow: Rule, since: dt.date) -> bool:
    """Whether every order that `narrow` concerns from the day `since` on, `broad` concerns too (`domain 4.2`)."""
    return (
        (broad.level is Level.ALL or _target(broad) == _target(narrow))
        and broad.legal_entity in (None, entity_of(narrow))
        and broad.risk_group in (None, narrow.risk_group)
        and _first(broad, since) <= _first(narrow, since)
        and _last(broad) >= _last(narrow)
    )


def meet(one: Rule, other: Rule, since: dt.date) -> bool:
    """Whether some order may concern both, on some day from `since` on."""
    return (
        _alike(entity_of(one), entity_of(other))
        and _alike(one.risk_group, other.risk_group)
        and (one.level is not other.level or _target(one) == _target(other))
        and max(_first(one, since), _first(other, since)) <= min(_last(one), _last(other))
    )


def is_broader(one: Rule, other: Rule) -> bool:
    """Whether the level of `one` is looked at after that of `other`."""
    return LEVELS.index(one.level) > LEVELS.index(other.level)


def at_least_as_strict(one: Rule, other: Rule) -> bool:
    """Whether `one` blocks wherever `other` blocks, and excuses nowhere that `other` does not; of one type.

    True for equal values; for figures of the same kind, those of `one` are at most those of `other`.
    """
    if any(getattr(one, name) != getattr(other, name) for name in NAMES):
        return False
    pairs = ((getattr(one, name), getattr(other, name)) for name in FIGURES)
    compared = one.type in _COMPARED
    return all(a == b or (compared and a is not None and b is not None and a < b) for a, b in pairs)


def never_helps(exclusion: Rule, blocking: Rule) -> bool:
    """Whether what `exclusion` excuses is nothing that `blocking` blocks: then it overrides nothing; of one type."""
    if exclusion.type not in _COMPARED:
        return False
    for name in ("account_status", "payment_terms"):
        if getattr(exclusion, name) is not None:
            return bool(getattr(exclusion, name) != getattr(blocking, name))
    if exclusion.currency != blocking.currency:
        return False
    return any(_within(getattr(exclusion, name), getattr(blocking, name)) for name in _first_figure(blocking))


def overridden(exclusion: Rule, rules: list[Rule], since: dt.date) -> list[Rule]:
    """The blocking rules that an exclusion may keep from being looked at: of its type, at broader levels."""
    return [
        rule
        for rule in rules
        if rule.action is Action.BLOCKING
        and rule.type == exclusion.type
        and is_broader(rule, exclusion)
        and meet(rule, exclusion, since)
    ]


def _first_figure(blocking: Rule) -> tuple[str, ...]:
    """The figure that is compared first: where it does not exceed, the rule does not block."""
    return next(((name,) for name in FIGURES if getattr(blocking, name) is not None), ())


def _within(excused: object, allowed: object) -> bool:
    return excused is not None and allowed is not None and bool(excused <= allowed)  # type: ignore[operator]  # figures of one kind


def _target(rule: Rule) -> tuple[Level, str | None, str | None]:
    return rule.level, rule.customer, rule.credit_management_group


def _alike(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


def _first(rule: Rule, since: dt.date) -> dt.date:
    return max(rule.valid_from or since, since)


def _last(rule: Rule) -> dt.date:
    return rule.valid_to or dt.date.max
