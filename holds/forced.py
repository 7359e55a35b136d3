"""Stopping orders by hand, for reasons outside the rules (`domain 6`, forced hold), and taking that back."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from credit_mgmt import commitments, policies
from credit_mgmt.engine import decision as engine
from credit_mgmt.models import Commitment
from customers import documents
from customers.access import Action, Actor, authorize
from customers.errors import InvalidInput, NotFound, Refused
from customers.models import Reason, SalesOrder
from holds import recording
from holds.each import CHUNK, FAILURES, Failing
from holds.events import Change, EventType, tell
from holds.locking import LockedOrders, locked_orders, reasons_of
from holds.models import Hold, HoldEvent, HoldReason
from holds.placing import Stop, place_holds
from holds.posting import Today, stop_orders
from holds.reasons import find_reason, require_entity
from holds.saving import save_holds, save_reasons
from holds.snoozing import Wake, wake
from holds.turns import next_checkpoint, refuse_closed
from holds.worklist import day_text


@dataclass(frozen=True, slots=True)
class Force:
    """Why orders are stopped, what is said about it, and on which day whoever forced it is asked whether it stays."""

    reason: Reason
    at: dt.datetime
    today: Today
    note: str = ""
    until: dt.date | None = None
    by: Actor | None = None
    """Who said so, where that is not who acts: an order that came later (`standing_forces`)."""


@dataclass(slots=True)
class ForceResult:
    """What became of each order, by its id, in the order asked for."""

    forced: dict[int, Hold] = field(default_factory=dict)
    failed: dict[int, Failing] = field(default_factory=dict)


def force_hold(*, order: int, **options: Any) -> Hold:
    """`force_holds` of one; raises what stopped it, and returns the hold."""
    result = force_holds(orders=[order], **options)
    for error in result.failed.values():
        raise error
    return result.forced[order]


def force_holds(
    *,
    orders: Iterable[int],
    reason: str | None,
    actor: Actor,
    at: dt.datetime,
    today: Today,
    note: str = "",
    until: dt.date | None = None,
) -> ForceResult:
    """Put open sales orders on hold by force; one that is on hold already gains the forced reason (`domain 6`).

    `reason`: a hold reason by its code. Only a person with the right to release forced holds can release it. On the day
    `until` whoever forced it is asked (`ask_about_forced`). Each succeeds or fails on its own: `not_found`,
    `not_allowed`, `other_entity`, `in_the_past`, `order_not_open`, `rejected`, `order_cancelled`, and `never_on_hold`
    for point-of-sale and call-centre orders. Raises `InvalidInput` for the reason.
    """
    found = find_reason(reason, type=Reason.Type.HOLD, note=note)
    if found is None:
        raise InvalidInput.of("reason", "required", "Give a reason of type hold.")
    force, result = Force(found, at, today, note, until), ForceResult()
    wanted = list(dict.fromkeys(orders))
    size = max(1, len(wanted)) if connection.in_atomic_block else CHUNK
    for start in range(0, len(wanted), size):
        _force_some(wanted[start : start + size], force, actor, result)
    return result


def _force_some(orders: Sequence[int], force: Force, actor: Actor, result: ForceResult) -> None:
    """One transaction, its accounts locked; each order in a savepoint of its own."""
    with locked_orders(orders, actor=actor) as locked:
        for order in orders:
            try:
                with transaction.atomic():
                    result.forced[order] = _force(order, force, locked)
            except FAILURES as error:
                result.failed[order] = error


def _force(order: int, force: Force, locked: LockedOrders) -> Hold:
    if order not in locked.orders:
        raise NotFound(f"Order {order} was not found.")
    target = locked.orders[order]
    authorize(locked.actor, Action.FORCE_HOLD, target.legal_entity_id, f"Order {target.key}")
    require_entity(force.reason, target.legal_entity_id)
    if force.until is not None and force.until <= force.today(target.legal_entity_id):
        raise InvalidInput.of("until", "in_the_past", "Choose a day after today, or none.")
    refuse_unstoppable(target)
    return force_locked(target, force, locked)


def force_locked(order: SalesOrder, force: Force, locked: LockedOrders) -> Hold:
    """Stop a locked order that can be stopped, or add the forced reason to its hold; nobody is asked for rights."""
    hold = locked.holds.get(order.pk)
    if hold is None:
        return _place(order, force, locked)
    return _add_force(hold, force, locked)


def refuse_unstoppable(order: SalesOrder) -> None:
    """Raise `Refused` for an order that cannot be put on hold: closed, invoiced, or sold at the counter."""
    refuse_closed(order)
    if not order.is_open:
        raise Refused("order_not_open", f"Order {order.key} is invoiced; there is nothing left to stop.")
    if order.order_type != SalesOrder.Type.SALES:
        raise Refused(
            "never_on_hold", f"Order {order.key} is of a type that is never put on hold ({order.order_type})."
        )


_FORCED = ("forced_reason_id", "forced_by", "forced_at", "forced_note", "forced_until")


def _forced(force: Force, locked: LockedOrders) -> dict[str, Any]:
    actor = force.by or locked.actor
    return {
        "forced": True,
        "forced_reason": force.reason,
        "forced_by": actor.reference,
        "forced_at": force.at,
        "forced_note": force.note,
        "forced_until": force.until,
    }


def _reason(force: Force, locked: LockedOrders) -> engine.Reason:
    actor = force.by or locked.actor
    evidence = {
        "reason": force.reason.code,
        "description": force.reason.description,
        "note": force.note,
        "forced_by": actor.name,
        "forced_on": force.at.date().isoformat(),
    }
    return engine.Reason(recording.FORCED, None, None, None, evidence)


def _said(force: Force) -> dict[str, Any]:
    said = {"reason": force.reason.code, "note": force.note, "until": day_text(force.until)}
    return {**said, "said_by": force.by.name} if force.by else said


def _place(order: SalesOrder, force: Force, locked: LockedOrders) -> Hold:
    before = {
        "placed": True,
        "credit_status": order.credit_status,
        "awaiting_document": order.awaiting_document,
        "used_credit": Commitment.objects.filter(order=order).exists(),
    }
    stop_orders([order])
    stop = Stop(
        order=order,
        checkpoint=next_checkpoint(order),
        reasons=[_reason(force, locked)],
        setting=policies.setting_for(order.legal_entity_id, force.today(order.legal_entity_id)),
        event=EventType.FORCED,
        data={**_said(force), "before": before},
        forced=_forced(force, locked),
    )
    [hold] = place_holds([stop], actor=locked.actor, at=force.at)
    return hold


def _add_force(hold: Hold, force: Force, locked: LockedOrders) -> Hold:
    """The forced reason joins those of the check; it is not ready any more, and its workflow item is recalled.

    What an earlier force said stays in the event as evidence; a snooze that was to end with a new reason ends.
    """
    recalled = bool(hold.workflow_state)
    rows = reasons_of([hold])[hold.pk]
    known = next((row for row in rows if row.type == recording.FORCED), None)
    before = {"forced": _as_evidence(hold, known), "ready_to_release": hold.ready_to_release}
    for name, value in _forced(force, locked).items():
        setattr(hold, name, value)
    hold.ready_to_release, hold.workflow_state = False, ""
    if Wake.REASONS in hold.wakes_on:
        before |= (wake(hold, Wake.REASONS.value) or {}).get("before", {})
    found = _reason(force, locked)
    if known is None:
        known = recording.reason_row(hold, found, force.at)
        known.save(force_insert=True)
        rows.append(known)
    else:
        recording.renew(known, found)
        save_reasons([known])
    data = {**_said(force), "recalled": recalled, "before": before}
    recording.show(hold, rows)
    return _save(hold, EventType.FORCED, data, locked, force.at)


def _save(hold: Hold, type: EventType, data: Mapping[str, Any], locked: LockedOrders, at: dt.datetime) -> Hold:
    hold.version += 1
    save_holds([hold])
    tell([Change(hold, type, hold.status, data)], actor=locked.actor, at=at)
    return hold


def _as_evidence(hold: Hold, row: HoldReason | None) -> dict[str, Any] | None:
    """The force that a hold is under already, complete enough to be put back; None where it is under none."""
    if not hold.forced:
        return None
    told: dict[str, Any] = {name: getattr(hold, name) for name in _FORCED}
    told["forced_at"] = hold.forced_at.isoformat() if hold.forced_at else None
    told["forced_until"] = day_text(hold.forced_until)
    told["reason"] = hold.forced_reason.code if hold.forced_reason else ""
    told["evidence"] = dict(row.evidence) if row else {}
    return told


# --- taking it back ---------------------------------------------------------------------------------------------------


def still_forced_by(hold: Hold, event: HoldEvent) -> bool:
    """Whether the force that `event` tells of is the one that holds the order now."""
    return hold.status == Hold.Status.ACTIVE and hold.forced and hold.forced_at == event.at


def take_force_back(hold: Hold, event: HoldEvent, locked: LockedOrders, at: dt.datetime) -> None:
    """The order is as it was before it was forced (`ux` 3.0, Reversibility): credit status and credit used, too.

    A hold that stood before stays, without the forced reason or with the one before it; one that was placed by force
    closes. The caller has made sure that `still_forced_by`.
    """
    before: Mapping[str, Any] = event.data.get("before") or {}
    if before.get("placed"):
        _close(hold, before, locked, at)
    else:
        _lift(hold, before, locked, at)


def _close(hold: Hold, before: Mapping[str, Any], locked: LockedOrders, at: dt.datetime) -> None:
    order = locked.orders[hold.order_id]
    order.credit_status = before["credit_status"]
    order.awaiting_document = before["awaiting_document"]
    documents.save_orders([order])
    if before["used_credit"]:
        commitments.commit([order.pk], accounts=locked.accounts, at=at)
    status = hold.status
    hold.cancel()
    hold.decided_at, hold.decided_by = at, locked.actor.reference
    hold.version += 1
    save_holds([hold])
    tell([Change(hold, EventType.FORCE_UNDONE, status, {"before": _short(hold)})], actor=locked.actor, at=at)


def _lift(hold: Hold, before: Mapping[str, Any], locked: LockedOrders, at: dt.datetime) -> None:
    said, earlier = _short(hold), before.get("forced")
    rows = reasons_of([hold])[hold.pk]
    row = next(row for row in rows if row.type == recording.FORCED)
    if earlier:
        for name in ("forced_reason_id", "forced_by", "forced_note"):
            setattr(hold, name, earlier[name])
        hold.forced_at = dt.datetime.fromisoformat(earlier["forced_at"]) if earlier["forced_at"] else None
        hold.forced_until = dt.date.fromisoformat(earlier["forced_until"]) if earlier["forced_until"] else None
        recording.renew(row, engine.Reason(recording.FORCED, None, None, None, earlier["evidence"]))
    else:
        hold.forced, hold.forced_reason, hold.forced_until = False, None, None
        hold.forced_by, hold.forced_note, hold.forced_at = "", "", None
        row.valid, row.cleared_at = False, at
    save_reasons([row])
    hold.ready_to_release = recording.is_ready(rows) and (not earlier or before["ready_to_release"])
    recording.show(hold, rows)
    _save(hold, EventType.FORCE_UNDONE, {"before": said}, locked, at)


def _short(hold: Hold) -> dict[str, Any]:
    return {"reason": hold.forced_reason.code if hold.forced_reason else "", "note": hold.forced_note}
