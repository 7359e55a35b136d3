"""The ladders as a page shows them (`ux` 3.10): rules in the order of the engine, with all that is known of each.

The order of the rows is the one in which a decision looks at them; which row overrides which, and which decides for a
customer, is asked of the engine and not worked out here.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from django.db.models import Count

from credit_mgmt.engine.decision import Verdict
from credit_mgmt.engine.facts import Action as RuleAction
from credit_mgmt.engine.facts import Rule
from credit_mgmt.engine.health import Finding
from credit_mgmt.engine.ladder import concerns, in_order
from credit_mgmt.engine.reach import overridden
from credit_mgmt.engine.rules import types
from credit_mgmt.models import RuleState, RuleVersion, ShadowResult
from credit_mgmt.policies import rule_value
from credit_mgmt.tester import Trial

LOOK_BACK = dt.timedelta(days=30)
DECIDES = (Verdict.BLOCKED, Verdict.EXCUSED, Verdict.RELEASED)


class RuleHolds(Protocol):
    """How often a rule held orders of late."""

    @property
    def held(self) -> int: ...
    @property
    def as_is_percent(self) -> int | None: ...


HoldsByRule = Callable[..., Mapping[str, RuleHolds]]
"""`holds_by_rule(actor, now=…)`: the room above knows holds, and hands this in with the route."""


@dataclass(slots=True)
class Rung:
    """One version of a rule in its ladder."""

    version: RuleVersion
    rule: Rule
    overrides: tuple[str, ...] = ()
    """Codes of the rules in force that an exclusion may keep from being looked at."""
    holds: RuleHolds | None = None
    shadow_held: int | None = None
    """Orders of the last 30 days that a version in shadow would have stopped, and that were not."""
    findings: list[Finding] = field(default_factory=list)
    out_of_reach: bool = False
    """It does not concern the customer that is looked at."""
    decides: str = ""
    """The verdict with which it decides for that customer."""


@dataclass(frozen=True, slots=True)
class TypeLadder:
    """The rungs of one type, in order."""

    type: str
    rungs: Sequence[Rung]


def ladders_of(versions: Iterable[RuleVersion], *, since: dt.date) -> list[TypeLadder]:
    """The versions by type, in the order in which the engine looks at them; types in theirs.

    An exclusion is told with what it overrides from the day `since` on, of these versions that are in force.
    """
    rungs = [Rung(version, rule_value(version)) for version in versions]
    by_rule = {id(rung.rule): rung for rung in rungs}
    in_force = [rung.rule for rung in rungs if rung.version.state == RuleState.ACTIVE]
    by_type: dict[str, list[Rule]] = defaultdict(list)
    for rung in rungs:
        by_type[rung.rule.type].append(rung.rule)
        if rung.rule.action is RuleAction.EXCLUSION:
            rung.overrides = tuple(rule.name for rule in overridden(rung.rule, in_force, since))
    kinds = [*types, *sorted(by_type.keys() - types.keys())]
    return [TypeLadder(kind, [by_rule[id(rule)] for rule in in_order(by_type[kind])]) for kind in kinds]


def add_findings(ladders: Iterable[TypeLadder], findings: Iterable[Finding]) -> None:
    """Write what was found to the rung that it was found of."""
    found: dict[tuple[str, int | None], list[Finding]] = defaultdict(list)
    for finding in findings:
        found[finding.rule.id, finding.rule.version].append(finding)
    for rung in _rungs(ladders):
        rung.findings = found[rung.rule.id, rung.rule.version]


def add_holds(ladders: Iterable[TypeLadder], holds: Mapping[str, RuleHolds], *, today: dt.date) -> None:
    """Write how often each rule held orders, and how often one in shadow would have; one query for the latter."""
    rungs = list(_rungs(ladders))
    shadows = [rung.version.pk for rung in rungs if rung.version.state == RuleState.SHADOW]
    would = stopped_in_shadow(shadows, today=today) if shadows else {}
    for rung in rungs:
        if rung.version.state == RuleState.ACTIVE:
            rung.holds = holds.get(rung.rule.id)
        elif rung.version.state == RuleState.SHADOW:
            rung.shadow_held = would.get(rung.version.pk, 0)


def stopped_in_shadow(versions: Sequence[int], *, today: dt.date) -> dict[int, int]:
    """Orders of the last 30 days that each of these versions would have stopped and that were not; one query."""
    results = ShadowResult.objects.filter(version__in=versions, date__gt=today - LOOK_BACK, would="held")
    counted = results.exclude(was="held").order_by().values_list("version").annotate(Count("pk"))
    return dict(counted)


def look_for(ladders: Iterable[TypeLadder], trial: Trial) -> None:
    """Mark what cannot apply to the customer of a trial, and what decides for it in each type."""
    facts = trial.facts
    said = {line.rule: str(line.verdict) for line in trial.decision.trace if line.verdict in DECIDES}
    for rung in _rungs(ladders):
        position = facts.position
        if position is None or not concerns(rung.rule, facts.order, position, facts.setting.as_of):
            rung.out_of_reach = True
        elif rung.version.state == RuleState.ACTIVE:
            rung.decides = said.get(rung.rule.id, "")


def _rungs(ladders: Iterable[TypeLadder]) -> Iterable[Rung]:
    return (rung for ladder in ladders for rung in ladder.rungs)
