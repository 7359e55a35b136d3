"""The seven rule types: each measures one thing and compares it strictly (`domain 4.3`).

A type is one small class and one `register`. `Reading.blocks` is what a blocking rule does with the comparison and
`Reading.excuses` what an exclusion does with it: the same test that does *not* exceed, where the figure is known.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, NamedTuple, Protocol, TypeVar

from credit_mgmt.engine.case import Case, Expiry, TestedLimit
from credit_mgmt.engine.decision import Evidence
from credit_mgmt.engine.exposure import MissingFact
from credit_mgmt.engine.facts import Action, Rule, RuleType
from credit_mgmt.engine.texts import percent_text, used_percent
from customers.money import percent_of

Value = TypeVar("Value")


Measured = Decimal | int | str | None


class Reading(NamedTuple):
    """What one rule measured and how it compared; amounts are in `currency`."""

    blocks: bool
    excuses: bool
    measured: Measured = None
    threshold: Measured = None
    account: str | None = None
    currency: str | None = None
    evidence: Evidence | None = None
    """Only where the rule blocks: the very numbers that were compared."""
    why: str | None = None
    """A code that explains what was not measured."""
    tested: bool = True


class RuleTest(Protocol):
    """One rule type. `blocking_values` and `exclusion_values` name the fields of `Rule` that it reads."""

    type: ClassVar[str]
    blocking_values: ClassVar[tuple[str, ...]]
    exclusion_values: ClassVar[tuple[str, ...]]
    is_limit_check: ClassVar[bool]
    """Run only with *check credit limit for sales order* (`domain 4.5`)."""

    def read(self, rule: Rule, case: Case) -> Reading:
        """Measure and compare. Raises `MissingRate` or `MissingFact` where a figure is missing."""
        ...


types: dict[str, RuleTest] = {}
"""Rule types in the order in which they are looked at."""


def register(test: type[RuleTest]) -> type[RuleTest]:
    """Add a rule type; a third party calls this from its entry point. Raises `ValueError` if the type is taken."""
    if test.type in types:
        raise ValueError(f"rule type {test.type} is registered already: give yours another name")
    types[test.type] = test()
    return test


def load_rule_types(entry_points: Iterable[Callable[[], type[RuleTest]]]) -> None:
    """Register the rule types of other packages; the edge hands over the loaders of its entry points."""
    for load in entry_points:
        test = load()
        if types.get(test.type).__class__ is not test:
            register(test)


def required(value: Value | None, rule: Rule, name: str) -> Value:
    """A value of the rule. Raises `MissingFact`: a rule without its value neither blocks nor excuses silently."""
    if value is None:
        raise MissingFact(f"rule {rule.name} has no {name}")
    return value


def amount_evidence(case: Case, measured: Decimal, threshold: Decimal, currency: str) -> dict[str, str]:
    """The figures of an amount that was exceeded."""
    return {
        "measured": case.text(measured, currency),
        "threshold": case.text(threshold, currency),
        "over": case.text(measured - threshold, currency),
        "currency": currency,
    }


def limit_evidence(case: Case, limit: TestedLimit, threshold: Decimal, threshold_percent: Decimal) -> dict[str, str]:
    """The figures of a limit test that was exceeded, in the currency of the limit."""
    evidence = amount_evidence(case, limit.after, threshold, limit.currency)
    evidence["kind"] = limit.kind
    evidence["limit"] = case.text(limit.limit, limit.currency)
    evidence["exposure_without"] = case.text(limit.without, limit.currency)
    evidence["threshold_percent"] = percent_text(threshold_percent)
    percent = used_percent(limit.after, limit.limit)
    if percent is not None:
        evidence["percent"] = percent_text(percent)
    return evidence


@register
@dataclass(frozen=True, slots=True)
class DaysOverdue:
    """Days overdue of the payer, or of any member of its group; exclusions may be by amount (`domain 4.3`)."""

    type: ClassVar[str] = RuleType.DAYS_OVERDUE
    blocking_values: ClassVar[tuple[str, ...]] = ("days",)
    exclusion_values: ClassVar[tuple[str, ...]] = ("days", "amount", "currency")
    is_limit_check: ClassVar[bool] = False

    def read(self, rule: Rule, case: Case) -> Reading:
        """Days overdue > days; by amount: overdue amount > amount."""
        if rule.days is None and rule.amount is not None and rule.action is Action.EXCLUSION:
            return self._by_amount(rule, rule.amount, case)
        allowed = required(rule.days, rule, "number of days")
        days, whose = case.days_overdue()
        exceeds = days > allowed
        evidence = None
        if exceeds:
            evidence = {"measured": str(days), "threshold": str(allowed), "over": str(days - allowed)}
            if whose.oldest_overdue is not None:
                evidence["document"] = whose.oldest_overdue
            if whose is not case.position:
                evidence["member"] = whose.account
        return Reading(exceeds, not exceeds, days, allowed, whose.account, None, evidence)

    def _by_amount(self, rule: Rule, allowed: Decimal, case: Case) -> Reading:
        currency = required(rule.currency, rule, "currency")
        overdue = case.convert(case.overdue(), case.position.currency, currency)
        exceeds = overdue > allowed
        return Reading(exceeds, not exceeds, overdue, allowed, case.position.account, currency)


@register
@dataclass(frozen=True, slots=True)
class AccountStatus:
    """The payer has the rule's account status: a blocking rule then blocks, an exclusion excuses (`domain 4.3`)."""

    type: ClassVar[str] = RuleType.ACCOUNT_STATUS
    blocking_values: ClassVar[tuple[str, ...]] = ("account_status",)
    exclusion_values: ClassVar[tuple[str, ...]] = ("account_status",)
    is_limit_check: ClassVar[bool] = False

    def read(self, rule: Rule, case: Case) -> Reading:
        """Account status = the rule's."""
        return _match(case.position.account_status, required(rule.account_status, rule, "account status"), case)


@register
@dataclass(frozen=True, slots=True)
class TermsOfPayment:
    """The order has the rule's terms: a blocking rule then blocks, an exclusion excuses (`domain 4.3`)."""

    type: ClassVar[str] = RuleType.PAYMENT_TERMS
    blocking_values: ClassVar[tuple[str, ...]] = ("payment_terms",)
    exclusion_values: ClassVar[tuple[str, ...]] = ("payment_terms",)
    is_limit_check: ClassVar[bool] = False

    def read(self, rule: Rule, case: Case) -> Reading:
        """Terms of payment of the order = the rule's."""
        return _match(case.order.payment_terms, required(rule.payment_terms, rule, "terms of payment"), case)


@register
@dataclass(frozen=True, slots=True)
class LimitExpired:
    """Days since the credit limit expired, the payer's or its group's, whichever is worse (`domain 4.3`)."""

    type: ClassVar[str] = RuleType.LIMIT_EXPIRED
    blocking_values: ClassVar[tuple[str, ...]] = ("days",)
    exclusion_values: ClassVar[tuple[str, ...]] = ("days",)
    is_limit_check: ClassVar[bool] = False

    def read(self, rule: Rule, case: Case) -> Reading:
        """Today − expiration date > days, and > 0. A blank date never excuses."""
        allowed = required(rule.days, rule, "number of days")
        worst: Expiry | None = None
        for expiry in case.expiries():
            if expiry.days is None:
                if not case.parameters.ignore_expiry_when_blank:
                    blank = {"measured": "no expiration date", "threshold": str(allowed), "blank": "yes"}
                    return Reading(True, False, None, allowed, expiry.account, None, blank, "expiry_blank")
            elif worst is None or expiry.days > (worst.days or 0):
                worst = expiry
        if worst is None or worst.days is None:
            return Reading(False, False, None, allowed, case.position.account, why="expiry_blank_ignored")
        past = max(worst.days, 0)
        exceeds = past > allowed and past > 0
        evidence = self._evidence(worst, past, allowed) if exceeds else None
        return Reading(exceeds, not exceeds, past, allowed, worst.account, None, evidence)

    def _evidence(self, worst: Expiry, past: int, allowed: int) -> Evidence:
        return {
            "measured": str(past),
            "threshold": str(allowed),
            "over": str(past - allowed),
            "expired_on": str(worst.on),
        }


@register
@dataclass(frozen=True, slots=True)
class OverdueAmount:
    """The overdue amount, and how much of the limit is used (`domain 4.3`)."""

    type: ClassVar[str] = RuleType.OVERDUE_AMOUNT
    blocking_values: ClassVar[tuple[str, ...]] = ("amount", "currency", "threshold_percent")
    exclusion_values: ClassVar[tuple[str, ...]] = ("amount", "currency", "threshold_percent", "threshold_amount")
    is_limit_check: ClassVar[bool] = False

    def read(self, rule: Rule, case: Case) -> Reading:
        """Overdue amount > amount and exposure after the order > threshold; where limits aren't tested, the amount."""
        allowed, currency = required(rule.amount, rule, "amount"), required(rule.currency, rule, "currency")
        overdue = case.convert(case.overdue(), case.position.currency, currency)
        over = overdue > allowed
        account = case.position.account
        if over is (rule.action is Action.EXCLUSION):
            # The amount alone has decided: it is above what an exclusion allows, or not above what a rule blocks.
            return Reading(False, False, overdue, allowed, account, currency)
        used = _used(rule, case)
        why = _threshold_untested(rule, case, used)
        exceeds = over and (used is None or used.exceeds)
        excuses = not over and (used is None or not used.exceeds)
        evidence: dict[str, str] | None = None
        if exceeds:
            evidence = amount_evidence(case, overdue, allowed, currency)
            if used is not None:
                account = used.account
                evidence.update(used.evidence(case))
        return Reading(exceeds, excuses, overdue, allowed, account, currency, evidence, why)


class _Used(NamedTuple):
    """Exposure after the order beside a threshold, in `currency`."""

    exceeds: bool
    account: str
    kind: str
    currency: str
    after: Decimal
    threshold: Decimal
    limit: Decimal | None
    """The limit, where the threshold is a percentage of it."""
    threshold_percent: Decimal | None

    def evidence(self, case: Case) -> dict[str, str]:
        evidence = {
            "exposure": case.text(self.after, self.currency),
            "exposure_threshold": case.text(self.threshold, self.currency),
            "exposure_currency": self.currency,
            "kind": self.kind,
        }
        if self.threshold_percent is not None:
            evidence["threshold_percent"] = percent_text(self.threshold_percent)
        percent = None if self.limit is None else used_percent(self.after, self.limit)
        if percent is not None:
            evidence["percent"] = percent_text(percent)
        return evidence


def _used(rule: Rule, case: Case) -> _Used | None:
    """The last test of *overdue amount*: the first limit that exceeds, else the last; None where none is tested."""
    if case.untested is not None:
        return None
    used = None
    for used in _used_of_each(rule, case):
        if used.exceeds:
            break
    return used


def _used_of_each(rule: Rule, case: Case) -> Iterator[_Used]:
    if rule.threshold_percent is not None:
        percent = rule.threshold_percent
        for limit in case.limits():
            after, threshold = limit.after, percent_of(percent, limit.limit)
            exceeds = after > threshold
            yield _Used(exceeds, limit.account, limit.kind, limit.currency, after, threshold, limit.limit, percent)
    elif rule.threshold_amount is not None:
        # A fixed amount is no part of a limit: it is compared with the exposure of an unlimited customer too.
        currency, fixed = required(rule.currency, rule, "currency"), rule.threshold_amount
        exposures = [(limit.account, limit.kind, limit.currency, limit.after) for limit in case.limits()]
        if not case.tests_own():
            own = case.position
            exposures.append((own.account, "own", own.currency, case.own_exposure().after))
        for account, kind, source, amount in exposures:
            after = case.convert(amount, source, currency)
            yield _Used(after > fixed, account, kind, currency, after, fixed, None, None)


def _threshold_untested(rule: Rule, case: Case, used: _Used | None) -> str | None:
    if used is not None or (rule.threshold_percent is None and rule.threshold_amount is None):
        return None
    return f"threshold_{case.untested or 'unlimited'}"


@register
@dataclass(frozen=True, slots=True)
class SalesOrder:
    """The whole order's amount (`domain 4.3`)."""

    type: ClassVar[str] = RuleType.SALES_ORDER
    blocking_values: ClassVar[tuple[str, ...]] = ("amount", "currency")
    exclusion_values: ClassVar[tuple[str, ...]] = ("amount", "currency")
    is_limit_check: ClassVar[bool] = False

    def read(self, rule: Rule, case: Case) -> Reading:
        """Order amount, in the rule's currency, > amount."""
        allowed, currency = required(rule.amount, rule, "amount"), required(rule.currency, rule, "currency")
        amount = case.convert(case.order.amount, case.order.currency, currency)
        exceeds = amount > allowed
        evidence = amount_evidence(case, amount, allowed, currency) if exceeds else None
        return Reading(exceeds, not exceeds, amount, allowed, case.position.account, currency, evidence)


@register
@dataclass(frozen=True, slots=True)
class LimitUsed:
    """How much of the total credit limit is used with the order: group first, then the payer (`domain 4.3`)."""

    type: ClassVar[str] = RuleType.LIMIT_USED
    blocking_values: ClassVar[tuple[str, ...]] = ("threshold_percent",)
    exclusion_values: ClassVar[tuple[str, ...]] = ("threshold_percent",)
    is_limit_check: ClassVar[bool] = True

    def read(self, rule: Rule, case: Case) -> Reading:
        """Exposure after the order > percentage × total credit limit. Not tested: neither blocks nor excuses."""
        if case.untested is not None:
            return Reading(False, False, why=case.untested, tested=False)
        percent = required(rule.threshold_percent, rule, "percentage of the credit limit")
        reading = Reading(False, False, why="unlimited", tested=False)
        for limit in case.limits():
            threshold = percent_of(percent, limit.limit)
            exceeds = limit.after > threshold
            evidence = limit_evidence(case, limit, threshold, percent) if exceeds else None
            reading = Reading(exceeds, not exceeds, limit.after, threshold, limit.account, limit.currency, evidence)
            if exceeds:
                break
        return reading


def _match(value: str | None, wanted: str, case: Case) -> Reading:
    matches = value == wanted
    evidence = {"measured": wanted, "threshold": wanted} if matches else None
    return Reading(matches, matches, value, wanted, case.position.account, None, evidence)
