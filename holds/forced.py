"""Stopping an order by hand, for reasons outside the rules (`domain 6`, forced hold)."""

import datetime as dt
from typing import Any

from credit_mgmt import policies
from credit_mgmt.engine import decision as engine
from customers.access import Action, Actor, authorize
from customers.errors import InvalidInput, NotFound, Refused
from customers.models import Reason, SalesOrder
from holds import recording
from holds.events import Change, EventType, tell
from holds.locking import LockedOrders, locked_orders, reasons_of
from holds.models import Hold, HoldReason
from holds.placing import Stop, place_holds
from holds.posting import Today, stop_orders
from holds.reasons import find_reason, require_entity
from holds.saving import save_holds, save_reasons
from holds.turns import next_checkpoint, refuse_closed


def force_hold(*, order: int, reason: str | None, actor: Actor, at: dt.datetime, today: Today, note: str = "") -> Hold:
    """Put an open sales order on hold by force; one that is on hold already gains the forced reason (`domain 6`).

    `reason`: a hold reason by its code. Only a person with the right to release forced holds can release it. Raises
    `InvalidInput` for the reason, `NotFound`, `OutOfScope`, `NotAllowed`, and `Refused`: `order_not_open`, `rejected`,
    `order_cancelled`, `never_on_hold` for point-of-sale and call-centre orders.
    """
    found = find_reason(reason, type=Reason.Type.HOLD)
    if found is None:
        raise InvalidInput.of("reason", "required", "Give a reason of type hold.")
    with locked_orders([order], actor=actor) as locked:
        if order not in locked.orders:
            raise NotFound(f"Order {order} was not found.")
        target = locked.orders[order]
        authorize(locked.actor, Action.FORCE_HOLD, target.legal_entity_id, f"Order {target.key}")
        require_entity(found, target.legal_entity_id)
        _refuse_unstoppable(target)
        hold = locked.holds.get(order)
        if hold is None:
            return _place(target, found, note, locked, at=at, today=today)
        return _add_force(hold, found, note, locked, at)


def _refuse_unstoppable(order: SalesOrder) -> None:
    refuse_closed(order)
    if not order.is_open:
        raise Refused("order_not_open", f"Order {order.key} is invoiced; there is nothing left to stop.")
    if order.order_type != SalesOrder.Type.SALES:
        raise Refused(
            "never_on_hold", f"Order {order.key} is of a type that is never put on hold ({order.order_type})."
        )


def _forced(reason: Reason, note: str, actor: Actor, at: dt.datetime) -> dict[str, Any]:
    return {
        "forced": True,
        "forced_reason": reason,
        "forced_by": actor.reference,
        "forced_at": at,
        "forced_note": note,
    }


def _reason(reason: Reason, note: str, actor: Actor, at: dt.datetime) -> engine.Reason:
    evidence = {
        "reason": reason.code,
        "description": reason.description,
        "note": note,
        "forced_by": actor.name,
        "forced_on": at.date().isoformat(),
    }
    return engine.Reason(recording.FORCED, None, None, None, evidence)


def _place(
    order: SalesOrder, reason: Reason, note: str, locked: LockedOrders, *, at: dt.datetime, today: Today
) -> Hold:
    stop_orders([order])
    stop = Stop(
        order=order,
        checkpoint=next_checkpoint(order),
        reasons=[_reason(reason, note, locked.actor, at)],
        setting=policies.setting_for(order.legal_entity_id, today(order.legal_entity_id)),
        event=EventType.FORCED,
        data={"reason": reason.code, "note": note},
        forced=_forced(reason, note, locked.actor, at),
    )
    [hold] = place_holds([stop], actor=locked.actor, at=at)
    return hold


def _add_force(hold: Hold, reason: Reason, note: str, locked: LockedOrders, at: dt.datetime) -> Hold:
    """The forced reason joins those of the check; it is not ready any more, and its workflow item is recalled."""
    recalled = bool(hold.workflow_state)
    for name, value in _forced(reason, note, locked.actor, at).items():
        setattr(hold, name, value)
    hold.ready_to_release, hold.workflow_state = False, ""
    rows = reasons_of([hold])[hold.pk]
    found = _reason(reason, note, locked.actor, at)
    known = next((row for row in rows if row.type == recording.FORCED), None)
    if known is None:
        known = recording.reason_row(hold, found, at)
        known.save(force_insert=True)
        rows.append(known)
    else:
        _renew(known, found)
    recording.show(hold, rows)
    hold.version += 1
    save_holds([hold])
    data = {"reason": reason.code, "note": note, "recalled": recalled}
    tell([Change(hold, EventType.FORCED, hold.status, data)], actor=locked.actor, at=at)
    return hold


def _renew(row: HoldReason, found: engine.Reason) -> None:
    recording.renew(row, found)
    save_reasons([row])
