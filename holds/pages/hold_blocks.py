"""The blocks that answer why a hold is there, what clears it and how bad it is; the page and the peek share them.

Everything shown was written by a decision or is said by the very same check now; nothing is restated here.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.urls import reverse

from credit_mgmt import display
from credit_mgmt.engine.decision import Decision, Reason, Remedy
from credit_mgmt.exposure import UNAPPLIED, Position
from credit_mgmt.masking import Mask
from credit_mgmt.messages import cleared_by, reason_message, remedy_message
from credit_mgmt.policies import Setup
from credit_mgmt.standing import CreditStanding, standing_of
from customers.access import Action
from customers.money import ZERO
from customers.views import PageView
from holds.causes import cause_words
from holds.models import Hold, HoldReason
from holds.pages.limit_ways import ways_for_customer
from holds.pages.position import position_bar
from holds.recording import FORCED, KEPT, POSTING_FAILED
from holds.words import ORDER, REASONS, read_message

Item = dict[str, Any]
STALE_AFTER = dt.timedelta(hours=4)
"""Reasons written longer ago are marked, and what a check says now is announced (`ux.md` 3.2, States)."""
TONES = {FORCED: "forced", POSTING_FAILED: "failed"}


def standing_now(page: PageView, hold: Hold, *, with_position: bool = True) -> CreditStanding:
    """The payer's credit today and, while the hold is active, what the check says now; as far as the reader may see."""
    today, mask = page.today(hold.legal_entity.time_zone), Mask(page.actor)
    if hold.status != Hold.Status.ACTIVE:
        return standing_of(hold.payer, today, mask=mask, with_position=with_position)
    return standing_of(
        hold.payer,
        today,
        mask=mask,
        order_id=hold.order_id,
        checkpoint=hold.checkpoint,
        pro_forma=hold.pro_forma,
        with_position=with_position,
    )


# --- why -------------------------------------------------------------------------------------------------------------


def why(hold: Hold, reasons: Iterable[HoldReason]) -> list[Item]:
    """The reasons as they were last written, in order of severity, cleared ones last."""
    ordered = sorted(reasons, key=lambda row: (not row.valid, _severity(row.type), row.pk))
    return [_reason(row, hold) for row in ordered]


def why_then(hold: Hold, decision: Decision) -> list[Item]:
    """The reasons for which the order was stopped, with the figures of that moment."""
    ordered = sorted(decision.reasons, key=lambda reason: _severity(reason.type))
    return [
        {
            "title": REASONS.get(reason.type, reason.type),
            "sentence": reason_message(reason),
            **_rule(hold, reason.rule or "", reason.level or "", reason.evidence, "?at=hold"),
        }
        for reason in ordered
    ]


def _severity(code: str) -> int:
    return ORDER.index(code) if code in ORDER else len(ORDER)


def _reason(row: HoldReason, hold: Hold) -> Item:
    by = cause_words(getattr(row, "causes", ()))
    cleared = f"{row.cleared_at:%-d %b %H:%M}{f' by {by}' if by else ''}" if row.cleared_at else ""
    sentence = read_message(row)
    return {
        "title": REASONS.get(row.type, row.type),
        "sentence": sentence,
        "cleared": not row.valid,
        "cleared_text": f"Cleared {cleared}. It was: {sentence}" if cleared else "",
        "tone": TONES.get(row.type, ""),
        **_rule(hold, row.rule, row.level, row.evidence, ""),
    }


def _rule(hold: Hold, rule: str, level: str, evidence: Mapping[str, Any], query: str) -> Item:
    """The rule's name, leading to the version that fired and not to the rule of today."""
    name = evidence.get("rule_name", "")
    return {
        "rule": f"Rule {name}" if name else "",
        "rule_url": reverse("hold-rule", args=[hold.number, rule]) + query if rule else "",
        "level": display.LEVELS.get(level, ""),
    }


def forced_only(hold: Hold, reasons: Iterable[HoldReason]) -> bool:
    """Whether nothing but a person's force keeps the order."""
    return hold.forced and not any(row.valid and row.type != FORCED for row in reasons)


def recheck(hold: Hold, reasons: Iterable[HoldReason], decision: Decision | None, now: dt.datetime) -> Item | None:
    """What checking again on opening found, where the reasons were written more than four hours ago."""
    if decision is None or hold.looked_at is None or now - hold.looked_at <= STALE_AFTER:
        return None
    known = {(row.type, row.rule, row.account) for row in reasons if row.valid and row.type not in KEPT}
    found = {_identity(reason) for reason in decision.reasons}
    gone, new = _types(known - found), _types(found - known)
    said = [f"{words} no longer applies" for words in gone] + [f"{words} is new" for words in new]
    text = f"{', '.join(said)}. Evaluate to bring the hold up to date." if said else "The same reasons still apply."
    return {"title": "Checked again just now", "text": f"{text[:1].upper()}{text[1:]}", "changed": bool(said)}


def _identity(reason: Reason) -> tuple[str, str, str]:
    return (reason.type, reason.rule or "", reason.account or "")


def _types(identities: Iterable[tuple[str, str, str]]) -> list[str]:
    return [REASONS.get(code, code) for code in sorted({identity[0] for identity in identities}, key=_severity)]


# --- what clears it --------------------------------------------------------------------------------------------------


def remedies(page: PageView, hold: Hold, standing: CreditStanding) -> list[Item]:
    """What would clear it, smallest intervention first, each with the one action that starts it."""
    if standing.decision is None:
        return []
    return [
        {
            "text": remedy_message(remedy),
            "clears": cleared_by(remedy).removeprefix("clears "),
            "action": _start(page, hold, remedy, standing.setup),
        }
        for remedy in standing.decision.remedies
    ]


def _start(page: PageView, hold: Hold, remedy: Remedy, setup: Setup) -> Item | None:
    """The action that a remedy starts; nothing where the reader may not, or where only a person decides."""
    entity, payer = hold.legal_entity_id, hold.payer
    if remedy.action == "pay" and page.may(Action.WORK_HOLDS, entity):
        return {"label": "Request payment", "url": _payment_request(hold, remedy), "shortcut": "i"}
    limits = {"raise_limit", "new_expiry", "adjust_limit"}
    if remedy.action in limits:
        way = next(iter(ways_for_customer(page, payer, setup)), None)
        return {**way, "icon": ""} if way else None
    orders = {"reduce_order", "change_terms", "restore_terms", "restore_discount", "change_order"}
    if remedy.action in orders and page.may(Action.WORK_HOLDS, entity):
        return {"label": "Note to sales", "url": _note_to_sales(hold, remedy)}
    return None


def _payment_request(hold: Hold, remedy: Remedy) -> str:
    """A draft in the reader's own mail program: nothing is sent from here."""
    documents = remedy.figures.get("documents", "").split()
    subject = f"{hold.payer.name}: payment needed for order {hold.order.number}"
    listed = "".join(f"\n- {number}" for number in documents)
    body = f"Order {hold.order.number} is waiting for: {remedy_message(remedy)}.\n{listed}"
    return f"mailto:?subject={quote(subject)}&body={quote(body)}"


def _note_to_sales(hold: Hold, remedy: Remedy) -> str:
    order, sales = hold.order, hold.order.customer.sales_person
    subject = f"Order {order.number} of {order.customer.name} is on credit hold"
    body = f"{f'{sales}, ' if sales else ''}the order could go on like this: {remedy_message(remedy)}."
    return f"mailto:?subject={quote(subject)}&body={quote(body)}"


# --- exposure --------------------------------------------------------------------------------------------------------


def exposure(standing: CreditStanding, urls: Mapping[str, str], *, held_orders: Decimal | None = None) -> Item | None:
    """The bar with this order while it is on hold, else without; None where a rate is missing.

    Unapplied payments are drawn apart from what is not due, where the position was read. `held_orders`: what the other
    orders on hold would add.
    """
    decision, position = standing.decision, standing.shown
    bar = display.exposure_bar(decision.figures) if decision is not None else None
    if bar is None:
        bar = position_bar(position) if position is not None else None
    elif position is not None:
        unapplied = unapplied_of(position)
        bar |= {"not_due": (bar["not_due"] or ZERO) - unapplied, "unapplied": unapplied}
    if bar is None:
        return None
    if not bar["unlimited"] and not standing.own_limit_binds:
        bar["limit"] = None
    return {**bar, "urls": urls, "held_orders": held_orders}


def unapplied_of(position: Position) -> Decimal:
    """Payments and credit notes not settled yet, at most zero."""
    return next((bucket.amount for bucket in position.ageing if bucket.label == UNAPPLIED), None) or ZERO


def missing_rate(standing: CreditStanding) -> str:
    """The exchange rate without which the exposure cannot be computed, in words (`domain 4.9`)."""
    figures = standing.decision.figures if standing.decision is not None else None
    pair = (figures or {}).get("missing_rate") or (standing.shown.missing_rate if standing.shown is not None else None)
    if not pair:
        return ""
    source, _, target = pair.partition(">")
    return f"{source} to {target} on {standing.setting.as_of:%-d %b %Y}"


# --- at hold and now -------------------------------------------------------------------------------------------------

_COMPARED: Sequence[tuple[str, str, str]] = (
    ("exposure_after", "Exposure with this order", "amount"),
    ("total_limit", "Total limit", "limit"),
    ("over_limit", "Over limit", "amount"),
    ("used_percent", "Used", "percent"),
    ("overdue_amount", "Overdue", "amount"),
    ("days_overdue", "Days overdue", "days"),
    ("this_order", "This order", "amount"),
)


def compared(then: Decision, now: Decision | None) -> list[Item]:
    """The figures at the time of the hold beside those of now, and what changed; amounts in the accounting currency."""
    before, after = then.figures or {}, (now.figures if now is not None else None) or {}
    unit = before.get("currency") or after.get("currency") or ""
    rows = []
    for key, label, kind in _COMPARED:
        old, new = display.decimal(before.get(key)), display.decimal(after.get(key))
        change = new - old if old is not None and new is not None else None
        changed = _cell(change, "amount" if kind == "limit" else kind, unit)
        old_cell, new_cell = _cell(old, kind, unit), _cell(new, kind, unit)
        rows.append({"label": label, "then": old_cell, "now": new_cell, "change": changed, "moved": bool(change)})
    return rows


def _cell(value: Decimal | None, kind: str, unit: str) -> Item:
    if kind == "days" and value is not None:
        return {"value": int(value), "kind": kind}
    return {"value": value, "kind": kind, "unit": unit}


def reasons_compared(then: Decision, now: Decision | None) -> Item:
    """Which reasons went, came and stayed since the hold was placed."""
    before = {_identity(reason) for reason in then.reasons}
    after = {_identity(reason) for reason in now.reasons} if now is not None else set()
    return {"gone": _types(before - after), "new": _types(after - before), "same": _types(before & after)}
