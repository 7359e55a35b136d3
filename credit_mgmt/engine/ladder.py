"""Which rules concern an order, in the order in which they are looked at (`domain 4.2`, `4.4`).

A policy is sorted once; orders whose payers are aimed at alike share one ladder, so that a queue of thousands finds
its rules by one look-up each.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple

from credit_mgmt.engine.facts import Action, CustomerPosition, Level, OrderFacts, Policy, Rule
from credit_mgmt.engine.rules import RuleTest, types

LEVELS = (Level.TABLE, Level.GROUP, Level.ALL)
_REMEMBERED_POLICIES = 8
_REMEMBERED_LADDERS = 20_000


class TypeLadder(NamedTuple):
    """The rules of one type that concern an order: most specific level first, in a level blocking before exclusions."""

    test: RuleTest
    rules: tuple[tuple[Rule, bool], ...]
    """Each with whether it is an exclusion."""


class Ladder(NamedTuple):
    """All rules that concern an order: first the exclusions that release it outright, then each type."""

    releases: tuple[tuple[RuleTest, Rule], ...]
    types: tuple[TypeLadder, ...]


_Target = tuple[Level, str | None]
_Key = tuple[str, dt.date, str | None, str | None, str | None]


def concerns(rule: Rule, order: OrderFacts, position: CustomerPosition, as_of: dt.date) -> bool:
    """Whether the rule is in force and aimed at the order's invoice account (`domain 4.2`)."""
    return (
        _in_force(rule, order.legal_entity, as_of)
        and (rule.risk_group is None or rule.risk_group == position.risk_group)
        and _target(rule) in _targets(position.account, position.credit_management_group)
    )


def _in_force(rule: Rule, legal_entity: str, as_of: dt.date) -> bool:
    return (
        rule.active
        and (rule.legal_entity is None or rule.legal_entity == legal_entity)
        and (rule.valid_from is None or rule.valid_from <= as_of)
        and (rule.valid_to is None or as_of <= rule.valid_to)
    )


def _target(rule: Rule) -> _Target | None:
    """What the rule is valid for; None for a rule that names nobody."""
    if rule.level is Level.ALL:
        return Level.ALL, None
    name = rule.customer if rule.level is Level.TABLE else rule.credit_management_group
    return None if name is None else (rule.level, name)


def _targets(account: str, credit_management_group: str | None) -> tuple[_Target, ...]:
    targets: tuple[_Target, ...] = ((Level.TABLE, account), (Level.ALL, None))
    return targets if credit_management_group is None else (*targets, (Level.GROUP, credit_management_group))


class SortedPolicy:
    """A policy with its rules by target, and the ladders made of them so far."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.currencies = frozenset(rule.currency for rule in policy.rules if rule.currency is not None)
        self._by_target: dict[_Target, list[tuple[int, Rule]]] = defaultdict(list)
        self._ladders: dict[_Key, Ladder] = {}
        self._shadows = [(position, rule) for position, rule in enumerate(policy.rules) if rule.shadow]
        for position, rule in enumerate(policy.rules):
            target = _target(rule)
            if target is not None and not rule.shadow:
                self._by_target[target].append((position, rule))

    def ladder(self, order: OrderFacts, position: CustomerPosition, as_of: dt.date) -> Ladder:
        """The rules that concern the order."""
        named = position.account if (Level.TABLE, position.account) in self._by_target else None
        key = (order.legal_entity, as_of, named, position.credit_management_group, position.risk_group)
        ladder = self._ladders.get(key)
        if ladder is None:
            if len(self._ladders) >= _REMEMBERED_LADDERS:
                self._ladders.clear()
            ladder = self._ladders[key] = _ladder(self._concerned(order, position, as_of))
        return ladder

    def with_shadow(
        self, order: OrderFacts, position: CustomerPosition, as_of: dt.date
    ) -> Iterator[tuple[Rule, Ladder]]:
        """Each shadow version with the ladder as it would be with it in the place of the version in force.

        Left out where neither of the two concerns the order.
        """
        if not self._shadows:
            return
        counting = self._found(order, position, as_of)
        for place, shadow in self._shadows:
            others = [entry for entry in counting if entry[1].id != shadow.id]
            if concerns(shadow, order, position, as_of):
                others = sorted([*others, (place, shadow)], key=itemgetter(0))
            elif len(others) == len(counting):
                continue
            yield shadow, _ladder([rule for _, rule in others])

    def _concerned(self, order: OrderFacts, position: CustomerPosition, as_of: dt.date) -> list[Rule]:
        return [rule for _, rule in self._found(order, position, as_of)]

    def _found(self, order: OrderFacts, position: CustomerPosition, as_of: dt.date) -> list[tuple[int, Rule]]:
        """The rules that count and concern the order, each with its place in the policy."""
        targets = _targets(position.account, position.credit_management_group)
        found = [entry for target in targets for entry in self._by_target.get(target, ())]
        found.sort(key=itemgetter(0))
        return [entry for entry in found if concerns(entry[1], order, position, as_of)]


def _ladder(rules: list[Rule]) -> Ladder:
    by_type: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        by_type[rule.type].append(rule)
    unknown = by_type.keys() - types.keys()
    if unknown:
        raise LookupError(f"no rule type is registered for {', '.join(sorted(unknown))}: install its package again")
    releases = tuple(
        (types[rule.type], rule) for rule in rules if rule.action is Action.EXCLUSION and rule.release_sales_order
    )
    ladders = (TypeLadder(test, _in_order(by_type[code])) for code, test in types.items() if code in by_type)
    return Ladder(releases, tuple(ladders))


def _in_order(rules: list[Rule]) -> tuple[tuple[Rule, bool], ...]:
    return tuple((rule, rule.action is Action.EXCLUSION) for rule in in_order(rules))


def in_order(rules: Iterable[Rule]) -> list[Rule]:
    """Rules of one type as they are looked at: most specific level first, in a level blocking before exclusions."""
    return sorted(rules, key=_rank)


def _rank(rule: Rule) -> tuple[int, bool]:
    """When a rule is looked at among those of its type (`domain 4.4`); the order of levels is fixed."""
    return LEVELS.index(rule.level), rule.action is Action.EXCLUSION


_sorted: dict[int, SortedPolicy] = {}


def sorted_policy(policy: Policy) -> SortedPolicy:
    """The policy, sorted; remembered for the last few policies, which are immutable."""
    known = _sorted.get(id(policy))
    if known is not None and known.policy is policy:
        return known
    while len(_sorted) >= _REMEMBERED_POLICIES:
        _sorted.pop(next(iter(_sorted)), None)
    made = _sorted[id(policy)] = SortedPolicy(policy)
    return made
