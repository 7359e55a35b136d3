"""Putting orders on hold: holds, reasons and first events in one statement, whatever their number (`domain 6`).

The foreign keys are checked when the transaction commits, so the order in which the parts are written does not matter.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from credit_mgmt.engine.decision import Reason
from credit_mgmt.engine.facts import Setting
from customers import outbox
from customers.access import Actor
from customers.bulk import as_json
from customers.models import SalesOrder
from customers.money import amount_text
from holds import recording
from holds.events import Change, EventType, event_row, outgoing
from holds.models import Hold, HoldReason


@dataclass(frozen=True, slots=True)
class Stop:
    """An order to be put on hold at `checkpoint`, with its `reasons` and the figures and decision behind them."""

    order: SalesOrder
    checkpoint: str
    reasons: Sequence[Reason]
    setting: Setting
    pro_forma: bool = False
    posting_request: Mapping[str, Any] | None = None
    figures: Mapping[str, str | None] | None = None
    decision_id: uuid.UUID | None = None
    event: EventType = EventType.PLACED
    data: Mapping[str, Any] = field(default_factory=dict)
    forced: Mapping[str, Any] = field(default_factory=dict)
    """Columns of a forced hold: reason, note, by, at, until."""


def place_holds(stops: Sequence[Stop], *, actor: Actor, at: dt.datetime) -> list[Hold]:
    """Write a hold for each stop, in their order. Its order has no active hold; the caller holds the accounts' locks.

    New holds are assigned to the payer's credit controller (`domain 2`). The database refuses a second active hold.
    """
    holds, reasons = [], []
    for stop in stops:
        hold = _hold(stop, actor, at)
        distinct = {reason.identity: reason for reason in stop.reasons}
        rows = [recording.reason_row(hold, reason, at) for reason in distinct.values()]
        recording.show(hold, rows)
        holds.append(hold)
        reasons += rows
    if holds:
        changes = [
            Change(hold, stop.event, "", _event_data(stop, hold)) for hold, stop in zip(holds, stops, strict=True)
        ]
        _write(holds, reasons, [event_row(change, actor, at) for change in changes])
        outbox.record_all([outgoing(change, actor, at) for change in changes])
    return holds


def _hold(stop: Stop, actor: Actor, at: dt.datetime) -> Hold:
    order = stop.order
    hold = Hold(
        order=order,
        payer=order.payer,
        legal_entity_id=order.legal_entity_id,
        checkpoint=stop.checkpoint,
        pro_forma=stop.pro_forma,
        posting_request=dict(stop.posting_request) if stop.posting_request else None,
        held_at=at,
        held_by=actor.reference,
        decision_id=stop.decision_id,
        last_decision_id=stop.decision_id,
        evaluated_at=at if stop.decision_id else None,
        assignee_id=order.payer.credit_controller_id,
        currency=order.legal_entity.accounting_currency_id,
        **stop.forced,
    )
    worth = recording.Worth(order.amount, order.currency_id, order.requested_ship_date)
    recording.set_figures(hold, worth, stop.figures, stop.setting)
    return hold


def _event_data(stop: Stop, hold: Hold) -> dict[str, Any]:
    units = stop.setting.rates.minor_units[hold.currency]
    return {
        "reasons": [reason.type for reason in stop.reasons],
        "amount": amount_text(hold.amount, units),
        "currency": hold.currency,
        **stop.data,
    }


_HOLD = {
    "id": "uuid", "order_id": "bigint", "payer_id": "bigint", "legal_entity_id": "text", "checkpoint": "text",
    "pro_forma": "boolean", "posting_request": "jsonb", "status": "text", "version": "integer",
    "held_at": "timestamptz", "held_by": "text", "decision_id": "uuid", "last_decision_id": "uuid",
    "evaluated_at": "timestamptz", "forced": "boolean", "forced_reason_id": "bigint", "forced_by": "text",
    "forced_at": "timestamptz", "forced_note": "text", "forced_until": "date", "ready_to_release": "boolean",
    "review_date": "date", "assignee_id": "integer", "note": "text", "workflow_state": "text", "release_mode": "text",
    "release_reason_id": "bigint", "decided_at": "timestamptz", "decided_by": "text", "reason_codes": "jsonb",
    "chips": "jsonb", "currency": "text", "amount": "numeric", "amount_unknown": "boolean", "over_limit": "numeric",
    "used_percent": "numeric", "limiting_group": "text", "overdue_amount": "numeric", "ship_date": "date",
}  # fmt: skip
_REASON = {
    "hold_id": "uuid", "type": "text", "rule": "text", "level": "text", "account": "text", "evidence": "jsonb",
    "message": "text", "valid": "boolean", "added_at": "timestamptz", "cleared_at": "timestamptz",
}  # fmt: skip
_EVENT = {
    "hold_id": "uuid", "version": "integer", "type": "text", "from_status": "text", "to_status": "text",
    "actor": "text", "actor_name": "text", "at": "timestamptz", "data": "jsonb",
}  # fmt: skip


def _insert(table: str, columns: Mapping[str, str]) -> str:
    names = ", ".join(columns)
    definition = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM jsonb_to_recordset(%s::jsonb) AS new({definition})"  # noqa: S608


_PLACE = f"""
    WITH reasons AS ({_insert("holds_holdreason", _REASON)}), events AS ({_insert("holds_holdevent", _EVENT)})
    {_insert("holds_hold", _HOLD)} RETURNING id, number
"""


def _write(holds: Sequence[Hold], reasons: Sequence[HoldReason], events: Sequence[Mapping[str, Any]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, [_json(reasons, _REASON), as_json(events), _json(holds, _HOLD)])
        numbers = dict(cursor.fetchall())
    for hold in holds:
        hold.number = numbers[hold.pk]
        hold._state.adding = False


def _json(rows: Sequence[Hold] | Sequence[HoldReason], columns: Mapping[str, str]) -> str:
    return as_json([{name: getattr(row, name) for name in columns} for row in rows])
