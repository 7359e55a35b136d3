"""Sales orders as they are fed, cancelled, and reported posted: what that does to holds (`domain 5.3`, `6`)."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q

from credit_mgmt import clearances, commitments, loading, policies
from credit_mgmt.engine import decision as engine
from credit_mgmt.engine.schedule import got_easier
from customers import documents, imports
from customers.access import Action, Actor, authorize, system_actor
from customers.errors import NotFound, Refused
from customers.marks import gathered
from customers.models import Customer, Document, SalesOrder
from customers.orders import set_credit_status
from holds import recording
from holds.events import Change, EventType, tell
from holds.freeing import drawn_by, mark_freed, mark_reduced
from holds.locking import LockedOrders, locked_orders
from holds.models import Hold
from holds.placing import Stop, place_holds
from holds.posting import Today, stop_orders
from holds.releases import Terms, release_all
from holds.saving import save_holds
from holds.screening import screen_holds
from holds.standing_forces import force_arrived, standing_forces
from holds.turns import refuse_closed, refuse_out_of_turn

MODIFIED = "modified"


# --- feeding ----------------------------------------------------------------------------------------------------------


def feed_orders(
    rows: Sequence[Mapping[str, Any]], *, actor: Actor, at: dt.datetime, today: Today, replace: bool = True,
    atomic: bool = False,
) -> list[imports.RowResult]:  # fmt: skip
    """`imports.upsert` of sales orders, and what follows (`domain 6`, modified order), in one transaction.

    A held order that really changed is checked again: where nothing blocks any more it is released without posting with
    the parameter's reason, or becomes ready to release where there is none or the hold is forced. Grace and clearance
    of an order that got easier end at once (`domain 5.2`); one that got another payer takes its credit along. A new
    order of a customer whose new orders are stopped is put on forced hold (`standing_forces`).
    """
    with transaction.atomic(), gathered():
        found = _find(rows)
        standing = standing_forces() if found.brings_new else {}
        with locked_orders(found.concerned, actor=actor, also_payers=found.new_payers) as locked:
            before = drawn_by(found.ids.values())
            results = imports.upsert("sales-orders", rows, actor=actor, today=today, replace=replace, atomic=atomic)
            changed = [found.ids[result.key or ""] for result in results if _really_changed(result, found)]
            if standing:
                force_arrived(_arrived(results, changed, found), standing, locked, at=at, today=today)
            _follow(changed, found, actor, at, today)
            mark_reduced(changed, before)
    return results


@dataclass(slots=True)
class _Found:
    """What is there of the orders that are fed."""

    ids: dict[str, int]
    concerned: list[int]
    """On hold, or about to change their customer: their accounts are locked."""
    moving: set[int]
    new_payers: set[int]
    brings_new: bool = False
    """Whether an order may be new, or new to its customer."""


def _find(rows: Sequence[Mapping[str, Any]]) -> _Found:
    wanted = {key: row for row in rows if (key := _key(row))}
    numbers = {key.partition(":")[2] for key in wanted}
    entities = {key.partition(":")[0] for key in wanted}
    existing = SalesOrder.objects.filter(legal_entity__in=entities, number__in=numbers).values_list(
        "pk", "legal_entity_id", "number", "customer__account", "credit_status"
    )
    found = _Found({}, [], set(), set())
    customers: set[str] = set()
    for pk, entity, number, account, status in existing.order_by("pk"):
        key = f"{entity}:{number}"
        if key not in wanted:
            continue
        found.ids[key] = pk
        customer = wanted[key].get("customer")
        moves = isinstance(customer, str) and customer != f"{entity}:{account}"
        if moves:
            found.moving.add(pk)
            customers.add(str(customer))
        if moves or status == SalesOrder.CreditStatus.ON_HOLD:
            found.concerned.append(pk)
    found.new_payers = _payers(customers)
    found.brings_new = bool(found.moving) or len(found.ids) < len(wanted)
    return found


def _key(row: Mapping[str, Any]) -> str:
    if isinstance(row.get("key"), str):
        return str(row["key"])
    entity, number = row.get("legal_entity"), row.get("number")
    return f"{entity}:{number}" if isinstance(entity, str) and isinstance(number, str) else ""


def _payers(customer_keys: Iterable[str]) -> set[int]:
    """Who pays for these customers: they may be about to be drawn on."""
    condition = Q()
    for key in customer_keys:
        entity, _, account = key.partition(":")
        condition |= Q(legal_entity=entity, account=account)
    if not condition:
        return set()
    return {customer.payer_id for customer in Customer.objects.filter(condition).order_by("pk")}


def _really_changed(result: imports.RowResult, found: _Found) -> bool:
    return result.status == "updated" and (result.key or "") in found.ids


def _arrived(results: Iterable[imports.RowResult], changed: Iterable[int], found: _Found) -> list[int]:
    """The orders that came with this feed, and those that came to another customer."""
    created = {result.key for result in results if result.status == "created" and result.key}
    numbers = {key.partition(":")[2] for key in created}
    rows = SalesOrder.objects.filter(number__in=numbers).order_by("pk").values_list("pk", "legal_entity_id", "number")
    new = [pk for pk, entity, number in rows if f"{entity}:{number}" in created]
    return new + [pk for pk in changed if pk in found.moving]


def _follow(changed: Sequence[int], found: _Found, actor: Actor, at: dt.datetime, today: Today) -> None:
    """What a real change of orders that were there before brings about."""
    if not changed:
        return
    moved = [order_id for order_id in changed if order_id in found.moving]
    if moved:
        commitments.move(moved)
    _end_grace_of_easier(changed)
    held = Hold.objects.filter(order__in=changed, status=Hold.Status.ACTIVE).order_by("held_at", "order_id")
    order_ids = list(held.values_list("order_id", flat=True))
    if order_ids:
        screen_modified(order_ids, actor=actor, at=at, today=today)


def _end_grace_of_easier(order_ids: Sequence[int]) -> None:
    """Grace and clearance end at once, also if the change is taken back later (`domain 5.2`)."""
    setup = policies.current_setup()
    ended = []
    for row in loading.read_orders(order_ids).values():
        parameters = setup.policy.parameters_of(row.legal_entity)
        order = loading.order_facts(row, setup)
        if parameters and order.standing and got_easier(order, order.standing, parameters):
            ended.append(order.id)
    if ended:
        clearances.end(ended)


def screen_modified(order_ids: Sequence[int], *, actor: Actor, at: dt.datetime, today: Today) -> None:
    """Check held orders that were changed again, oldest hold first, and release those that nothing blocks any more."""
    with locked_orders(order_ids, actor=actor) as locked:
        holds = sorted(locked.holds.values(), key=lambda hold: (hold.held_at, hold.order_id))
        days = {hold.legal_entity_id: today(hold.legal_entity_id) for hold in holds}
        screen_holds(holds, locked, as_of=days, at=at, recalled=True)
        system = LockedOrders(system_actor(MODIFIED), locked.accounts, locked.orders, locked.holds)
        for hold in holds:
            row = policies.current_setup().row(hold.legal_entity_id)
            reason = row.modified_order_reason if row else None
            if hold.ready_to_release and not hold.forced and reason is not None:
                release_all([hold], system, Terms(Hold.Mode.WITHOUT_POSTING, reason, at, today, cause=MODIFIED))


# --- one order --------------------------------------------------------------------------------------------------------


def _the_order(locked: LockedOrders, order: int, action: Action) -> SalesOrder:
    if order not in locked.orders:
        raise NotFound(f"Order {order} was not found.")
    found = locked.orders[order]
    authorize(locked.actor, action, found.legal_entity_id, f"Order {found.key}")
    return found


def cancel_order(*, order: int, actor: Actor, at: dt.datetime, note: str = "") -> SalesOrder:
    """Cancel an order: its hold closes with the parameter's reason, its credit is free (`domain 6`).

    Raises `NotFound`, `OutOfScope`, `NotAllowed`, `Refused`: `order_cancelled` already, `order_not_open` once invoiced.
    """
    with locked_orders([order], actor=actor) as locked:
        found = _the_order(locked, order, Action.CANCEL_ORDER)
        end_order(found)
        hold = locked.holds.get(order)
        if hold is not None:
            _close(hold, locked, at, note)
    return SalesOrder.objects.get(pk=order)


def end_order(order: SalesOrder) -> None:
    """Cancel a locked order in the caller's transaction: nothing is left of it, its credit is free (`domain 6`).

    Its hold is the caller's to close. Raises `Refused`: `order_cancelled`, `order_not_open`.
    """
    if order.credit_status == SalesOrder.CreditStatus.CANCELLED:
        raise Refused("order_cancelled", f"Order {order.key} was cancelled already.")
    if not order.is_open:
        raise Refused("order_not_open", f"Order {order.key} is invoiced; it can't be cancelled any more.")
    order.awaiting_document = ""
    documents.save_orders([order])
    set_credit_status(order_ids=[order.pk], status=SalesOrder.CreditStatus.CANCELLED)
    commitments.free([order.pk])
    clearances.end([order.pk])
    mark_freed([order])


def _close(hold: Hold, locked: LockedOrders, at: dt.datetime, note: str) -> None:
    """The hold of a cancelled order closes, with the parameter's reason where there is one."""
    row = policies.current_setup().row(hold.legal_entity_id)
    reason = row.cancelled_order_reason if row else None
    before = hold.status
    hold.cancel()
    hold.release_reason, hold.workflow_state = reason, ""
    hold.decided_at, hold.decided_by = at, locked.actor.reference
    hold.version += 1
    save_holds([hold])
    data = {"reason": reason.code if reason else "", "note": note}
    tell([Change(hold, EventType.CANCELLED, before, data)], actor=locked.actor, at=at)


# --- the ERP's report (external posting) ------------------------------------------------------------------------------


def report_posted(*, order: int, document: str, actor: Actor, at: dt.datetime) -> SalesOrder:
    """The ERP posted a document that we had cleared (`domain 5.3`). A repeated report changes nothing.

    Raises `NotFound`, `OutOfScope`, `NotAllowed`, `Refused`: `not_cleared` where we had cleared nothing of the kind.
    """
    with locked_orders([order], actor=actor) as locked:
        found = _the_order(locked, order, Action.POST_DOCUMENT)
        if found.document_status == document and not found.awaiting_document:
            return found
        _require_awaited(found, document)
        refuse_out_of_turn(found, document)
        found.document_status, found.awaiting_document = document, ""
        if document == Document.PACKING_SLIP:
            documents.deliver_as_reported([found])
        elif document == Document.INVOICE:
            found.uninvoiced_amount = found.delivered_uninvoiced_amount = documents.NOTHING
        documents.save_orders([found], amounts=document in documents.CHANGES_AMOUNTS)
        clearances.consume_clearance([found.pk], document=document, pro_forma=False)
        if document == Document.INVOICE:
            commitments.free([found.pk])
    return found


def report_posting_failed(
    *, order: int, document: str, message: str, actor: Actor, at: dt.datetime, today: Today
) -> SalesOrder:
    """The ERP could not post a document that we had cleared (`domain 5.3`).

    After a release with posting the order is put back on hold with the reason *posting failed*, because somebody has to
    look at it; otherwise the ERP may ask again, and the order keeps its credit. Raises as `report_posted`.
    """
    with locked_orders([order], actor=actor) as locked:
        found = _the_order(locked, order, Action.POST_DOCUMENT)
        _require_awaited(found, document)
        hold = _released_for(found, document)
        if hold is None:
            found.awaiting_document = ""
            documents.save_orders([found])
        else:
            _put_back(found, hold, message, locked, at=at, today=today)
    return found


def _require_awaited(order: SalesOrder, document: str) -> None:
    refuse_closed(order)
    if order.awaiting_document != document:
        raise Refused(
            "not_cleared",
            f"The {document.replace('_', ' ')} of order {order.key} was not cleared, or it was reported already; "
            "ask for it with post first.",
            {"document_status": order.document_status, "awaiting_document": order.awaiting_document},
        )


def _released_for(order: SalesOrder, document: str) -> Hold | None:
    """The hold whose release asked the ERP to post this document, if that was the last one."""
    last = Hold.objects.filter(order=order).order_by("-held_at", "-pk").first()
    if last is None or last.status != Hold.Status.RELEASED or last.release_mode != Hold.Mode.WITH_POSTING:
        return None
    return last if (last.posting_request or {}).get("document") == document else None


def _put_back(
    order: SalesOrder, released: Hold, message: str, locked: LockedOrders, *, at: dt.datetime, today: Today
) -> None:
    reason = engine.Reason(
        recording.POSTING_FAILED, None, None, None, {"message": message, "document": order.awaiting_document}
    )
    stop_orders([order])
    clearances.end([order.pk])
    stop = Stop(
        order=order,
        checkpoint=released.checkpoint,
        pro_forma=released.pro_forma,
        reasons=[reason],
        setting=policies.setting_for(order.legal_entity_id, today(order.legal_entity_id)),
        posting_request=released.posting_request,
        data={"document": released.checkpoint, "after": str(released.pk)},
    )
    place_holds([stop], actor=locked.actor, at=at)
