"""Rejecting holds, and reopening a rejected order (`domain 6`)."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from credit_mgmt import clearances, commitments
from customers import documents
from customers.access import Action, Actor, authorize
from customers.errors import NotFound, Refused
from customers.models import Reason, SalesOrder
from holds.each import BulkResult, authorize_hold, each_hold, require_active
from holds.events import Change, EventType, tell
from holds.locking import LockedOrders, locked_orders
from holds.models import Hold
from holds.orders import end_order
from holds.reasons import find_reason, require_entity
from holds.saving import save_holds


def reject_holds(
    *,
    ids: Iterable[uuid.UUID | str],
    actor: Actor,
    at: dt.datetime,
    reason: str | None = None,
    note: str = "",
    versions: Mapping[Any, int] | None = None,
    cancel_order: bool = False,
) -> BulkResult:
    """Reject each hold: it leaves the list, and its order can't be posted until somebody reopens it (`domain 6`).

    With `cancel_order` the order is cancelled in the same transaction (`ux` 3.3), which takes the right to cancel, too.
    `reason`: a release reason by its code, optional. Failure codes: `not_found`, `not_allowed`, `hold_not_active`,
    `in_workflow`, `stale`, `other_entity`, `order_not_open`. Raises `InvalidInput` for an unknown reason.
    """
    found = find_reason(reason, type=Reason.Type.RELEASE, note=note, required=False)
    seen = {str(key): version for key, version in (versions or {}).items()}

    def act(hold: Hold, locked: LockedOrders) -> None:
        authorize_hold(locked.actor, Action.REJECT, hold)
        require_active(hold, version=seen.get(str(hold.pk)))
        require_entity(found, hold.legal_entity_id)
        if cancel_order:
            authorize_hold(locked.actor, Action.CANCEL_ORDER, hold)
        _reject(hold, locked, _Rejection(found, note, at, cancel_order))

    return each_hold(ids, actor=actor, act=act)


def reject_hold(*, id: uuid.UUID | str, **options: Any) -> Hold:
    """`reject_holds` of one; raises what stopped it, and returns the hold as it is then."""
    return Hold.objects.get(pk=reject_holds(ids=[id], **options).only())


@dataclass(frozen=True, slots=True)
class _Rejection:
    """Why, when, and what becomes of the order."""

    reason: Reason | None
    note: str
    at: dt.datetime
    cancel_order: bool


def _reject(hold: Hold, locked: LockedOrders, rejection: _Rejection) -> None:
    order = locked.orders[hold.order_id]
    before, reason, note = hold.status, rejection.reason, rejection.note
    hold.reject()
    hold.release_reason = reason
    hold.decided_at, hold.decided_by = rejection.at, locked.actor.reference
    hold.note = note or hold.note
    hold.version += 1
    save_holds([hold])
    data: dict[str, Any] = {"reason": reason.code if reason else "", "note": note, "reasons": list(hold.reason_codes)}
    if rejection.cancel_order:
        end_order(order)
        data["order_cancelled"] = True
    else:
        order.credit_status = SalesOrder.CreditStatus.REJECTED
        documents.save_orders([order])
        commitments.free([order.pk])
        clearances.end([order.pk])
    tell([Change(hold, EventType.REJECTED, before, data)], actor=locked.actor, at=rejection.at)


def reopen_order(*, order: int, actor: Actor, at: dt.datetime, note: str = "") -> SalesOrder:
    """Let a rejected order be posted again, after another check (`domain 6`). Needs the right to reopen.

    Raises `NotFound`, `OutOfScope`, `NotAllowed`, `Refused` with `not_rejected`.
    """
    with locked_orders([order], actor=actor) as locked:
        if order not in locked.orders:
            raise NotFound(f"Order {order} was not found.")
        found = locked.orders[order]
        authorize(locked.actor, Action.REOPEN, found.legal_entity_id, f"Order {found.key}")
        if found.credit_status != SalesOrder.CreditStatus.REJECTED:
            raise Refused(
                "not_rejected", f"Order {found.key} is {found.credit_status}; only a rejected one is reopened."
            )
        found.credit_status = SalesOrder.CreditStatus.NOT_CHECKED
        documents.save_orders([found])
        _tell_reopened(found, locked.actor, at, note)
    return found


def _tell_reopened(order: SalesOrder, actor: Actor, at: dt.datetime, note: str) -> None:
    """The rejected hold stays rejected; that its order was reopened is part of its history."""
    hold = Hold.objects.filter(order=order, status=Hold.Status.REJECTED).order_by("-decided_at", "-pk").first()
    if hold is None:
        return
    hold.order, hold.payer = order, order.payer
    hold.version += 1
    save_holds([hold])
    tell([Change(hold, EventType.REOPENED, hold.status, {"note": note})], actor=actor, at=at)
