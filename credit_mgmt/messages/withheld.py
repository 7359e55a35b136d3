"""What is said where figures of a credit group are withheld (`credit_mgmt.masking`): that it binds, and no amounts.

Import the sentences from `credit_mgmt.messages`.
"""

from collections.abc import Callable, Mapping

from credit_mgmt.messages.phrases import account_name, amount_of, reason_label

Evidence = Mapping[str, str]
WITHHELD = "withheld"
"""The key of evidence and figures that were masked: whose they are, `group` or `member`."""
CHIPS = {
    "limit_used": "Group limit",
    "limit_exceeded": "Group limit",
    "overdue_amount": "Overdue",
    "days_overdue": "Group overdue",
}
REMEDIES = {
    "pay": "Payments by members of the credit group",
    "raise_limit": "A higher limit of the credit group",
    "adjust_limit": "A higher limit of the credit group, with a new date",
    "reduce_order": "A smaller order",
    "change_order": "A smaller or easier order",
}


def withheld_message(kind: str, account: str | None, evidence: Evidence, rule: str) -> str:
    """Why a reason whose figures are withheld holds the order."""
    sentence = _SENTENCES.get(kind)
    return (
        sentence(account, evidence, rule) if sentence else f"{reason_label(kind)} of {account_name(account)}; {rule}."
    )


def withheld_remedy(action: str) -> str:
    """What would clear such a reason, without how much."""
    return REMEDIES.get(action, "Release by somebody who sees the whole credit group")


def _no_room(account: str | None, evidence: Evidence, rule: str) -> str:
    held = f"; {rule} holds it" if evidence.get("rule_name") else ""
    return f"Group limit: {account_name(account)} has no room for this order{held}."


def _overdue_amount(account: str | None, evidence: Evidence, rule: str) -> str:
    overdue = f"Overdue {amount_of(evidence, 'measured')} is above {amount_of(evidence, 'threshold')}"
    return f"{overdue} and too much of the limit of {account_name(account)} is used; {rule} holds it."


def _days_overdue(account: str | None, evidence: Evidence, rule: str) -> str:
    return f"Another member of the credit group is overdue; {rule} allows {evidence.get('threshold', '?')} days."


_SENTENCES: dict[str, Callable[[str | None, Evidence, str], str]] = {
    "limit_used": _no_room,
    "limit_exceeded": _no_room,
    "overdue_amount": _overdue_amount,
    "days_overdue": _days_overdue,
}
