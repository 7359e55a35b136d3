"""A decision as pages draw it: the exposure bar, the limit, and the trace of every rule that was looked at.

Nothing is computed here: every figure is one that the engine wrote into the decision (`architecture.md`, Decision).
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from credit_mgmt.engine.decision import Decision, TraceLine, Verdict
from credit_mgmt.models import BlockingRule

Item = dict[str, Any]

TYPES = {
    **dict(BlockingRule.Type.choices),
    "limit_exceeded": "Credit limit",
    "payment_terms_changed": "Terms raised",
    "settlement_discount_changed": "Discount raised",
    "account_on_hold": "Account on hold",
    "no_rule": "Rules",
    "not_checked": "Check",
}
LEVELS = {"table": "Customer", "group": "Group", "all": "Everyone"}
VERDICTS = {
    Verdict.BLOCKED: ("Held", "held"),
    Verdict.EXCUSED: ("Excused", "excused"),
    Verdict.RELEASED: ("Releases the order", "excused"),
    Verdict.WITHIN: ("Within", "passed"),
    Verdict.SKIPPED: ("Not looked at", "skipped"),
    Verdict.WARNED: ("Warning only", "warning"),
    Verdict.UNKNOWN: ("Cannot be evaluated", "error"),
}
WHY = {
    "limit_check_off": "the limit check for sales orders is off",
    "limit_type_none": "the credit limit type is none",
    "terms_use_no_credit": "the order's terms use no credit",
    "unlimited": "the customer is unlimited",
    "expiry_blank_ignored": "a blank expiration date is ignored",
    "no_rank": "the terms have no rank to compare",
    "no_rule_concerns": "no rule concerns this order",
    "cannot_be_evaluated": "a figure is missing",
    "intercompany": "the order is intercompany",
    "order_excluded": "the order is excluded from credit management",
    "customer_excluded": "the customer is excluded from credit management",
    "ignored_until": "the customer is ignored until a date",
    "checkpoint_off": "this checkpoint is not checked",
    "cleared_by_release": "a release cleared this document",
    "grace": "the order is within its grace days",
}
"""Why something was not measured or not checked, in words."""
FIGURES_IN_DAYS = {"days_overdue", "limit_expired"}
FIGURES_IN_PERCENT: frozenset[str] = frozenset()


def decimal(text: str | None) -> Decimal | None:
    """A figure of the evidence as a number; None where it is missing."""
    if text is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def exposure_bar(figures: Mapping[str, str | None] | None) -> Item | None:
    """The exposure of the payer with this order, in its accounting currency; None where a rate is missing."""
    if not figures or figures.get("exposure_after") is None:
        return None
    parts = ("overdue", "not_due", "delivered", "ordered", "this_order")
    limit = decimal(figures.get("total_limit"))
    return {
        **{part: decimal(figures.get(part)) for part in parts},
        "limit": limit,
        "unlimited": limit is None,
        "currency": figures.get("currency") or "",
        "urls": {},
    }


def group_figures(figures: Mapping[str, str | None] | None) -> Item | None:
    """What the customer's credit group uses with this order, in the group's currency; None without a group."""
    if not figures or not figures.get("group"):
        return None
    number = str(figures["group"]).removeprefix("group:")
    return {
        "number": number,
        "currency": figures.get("group_currency"),
        "limit": decimal(figures.get("group_limit")),
        "exposure": decimal(figures.get("group_exposure_after")),
        "tighter": figures.get("tighter") == "group",
    }


def trace_steps(trace: Iterable[TraceLine]) -> list[Item]:
    """Every rule that was looked at, in order, for the trace table."""
    return [_step(line) for line in trace]


def _step(line: TraceLine) -> Item:
    word, verdict = VERDICTS[Verdict(line.verdict)]
    why = why_words(line.why)
    if line.why and line.why.startswith(("decided_by", "released_by")):
        verdict, word = "not_reached", "Not reached"
    return {
        "type": TYPES.get(line.type, line.type),
        "rule": line.name or "",
        "level": LEVELS.get(line.level or "", ""),
        "condition": _figure(line.type, line.threshold, "above "),
        "value": _figure(line.type, line.measured),
        "result": f"{word}: {why}" if why else word,
        "verdict": verdict,
    }


def _figure(kind: str, text: str | None, before: str = "") -> str:
    """A figure of the trace: grouped where it is a number, as it is where it is a word."""
    if text is None:
        return ""
    number = decimal(text)
    if number is None or not number.is_finite():
        return text
    if kind in FIGURES_IN_DAYS and number == number.to_integral_value():
        return f"{before}{number:,.0f} d"
    places = max(0, -int(number.as_tuple().exponent))
    return f"{before}{number:,.{places}f}"


def why_words(code: str | None) -> str:
    """Why something was not looked at, in words; a name after a colon is that of the rule."""
    if not code:
        return ""
    known, _, name = code.partition(":")
    if known == "decided_by":
        return f"{name} had decided"
    if known == "released_by":
        return f"{name} released the order"
    return WHY.get(known, known.replace("_", " "))


def outcome_words(decision: Decision) -> str:
    """The verdict in one sentence."""
    if decision.holds:
        kinds: Sequence[str] = sorted({reason.type for reason in decision.reasons})
        return f"Held for {len(kinds)} reason{'s' if len(kinds) != 1 else ''}"
    if decision.not_checked_because:
        return f"Not checked: {why_words(decision.not_checked_because)}"
    return "Passed, with a warning" if decision.warnings else "Passed"
