"""The decision: the one implementation of the credit check (`domain 4`).

A single check is a queue of one. A queue is a fold: each order that passes, or is posted unchecked, uses credit that
the next one no longer finds (`domain 7`).
"""

from collections.abc import Iterable, Iterator

from credit_mgmt.engine.case import Case, TestedLimit
from credit_mgmt.engine.decision import Decision, Draw, NotChecked, Outcome, Reason, TraceLine, Verdict
from credit_mgmt.engine.exposure import Book, MissingFact, convert, will_use
from credit_mgmt.engine.facts import (
    Action,
    Checkpoint,
    CustomerPosition,
    GroupPosition,
    OrderFacts,
    Policy,
    Question,
    Rule,
    Setting,
)
from credit_mgmt.engine.figures import figures_of
from credit_mgmt.engine.ladder import Ladder, SortedPolicy, TypeLadder, sorted_policy
from credit_mgmt.engine.rules import Reading, RuleTest, limit_evidence
from credit_mgmt.engine.schedule import customer_exempt, document_exempt, exempt, is_higher
from customers.money import HUNDRED, MissingRate

QueueItem = tuple[OrderFacts, Question, Setting]
"""An order, the document about to be posted, and the legal entity's day and rates."""


def decide(book: Book, order: OrderFacts, *, policy: Policy, question: Question, setting: Setting) -> Decision:
    """The decision for one order; the book is left as it is. Never raises for missing data (`domain 4.9`)."""
    return _Check(book, order, sorted_policy(policy), question, setting).decision()


def decide_queue(book: Book, items: Iterable[QueueItem], *, policy: Policy) -> list[Decision]:
    """The decisions for `items` in their order, each seeing what those before it drew (`domain 7`, law 1)."""
    known = sorted_policy(policy)
    decisions = []
    for order, question, setting in items:
        decision = _Check(book, order, known, question, setting).decision()
        carry(book, order, decision, policy=policy)
        decisions.append(decision)
    return decisions


def carry(book: Book, order: OrderFacts, decision: Decision, *, policy: Policy) -> None:
    """Carry the order's credit forward: taken if it passed or is posted unchecked, freed if held (`domain 3.2`)."""
    parameters = policy.parameters_of(order.legal_entity)
    all_open = parameters is not None and parameters.all_open_orders_use_credit
    book.take(order, held=decision.holds, all_open=all_open)


class _Check:
    """One order on its way to a decision: what was found so far."""

    __slots__ = (
        "book",
        "case",
        "causes",
        "draws",
        "missing_rates",
        "order",
        "policy",
        "question",
        "reasons",
        "setting",
        "trace",
        "warnings",
    )

    def __init__(
        self, book: Book, order: OrderFacts, policy: SortedPolicy, question: Question, setting: Setting
    ) -> None:
        self.book = book
        self.order = order
        self.policy = policy
        self.question = question
        self.setting = setting
        self.case: Case | None = None
        self.reasons: list[Reason] = []
        self.warnings: list[Reason] = []
        self.trace: list[TraceLine] = []
        self.causes: list[str] = []
        self.missing_rates: list[str] = []
        self.draws: tuple[Draw, ...] = ()

    def decision(self) -> Decision:
        """Everything looked at in the order of `domain 4`, as one value."""
        because = exempt(self.order)
        if because is None:
            try:
                because = self._look()
            except MissingFact as missing:
                self._cannot(str(missing))
        if self.causes:
            self._add_cannot_be_evaluated()
        if because is not None:
            self.trace.append(TraceLine("not_checked", None, None, Verdict.SKIPPED, why=because.value))
            self.draws = self._draws_as_far_as_known()
        outcome = Outcome.HELD if self.reasons else Outcome.NOT_CHECKED if because else Outcome.PASSED
        return Decision(
            self.order.id,
            self.order.key,
            self.question.checkpoint,
            self.question.pro_forma,
            outcome,
            because if outcome is Outcome.NOT_CHECKED else None,
            tuple(self.reasons),
            tuple(self.warnings),
            tuple(self.trace),
            (),
            self.draws,
            self.policy.policy.version,
            None if self.case is None else figures_of(self.case),
        )

    def _look(self) -> NotChecked | None:
        """Look at everything, unless something says that the order is not checked. Raises `MissingFact`."""
        order, question = self.order, self.question
        position = self.book.positions.get(order.payer)
        if position is None:
            raise MissingFact(f"the credit position of customer {order.payer} was not loaded")
        self._account_on_hold(position)
        because = customer_exempt(order, self.setting.as_of)
        if because is not None:
            return because
        parameters = self.policy.policy.parameters_of(order.legal_entity)
        if parameters is None:
            raise MissingFact(f"there are no credit parameters for legal entity {order.legal_entity}")
        because = document_exempt(order, parameters, question, self.setting.as_of)
        if because is not None:
            return because
        group = self.book.group_of(position)
        self.case = case = Case(self.book, order, position, group, parameters, question, self.setting)
        self._draw(case)
        ladder = self.policy.ladder(order, position, case.as_of)
        if not self._released(case, ladder):
            for type_ladder in ladder.types:
                self._look_at_type(case, type_ladder)
            self._look_at_limit(case)
            self._look_at_ranks(case)
            if not ladder.types:
                self.trace.append(TraceLine("no_rule", None, None, Verdict.WITHIN, why="no_rule_concerns"))
        return None

    def _account_on_hold(self, position: CustomerPosition) -> None:
        """Processing hold *all* stops every posting, *invoice* the invoice, before anything else (`domain 4.7`)."""
        hold = position.processing_hold
        if hold == "all" or (hold == "invoice" and self.question.checkpoint is Checkpoint.INVOICE):
            status, account = position.account_status or "", position.account
            evidence = {"measured": status, "threshold": hold}
            self.reasons.append(Reason("account_on_hold", None, None, account, evidence))
            self.trace.append(TraceLine("account_on_hold", None, None, Verdict.BLOCKED, status, hold, account))

    def _released(self, case: Case, ladder: Ladder) -> bool:
        """Whether an exclusion with *release sales order* excuses: then nothing else is looked at (`domain 4.4`)."""
        for test, rule in ladder.releases:
            if test.is_limit_check and not case.parameters.check_credit_limit:
                continue
            reading = _read(test, rule, case)
            if isinstance(reading, Reading) and reading.excuses:
                self.trace.append(_line(rule, Verdict.RELEASED, reading))
                why = f"released_by:{rule.name}"
                others = (other for ladder_of_type in ladder.types for other in rules_of(ladder_of_type))
                self.trace.extend(_skipped(other, why) for other in others if other is not rule)
                return True
        return False

    def _look_at_type(self, case: Case, ladder: TypeLadder) -> None:
        """One type on its own, most specific level first; the first rule that says something decides (`domain 4.4`)."""
        test = ladder.test
        why = "limit_check_off" if test.is_limit_check and not case.parameters.check_credit_limit else None
        for rule in rules_of(ladder):
            if why is not None:
                self.trace.append(_skipped(rule, why))
                continue
            reading = _read(test, rule, case)
            if not isinstance(reading, Reading):
                self._unknown(rule, reading)
            elif rule.action is Action.EXCLUSION:
                self.trace.append(_line(rule, Verdict.EXCUSED if reading.excuses else Verdict.WITHIN, reading))
                why = f"decided_by:{rule.name}" if reading.excuses else None
            else:
                self.trace.append(_line(rule, Verdict.BLOCKED if reading.blocks else Verdict.WITHIN, reading))
                if reading.blocks:
                    self.reasons.append(_reason(rule, reading))
                    why = f"decided_by:{rule.name}"

    def _unknown(self, rule: Rule, missing: MissingRate | MissingFact) -> None:
        """A blocking rule that can't be evaluated holds the order; an exclusion merely excuses nothing (law 4)."""
        words = self._words(missing)
        self.trace.append(
            TraceLine(rule.type, rule.id, rule.level, Verdict.UNKNOWN, words, why="cannot_be_evaluated", name=rule.name)
        )
        if rule.action is Action.BLOCKING:
            self._cannot_for(missing)

    def _look_at_limit(self, case: Case) -> None:
        """The credit limit itself, the group's first: a warning, or a reason as well (`domain 4.5`)."""
        parameters = case.parameters
        why = case.untested if parameters.check_credit_limit else "limit_check_off"
        line = TraceLine("limit_exceeded", None, None, Verdict.SKIPPED, why=why or "unlimited")
        if why is None:
            try:
                for limit in case.limits():
                    measured, threshold = case.text(limit.after, limit.currency), case.text(limit.limit, limit.currency)
                    line = TraceLine("limit_exceeded", None, None, Verdict.WITHIN, measured, threshold, limit.account)
                    if limit.after > limit.limit:
                        line = self._exceeded(case, limit, line)
                        break
            except MissingRate as missing:
                self._cannot_for(missing)
                line = line._replace(verdict=Verdict.UNKNOWN, measured=self._words(missing), why="cannot_be_evaluated")
        self.trace.append(line)

    def _exceeded(self, case: Case, limit: TestedLimit, line: TraceLine) -> TraceLine:
        evidence = limit_evidence(case, limit, limit.limit, HUNDRED)
        reason = Reason("limit_exceeded", None, None, limit.account, evidence)
        if case.parameters.exceeding_is_error:
            self.reasons.append(reason)
            return line._replace(verdict=Verdict.BLOCKED)
        self.warnings.append(reason)
        return line._replace(verdict=Verdict.WARNED)

    def _look_at_ranks(self, case: Case) -> None:
        """Terms and cash discount made easier than at the last pass or release, or than the default (`domain 4.6`)."""
        order, parameters, standing = case.order, case.parameters, case.order.standing
        if parameters.check_terms:
            before = order.default_terms_rank if standing is None else standing.terms_rank
            self._look_at_rank("payment_terms_changed", order.payment_terms, order.terms_rank, before)
        if parameters.check_discount:
            before = order.default_discount_rank if standing is None else standing.discount_rank
            self._look_at_rank("settlement_discount_changed", order.cash_discount, order.discount_rank, before)

    def _look_at_rank(self, code: str, name: str | None, rank: int | None, before: int | None) -> None:
        if rank is None or before is None:
            self.trace.append(TraceLine(code, None, None, Verdict.SKIPPED, why="no_rank"))
            return
        higher, account = is_higher(rank, before), self.order.payer
        verdict = Verdict.BLOCKED if higher else Verdict.WITHIN
        self.trace.append(TraceLine(code, None, None, verdict, str(rank), str(before), account))
        if higher:
            since = "default" if self.order.standing is None else "last"
            evidence = {"measured": str(rank), "threshold": str(before), "now": name or "", "since": since}
            self.reasons.append(Reason(code, None, None, account, evidence))

    def _draw(self, case: Case) -> None:
        """What the order takes from its payer's account and the group's; without a rate it is held (`domain 4.9`)."""
        order, position, used = self.order, case.position, will_use(self.order)
        accounts: list[CustomerPosition | GroupPosition] = [position]
        if case.group is not None:
            accounts.append(case.group)
        draws = []
        for account in accounts:
            try:
                amount = case.convert(used, order.currency, account.currency)
            except MissingRate as missing:
                self._cannot_for(missing)
            else:
                draws.append(Draw(account.account, account.account_id, amount, account.currency))
        self.draws = tuple(draws)

    def _draws_as_far_as_known(self) -> tuple[Draw, ...]:
        """The draws of an order that is posted unchecked: an amount that needs a missing rate is left out.

        The book still carries the order in its own currency, so that the orders after it are held for that rate.
        """
        position = self.book.positions.get(self.order.payer)
        if position is None:
            return ()
        group = self.book.groups.get(position.group) if position.group else None
        draws = []
        for account in (position, group):
            if account is None:
                continue
            try:
                amount = convert(
                    self.setting.rates, will_use(self.order), self.order.currency, account.currency, position.currency
                )
            except MissingRate:
                continue
            draws.append(Draw(account.account, account.account_id, amount, account.currency))
        return tuple(draws)

    def _cannot_for(self, missing: MissingRate | MissingFact) -> None:
        self._cannot(self._words(missing))
        if isinstance(missing, MissingRate):
            pair = f"{missing.from_currency}>{missing.to_currency}"
            if pair not in self.missing_rates:
                self.missing_rates.append(pair)

    def _cannot(self, cause: str) -> None:
        if cause not in self.causes:
            self.causes.append(cause)

    def _words(self, missing: MissingRate | MissingFact) -> str:
        return f"{missing} on {self.setting.as_of}" if isinstance(missing, MissingRate) else str(missing)

    def _add_cannot_be_evaluated(self) -> None:
        """One reason with all causes, so that it is the same reason when the order is looked at again."""
        evidence = {"cause": "; ".join(self.causes)}
        if self.missing_rates:
            evidence["missing_rates"] = " ".join(self.missing_rates)
        self.reasons.append(Reason("cannot_be_evaluated", None, None, self.order.payer, evidence))


def rules_of(ladder: TypeLadder) -> Iterator[Rule]:
    """The rules of a type in the order in which they are looked at: level by level, blocking before exclusions."""
    for rung in ladder.rungs:
        yield from rung.blocking
        yield from rung.exclusions


def _read(test: RuleTest, rule: Rule, case: Case) -> Reading | MissingRate | MissingFact:
    """The reading of a rule, or what is missing for it."""
    try:
        return test.read(rule, case)
    except (MissingRate, MissingFact) as missing:
        return missing


def _line(rule: Rule, verdict: Verdict, reading: Reading) -> TraceLine:
    if not reading.tested:
        verdict = Verdict.SKIPPED
    return TraceLine(
        rule.type,
        rule.id,
        rule.level,
        verdict,
        reading.measured,
        reading.threshold,
        reading.account,
        reading.why,
        rule.name,
    )


def _skipped(rule: Rule, why: str) -> TraceLine:
    return TraceLine(rule.type, rule.id, rule.level, Verdict.SKIPPED, None, None, None, why, rule.name)


def _reason(rule: Rule, reading: Reading) -> Reason:
    return Reason(
        rule.type, rule.id, rule.level, reading.account, {**(reading.evidence or {}), "rule_name": rule.name}
    )
