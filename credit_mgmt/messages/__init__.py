"""Codes as words: chips, sentences and remedies (ux "Reason vocabulary", with the codes of the API).

The engine says codes and figures; the words for them live here and nowhere else. A hold's stored reason and a reason
of a fresh decision read alike: whatever has `type`, `account`, `level` and `evidence`.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple, Protocol

from credit_mgmt.engine.decision import NotChecked, TraceLine, Verdict
from credit_mgmt.engine.extending import own_type
from credit_mgmt.messages.phrases import (
    LEVELS,
    account_name,
    amount,
    amount_of,
    day,
    percent,
    plain_percent,
    reason_label,
    short_amount,
)
from credit_mgmt.messages.remedies import cleared_by, remedy_message
from credit_mgmt.messages.withheld import CHIPS as WITHHELD_CHIPS
from credit_mgmt.messages.withheld import WITHHELD, withheld_message

__all__ = [
    "Chip",
    "ReasonLike",
    "cleared_by",
    "not_checked_message",
    "reason_chip",
    "reason_label",
    "reason_message",
    "remedy_message",
    "trace_message",
    "verdict_label",
    "warning_message",
]

Evidence = Mapping[str, str]


class ReasonLike(Protocol):
    """A reason of a decision, or one that was stored with a hold."""

    @property
    def type(self) -> str: ...
    @property
    def account(self) -> str | None: ...
    @property
    def level(self) -> str | None: ...
    @property
    def evidence(self) -> Evidence: ...


class Chip(NamedTuple):
    """A chip: `label` in plain type, `number` in bold."""

    label: str
    number: str

    @property
    def text(self) -> str:
        """The chip as one text, for speech, sorting and export."""
        return f"{self.label} {self.number}".strip()


def reason_chip(reason: ReasonLike) -> Chip:
    """The chip of a reason: `Overdue 67 d`, `Limit 109 %`."""
    if WITHHELD in reason.evidence:
        return Chip(WITHHELD_CHIPS.get(reason.type, reason_label(reason.type)), "")
    chip, own = _CHIPS.get(reason.type), own_type(reason.type)
    if own is not None:
        return Chip(*own.chip(reason.evidence))
    return chip(reason.evidence) if chip else Chip(reason_label(reason.type), reason.evidence.get("measured", ""))


def reason_message(reason: ReasonLike) -> str:
    """Why this reason holds the order, as one sentence with the numbers that were compared."""
    if WITHHELD in reason.evidence:
        return withheld_message(reason.type, reason.account, reason.evidence, _rule(reason))
    sentence = _SENTENCES.get(reason.type)
    if sentence is not None:
        return sentence(reason)
    own = own_type(reason.type)
    if own is not None:
        return f"{own.sentence(reason.evidence)}; {_rule(reason)} holds it."
    measured, allowed = reason.evidence.get("measured", "?"), reason.evidence.get("threshold", "?")
    return f"{reason_label(reason.type)}: {measured}; {_rule(reason)} allows {allowed}."


def warning_message(reason: ReasonLike) -> str:
    """A warning of a decision that does not hold (`domain 4.5`)."""
    return f"Warning: {reason_message(reason)}"


def not_checked_message(because: str) -> str:
    """Why an order was not checked (`domain 4.1`)."""
    return _NOT_CHECKED.get(because, because)


def verdict_label(verdict: str) -> str:
    """The result of one rule in one or two words."""
    return _VERDICTS.get(verdict, verdict)


def trace_message(line: TraceLine) -> str:
    """What one rule did, with what it compared, or why it was not looked at."""
    verdict = verdict_label(line.verdict)
    if line.verdict == Verdict.UNKNOWN:
        return f"{verdict}: {line.measured}"
    explained = _why(line.why)
    if line.verdict == Verdict.SKIPPED or (line.measured is None and explained):
        return f"{verdict}: {explained}" if explained else verdict
    compared = _compared(line)
    return f"{verdict}: {compared}; {explained}" if explained else f"{verdict}: {compared}"


def _compared(line: TraceLine) -> str:
    measured, threshold = line.measured or "none", line.threshold
    if threshold is None:
        return measured
    if line.type in ("account_status", "payment_terms"):
        return f"{measured}, looked for {threshold}"
    if line.type == "account_on_hold":
        return f"status {measured} stops {_STOPS.get(threshold, threshold)}"
    if line.type in ("payment_terms_changed", "settlement_discount_changed"):
        return f"rank {measured}, was {threshold}"
    return f"{_figure(measured)} against {_figure(threshold)}"


def _figure(text: str) -> str:
    return amount(text) if text.replace(".", "", 1).replace("-", "", 1).isdigit() else text


def _why(code: str | None) -> str:
    if code is None:
        return ""
    name, _, rule = code.partition(":")
    return _WHYS.get(name, not_checked_message(name)).format(rule=rule)


def _rule(reason: ReasonLike) -> str:
    name = reason.evidence.get("rule_name", "")
    level = LEVELS.get(reason.level or "")
    return f"rule {name} ({level})" if level else f"rule {name}"


def _limit_chip(evidence: Evidence) -> Chip:
    label = "Group limit" if evidence.get("kind") == "group" else "Limit"
    used = evidence.get("percent")
    return Chip("No credit", "") if used is None else Chip(label, percent(used))


def _changed_chip(label: str) -> Callable[[Evidence], Chip]:
    def chip(evidence: Evidence) -> Chip:
        """`N30 → N60`; a discount by what it is worth, `1 % → 3 %`."""
        now, before = (_worth(evidence, when) or evidence.get(when) for when in ("now", "before"))
        if now and before:
            return Chip(label, f"{before} \u2192 {now}")
        return Chip(label, f"\u2192 {now}" if now else "raised")

    return chip


def _worth(evidence: Evidence, when: str) -> str | None:
    worth = evidence.get(f"{when}_percent")
    return None if worth is None else plain_percent(worth)


def _days_chip(label: str) -> Callable[[Evidence], Chip]:
    def chip(evidence: Evidence) -> Chip:
        return Chip(label, "no date" if evidence.get("blank") else f"{evidence.get('measured', '?')} d")

    return chip


def _value_chip(label: str, key: str) -> Callable[[Evidence], Chip]:
    return lambda evidence: Chip(label, evidence.get(key, ""))


_CHIPS: dict[str, Callable[[Evidence], Chip]] = {
    "days_overdue": _days_chip("Overdue"),
    "account_status": _value_chip("Status:", "measured"),
    "payment_terms": _value_chip("Terms:", "measured"),
    "limit_expired": _days_chip("Limit expired"),
    "overdue_amount": lambda evidence: Chip("Overdue", short_amount(evidence.get("measured"))),
    "sales_order": lambda evidence: Chip("Order >", short_amount(evidence.get("threshold"))),
    "limit_used": _limit_chip,
    "limit_exceeded": _limit_chip,
    "payment_terms_changed": _changed_chip("Terms"),
    "settlement_discount_changed": _changed_chip("Discount"),
    "account_on_hold": _value_chip("On hold:", "measured"),
    "cannot_be_evaluated": lambda evidence: Chip("Cannot be evaluated", ""),
    "forced": lambda evidence: Chip("Forced:", evidence["reason"]) if evidence.get("reason") else Chip("Forced", ""),
    "posting_failed": lambda evidence: Chip("Posting failed", ""),
}


def _days_overdue(reason: ReasonLike) -> str:
    evidence = reason.evidence
    whose = f" of member {evidence['member']}" if "member" in evidence else ""
    invoice = f"Oldest unpaid invoice {evidence['document']}" if "document" in evidence else "Oldest unpaid invoice"
    days, allowed = evidence.get("measured", "?"), evidence.get("threshold", "?")
    return f"{invoice}{whose} is {days} days past due; {_rule(reason)} allows {allowed}."


def _account_status(reason: ReasonLike) -> str:
    return f"Customer's account status is {reason.evidence.get('measured', '?')}; {_rule(reason)} holds it."


def _payment_terms(reason: ReasonLike) -> str:
    return f"Order terms {reason.evidence.get('measured', '?')} are held by {_rule(reason)}."


def _limit_expired(reason: ReasonLike) -> str:
    evidence = reason.evidence
    whose = (
        f"Limit of {account_name(reason.account)}" if (reason.account or "").startswith("group:") else "Credit limit"
    )
    if evidence.get("blank"):
        return f"{whose} has no expiration date, which {_rule(reason)} takes for expired."
    ended, days = day(evidence.get("expired_on")), evidence.get("measured", "?")
    return f"{whose} ended {ended}, {days} days ago; {_rule(reason)} allows {evidence.get('threshold', '?')}."


def _overdue_amount(reason: ReasonLike) -> str:
    evidence = reason.evidence
    overdue = f"Overdue {amount_of(evidence, 'measured')} is above {amount_of(evidence, 'threshold')}"
    if "exposure" not in evidence:
        return f"{overdue}; {_rule(reason)} holds it."
    of_group = f" of {account_name(reason.account)}" if evidence.get("kind") == "group" else ""
    if "percent" in evidence and "threshold_percent" in evidence:
        used = f"{percent(evidence['percent'])} of the limit{of_group} is used"
        return f"{overdue} and {used}, above {plain_percent(evidence['threshold_percent'])}; {_rule(reason)} holds it."
    used = f"exposure{of_group} with this order is {amount_of(evidence, 'exposure', 'exposure_currency')}"
    allowed = amount_of(evidence, "exposure_threshold", "exposure_currency")
    return f"{overdue} and {used}, above {allowed}; {_rule(reason)} holds it."


def _sales_order(reason: ReasonLike) -> str:
    evidence = reason.evidence
    value, allowed = amount_of(evidence, "measured"), amount_of(evidence, "threshold")
    return f"Order value {value} is above {allowed}; {_rule(reason)} holds it."


def _exposure(reason: ReasonLike) -> str:
    evidence = reason.evidence
    exposure, limit = amount_of(evidence, "measured"), amount_of(evidence, "limit")
    used = f", {percent(evidence['percent'])}" if "percent" in evidence else ""
    if evidence.get("kind") == "group":
        return f"With this order {account_name(reason.account)} uses {exposure} of {limit}{used}"
    if Decimal(evidence.get("limit", "1")) == 0:
        return f"With this order exposure is {exposure} and the customer has no credit (0.00)"
    return f"With this order exposure is {exposure}{used} of the limit of {limit}"


def _limit_used(reason: ReasonLike) -> str:
    allowed = plain_percent(reason.evidence.get("threshold_percent", "100"))
    return f"{_exposure(reason)}; {_rule(reason)} holds above {allowed}."


def _limit_exceeded(reason: ReasonLike) -> str:
    return f"{_exposure(reason)}, over by {amount_of(reason.evidence, 'over')}."


def _raised(what: str, ranks: str) -> Callable[[ReasonLike], str]:
    def sentence(reason: ReasonLike) -> str:
        evidence = reason.evidence
        now, before = _named(evidence, "now", "measured"), _named(evidence, "before", "threshold")
        whose = "customer's default" if evidence.get("since") == "default" else "at its last pass or release"
        return f"Order {what} {now} {ranks} above {before}, {whose}."

    return sentence


def _named(evidence: Evidence, when: str, rank_key: str) -> str:
    """`N60 (rank 2)`, `D3 (3 %, rank 2)`, or the rank alone where no name is known."""
    rank, name, worth = f"rank {evidence.get(rank_key, '?')}", evidence.get(when), _worth(evidence, when)
    return f"{name} ({worth}, {rank})" if name and worth else f"{name} ({rank})" if name else rank


_STOPS = {"all": "every posting", "invoice": "invoices"}


def _account_on_hold(reason: ReasonLike) -> str:
    evidence = reason.evidence
    stops = _STOPS.get(evidence.get("threshold", ""), "postings")
    status = evidence.get("measured") or "none"
    return f"Account status {status} stops {stops} of {account_name(reason.account)}."


def _cannot_be_evaluated(reason: ReasonLike) -> str:
    return f"The check could not be made: {reason.evidence.get('cause', 'something was missing')}."


def _forced(reason: ReasonLike) -> str:
    evidence = reason.evidence
    who = evidence.get("forced_by") or "Someone"
    when = f" on {day(evidence['forced_on'])}" if evidence.get("forced_on") else ""
    reason_name = evidence.get("description") or evidence.get("reason")
    why = f": {reason_name}" if reason_name else ""
    note = f", \u201c{evidence['note']}\u201d" if evidence.get("note") else ""
    return f"{who} forced this hold{when}{why}{note}."


def _posting_failed(reason: ReasonLike) -> str:
    return f"The posting failed: {reason.evidence.get('message') or 'no message was given'}."


_SENTENCES: dict[str, Callable[[ReasonLike], str]] = {
    "days_overdue": _days_overdue,
    "account_status": _account_status,
    "payment_terms": _payment_terms,
    "limit_expired": _limit_expired,
    "overdue_amount": _overdue_amount,
    "sales_order": _sales_order,
    "limit_used": _limit_used,
    "limit_exceeded": _limit_exceeded,
    "payment_terms_changed": _raised("terms", "rank"),
    "settlement_discount_changed": _raised("cash discount", "ranks"),
    "account_on_hold": _account_on_hold,
    "cannot_be_evaluated": _cannot_be_evaluated,
    "forced": _forced,
    "posting_failed": _posting_failed,
}

_NOT_CHECKED: dict[str, str] = {
    NotChecked.INTERCOMPANY: "intercompany orders are not checked",
    NotChecked.ORDER_EXCLUDED: "the order is excluded from credit management",
    NotChecked.CUSTOMER_EXCLUDED: "the customer is excluded from credit management",
    NotChecked.IGNORED_UNTIL: "the customer's ignore-until date is not past",
    NotChecked.CHECKPOINT_OFF: "this checkpoint is not enabled",
    NotChecked.CLEARED_BY_RELEASE: "a release cleared this document",
    NotChecked.GRACE: "the order is within its grace days",
}

_VERDICTS: dict[str, str] = {
    Verdict.BLOCKED: "Held",
    Verdict.EXCUSED: "Excused",
    Verdict.RELEASED: "Released the order",
    Verdict.WITHIN: "No match",
    Verdict.WARNED: "Warning",
    Verdict.SKIPPED: "Not reached",
    Verdict.UNKNOWN: "Cannot be evaluated",
}

_WHYS = {
    "decided_by": "{rule} had decided",
    "released_by": "{rule} released the order outright",
    "limit_check_off": "the credit limit is not checked for sales orders",
    "limit_type_none": "the credit limit type is none",
    "terms_use_no_credit": "the terms of payment use no credit",
    "unlimited": "no limit binds this order",
    "threshold_limit_type_none": "only the amount is compared, as the credit limit type is none",
    "threshold_terms_use_no_credit": "only the amount is compared, as the terms of payment use no credit",
    "threshold_unlimited": "only the amount is compared, as no limit binds this order",
    "expiry_blank": "there is no expiration date, which counts as expired",
    "expiry_blank_ignored": "there is no expiration date, which is ignored",
    "no_rank": "terms or discounts without a rank are not compared",
    "no_rule_concerns": "no rule concerns this order",
    "withheld_of_group": "group limit; its figures are shown to those who see all its legal entities",
    "withheld_of_member": "of another member of the credit group",
}
