"""Forcing new orders, too (`ux` 3.4): those of a customer that come before a day are put on hold when they come.

Note [No order slips through]. An order may be coming while somebody says that new orders are to be stopped: each would
not see the other, which is not committed yet. So a feed that may bring new orders holds a shared advisory lock before
it asks which customers are stopped, and whoever stops one holds it alone until that is committed. The open orders are
read after that: an order is either among them, or it comes later and is stopped. Feeds do not wait for each other.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db import connection, transaction
from django.db.models import QuerySet

from customers.access import Action, Actor, authorize, system_actor
from customers.errors import InvalidInput, NotFound, Refused
from customers.models import Customer, Reason, SalesOrder
from holds.forced import Force, force_locked, refuse_unstoppable
from holds.locking import LockedOrders
from holds.models import StandingForce
from holds.posting import Today
from holds.reasons import find_reason, require_entity

SYSTEM = "new_orders"
"""Who forces an order that comes later: the person said so before, and is named on the hold."""
_LOCK = "SELECT {}(hashtextextended('holds: new orders are forced', 0))"


# --- saying so, and ending it -----------------------------------------------------------------------------------------


def force_new_orders(
    *,
    customers: Iterable[int],
    reason: str | None,
    until: dt.date | None,
    actor: Actor,
    at: dt.datetime,
    today: Today,
    note: str = "",
) -> list[StandingForce]:
    """Stop the orders of these customers, ordering or paying, that come before the day `until`.

    `reason`: a hold reason by its code. What was said before of the same customer ends. Orders that are there already
    are `force_holds`'. All or nothing; raises `InvalidInput` on `reason`, `until` and `customers`, `NotAllowed`,
    `OutOfScope`.
    """
    found = find_reason(reason, type=Reason.Type.HOLD, note=note)
    if until is None:
        raise InvalidInput.of("until", "required", "Say until when new orders are stopped, too.")
    chosen = list(Customer.objects.filter(pk__in=list(customers)).order_by("pk"))
    if not chosen:
        raise InvalidInput.of("customers", "required", "Name the customer whose new orders are stopped.")
    for customer in chosen:
        authorize(actor, Action.FORCE_HOLD, customer.legal_entity_id, f"Customer {customer.key}")
        require_entity(found, customer.legal_entity_id)
        if until <= today(customer.legal_entity_id):
            raise InvalidInput.of("until", "in_the_past", "Choose a day after today.")
    said = {"reason": found, "note": note, "until": until, "actor": actor.reference, "actor_name": actor.name, "at": at}
    with transaction.atomic():
        _let_no_order_come()
        _end(StandingForce.objects.filter(customer__in=chosen, ended_at=None), actor, at)
        return StandingForce.objects.bulk_create([StandingForce(customer=customer, **said) for customer in chosen])


def end_standing_force(*, id: int, actor: Actor, at: dt.datetime) -> StandingForce:
    """Let new orders through again; holds that came of it stay until a person releases them.

    Raises `NotFound`, `NotAllowed`, `OutOfScope`, and `Refused` with `nothing_to_end`.
    """
    standing = StandingForce.objects.filter(pk=id).select_related("customer").first()
    if standing is None:
        raise NotFound(f"Standing force {id} was not found.")
    customer = standing.customer
    authorize(actor, Action.FORCE_HOLD, customer.legal_entity_id, f"Customer {customer.key}")
    with transaction.atomic():
        _let_no_order_come()
        if not _end(StandingForce.objects.filter(pk=id, ended_at=None), actor, at):
            raise Refused("nothing_to_end", f"This was ended already; reload what you see of {customer.name}.")
    standing.refresh_from_db()
    return standing


def _end(rows: QuerySet[StandingForce], actor: Actor, at: dt.datetime) -> int:
    return rows.update(ended_at=at, ended_by=actor.reference, ended_by_name=actor.name)


def _let_no_order_come() -> None:
    """Until the transaction ends; see Note [No order slips through]."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK.format("pg_advisory_xact_lock"))


# --- asking -----------------------------------------------------------------------------------------------------------


def in_force(customers: Collection[Customer], today: Today) -> dict[int, StandingForce]:
    """What is in force for new orders of customers, by their ids: their own, or that of who pays. One query."""
    payers = {customer.pk: customer.payer_id for customer in customers}
    rows = StandingForce.objects.filter(customer__in={*payers, *payers.values()}, ended_at=None).order_by("pk")
    known = {row.customer_id: row for row in rows.select_related("reason", "customer")}
    found = {pk: known.get(pk) or known.get(payer) for pk, payer in payers.items()}
    return {pk: row for pk, row in found.items() if row and row.until > today(row.customer.legal_entity_id)}


def standing_forces() -> dict[int, StandingForce]:
    """Those that have not ended, by customer, for a feed that may bring new orders; needs its transaction.

    None comes or goes until that ends, see Note [No order slips through].
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK.format("pg_advisory_xact_lock_shared"))
    rows = StandingForce.objects.filter(ended_at=None).select_related("reason").order_by("pk")
    return {row.customer_id: row for row in rows}


# --- when an order comes ----------------------------------------------------------------------------------------------


def force_arrived(
    orders: Sequence[int],
    standing: Mapping[int, StandingForce],
    locked: LockedOrders,
    *,
    at: dt.datetime,
    today: Today,
) -> None:
    """Put orders that have just come, or come to another customer, on forced hold where that was said before.

    In the caller's transaction. What can't be put on hold (sold at the counter, invoiced) goes its way.
    """
    arrived = locked.only(_stopped(orders, standing)) if standing else None
    if arrived is None:
        return
    inside = LockedOrders(system_actor(SYSTEM), arrived.accounts, arrived.orders, arrived.holds)
    for order in arrived.orders.values():
        said = standing.get(order.customer_id) or standing[order.payer_id]
        if said.until > today(order.legal_entity_id) and _stoppable(order):
            force_locked(order, _force(said, at, today), inside)


def _stopped(orders: Sequence[int], standing: Collection[int]) -> list[int]:
    """Those of the orders whose customer or payer is stopped. One query."""
    rows = SalesOrder.objects.filter(pk__in=orders).order_by("pk").values_list("pk", "customer_id", "payer_id")
    return [pk for pk, customer, payer in rows if customer in standing or payer in standing]


def _stoppable(order: SalesOrder) -> bool:
    try:
        refuse_unstoppable(order)
    except Refused:
        return False
    return True


def _force(said: StandingForce, at: dt.datetime, today: Today) -> Force:
    kind, _, ident = said.actor.partition(":")
    by = Actor(kind=kind, id=ident, name=said.actor_name)
    return Force(said.reason, at, today, said.note, said.until, by)
