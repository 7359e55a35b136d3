"""Doing something with each of many holds: each succeeds or fails on its own, and both are listed (`domain 6`)."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction

from customers.access import Action, Actor, NotAllowed, OutOfScope, authorize
from customers.errors import InvalidInput, NotDecided, NotFound, Refused
from holds.locking import LockedOrders, locked_orders
from holds.models import Hold

CHUNK = 50
"""Holds per transaction: credit accounts are not kept locked for long."""

Failing = InvalidInput | Refused | NotFound | NotAllowed | NotDecided | OutOfScope
FAILURES = (InvalidInput, Refused, NotFound, NotAllowed, NotDecided, OutOfScope)


@dataclass(frozen=True, slots=True)
class Failure:
    """A hold with which it did not work: `code` is stable, `message` names the remedy."""

    id: uuid.UUID
    code: str
    message: str
    error: Failing


@dataclass(slots=True)
class BulkResult:
    """What became of each hold of a bulk action, in the order asked for."""

    succeeded: list[uuid.UUID] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)

    def only(self) -> uuid.UUID:
        """The one hold of a batch of one. Raises what stopped it."""
        for failure in self.failed:
            raise failure.error
        return self.succeeded[0]


Act = Callable[[Hold, LockedOrders], None]


def each_hold(ids: Iterable[uuid.UUID | str], *, actor: Actor, act: Act) -> BulkResult:
    """Run `act` for each hold in the order given, in a savepoint of its own, with the accounts of its order locked.

    `act` gets the hold and its order as they are now, whatever the hold's status, and the actor with the grants of now;
    it raises to fail. Holds are locked and committed fifty at a time, or all at once inside an outer transaction,
    where taking more locks later could end in a deadlock.
    """
    result = BulkResult()
    wanted = list(dict.fromkeys(_uuid(value) for value in ids))
    size = max(1, len(wanted)) if connection.in_atomic_block else CHUNK
    for start in range(0, len(wanted), size):
        _run(wanted[start : start + size], actor, act, result)
    return result


def _run(ids: Sequence[uuid.UUID], actor: Actor, act: Act, result: BulkResult) -> None:
    orders = dict(Hold.objects.filter(pk__in=ids).order_by().values_list("pk", "order_id"))
    with locked_orders(list(dict.fromkeys(orders.values())), actor=actor) as locked:
        holds = {hold.pk: hold for hold in _read(ids, locked)}
        for hold_id in ids:
            try:
                with transaction.atomic():
                    act(_found(holds, hold_id), locked)
            except FAILURES as error:
                result.failed.append(failure(hold_id, error))
            else:
                result.succeeded.append(hold_id)


def _read(ids: Sequence[uuid.UUID], locked: LockedOrders) -> Iterator[Hold]:
    """The holds as they are now; an active one is the very object that `locked` knows."""
    active = {hold.pk: hold for hold in locked.holds.values()}
    yield from (active[pk] for pk in ids if pk in active)
    closed = [pk for pk in ids if pk not in active]
    if closed:
        for hold in Hold.objects.filter(pk__in=closed).order_by("pk"):
            hold.order = locked.orders[hold.order_id]
            hold.payer = hold.order.payer
            yield hold


def _found(holds: dict[uuid.UUID, Hold], hold_id: uuid.UUID) -> Hold:
    if hold_id not in holds:
        raise NotFound(f"Hold {hold_id} was not found.")
    return holds[hold_id]


def _uuid(value: uuid.UUID | str) -> uuid.UUID:
    if isinstance(value, uuid.UUID):
        return value
    try:
        return uuid.UUID(value)
    except ValueError:
        raise InvalidInput.of("ids", "invalid", f"{value!r} is not the id of a hold; ids are UUIDs.") from None


def failure(hold_id: uuid.UUID, error: Failing) -> Failure:
    """The failure of one hold as results list it."""
    code, message = failing(error)
    return Failure(hold_id, code, message, error)


def failing(error: Failing) -> tuple[str, str]:
    """The stable code and the sentence of what stopped one of many."""
    if isinstance(error, Refused):
        return error.code, error.message
    if isinstance(error, InvalidInput):
        return error.errors[0].code, error.errors[0].message
    if isinstance(error, NotDecided):
        return "not_decided", error.message
    if isinstance(error, NotAllowed):
        return "not_allowed", str(error)
    return "not_found", str(error)


def require_active(hold: Hold, *, version: int | None = None) -> None:
    """Refuse what is closed, was changed since it was looked at (`version`), or is in workflow (`domain 6`, `11`)."""
    if hold.status != Hold.Status.ACTIVE:
        raise Refused("hold_not_active", f"Hold {hold.number} is {hold.status} already.", {"status": hold.status})
    refuse_stale(hold, version)
    if hold.workflow_state:
        raise Refused("in_workflow", f"Hold {hold.number} is in workflow; decide it there, or recall it first.")


def refuse_stale(hold: Hold, version: int | None) -> None:
    """Refuse what was changed since it was looked at; a caller that names no version looked at none."""
    if version is not None and version != hold.version:
        raise Refused(
            "stale",
            f"Hold {hold.number} was changed since you looked at it (version {version}, now {hold.version}).",
            {"version": hold.version},
        )


def authorize_hold(actor: Actor, action: Action, hold: Hold) -> None:
    """`authorize` for a hold: out of scope it does not exist."""
    authorize(actor, action, hold.legal_entity_id, f"Hold {hold.pk}")
