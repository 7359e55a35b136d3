"""Rules on trial: the same facts decided under the rules in force, and with other rules in their place (`ux` 3.10).

Only `decide` decides. What is compared are three policies: the one *now*, the one *then* with the tried rules in the
place of their active versions, and the one *without* either, which says whether an order is stopped anyway.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from credit_mgmt.engine.condense import Facts
from credit_mgmt.engine.decide import decide
from credit_mgmt.engine.decision import Decision, Verdict
from credit_mgmt.engine.facts import Action, Policy, Rule
from credit_mgmt.engine.ladder import concerns


class Seen(NamedTuple):
    """What the trial found of one order; of its decisions together: what one of them says, the order has."""

    stopped_now: bool = False
    stopped_then: bool = False
    otherwise: bool = False
    """It is held without the tried rules too: stopping it is no new work."""
    released_now: bool = False
    """A tried exclusion with *release sales order* lets it pass unlooked at."""
    released_then: bool = False

    def joined(self, other: "Seen") -> "Seen":
        """Both as one."""
        return Seen(*(one or another for one, another in zip(self, other, strict=True)))

    @property
    def says_something(self) -> bool:
        """Whether the order belongs into a list."""
        return any(self)


NOTHING = Seen()


@dataclass(frozen=True, slots=True)
class Trial:
    """The policies that are compared. Make it with `trial_of`."""

    now: Policy
    then: Policy
    without: Policy
    tried: tuple[Rule, ...]
    """Old and new values of the tried rules."""
    ids: frozenset[str]
    replaces: bool
    """Some of what is tried stands in the place of a rule in force."""
    by_rule: bool
    """All that is tried are blocking rules: *stopped* means stopped by one of them. Else it means held at all, as an
    exclusion shows only in the outcome."""

    @property
    def currencies(self) -> frozenset[str]:
        """The currencies of all rules: facts that were stored under other rules may lack rates to them."""
        return frozenset(rule.currency for rule in (*self.now.rules, *self.tried) if rule.currency is not None)

    def look(self, facts: Facts) -> Seen:
        """What the trial makes of one stored decision's facts."""
        if self.by_rule:
            return self._stopped_by_rule(facts) if self._concerns(facts) else NOTHING
        now, then = _decided(facts, self.now), _decided(facts, self.then)
        return Seen(now.holds, then.holds, False, self._released(now), self._released(then))

    def _stopped_by_rule(self, facts: Facts) -> Seen:
        """No decision is made of which the answer is known: a rule that is not there yet stops nothing now."""
        then = self._names_one(_decided(facts, self.then))
        now = self.replaces and (then if self.now == self.then else self._names_one(_decided(facts, self.now)))
        return Seen(now, then, (now or then) and _decided(facts, self.without).holds)

    def _concerns(self, facts: Facts) -> bool:
        """Whether a tried rule is aimed at the order: where none is, all three decisions are the same."""
        position, as_of = facts.position, facts.setting.as_of
        return position is None or any(concerns(rule, facts.order, position, as_of) for rule in self.tried)

    def _names_one(self, decision: Decision) -> bool:
        """Whether a tried rule is among the reasons."""
        return any(reason.rule in self.ids for reason in decision.reasons)

    def _released(self, decision: Decision) -> bool:
        if not any(rule.release_sales_order for rule in self.tried):
            return False
        return any(line.verdict == Verdict.RELEASED and line.rule in self.ids for line in decision.trace)


def trial_of(now: Policy, drafts: Iterable[Rule]) -> Trial:
    """`drafts` on trial: each in the place of the active rule with its id, or beside the others where there is none.

    The days of validity of what is tried are left aside, old and new: the question is what they would do in any period.
    What is tried comes first: of rules of one type and level that all block, the first is named as the reason, and the
    trial is about these. The outcome is the same in any order (`domain 4.4`). What runs in shadow decides nothing, so
    it is left out.
    """
    new = tuple(_in_force(rule) for rule in drafts)
    ids = frozenset(rule.id for rule in new)
    counting = [rule for rule in now.rules if not rule.shadow]
    old = tuple(_in_force(rule) for rule in counting if rule.id in ids and rule.active)
    others = tuple(rule for rule in counting if rule.id not in ids)
    tried = old + tuple(rule for rule in new if rule not in old)
    return Trial(
        now=replace(now, rules=old + others),
        then=replace(now, rules=new + others),
        without=replace(now, rules=others),
        tried=tried,
        ids=ids,
        replaces=bool(old),
        by_rule=all(rule.action is Action.BLOCKING for rule in tried),
    )


def _in_force(rule: Rule) -> Rule:
    return replace(rule, active=True, shadow=False, valid_from=None, valid_to=None)


def _decided(facts: Facts, policy: Policy) -> Decision:
    return decide(facts.book(), facts.order, policy=policy, question=facts.question, setting=facts.setting)
