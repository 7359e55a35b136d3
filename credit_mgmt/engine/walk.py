"""The walk through everything that may hold an order, in the sequence of `domain 4.4` to `4.6`.

One walk serves two purposes: it decides, and walked again with `lines` it writes the trace of the same decision.
"""

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

from credit_mgmt.engine.case import Case, TestedLimit
from credit_mgmt.engine.decision import Reason, TraceLine, Verdict
from credit_mgmt.engine.exposure import MissingFact
from credit_mgmt.engine.facts import Action, Rule
from credit_mgmt.engine.ladder import Ladder, TypeLadder
from credit_mgmt.engine.rules import Measured, Reading, limit_evidence
from credit_mgmt.engine.schedule import is_higher
from credit_mgmt.engine.texts import percent_text
from customers.money import HUNDRED, MissingRate

Missing = MissingRate | MissingFact


class Ranked(NamedTuple):
    """Terms or a cash discount by its code, with the rank that is compared, and what a discount is worth."""

    name: str | None
    rank: int | None
    percent: Decimal | None = None

    def named(self, when: str) -> dict[str, str]:
        """What is known beside the rank, as evidence: `now` and `now_percent`, or `before` and `before_percent`."""
        known = {} if self.name is None else {when: self.name}
        return known if self.percent is None else {**known, f"{when}_percent": percent_text(self.percent)}


class Walk:
    """What one order's walk found: reasons, warnings, and what was missing; with `lines`, all that was looked at."""

    __slots__ = ("case", "ladder", "lines", "missing", "reasons", "warnings")

    def __init__(self, case: Case, ladder: Ladder, lines: list[TraceLine] | None = None) -> None:
        self.case = case
        self.ladder = ladder
        self.lines = lines
        self.reasons: list[Reason] = []
        self.warnings: list[Reason] = []
        self.missing: list[Missing] = []

    def through(self) -> "Walk":
        """Release exclusions, then each type, then the limit itself, then terms and discounts."""
        if not self._released():
            for type_ladder in self.ladder.types:
                self._look_at_type(type_ladder)
            self._look_at_limit()
            self._look_at_ranks()
            if self.lines is not None and not self.ladder.types:
                self.lines.append(TraceLine("no_rule", None, None, Verdict.WITHIN, why="no_rule_concerns"))
        return self

    def _released(self) -> bool:
        """Whether an exclusion with *release sales order* excuses: then nothing else is looked at (`domain 4.4`)."""
        for test, rule in self.ladder.releases:
            if test.is_limit_check and not self.case.parameters.check_credit_limit:
                continue
            try:
                reading = test.read(rule, self.case)
            except (MissingRate, MissingFact):
                continue  # A missing figure never excuses; the rule's own type says so in the trace.
            if reading.excuses:
                self._note_release(rule, reading)
                return True
        return False

    def _note_release(self, rule: Rule, reading: Reading) -> None:
        if self.lines is None:
            return
        self.lines.append(_line(rule, Verdict.RELEASED, reading, self.case))
        others = (other for ladder in self.ladder.types for other, _ in ladder.rules if other is not rule)
        self.lines.extend(_skipped(other, f"released_by:{rule.name}") for other in others)

    def _look_at_type(self, ladder: TypeLadder) -> None:
        """One type on its own, most specific level first; the first rule that says something decides (`domain 4.4`)."""
        test, lines = ladder.test, self.lines
        why: str | None = None
        if test.is_limit_check and not self.case.parameters.check_credit_limit:
            why = "limit_check_off"
        for rule, is_exclusion in ladder.rules:
            if why is not None:
                if lines is None:
                    return
                lines.append(_skipped(rule, why))
                continue
            try:
                reading = test.read(rule, self.case)
            except (MissingRate, MissingFact) as missing:
                self._unknown(rule, missing)
                continue
            decides = reading.excuses if is_exclusion else reading.blocks
            if decides:
                why = f"decided_by:{rule.name}"
                if not is_exclusion:
                    self.reasons.append(_reason(rule, reading))
            if lines is not None:
                verdict = Verdict.EXCUSED if is_exclusion else Verdict.BLOCKED
                lines.append(_line(rule, verdict if decides else Verdict.WITHIN, reading, self.case))

    def _unknown(self, rule: Rule, missing: Missing) -> None:
        """A blocking rule that can't be evaluated holds the order; an exclusion merely excuses nothing (law 4)."""
        if rule.action is Action.BLOCKING:
            self.missing.append(missing)
        if self.lines is not None:
            words = words_for(missing, self.case.as_of)
            line = TraceLine(
                str(rule.type), rule.id, str(rule.level), Verdict.UNKNOWN, words, None, None, _UNKNOWN, rule.name
            )
            self.lines.append(line)

    def _look_at_limit(self) -> None:
        """The credit limit itself, the group's first: a warning, or a reason as well (`domain 4.5`)."""
        case = self.case
        why = case.untested if case.parameters.check_credit_limit else "limit_check_off"
        verdict, measured, limit = Verdict.SKIPPED, None, None
        if why is None:
            try:
                for limit in case.limits():
                    verdict = self._compare(limit)
                    if verdict is not Verdict.WITHIN:
                        break
                else:
                    why = "unlimited" if limit is None else None
            except MissingRate as missing:
                self.missing.append(missing)
                verdict, measured, why = Verdict.UNKNOWN, words_for(missing, case.as_of), _UNKNOWN
        if self.lines is None:
            return
        if limit is None:
            self.lines.append(TraceLine("limit_exceeded", None, None, verdict, measured, why=why))
        else:
            measured, threshold = case.text(limit.after, limit.currency), case.text(limit.limit, limit.currency)
            self.lines.append(TraceLine("limit_exceeded", None, None, verdict, measured, threshold, limit.account))

    def _compare(self, limit: TestedLimit) -> Verdict:
        if limit.after <= limit.limit:
            return Verdict.WITHIN
        evidence = limit_evidence(self.case, limit, limit.limit, HUNDRED)
        reason = Reason("limit_exceeded", None, None, limit.account, evidence)
        if self.case.parameters.exceeding_is_error:
            self.reasons.append(reason)
            return Verdict.BLOCKED
        self.warnings.append(reason)
        return Verdict.WARNED

    def _look_at_ranks(self) -> None:
        """Terms and cash discount made easier than at the last pass or release, or than the default (`domain 4.6`)."""
        order, parameters = self.case.order, self.case.parameters
        standing = order.standing
        if parameters.check_terms:
            before = (
                Ranked(order.default_payment_terms, order.default_terms_rank)
                if standing is None
                else Ranked(standing.payment_terms, standing.terms_rank)
            )
            self._look_at_rank("payment_terms_changed", before, Ranked(order.payment_terms, order.terms_rank))
        if parameters.check_discount:
            before = (
                Ranked(order.default_cash_discount, order.default_discount_rank, order.default_discount_percent)
                if standing is None
                else Ranked(standing.cash_discount, standing.discount_rank, standing.discount_percent)
            )
            now = Ranked(order.cash_discount, order.discount_rank, order.discount_percent)
            self._look_at_rank("settlement_discount_changed", before, now)

    def _look_at_rank(self, code: str, before: Ranked, now: Ranked) -> None:
        order = self.case.order
        if now.rank is None or before.rank is None:
            if self.lines is not None:
                self.lines.append(TraceLine(code, None, None, Verdict.SKIPPED, why="no_rank"))
            return
        measured, threshold = str(now.rank), str(before.rank)
        higher = is_higher(now.rank, before.rank)
        if higher:
            since = "default" if order.standing is None else "last"
            evidence = {"measured": measured, "threshold": threshold, "since": since}
            evidence |= now.named("now") | before.named("before")
            self.reasons.append(Reason(code, None, None, order.payer, evidence))
        if self.lines is not None:
            verdict = Verdict.BLOCKED if higher else Verdict.WITHIN
            self.lines.append(TraceLine(code, None, None, verdict, measured, threshold, order.payer))


_UNKNOWN = "cannot_be_evaluated"


def words_for(missing: Missing, as_of: dt.date) -> str:
    """What is missing, in words, with the day where it is a rate."""
    return f"{missing} on {as_of}" if isinstance(missing, MissingRate) else str(missing)


def _line(rule: Rule, verdict: Verdict, reading: Reading, case: Case) -> TraceLine:
    measured = _text(reading.measured, reading.currency, case)
    threshold = _text(reading.threshold, reading.currency, case)
    said = verdict if reading.tested else Verdict.SKIPPED
    return TraceLine(
        str(rule.type), rule.id, str(rule.level), said, measured, threshold, reading.account, reading.why, rule.name
    )


def _text(measured: Measured, currency: str | None, case: Case) -> str | None:
    if measured is None or isinstance(measured, str):
        return measured
    return str(measured) if isinstance(measured, int) or currency is None else case.text(measured, currency)


def _skipped(rule: Rule, why: str) -> TraceLine:
    return TraceLine(str(rule.type), rule.id, str(rule.level), Verdict.SKIPPED, None, None, None, why, rule.name)


def _reason(rule: Rule, reading: Reading) -> Reason:
    evidence = {**(reading.evidence or {}), "rule_name": rule.name}
    return Reason(str(rule.type), rule.id, str(rule.level), reading.account, evidence)
