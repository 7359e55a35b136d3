"""Orders under the lock of the credit accounts that they draw on: everything is read again inside.

Posting, release, reject, forced hold, cancel and evaluation all begin here, so that two of them about one order are
always one after the other (`reliability.md` C01, C02, C04). See Note [The lock protocol] in `credit_mgmt.accounts`.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Subquery

from credit_mgmt.accounts import ATTEMPTS, LockedAccounts, Patience, locked
from customers.access import Actor, refresh
from customers.errors import NotDecided
from customers.models import SalesOrder
from holds.models import Hold, HoldReason


@dataclass(slots=True)
class LockedOrders:
    """Orders as they are now, in the order asked for, with their active holds; `actor` with the grants of now."""

    actor: Actor
    accounts: LockedAccounts
    orders: dict[int, SalesOrder]
    holds: dict[int, Hold]
    """The active hold by order."""

    def account_ids(self, order: SalesOrder) -> tuple[int, ...]:
        """The credit accounts that the order draws on: its payer's own, and the group's."""
        return self.accounts.of_payer[order.payer_id]


@contextmanager
def locked_orders(
    order_ids: Sequence[int], *, actor: Actor, patience: Patience = Patience.WORK, also_payers: Iterable[int] = ()
) -> Iterator[LockedOrders]:
    """A transaction that holds the accounts of all payers of the orders. Orders that do not exist are left out.

    `also_payers` are customers that an order may be about to draw on. Where an order got another payer while its
    accounts were being locked, everything is given back and starts over. Raises `NotDecided` when that did not help.
    """
    with ExitStack() as stack:
        yield _lock(stack, list(order_ids), actor, patience, frozenset(also_payers))


def _lock(
    stack: ExitStack, ids: list[int], actor: Actor, patience: Patience, also: frozenset[int]
) -> LockedOrders:
    for _ in range(ATTEMPTS):
        payers = set(SalesOrder.objects.filter(pk__in=ids).order_by().values_list("payer_id", flat=True))
        with ExitStack() as attempt:
            accounts = attempt.enter_context(locked(payers | also, patience=patience))
            found = _read(ids)
            if all(order.payer_id in accounts.of_payer for order in found.values()):
                stack.enter_context(attempt.pop_all())
                return LockedOrders(refresh(actor), accounts, found, _active_holds(found))
    raise NotDecided("The orders changed while their credit was being locked; nothing was decided. Ask again.")


def _read(ids: Sequence[int]) -> dict[int, SalesOrder]:
    """The orders with what every service needs of them, and the id of their active hold, in one query."""
    active = Hold.objects.filter(order=OuterRef("pk"), status=Hold.Status.ACTIVE).order_by().values("pk")[:1]
    rows = SalesOrder.objects.filter(pk__in=ids).select_related(
        "legal_entity", "customer", "payer", "payment_terms", "currency"
    )
    by_id = {order.pk: order for order in rows.annotate(active_hold_id=Subquery(active)).order_by("pk")}
    return {order_id: by_id[order_id] for order_id in ids if order_id in by_id}


def _active_holds(orders: dict[int, SalesOrder]) -> dict[int, Hold]:
    """The active holds of the orders; no query where there is none."""
    ids: list[Any] = [hold for order in orders.values() if (hold := getattr(order, "active_hold_id", None))]
    if not ids:
        return {}
    holds = {hold.order_id: hold for hold in Hold.objects.filter(pk__in=ids).order_by("pk")}
    for order_id, hold in holds.items():
        hold.order = orders[order_id]
        hold.payer = hold.order.payer if hold.order.payer_id == hold.payer_id else hold.payer
    return holds


def reasons_of(holds: Iterable[Hold]) -> dict[Any, list[HoldReason]]:
    """The reasons of `holds` by hold, oldest first, in one query."""
    by_hold: dict[Any, list[HoldReason]] = {hold.pk: [] for hold in holds}
    if by_hold:
        for reason in HoldReason.objects.filter(hold__in=list(by_hold)).order_by("pk"):
            by_hold[reason.hold_id].append(reason)
    return by_hold
