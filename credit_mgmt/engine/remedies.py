"""What would clear a hold, found by asking the very same `decide` what it would say then (ux 3.2, law 5).

Each way out is tried in small steps: look at the first reason left, do what its own figures ask for, decide again.
So a remedy names what was shown to work, and carrying out those that together clear all reasons makes the check pass.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from credit_mgmt.engine.condense import Facts, condense
from credit_mgmt.engine.decide import decide
from credit_mgmt.engine.decision import Evidence, Reason, Remedy
from credit_mgmt.engine.exposure import Book, base_limit, convert, cover_of
from credit_mgmt.engine.extending import own_type
from credit_mgmt.engine.facts import DueItem, OrderFacts, Policy, Question, Setting
from credit_mgmt.engine.texts import amount_text
from credit_mgmt.engine.whatif import (
    after_payment,
    cost_of,
    limit_for,
    minor_unit,
    open_items,
    with_discount,
    with_expiry,
    with_free_status,
    with_group_limit,
    with_order_amount,
    with_own_limit,
    with_terms,
    without_member_overdue,
)
from customers.money import ZERO, MissingRate

AT_MOST = 5
_ROUNDS = 24
_LIMIT = ("limit_used", "limit_exceeded")
_PAID = ("days_overdue", "overdue_amount", *_LIMIT)
_TERMS = ("payment_terms", "payment_terms_changed")
_STATUS = ("account_status", "account_on_hold")
_ORDER = ("sales_order", *_TERMS, "settlement_discount_changed")
BY_A_PERSON = ("forced", "posting_failed")
WORDS = "words"
"""The figure of a remedy that brings its own sentence, as those of other packages may."""


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """The facts as they would be, what was done to them, and how much money it moves in the payer's currency.

    A plan is itself: what the check says of it, and what follows it, is worked out once (see `_WhatIf`).
    """

    facts: Facts
    figures: dict[str, str] = field(default_factory=dict)
    moved: Decimal = ZERO


_Step = Callable[["_WhatIf", _Plan, Reason], _Plan | None]


def remedies_for(
    book: Book,
    order: OrderFacts,
    *,
    policy: Policy,
    question: Question,
    setting: Setting,
    due_items: Sequence[DueItem] = (),
    also: Iterable[str] = (),
) -> tuple[Remedy, ...]:
    """What would clear the order's reasons, smallest first, at most five that together clear all of them.

    `due_items` are the payer's overdue items, so that a payment can name them. `also` are reasons that the hold has
    besides the check's: `forced`, `posting_failed`. A queue never asks for this; a page does, for the order it shows.
    """
    what_if = _WhatIf(condense(book, order, question, setting), policy, due_items)
    reasons = dict.fromkeys((*what_if.types, *also))
    if not reasons:
        return ()
    found = list(what_if.candidates())
    clearable = {code for remedy, _ in found for code in remedy.clears}
    for_a_person = tuple(code for code in reasons if code not in clearable)
    if for_a_person:
        found.append((Remedy("release_by_person", for_a_person, {}), Decimal("Infinity")))
    return _choose(found, set(reasons))


def _choose(found: list[tuple[Remedy, Decimal]], reasons: set[str]) -> tuple[Remedy, ...]:
    """A few that clear everything, then the smallest others, in order of size."""
    chosen: list[tuple[Remedy, Decimal]] = []
    left = set(reasons)
    while left:
        best = max(found, key=lambda one: (len(left.intersection(one[0].clears)), -one[1]))
        chosen.append(best)
        left.difference_update(best[0].clears)
    others = sorted((one for one in found if one not in chosen), key=lambda one: one[1])
    chosen += others[: max(0, AT_MOST - len(chosen))]
    return tuple(remedy for remedy, _ in sorted(chosen, key=lambda one: (one[1], -len(one[0].clears))))


class _WhatIf:
    """One held order, and the ways out of its hold that were tried.

    Attempts share their first steps, so each plan is asked about once and each step taken once.
    """

    def __init__(self, facts: Facts, policy: Policy, due_items: Sequence[DueItem]) -> None:
        self.facts = facts
        self.policy = policy
        self.items = open_items(facts, due_items)
        self.start = _Plan(facts)
        self._said: dict[_Plan, tuple[Reason, ...]] = {}
        self._next: dict[tuple[_Step, _Plan, int], _Plan | None] = {}
        self.reasons = self.ask(self.start)
        self.types = tuple(dict.fromkeys(reason.type for reason in self.reasons))

    def ask(self, plan: _Plan) -> tuple[Reason, ...]:
        """The reasons that the check would have if the facts were those of the plan."""
        said = self._said.get(plan)
        if said is None:
            facts = plan.facts
            decision = decide(
                facts.book(), facts.order, policy=self.policy, question=facts.question, setting=facts.setting
            )
            said = self._said[plan] = decision.reasons
        return said

    def after(self, step: _Step, plan: _Plan, number: int) -> _Plan | None:
        """The plan with a step taken against its reason of that number; None if that can't be done."""
        key = (step, plan, number)
        if key not in self._next:
            try:
                self._next[key] = step(self, plan, self.ask(plan)[number])
            except MissingRate:
                self._next[key] = None
        return self._next[key]

    def candidates(self) -> Iterator[tuple[Remedy, Decimal]]:
        """Every way out that was shown to clear something, with the money that it moves; each only once."""
        seen = set()
        for action, step, targets in self._attempts():
            plan = self._solve(step, targets)
            if plan is None:
                continue
            remedy = self._remedy(action, plan)
            identity = (action, tuple(sorted(plan.figures.items())))
            if remedy.clears and identity not in seen:
                seen.add(identity)
                yield remedy, plan.moved
        yield from self._of_other_packages()
        yield from self._for_what_is_missing()

    def _of_other_packages(self) -> Iterator[tuple[Remedy, Decimal]]:
        """What the rule types of other packages say would help, where the check says so too."""
        for reason in self.reasons:
            own = own_type(reason.type)
            for way in own.ways_out(reason, self.facts) if own is not None else ():
                figures = {**way.figures, **({WORDS: way.words} if way.words else {})}
                remedy = self._remedy(way.action, _Plan(way.facts, figures, way.moved))
                if remedy.clears:
                    yield remedy, way.moved

    def _attempts(self) -> Iterator[tuple[str, _Step, tuple[str, ...]]]:
        """What to try: each reason alone, and all reasons that one kind of step can clear at once."""
        yield from self._each("pay", _pay, _PAID)
        yield from self._each("raise_limit", _raise_limit, (*_LIMIT, "overdue_amount"))
        yield from self._each("reduce_order", _reduce_order, ("sales_order", "overdue_amount", *_LIMIT))
        yield "change_status", _change_status, self._present(_STATUS)
        action = "change_terms" if "payment_terms" in self.types else "restore_terms"
        yield action, _change_terms, self._present(_TERMS)
        yield "restore_discount", _restore_discount, self._present(("settlement_discount_changed",))
        yield "new_expiry", _new_expiry, self._present(("limit_expired",))
        if len(self._present(_ORDER)) > 1:
            yield "change_order", _change_order, self._present(_ORDER)
        if "limit_expired" in self.types and self._present(_LIMIT):
            yield "adjust_limit", _adjust_limit, self._present((*_LIMIT, "limit_expired"))

    def _each(self, action: str, step: _Step, family: tuple[str, ...]) -> Iterator[tuple[str, _Step, tuple[str, ...]]]:
        present = self._present(family)
        for code in present:
            yield action, step, (code,)
        limits = self._present(_LIMIT)
        if len(limits) > 1:
            yield action, step, limits
        if len(present) > 1:
            yield action, step, present

    def _present(self, family: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(code for code in family if code in self.types)

    def _solve(self, step: _Step, targets: tuple[str, ...]) -> _Plan | None:
        """Step by step until none of the targets is left; None if this kind of step can't do it."""
        if not targets or self.facts.position is None:
            return None
        plan: _Plan | None = self.start
        for _ in range(_ROUNDS):
            if plan is None:
                return None
            left = (number for number, reason in enumerate(self.ask(plan)) if reason.type in targets)
            first = next(left, None)
            if first is None:
                return plan
            plan = self.after(step, plan, first)
        return None

    def _remedy(self, action: str, plan: _Plan) -> Remedy:
        after = {reason.type for reason in self.ask(plan)}
        if not after.issubset(self.types):  # It would bring a reason that wasn't there, so it is no way out.
            return Remedy(action, (), plan.figures)
        return Remedy(action, tuple(code for code in self.types if code not in after), plan.figures)

    def _for_what_is_missing(self) -> Iterator[tuple[Remedy, Decimal]]:
        """A missing rate or row can only be supplied: what the check says then is not known before."""
        for reason in self.reasons:
            if reason.type == "cannot_be_evaluated":
                rates, on = reason.evidence.get("missing_rates"), self.facts.setting.as_of.isoformat()
                if rates is not None:
                    yield Remedy("add_rate", (reason.type,), {"rates": rates, "date": on}), ZERO
                else:
                    yield Remedy("complete_setup", (reason.type,), {"cause": reason.evidence["cause"]}), ZERO


def _text(facts: Facts, amount: Decimal, currency: str) -> str:
    return amount_text(amount, facts.setting.rates.minor_units.get(currency, 2))


def _own_currency(facts: Facts) -> str:
    return facts.order.currency if facts.position is None else facts.position.currency


def _over(facts: Facts, over: str, source: str, target: str) -> Decimal:
    """An excess in the currency of a step, at least one minor unit of it. Raises `MissingRate`."""
    amount = convert(facts.setting.rates, Decimal(over), source, target, _own_currency(facts))
    return max(amount, minor_unit(facts, target))


def _pay(what_if: _WhatIf, plan: _Plan, reason: Reason) -> _Plan | None:
    """A payment by the payer, oldest overdue item first; or by the members of its group that are overdue."""
    if reason.type == "days_overdue" and "member" in reason.evidence:
        return _pay_of_members(plan, reason)
    start, own, evidence = what_if.facts, _own_currency(what_if.facts), reason.evidence
    if reason.type == "days_overdue":
        too_old = [item for item in what_if.items if item.days_overdue > int(evidence["threshold"])]
        amount = cost_of(start, too_old, own)
        if amount <= plan.moved:
            return None
    else:
        amount = plan.moved + min(_over(start, over, currency, own) for over, currency in _excesses(reason))
    facts = after_payment(start, what_if.items, amount)
    figures = {**plan.figures, "amount": _text(start, amount, own), "currency": own}
    documents = _documents(what_if, amount, own)
    if documents:
        figures["documents"] = documents
    return _Plan(without_member_overdue(facts) if "members" in figures else facts, figures, amount)


def _excesses(reason: Reason) -> Iterator[tuple[str, str]]:
    """What is too much, with its currency: getting rid of either is enough where two figures were compared."""
    evidence = reason.evidence
    yield evidence["over"], evidence["currency"]
    if "exposure_threshold" in evidence:
        excess = Decimal(evidence["exposure"]) - Decimal(evidence["exposure_threshold"])
        yield str(excess), evidence["exposure_currency"]


def _pay_of_members(plan: _Plan, reason: Reason) -> _Plan | None:
    if "members" in plan.figures:
        return None
    figures = {**plan.figures, "members": reason.evidence["member"]}
    return replace(plan, facts=without_member_overdue(plan.facts), figures=figures)


def _documents(what_if: _WhatIf, amount: Decimal, currency: str) -> str:
    """The items that a payment reaches, oldest first."""
    reached, left = [], amount
    for item in what_if.items:
        if left <= 0:
            break
        if item.document:
            reached.append(item.document)
        left -= cost_of(what_if.facts, (item,), currency)
    return " ".join(reached)


def _raise_limit(what_if: _WhatIf, plan: _Plan, reason: Reason) -> _Plan | None:
    """A limit so high that the exposure after the order is within the percentage that the rule allows."""
    evidence, facts = reason.evidence, plan.facts
    if "threshold_percent" not in evidence or facts.position is None:
        return None
    is_limit_test = reason.type in _LIMIT
    exposure = Decimal(evidence["measured" if is_limit_test else "exposure"])
    currency = evidence["currency" if is_limit_test else "exposure_currency"]
    total = limit_for(exposure, Decimal(evidence["threshold_percent"]), minor_unit(facts, currency))
    if total is None:
        return None
    if evidence["kind"] == "own":
        base = total - cover_of(facts.position, facts.setting.rates)
        by = base - base_limit(what_if.facts.position or facts.position)
        own = {"limit": base, "by": by, "total_limit": total}
        return _raised(plan, with_own_limit(facts, base), facts.position.account, own, currency)
    if what_if.facts.group is None:
        return None
    by = total - base_limit(what_if.facts.group)
    of_group = {"group_limit": total, "group_by": by}
    return _raised(plan, with_group_limit(facts, total), what_if.facts.group.account, of_group, currency)


def _raised(plan: _Plan, facts: Facts, account: str, amounts: dict[str, Decimal], currency: str) -> _Plan:
    """The plan with a limit raised; what the same plan raised before is raised further, not again."""
    prefix = "group_" if "group_limit" in amounts else ""
    more = amounts[prefix + "by"] - Decimal(plan.figures.get(prefix + "by", "0"))
    figures = {**plan.figures, f"{prefix}account": account, f"{prefix}currency": currency}
    figures.update((name, _text(facts, amount, currency)) for name, amount in amounts.items())
    own = _own_currency(facts)
    return _Plan(facts, figures, plan.moved + convert(facts.setting.rates, more, currency, own, own))


def _reduce_order(what_if: _WhatIf, plan: _Plan, reason: Reason) -> _Plan | None:
    """A smaller order; never below what is invoiced already, and never nothing at all."""
    evidence, facts, order = reason.evidence, plan.facts, plan.facts.order
    if reason.type == "overdue_amount":
        if "exposure" not in evidence:
            return None
        excess = str(Decimal(evidence["exposure"]) - Decimal(evidence["exposure_threshold"]))
        over = _over(facts, excess, evidence["exposure_currency"], order.currency)
    else:
        over = _over(facts, evidence["over"], evidence["currency"], order.currency)
    amount, is_limit_test = order.amount - over, reason.type != "sales_order"
    if over > order.uninvoiced or amount <= 0 or (is_limit_test and not order.uses_credit):
        return None
    figures = {**plan.figures, "amount": _text(facts, amount, order.currency), "currency": order.currency}
    own = _own_currency(facts)
    moved = plan.moved + convert(facts.setting.rates, over, order.currency, own, own)
    return _Plan(with_order_amount(facts, amount), figures, moved)


def _change_status(what_if: _WhatIf, plan: _Plan, reason: Reason) -> _Plan | None:
    """An account status that nothing stops."""
    return replace(plan, facts=with_free_status(plan.facts), figures={"from": reason.evidence["measured"]})


def _change_terms(what_if: _WhatIf, plan: _Plan, reason: Reason) -> _Plan | None:
    """Terms that no rule holds, of no higher rank than before."""
    order, evidence = plan.facts.order, reason.evidence
    if reason.type == "payment_terms":
        figures = {**plan.figures, "terms_from": evidence["measured"]}
        return replace(plan, facts=with_terms(plan.facts, None, order.terms_rank), figures=figures)
    figures = {**plan.figures, "terms_rank": evidence["threshold"]}
    figures.update(_known(evidence, terms_from="now", terms_to="before"))
    name = evidence.get("before") if order.payment_terms is not None else None
    return replace(plan, facts=with_terms(plan.facts, name, int(evidence["threshold"])), figures=figures)


def _restore_discount(what_if: _WhatIf, plan: _Plan, reason: Reason) -> _Plan | None:
    """A cash discount of no higher rank than before."""
    evidence = reason.evidence
    figures = {**plan.figures, "discount_rank": evidence["threshold"]}
    figures.update(_known(evidence, discount_from="now", discount_to="before"))
    facts = with_discount(plan.facts, evidence.get("before"), int(evidence["threshold"]))
    return replace(plan, facts=facts, figures=figures)


def _known(evidence: Evidence, **keys: str) -> dict[str, str]:
    return {name: evidence[key] for name, key in keys.items() if key in evidence}


def _new_expiry(what_if: _WhatIf, plan: _Plan, reason: Reason) -> _Plan | None:
    """An expiration date of today or later, of the payer's limit, its group's, or both."""
    account, on = reason.account or "", plan.facts.setting.as_of
    accounts = dict.fromkeys((*plan.figures.get("accounts", "").split(), account))
    figures = {**plan.figures, "accounts": " ".join(accounts), "expires_on": on.isoformat()}
    return replace(plan, facts=with_expiry(plan.facts, account, on), figures=figures)


def _change_order(what_if: _WhatIf, plan: _Plan, reason: Reason) -> _Plan | None:
    """All that sales would have to change on the order, as one remedy."""
    steps = {"sales_order": _reduce_order, "settlement_discount_changed": _restore_discount}
    return steps.get(reason.type, _change_terms)(what_if, plan, reason)


def _adjust_limit(what_if: _WhatIf, plan: _Plan, reason: Reason) -> _Plan | None:
    """A higher limit with a new date, as one line of a journal."""
    return (_new_expiry if reason.type == "limit_expired" else _raise_limit)(what_if, plan, reason)
