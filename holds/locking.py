"""Orders under the lock of the credit accounts that they draw on: everything is read again inside.

Posting, release, reject, forced hold, cancel and evaluation all begin here, so that two of them about one order are
always one after the other (`reliability.md` C01, C02, C04). See Note [The lock protocol] in `credit_mgmt.accounts`:
one statement finds out which accounts, one locks them, and one reads the orders with their accounts again; where that
says otherwise, everything is given back and starts over.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import F, OuterRef, Subquery
from psycopg2 import errors as pg

from credit_mgmt.accounts import ATTEMPTS, LockedAccounts, Patience, accounts_of, lock_accounts
from customers.access import Actor, refresh
from customers.errors import NotDecided
from customers.models import SalesOrder
from holds.models import Hold, HoldReason

AccountsOf = dict[int, tuple[int, ...]]


@dataclass(slots=True)
class LockedOrders:
    """Orders as they are now, in the order asked for, with their active holds; `actor` with the grants of now."""

    actor: Actor
    accounts: LockedAccounts
    orders: dict[int, SalesOrder]
    holds: dict[int, Hold]
    """The active hold by order, with the payer that the order has now."""
    moved: frozenset[Any] = frozenset()
    """Holds whose order has another payer than when they were written."""

    def only(self, order_ids: Sequence[int]) -> "LockedOrders":
        """These of the orders, read now, under the same locks: for who locked with `bare`, and needs a few."""
        orders = _read(order_ids, many=True) if order_ids else {}
        return LockedOrders(self.actor, self.accounts, orders, *_active_holds(orders))


@contextmanager
def locked_orders(
    order_ids: Sequence[int],
    *,
    actor: Actor,
    patience: Patience = Patience.WORK,
    also_payers: Iterable[int] = (),
    bare: bool = False,
) -> Iterator[LockedOrders]:
    """A transaction that holds the credit accounts of all payers of the orders. Unknown orders are left out.

    With `bare` no order is read yet, only which accounts each draws on: of many, few may be of interest (`only`).
    `also_payers` are customers that an order may be about to draw on. Raises `NotDecided` when a lock was not to be had
    in time, the orders kept moving to other accounts, or somebody else (a feed) held a row for too long.
    """
    wanted = _Wanted(list(order_ids), sorted(set(also_payers)), bare)
    try:
        with ExitStack() as stack:
            yield _open(stack, wanted, actor, patience)
    except OperationalError as error:
        if isinstance(error.__cause__, _IN_THE_WAY):
            raise NotDecided("Somebody else is changing the same; nothing was done. Ask again.") from error
        raise


_IN_THE_WAY = (pg.DeadlockDetected, pg.SerializationFailure, pg.LockNotAvailable, pg.QueryCanceled)
"""What the database answers when two transactions want the same rows: nothing was done, and asking again helps."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    ids: Sequence[int]
    also: Sequence[int]
    bare: bool


def _open(stack: ExitStack, wanted: _Wanted, actor: Actor, patience: Patience) -> LockedOrders:
    for _ in range(ATTEMPTS):
        try:
            with ExitStack() as attempt:
                attempt.enter_context(transaction.atomic())
                drawn = _accounts(wanted.ids, wanted.also)
                versions = lock_accounts({pk for own in drawn.values() for pk in own}, patience=patience)
                orders = {} if wanted.bare else _read(wanted.ids)
                if _still_drawn(drawn, orders, wanted):
                    stack.enter_context(attempt.pop_all())
                    accounts = LockedAccounts(of_payer=drawn, versions=versions)
                    return LockedOrders(refresh(actor), accounts, orders, *_active_holds(orders))
        except OperationalError as error:
            if not isinstance(error.__cause__, pg.DeadlockDetected | pg.SerializationFailure):
                raise
    raise NotDecided("The orders changed while their credit was being locked; nothing was decided. Ask again.")


def _still_drawn(drawn: AccountsOf, orders: Mapping[int, SalesOrder], wanted: _Wanted) -> bool:
    """Whether the orders draw, under the lock, on the accounts that were locked."""
    if wanted.bare:
        return all(drawn.get(payer) == own for payer, own in _accounts(wanted.ids, ()).items())
    return all(drawn.get(order.payer_id) == _accounts_of(order) for order in orders.values())


_OWN, _GROUP = "payer__credit_account__pk", "payer__credit_group__credit_account__pk"


def _accounts(order_ids: Sequence[int], also: Sequence[int]) -> AccountsOf:
    """The accounts that the payers of the orders draw on, as it seems before the lock; missing ones are opened."""
    rows = (
        SalesOrder.objects.filter(pk__any_of=order_ids)
        .order_by()
        .values_list("payer_id", "payer__credit_group_id", _OWN, _GROUP)
    )
    found: AccountsOf = {}
    incomplete = set(also)
    for payer, group, own, of_group in rows.distinct():
        if own is None or (group is not None and of_group is None):
            incomplete.add(payer)
        found[payer] = tuple(pk for pk in (own, of_group) if pk is not None)
    return found | accounts_of(incomplete) if incomplete else found


def _accounts_of(order: SalesOrder) -> tuple[int, ...]:
    own: int = order.own_account_id  # type: ignore[attr-defined]  # annotated by _read
    of_group: int | None = order.group_account_id  # type: ignore[attr-defined]
    return (own,) if of_group is None else (own, of_group)


_SHARED = ("legal_entity", "payment_terms", "currency")


def _read(order_ids: Sequence[int], *, many: bool = False) -> dict[int, SalesOrder]:
    """The orders with what every service needs of them, their accounts and active hold; one query.

    With `many`, the few entities, terms and currencies that the orders share are read apart: a few statements more, but
    one object of each instead of one per order.
    """
    active = Hold.objects.filter(order=OuterRef("pk"), status=Hold.Status.ACTIVE).order_by().values("pk")[:1]
    orders = SalesOrder.objects.filter(pk__any_of=order_ids).select_related("customer", "payer")
    known = orders.annotate(active_hold_id=Subquery(active), own_account_id=F(_OWN), group_account_id=F(_GROUP))
    full = known.prefetch_related(*_SHARED) if many else known.select_related(*_SHARED)
    by_id = {order.pk: order for order in full.order_by("pk")}
    return {order_id: by_id[order_id] for order_id in order_ids if order_id in by_id}


def _active_holds(orders: Mapping[int, SalesOrder]) -> tuple[dict[int, Hold], frozenset[Any]]:
    """The active holds of the orders, and which of them moved; no query where there is none."""
    ids: list[Any] = [hold for order in orders.values() if (hold := getattr(order, "active_hold_id", None))]
    if not ids:
        return {}, frozenset()
    holds = {hold.order_id: hold for hold in Hold.objects.filter(pk__any_of=ids).order_by("pk")}
    moved = frozenset(hold.pk for hold in holds.values() if hold.payer_id != orders[hold.order_id].payer_id)
    for order_id, hold in holds.items():
        hold.order = orders[order_id]
        hold.payer = hold.order.payer
    return holds, moved


def reasons_of(holds: Iterable[Hold]) -> dict[Any, list[HoldReason]]:
    """The reasons of `holds` by hold, oldest first, in one query."""
    by_hold: dict[Any, list[HoldReason]] = {hold.pk: [] for hold in holds}
    if by_hold:
        for reason in HoldReason.objects.filter(hold__any_of=by_hold).order_by("pk"):
            by_hold[reason.hold_id].append(reason)
    return by_hold
