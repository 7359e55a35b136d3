"""The decision: the one implementation of the credit check (`domain 4`).

A single check is a queue of one. A queue is a fold: each order that passes, or is posted unchecked, uses credit that
the next one no longer finds (`domain 7`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from credit_mgmt.engine.case import Case
from credit_mgmt.engine.decision import Decision, Draw, InShadow, NotChecked, Outcome, Reason, TraceLine, Verdict
from credit_mgmt.engine.exposure import Book, MissingFact, convert, will_use
from credit_mgmt.engine.facts import (
    Checkpoint,
    CustomerPosition,
    GroupPosition,
    OrderFacts,
    Parameters,
    Policy,
    Question,
    Setting,
)
from credit_mgmt.engine.figures import figures_of
from credit_mgmt.engine.ladder import Ladder, SortedPolicy, sorted_policy
from credit_mgmt.engine.lazy import LazyMapping, LazyTuple
from credit_mgmt.engine.schedule import customer_exempt, document_exempt, exempt, is_looked_at
from credit_mgmt.engine.walk import Missing, Walk, words_for
from customers.money import MissingRate

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
    book.take(order, held=decision.outcome is Outcome.HELD, all_open=all_open)


class _Check:
    """One order on its way to a decision: what was found so far."""

    __slots__ = (
        "book",
        "case",
        "draws",
        "in_shadow",
        "ladder",
        "lines",
        "missing",
        "order",
        "policy",
        "question",
        "reasons",
        "setting",
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
        self.ladder: Ladder | None = None
        self.reasons: list[Reason] = []
        self.warnings: list[Reason] = []
        self.lines: list[TraceLine] = []
        self.missing: list[Missing] = []
        self.draws: tuple[Draw, ...] = ()
        self.in_shadow: tuple[InShadow, ...] = ()

    def decision(self) -> Decision:
        """Everything looked at in the order of `domain 4`, as one value."""
        because = exempt(self.order)
        if because is None:
            try:
                because = self._look()
            except MissingFact as missing:
                self.missing.append(missing)
        if because is not None:
            self.lines.append(TraceLine("not_checked", None, None, Verdict.SKIPPED, why=because.value))
            self._draw_unchecked()
        if self.missing:
            self.reasons.append(_cannot_be_evaluated(self.order, self.missing, self.setting))
        trace, figures = self._explanation()
        outcome = Outcome.HELD if self.reasons else Outcome.PASSED if because is None else Outcome.NOT_CHECKED
        return Decision(
            self.order.id,
            self.order.key,
            self.question.checkpoint,
            self.question.pro_forma,
            outcome,
            because if outcome is Outcome.NOT_CHECKED else None,
            tuple(self.reasons),
            tuple(self.warnings),
            trace,
            (),
            self.draws,
            self.policy.policy.version,
            figures,
            self.in_shadow,
        )

    def _look(self) -> NotChecked | None:
        """Look at everything, unless something says that the order is not checked. Raises `MissingFact`."""
        order, as_of = self.order, self.setting.as_of
        if not (order.amount.is_finite() and order.uninvoiced.is_finite() and order.delivered.is_finite()):
            raise MissingFact(f"an amount of order {order.key} is not a number")
        position = self.book.position_of(order.payer)
        parameters = self.policy.policy.parameters_of(order.legal_entity)
        self._look_at_account(position, parameters)
        because = customer_exempt(order, as_of)
        if because is not None:
            return because
        if parameters is None:
            raise MissingFact(f"there are no credit parameters for legal entity {order.legal_entity}")
        because = document_exempt(order, parameters, self.question, as_of)
        if because is not None:
            return because
        group = self.book.group_of(position)
        self.case = case = Case(self.book, order, position, group, parameters=parameters, setting=self.setting)
        self.ladder = self.policy.ladder(order, position, as_of)
        self._draw(position, group)
        walk = Walk(case, self.ladder).through()
        self.in_shadow = tuple(self._in_shadow(case, walk))
        self.reasons += walk.reasons
        self.warnings += walk.warnings
        self.missing += walk.missing
        return None

    def _in_shadow(self, case: Case, walk: Walk) -> Iterator[InShadow]:
        """What each version in shadow would have changed: the same walk, with it in force."""
        stopped = tuple(reason.type for reason in self.reasons)
        for rule, ladder in self.policy.with_shadow(self.order, case.position, self.setting.as_of):
            would = Walk(case, ladder).through()
            fired = any(reason.rule == rule.id for reason in would.reasons)
            if not fired and _said(would) == _said(walk):
                continue
            reasons = tuple(dict.fromkeys((*stopped, *(reason.type for reason in would.reasons))))
            held = bool(reasons or would.missing)
            yield InShadow(rule.id, rule.name, rule.version, Outcome.HELD if held else Outcome.PASSED, reasons)

    def _look_at_account(self, position: CustomerPosition, parameters: Parameters | None) -> None:
        """Processing hold *all* stops every posting, *invoice* the invoice, before anything else (`domain 4.7`).

        A pro forma is no posting: it is stopped only where pro formas of that document are checked.
        """
        question = self.question
        if question.pro_forma and parameters is not None and not is_looked_at(question, parameters):
            return
        hold = position.processing_hold
        if hold == "all" or (hold == "invoice" and self.question.checkpoint is Checkpoint.INVOICE):
            status, account = position.account_status or "", position.account
            evidence = {"measured": status, "threshold": hold}
            self.reasons.append(Reason("account_on_hold", None, None, account, evidence))
            self.lines.append(TraceLine("account_on_hold", None, None, Verdict.BLOCKED, status, hold, account))

    def _draw(self, position: CustomerPosition, group: GroupPosition | None) -> None:
        """What the order takes from its payer's account and the group's; a missing rate is noted (`domain 4.9`)."""
        order, used, draws = self.order, will_use(self.order), []
        for account in (position, group):
            if account is None:
                continue
            try:
                amount = convert(self.setting.rates, used, order.currency, account.currency, position.currency)
            except MissingRate as missing:
                self.missing.append(missing)
            else:
                draws.append(Draw(account.account, account.account_id, amount, account.currency))
        self.draws = tuple(draws)

    def _draw_unchecked(self) -> None:
        """The draws of an order that is posted unchecked: an amount that needs a missing rate is left out.

        The book still carries the order in its own currency, so that the orders after it are held for that rate.
        """
        position = self.book.positions.get(self.order.payer)
        if position is not None:
            known, self.missing = self.missing, []
            self._draw(position, self.book.groups.get(position.group) if position.group else None)
            self.missing = known

    def _explanation(self) -> tuple[Sequence[TraceLine], Mapping[str, str | None] | None]:
        """Trace and figures: on demand, where the book has been read; at once, where a rate is missing for that."""
        if self.case is None or self.ladder is None:
            return tuple(self.lines), None
        trace, figures = _Trace(self.case, self.ladder, tuple(self.lines)), _Figures(self.case)
        return (trace, figures) if self.case.settle() else (trace.make(), figures.make())


class _Trace(LazyTuple[TraceLine]):
    """The lines of a decision: the same walk, written down. What the book said then is settled in the case."""

    __slots__ = ("_before", "_case", "_ladder")

    def __init__(self, case: Case, ladder: Ladder, before: tuple[TraceLine, ...]) -> None:
        self._items = None
        self._case = case
        self._ladder = ladder
        self._before = before

    def make(self) -> tuple[TraceLine, ...]:
        lines = list(self._before)
        Walk(self._case, self._ladder, lines).through()
        return tuple(lines)


class _Figures(LazyMapping[str | None]):
    """The figures beside a decision, of the settled case."""

    __slots__ = ("_case",)

    def __init__(self, case: Case) -> None:
        self._items = None
        self._case = case

    def make(self) -> dict[str, str | None]:
        return figures_of(self._case)


def _said(walk: Walk) -> tuple[set[tuple[str, str | None, str | None]], bool]:
    return {reason.identity for reason in walk.reasons}, bool(walk.missing)


def _cannot_be_evaluated(order: OrderFacts, missing: list[Missing], setting: Setting) -> Reason:
    """One reason with all causes, so that it is the same reason when the order is looked at again (`domain 4.9`)."""
    evidence = {"cause": "; ".join(dict.fromkeys(words_for(cause, setting.as_of) for cause in missing))}
    rates = [cause for cause in missing if isinstance(cause, MissingRate)]
    if rates:
        pairs = dict.fromkeys(f"{rate.from_currency}>{rate.to_currency}" for rate in rates)
        evidence["missing_rates"] = " ".join(pairs)
    return Reason("cannot_be_evaluated", None, None, order.payer, evidence)
