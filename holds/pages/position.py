"""A customer's credit position as the components draw it: the exposure bar, the limit's parts, the ageing."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from credit_mgmt.engine import stack as engine
from credit_mgmt.engine.stack import Component, Kind, Off, StackLine
from credit_mgmt.engine.texts import used_percent
from credit_mgmt.exposure import NOT_DUE, UNAPPLIED, Position
from credit_mgmt.templatetags.formats import short_date
from customers.money import ZERO
from customers.numbers import grouped

Item = dict[str, Any]
KINDS = {
    Kind.BASE: "Base limit", Kind.TEMPORARY: "Temporary limit", Kind.COVER: "Insurance or guarantee",
}  # fmt: skip
PARTS_OF = {UNAPPLIED: "unapplied"}
BUCKET_WORDS = {NOT_DUE: "Not due", "over 90": "Over 90", UNAPPLIED: "Unapplied"}


def position_bar(position: Position) -> Item | None:
    """The exposure without an order; what is unapplied is listed apart from what is not due."""
    bar = position.bar()
    if bar is None:
        return None
    unapplied = bar["unapplied"] or ZERO
    return {**bar, "not_due": bar["not_due"] - unapplied, "unapplied": unapplied, "this_order": None}


def limit_stack(position: Position, components: Sequence[Component], *, binds: bool = True) -> Item:
    """Every part of the total limit, with its period; what is not in effect stays and says why.

    `binds`: whether the customer's own limit is tested at all (`domain 3.4`).
    """
    stack = engine.limit_stack(
        components, as_of=position.as_of, unlimited=position.unlimited, tested=position.limit_tested, binds=binds
    )
    return {
        "lines": [_line(line, position.as_of) for line in stack],
        "total": position.total_limit,
        "unlimited": position.unlimited,
        "currency": position.currency,
        "note": _note(position),
    }


def _line(line: StackLine, today: dt.date) -> Item:
    part = line.component
    label = part.label or KINDS[part.kind]
    return {
        "label": f"{label}, {part.remark}" if part.remark else label,
        "period": " · ".join(filter(None, (_period(part, today), part.source))),
        "amount": part.amount,
        "off": _off(line, today),
    }


def stack_line(part: Component, today: dt.date) -> Item:
    """One part by itself: its period, and why it is not in force on the day."""
    [line] = engine.limit_stack([part], as_of=today)
    return _line(line, today)


def _period(part: Component, today: dt.date) -> str:
    """The days of a part in words."""
    if part.kind is Kind.BASE:
        return _until(part.last, today)
    if part.first is None or part.last is None:
        return ""
    return f"{short_date(part.first, today)} – {short_date(part.last, today)}"


def _off(line: StackLine, today: dt.date) -> str:
    """Why a part is not in effect, or nothing."""
    part = line.component
    words = {
        Off.NOT_YET: f"not before {short_date(part.first, today)}",
        Off.OVER: f"expired {short_date(part.last, today)}",
        Off.WITHDRAWN: f"taken back from {short_date(part.withdrawn_from, today)} on",
        Off.REPLACED: f"a temporary limit replaces it until {short_date(line.until, today)}",
        Off.UNLIMITED: "the customer is unlimited",
        Off.UNTESTED: "limits are shown and not tested",
        Off.GROUP: "the group’s limit stands in for it",
    }
    return words[line.off] if line.off is not None else ""


def _until(day: dt.date | None, today: dt.date) -> str:
    if day is None:
        return "without end"
    return f"{'expired' if day < today else 'to'} {short_date(day, today)}"


def _note(position: Position) -> str:
    """What else binds: the group's limit, in words."""
    notes = []
    if not position.limit_tested:
        notes.append("The credit limit type is none: limits are shown and not tested.")
    group = position.group
    if group is None:
        notes.append("Credit group: none.")
    elif group.withheld:
        notes.append(f"Credit group {group.number}: shares one limit; its figures need all its legal entities.")
    elif group.limit is None:
        notes.append(f"Credit group {group.number}: its limit cannot be converted, an exchange rate is missing.")
    else:
        used = used_percent(group.exposure, group.limit) if group.exposure is not None else None
        words = f", {used:.0f} % used" if used is not None else ""
        notes.append(f"Credit group {group.number}: {grouped(group.limit, 2)} {group.currency} for all members{words}.")
    return " ".join(notes)


def ageing(position: Position, invoices: str = "") -> Item:
    """What is open by days past due, in the accounting currency; `invoices` is the list that a bucket opens."""
    buckets = [
        {
            "label": BUCKET_WORDS.get(bucket.label, bucket.label.replace("-", "–")),
            "amount": bucket.amount if bucket.amount is not None else ZERO,
            "late": bucket.label not in (NOT_DUE, UNAPPLIED),
            "url": f"{invoices}?{urlencode({'part': PARTS_OF.get(bucket.label, bucket.label)})}" if invoices else "",
        }
        for bucket in position.ageing
    ]
    total = sum((bucket.amount or ZERO for bucket in position.ageing), ZERO)
    return {"buckets": buckets, "total": total, "currency": position.currency}


def used(position: Position) -> Decimal | None:
    """Exposure in per cent of the total limit."""
    if position.total is None or position.total_limit is None:
        return None
    return used_percent(position.total, position.total_limit)
