"""The credit state of an order for people who sell (`ux.md` 3.19): one sentence that may be read out to the customer.

Words without figures: neither limits nor exposure nor amounts, and nothing of other customers of a credit group. What
is said follows from what was decided and written; nothing is decided here.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from credit_mgmt.decisions import stored_decision
from credit_mgmt.engine.decision import Outcome
from credit_mgmt.flags import set_by, who_took_it_out
from credit_mgmt.messages import not_checked_message
from credit_mgmt.models import Clearance, DecisionRecord
from customers.models import SalesOrder
from holds.models import Hold, HoldEvent, HoldReason

Status = SalesOrder.CreditStatus


@dataclass(frozen=True, slots=True)
class Said:
    """Why an order waits, and what the customer can do about it."""

    why: str
    todo: str


@dataclass(frozen=True, slots=True)
class OrderState:
    """What a seller needs to know. `next_on` is the day on which somebody looks again, where one is set."""

    badge: str
    sentence: str
    said: tuple[Said, ...] = ()
    contact: str = ""
    email: str = ""
    next_step: str = ""
    next_on: dt.date | None = None


_PAY = Said("an invoice is overdue", "Pay what is overdue, or tell us on which day it will be paid.")
_ROOM = Said(
    "the order goes beyond what is agreed for open orders and invoices",
    "Pay open invoices, pay this order in advance, or order a part of it now.",
)
_OURS = "Nothing: we look at it."
_TERMS = Said("the terms of payment need an approval", "Keep the terms that were agreed, or wait for the approval.")
SAFE: dict[str, Said] = {
    "days_overdue": _PAY,
    "overdue_amount": _PAY,
    "limit_used": _ROOM,
    "limit_exceeded": _ROOM,
    "limit_expired": Said("the agreement with the customer has to be renewed", _OURS),
    "account_status": Said("the customer’s account is under review", "Get in touch with us."),
    "account_on_hold": Said("the customer’s account is under review", "Get in touch with us."),
    "payment_terms": _TERMS,
    "payment_terms_changed": _TERMS,
    "settlement_discount_changed": Said(
        "the discount needs an approval", "Keep the discount that was agreed, or wait for the approval."
    ),
    "sales_order": Said("orders of this size are looked at by a person", _OURS),
    "forced": Said("we stopped it by hand", "Get in touch with us."),
    "cannot_be_evaluated": Said("something that the check needs is missing", _OURS),
    "posting_failed": Said("it was released, and its document could not be posted yet", _OURS),
}
SMALLER_HELPS = frozenset({"limit_used", "limit_exceeded", "overdue_amount", "sales_order"})
"""Reasons that a smaller order may clear."""
UNKNOWN = Said("it is being looked at", _OURS)
EVENTS = {
    "hold_placed": "Stopped", "forced": "Stopped by hand", "ready_to_release": "Nothing blocks it any more",
    "released": "Released", "reinstated": "Stopped again", "rejected": "Rejected", "reopened": "Reopened",
    "cancelled": "Cancelled", "asked": "Sales asked",
}  # fmt: skip
"""What of a hold's history is told, and how."""
HISTORY = 8


def state_of(order: SalesOrder, hold: Hold | None, today: dt.date) -> OrderState:
    """The state of `order` in words; `hold` is the active one, with `assignee` and the payer's credit controller.

    Two queries at most.
    """
    if hold is not None:
        return _held(hold)
    plain = {
        Status.REJECTED: ("rejected", "Rejected: it is not delivered. A credit manager can reopen it."),
        Status.CANCELLED: ("cancelled", "Cancelled."),
    }
    if order.credit_status in plain:
        return OrderState(*plain[Status(order.credit_status)])
    grace = Clearance.objects.filter(order=order).values_list("grace_until", flat=True).first()
    until = f" No new check until {grace:%-d %b %Y}." if grace and grace >= today else ""
    return _not_held(order, until)


def _not_held(order: SalesOrder, until: str) -> OrderState:
    record = DecisionRecord.objects.filter(order=order).order_by("-at", "pk").first()
    if order.credit_status == Status.RELEASED:
        return OrderState("released", f"Released by the credit team: it goes on.{until}")
    if record is None or order.credit_status == Status.NOT_CHECKED:
        because = _because(record, order)
        return OrderState("not_checked", because or "Not checked yet: the check is made when a document is posted.")
    where = f"at {record.get_checkpoint_display().lower()} on {record.at:%-d %b %Y}"
    if record.outcome == Outcome.NOT_CHECKED:
        return OrderState("passed", f"It goes on. {_because(record, order)}{until}".strip())
    return OrderState("passed", f"Passed {where}: it goes on.{until}")


def _because(record: DecisionRecord | None, order: SalesOrder) -> str:
    """Why a check was not made, where that is what was decided, and who saw to it."""
    if record is None or record.outcome != Outcome.NOT_CHECKED:
        return ""
    because = stored_decision(record).not_checked_because
    if not because:
        return ""
    who = set_by(who_took_it_out(order, because))
    return f"Not checked: {not_checked_message(because)}{f', {who}' if who else ''}."


def _held(hold: Hold) -> OrderState:
    valid = HoldReason.objects.filter(hold=hold, valid=True).order_by("pk")
    said = tuple(dict.fromkeys(_safe(reason) for reason in valid))
    if hold.ready_to_release:
        sentence, step = "Nothing blocks this order any more: it is about to be released.", "It is released."
    else:
        sentence, step = f"On hold because {_list(one.why for one in said) or UNKNOWN.why}.", "A person decides."
    owner = hold.assignee or hold.payer.credit_controller
    return OrderState(
        badge="ready" if hold.ready_to_release else "held",
        sentence=sentence,
        said=() if hold.ready_to_release else said or (UNKNOWN,),
        contact=(owner.get_full_name() or owner.get_username()) if owner else "",
        email=owner.email if owner else "",
        next_step=step,
        next_on=hold.snoozed_until or hold.review_date,
    )


def _safe(reason: HoldReason) -> Said:
    """The words for a reason. An invoice is named by its number, unless it is another customer's (`domain 3.4`)."""
    said = SAFE.get(reason.type, UNKNOWN)
    document = reason.evidence.get("document")
    if said is _PAY and document and "member" not in reason.evidence:
        return Said(
            f"invoice {document} is overdue", f"Pay invoice {document}, or tell us on which day it will be paid."
        )
    return said


def _list(words: Iterable[str]) -> str:
    *first, last = [*words] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def history_of(order: SalesOrder) -> list[tuple[str, dt.datetime]]:
    """What happened to the order, newest first: words and moments, no names, notes or figures. One query."""
    events = HoldEvent.objects.filter(hold__order=order, type__in=EVENTS).order_by("-at", "-pk")
    return [(EVENTS[event.type], event.at) for event in events[:HISTORY]]
