"""A decision as pages draw it: the exposure bar, the limit, and the trace of every rule that was looked at.

Nothing is computed here: every figure is one that the engine wrote into the decision (`architecture.md`, Decision).
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from credit_mgmt.engine.decision import Decision, Reason, TraceLine, Verdict
from credit_mgmt.messages import (
    cleared_by,
    not_checked_message,
    reason_message,
    remedy_message,
    trace_message,
    verdict_label,
)
from credit_mgmt.messages.phrases import reason_label
from credit_mgmt.messages.withheld import WITHHELD
from credit_mgmt.models import BlockingRule
from customers.numbers import grouped

Item = dict[str, Any]

LEVELS = {"table": "Customer", "group": "Group", "all": "Everyone"}
"""`ux.md` Appendix A: valid for table, group, all."""
TYPES = {
    **dict(BlockingRule.Type.choices),
    "limit_exceeded": "Credit limit",
    "payment_terms_changed": "Terms raised",
    "settlement_discount_changed": "Discount raised",
    "account_on_hold": "Account on hold",
    "no_rule": "Rules",
    "not_checked": "Check",
}
"""What the lines of a trace are about."""
VERDICT_ICONS = {
    Verdict.BLOCKED: "held",
    Verdict.EXCUSED: "excused",
    Verdict.RELEASED: "excused",
    Verdict.WITHIN: "passed",
    Verdict.SKIPPED: "skipped",
    Verdict.WARNED: "warning",
    Verdict.UNKNOWN: "error",
}
FIGURES_IN_DAYS = {"days_overdue", "limit_expired"}


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
    """What the customer's credit group uses with this order, in the group's currency; None without a group.

    `withheld`: the reader may not see the amounts (`credit_mgmt.masking`).
    """
    if not figures or not figures.get("group"):
        return None
    number = str(figures["group"]).removeprefix("group:")
    return {
        "number": number,
        "currency": figures.get("group_currency"),
        "limit": decimal(figures.get("group_limit")),
        "exposure": decimal(figures.get("group_exposure_after")),
        "tighter": figures.get("tighter") == "group",
        "withheld": WITHHELD in figures,
    }


def trace_steps(trace: Iterable[TraceLine]) -> list[Item]:
    """Every rule that was looked at, in order, for the trace table."""
    return [_step(line) for line in trace]


def _step(line: TraceLine) -> Item:
    verdict = VERDICT_ICONS[Verdict(line.verdict)]
    decided_before = (line.why or "").startswith(("decided_by", "released_by"))
    said = line.verdict in (Verdict.SKIPPED, Verdict.UNKNOWN) or line.measured is None
    return {
        "type": TYPES.get(line.type, reason_label(line.type)),
        "rule": line.name or "",
        "level": LEVELS.get(line.level or "", ""),
        "condition": _figure(line.type, line.threshold, "above "),
        "value": _figure(line.type, line.measured),
        "result": trace_message(line) if said else verdict_label(line.verdict),
        "verdict": "not_reached" if decided_before else verdict,
    }


def _figure(kind: str, text: str | None, before: str = "") -> str:
    """A figure of the trace: grouped where it is a number, as it is where it is a word."""
    if text is None:
        return ""
    number = decimal(text)
    if number is None or not number.is_finite():
        return text
    if kind in FIGURES_IN_DAYS and number == number.to_integral_value():
        return f"{before}{grouped(number, 0)} d"
    places = max(0, -int(number.as_tuple().exponent))
    return f"{before}{grouped(number, places)}"


def outcome_words(decision: Decision) -> str:
    """The verdict in one sentence."""
    if decision.holds:
        kinds: Sequence[str] = sorted({reason.type for reason in decision.reasons})
        return f"Held for {len(kinds)} reason{'s' if len(kinds) != 1 else ''}"
    if decision.not_checked_because:
        return f"Not checked: {not_checked_message(decision.not_checked_because)}"
    return "Passed, with a warning" if decision.warnings else "Passed"


def reason_rows(reasons: Iterable[Reason]) -> list[Item]:
    """The reasons of a fresh decision, for the list *why*."""
    return [{"title": reason_label(reason.type), "sentence": reason_message(reason)} for reason in reasons]


def remedy_rows(decision: Decision) -> list[Item]:
    """What would clear it, smallest intervention first (`ux.md` 3.2)."""
    return [
        {"text": remedy_message(remedy), "clears": cleared_by(remedy).removeprefix("clears ")}
        for remedy in decision.remedies
    ]
