"""Rule health: what is wrong with a set of rules, found before an order shows it (`ux` 3.10).

Pure. A finding is made of the rules alone and of what they are aimed at (`Population`); nothing is guessed from names.
Findings that are `idle` are laws: without those rules, all of them at once, every decision from today on has the same
outcome for the same reasons (tested with random rules, customers and orders).
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from credit_mgmt.engine.facts import Action, Level, LimitType, Parameters, Policy, Rule
from credit_mgmt.engine.ladder import in_order
from credit_mgmt.engine.reach import (
    FIGURES,
    at_least_as_strict,
    covers,
    entity_of,
    is_broader,
    meet,
    never_helps,
    overridden,
)
from credit_mgmt.engine.rules import types
from customers.money import MissingRate, Rates

OLD_DRAFT = dt.timedelta(days=30)
MANY_RELEASED = Decimal(5)
"""Per cent of the orders checked, above which an outright release is a finding."""


class Code(StrEnum):
    """What can be found of a rule; stable, the sentences are in `messages.health`."""

    DUPLICATE = "duplicate"
    NEVER_DECIDES = "never_decides"
    LOOSER_THAN_BROADER = "looser_than_broader"
    SAME_LEVEL = "same_level"
    OVERRIDES_NOTHING = "overrides_nothing"
    EXCUSES_NOTHING_BLOCKED = "excuses_nothing_blocked"
    RELEASED_ANYWAY = "released_anyway"
    GROUP_WITHOUT_MEMBERS = "group_without_members"
    LIMIT_CHECK_OFF = "limit_check_off"
    ENDED = "ended"
    NO_CHECKPOINT = "no_checkpoint"
    NO_RATE = "no_rate"
    OTHER_FIGURE = "other_figure"
    RELEASES_OUTRIGHT = "releases_outright"
    RELEASES_MANY = "releases_many"
    OLD_DRAFT = "old_draft"


IDLE = frozenset(
    {
        Code.DUPLICATE,
        Code.NEVER_DECIDES,
        Code.LOOSER_THAN_BROADER,
        Code.SAME_LEVEL,
        Code.OVERRIDES_NOTHING,
        Code.EXCUSES_NOTHING_BLOCKED,
        Code.RELEASED_ANYWAY,
        Code.GROUP_WITHOUT_MEMBERS,
        Code.LIMIT_CHECK_OFF,
        Code.ENDED,
    }
)
"""Findings that mean: without the rule, nothing is decided otherwise."""


class Finding(NamedTuple):
    """One thing that was found of a rule: the other rules that make it so, and the figures, as text."""

    code: Code
    rule: Rule
    others: tuple[Rule, ...] = ()
    figures: Mapping[str, str] = {}

    @property
    def idle(self) -> bool:
        """Whether the rule has no effect at all."""
        return self.code in IDLE


@dataclass(frozen=True, slots=True)
class Population:
    """What rules are aimed at, counted, and the rates that they are compared with."""

    currencies: Mapping[str, str]
    """The accounting currency of each legal entity."""
    rates: Mapping[str, Rates] = field(default_factory=dict)
    """Today's rates, by legal entity; an entity that is not named is not looked at."""
    members: frozenset[tuple[str, str]] = frozenset()
    """The credit management groups that have customers, each with the legal entity in which they are."""
    released_percent: Mapping[str, Decimal] = field(default_factory=dict)
    """Per cent of the orders checked that an exclusion released outright, by rule id."""

    def entities(self, rule: Rule) -> list[str]:
        """The legal entities whose orders the rule concerns."""
        one = entity_of(rule)
        return sorted(self.currencies) if one is None else [one]


def examine(policy: Policy, population: Population, *, today: dt.date) -> list[Finding]:
    """Everything that is found of the rules of a policy that count, in the order of their ladder."""
    by_type: dict[str, list[Rule]] = defaultdict(list)
    for rule in policy.rules:
        if rule.active and not rule.shadow:
            by_type[rule.type].append(rule)
    return [
        finding
        for kind in chain(types, sorted(by_type.keys() - types.keys()))
        for finding in _of_type(by_type.get(kind, []), policy, population, today)
    ]


def examine_one(rule: Rule, policy: Policy, population: Population, *, today: dt.date) -> list[Finding]:
    """What would be found of `rule` if it were active, in the place of the version in force: a draft, a shadow rule."""
    tried = replace(rule, active=True, shadow=False)
    others = tuple(other for other in policy.rules if other.id != rule.id and other.type == rule.type)
    among = Policy(policy.version, (*others, tried), policy.parameters)
    return [finding for finding in examine(among, population, today=today) if finding.rule is tried]


def idle_rules(findings: Sequence[Finding]) -> frozenset[str]:
    """The ids of the rules that have no effect."""
    return frozenset(finding.rule.id for finding in findings if finding.idle)


def _of_type(rules: list[Rule], policy: Policy, population: Population, today: dt.date) -> Iterator[Finding]:
    """Findings of one type: rules that nothing can reach are left out of the comparison of the others."""
    ordered = in_order(rules)
    unreached = {rule.id: found for rule in ordered if (found := _unreached(rule, policy, population, today))}
    peers = Peers([rule for rule in ordered if rule.id not in unreached], today)
    for rule in ordered:
        idle = unreached.get(rule.id) or peers.idle(rule)
        if idle is not None:
            yield idle
        else:
            yield from peers.notes(rule)
            yield from _of_population(rule, policy, population)


def _unreached(rule: Rule, policy: Policy, population: Population, today: dt.date) -> Finding | None:
    """Why no order comes to the rule: it ended, its group is empty, or its type is not run."""
    if rule.valid_to is not None and rule.valid_to < today:
        return Finding(Code.ENDED, rule, figures={"on": rule.valid_to.isoformat()})
    entities = population.entities(rule)
    if rule.level is Level.GROUP:
        group = rule.credit_management_group or ""
        if not any((group, entity) in population.members for entity in entities):
            return Finding(Code.GROUP_WITHOUT_MEMBERS, rule, figures={"group": group})
    test = types.get(rule.type)
    if test is not None and test.is_limit_check and _in_all(entities, policy, _limits_are_not_tested):
        return Finding(Code.LIMIT_CHECK_OFF, rule, figures={"entities": ", ".join(entities)})
    return None


def _limits_are_not_tested(parameters: Parameters) -> bool:
    return not parameters.check_credit_limit or parameters.limit_type is LimitType.NONE


def _in_all(entities: Sequence[str], policy: Policy, holds: Callable[[Parameters], bool]) -> bool:
    """Whether something is true of the parameters of every one of the entities; not where they have none."""
    rows = [policy.parameters_of(entity) for entity in entities]
    return bool(rows) and all(row is not None and holds(row) for row in rows)


class Peers:
    """The rules of one type in the order in which they are looked at, and what they mean to each other."""

    def __init__(self, ordered: Sequence[Rule], today: dt.date) -> None:
        self.ordered = list(ordered)
        self.today = today
        self.place = {rule.id: place for place, rule in enumerate(self.ordered)}
        self.blocking = [rule for rule in self.ordered if rule.action is Action.BLOCKING]
        self.exclusions = [rule for rule in self.ordered if rule.action is Action.EXCLUSION]
        self.idle_exclusions = {rule.id: found for rule in self.exclusions if (found := self._exclusion(rule))}

    def idle(self, rule: Rule) -> Finding | None:
        """Why the rule has no effect among the others, or None."""
        return self._blocking(rule) if rule.action is Action.BLOCKING else self.idle_exclusions.get(rule.id)

    def notes(self, rule: Rule) -> Iterator[Finding]:
        """What an exclusion does that its author may not expect."""
        if rule.action is Action.BLOCKING:
            return
        if rule.release_sales_order:
            if any(getattr(rule, name) is not None for name in FIGURES):
                yield Finding(Code.RELEASES_OUTRIGHT, rule)
        elif rule.days is None and rule.amount is not None:
            by_days = tuple(other for other in self._below(rule) if other.days is not None)
            if by_days:
                yield Finding(Code.OTHER_FIGURE, rule, by_days)

    def _blocking(self, rule: Rule) -> Finding | None:
        """A rule is idle beside one that stops whatever it stops, if no exclusion is looked at between the two."""
        for other in self.blocking:
            if other is rule or is_broader(rule, other) or not self._stands_for(other, rule):
                continue
            if self._stands_for(rule, other) and self._is_before(rule, other):
                continue  # Of two that are alike, the first stays.
            if any(self._is_between(one, rule, other) and self._matters(one, rule) for one in self.ordered):
                continue
            return Finding(self._code(rule, other), rule, (other,))
        return None

    def _code(self, rule: Rule, other: Rule) -> Code:
        if self._stands_for(rule, other):
            return Code.DUPLICATE
        return Code.LOOSER_THAN_BROADER if is_broader(other, rule) else Code.NEVER_DECIDES

    def _exclusion(self, rule: Rule) -> Finding | None:
        for other in self.exclusions:
            if other is rule or not self._excuses_for(other, rule):
                continue
            if self._excuses_for(rule, other):
                if self._is_before(rule, other):
                    continue
                return Finding(Code.DUPLICATE, rule, (other,))
            return Finding(Code.RELEASED_ANYWAY if other.release_sales_order else Code.NEVER_DECIDES, rule, (other,))
        if rule.release_sales_order:
            return None
        below = self._below(rule)
        if not below:
            beside = (one for one in self.blocking if one.level is rule.level and meet(one, rule, self.today))
            same = tuple(beside)
            return Finding(Code.SAME_LEVEL if same else Code.OVERRIDES_NOTHING, rule, same)
        if all(never_helps(rule, other) for other in below):
            return Finding(Code.EXCUSES_NOTHING_BLOCKED, rule, tuple(below))
        return None

    def _below(self, rule: Rule) -> list[Rule]:
        return overridden(rule, self.blocking, self.today)

    def _stands_for(self, other: Rule, rule: Rule) -> bool:
        """Whether `other` blocks whatever `rule` blocks."""
        return covers(other, rule, self.today) and at_least_as_strict(other, rule)

    def _excuses_for(self, other: Rule, rule: Rule) -> bool:
        """Whether the order goes the same way by `other` whenever `rule` excuses it.

        A release counts at any level, and only a release stands for a release.
        """
        if not (covers(other, rule, self.today) and at_least_as_strict(rule, other)):
            return False
        return other.release_sales_order or (not rule.release_sales_order and other.level is rule.level)

    def _is_before(self, rule: Rule, other: Rule) -> bool:
        return self.place[rule.id] < self.place[other.id]

    def _is_between(self, one: Rule, rule: Rule, other: Rule) -> bool:
        between = self._is_before(rule, one) and self._is_before(one, other)
        return between and meet(one, rule, self.today)

    def _matters(self, one: Rule, rule: Rule) -> bool:
        """Whether `one`, looked at because `rule` is gone, could change more than which rule is named.

        An exclusion that is not idle could excuse; a blocking rule in another currency could lack its rate.
        """
        if one.action is Action.EXCLUSION:
            return one.id not in self.idle_exclusions
        return one.currency != rule.currency


def _of_population(rule: Rule, policy: Policy, population: Population) -> Iterator[Finding]:
    """What follows from parameters, rates and counts."""
    entities = population.entities(rule)
    if _in_all(entities, policy, _nothing_is_checked):
        yield Finding(Code.NO_CHECKPOINT, rule, figures={"entities": ", ".join(entities)})
    if rule.currency is not None:
        without = [entity for entity in entities if not _has_rate(entity, rule.currency, population)]
        if without:
            figures = {"currency": rule.currency, "entities": ", ".join(without)}
            yield Finding(Code.NO_RATE, rule, figures=figures)
    released = population.released_percent.get(rule.id)
    if released is not None and released > MANY_RELEASED:
        yield Finding(Code.RELEASES_MANY, rule, figures={"percent": str(released)})


def _nothing_is_checked(parameters: Parameters) -> bool:
    return not any(setting.posting or setting.pro_forma for setting in parameters.checkpoints.values())


def _has_rate(entity: str, currency: str, population: Population) -> bool:
    """Whether an amount in the entity's accounting currency can be compared with one in `currency` today."""
    rates, accounting = population.rates.get(entity), population.currencies.get(entity)
    if rates is None or accounting is None:
        return True
    try:
        rates.convert(Decimal(1), accounting, currency)
    except MissingRate:
        return False
    return True
