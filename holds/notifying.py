"""Telling people what happened to their holds and customers: a reader of our own event feed (`ux.md` 3.18).

What happens is written once, as an event (`customers.outbox`). Here it is read back, a moment later and after the
commit, and made into notifications: so nothing that decides waits for whom it concerns, five thousand holds that a job
assigns are one notification, and a worker that dies reads again from where it had come to.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction

from customers import notifications, outbox
from customers.models import Customer, FeedPosition, Notification, OutboxEvent
from customers.notifications import Told
from holds.events import EventType
from holds.models import Hold
from holds.worklist import works_in

READER = "notifications"
PIECE = 1_000
"""Events of one transaction."""
EXPIRES = "expires_soon"
LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('notifications', 0))"
Kind = Notification.Kind


def tell_people(*, at: dt.datetime) -> int:
    """Tell of everything that was written since the last time. Returns of how many events; 0 while another one tells.

    Each piece is one transaction with the position in the feed, so that nothing is told twice.
    """
    read = 0
    while piece := _tell_some(at):
        read += piece
        if piece < PIECE:
            break
    return read


@transaction.atomic
def _tell_some(at: dt.datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        if not cursor.fetchone()[0]:
            return 0
    position = FeedPosition.objects.get(reader=READER)
    fresh = outbox.settled(OutboxEvent.objects.filter(sequence__gt=position.sequence, type__in=list(_READ)))
    events = list(fresh.order_by("sequence")[:PIECE])
    if not events:
        return 0
    known = _Known(events)
    told = [one for event in events for one in _READ[event.type](event, known) if known.may_see(one.user, event)]
    notifications.tell(told, at=at)
    FeedPosition.objects.filter(reader=READER).update(sequence=events[-1].sequence)
    return len(events)


class _Known:
    """What else has to be known of some events: owners of holds, people by name, customers. Three queries."""

    def __init__(self, events: Sequence[OutboxEvent]) -> None:
        names = {event.data.get("assignee") for event in events if event.type == EventType.ASSIGNED}
        ids = {event.data["hold"] for event in events if "hold" in event.data}
        keys = {event.subject for event in events if event.type == EXPIRES}
        self.people: Mapping[str, int] = _by_name(names)
        self.owners: Mapping[str, int] = {str(pk): owner for pk, owner in _owned(ids) if owner is not None}
        self.customers = _customers(keys)
        self._works: dict[int, set[str | None]] = {}

    def may_see(self, user: int, event: OutboxEvent) -> bool:
        """Whether the person still works on holds there."""
        if user not in self._works:
            self._works[user] = works_in(user)
        return bool(self._works[user] & {None, event.legal_entity_id})


def _by_name(names: Collection[Any]) -> dict[str, int]:
    people = get_user_model()._default_manager.filter(username__in=[name for name in names if name])
    return dict(people.order_by().values_list("username", "pk"))


def _owned(ids: Collection[str]) -> Iterator[tuple[Any, int | None]]:
    yield from Hold.objects.filter(pk__in=list(ids)).order_by().values_list("pk", "assignee_id")


def _customers(keys: Collection[str]) -> dict[str, Customer]:
    """Customers of these keys (`NL01:C-1`) that have a credit controller."""
    accounts = [key.partition(":")[2] for key in keys]
    rows = Customer.objects.filter(account__in=accounts, credit_controller__isnull=False).order_by("pk")
    return {row.key: row for row in rows if row.key in keys}


# --- what each event says to whom -------------------------------------------------------------------------------------


def _assigned(event: OutboxEvent, known: _Known) -> Iterator[Told]:
    user = known.people.get(event.data.get("assignee") or "")
    if user is not None and event.data.get("actor") != f"user:{user}" and not event.data.get("undone"):
        yield _about_hold(user, Kind.ASSIGNED, event, event.data.get("actor_name") or "")


def _returned(event: OutboxEvent, known: _Known) -> Iterator[Told]:
    """By itself; who wakes a hold by hand knows."""
    owner = known.owners.get(event.data["hold"])
    if owner is not None and event.data.get("woken_by") not in {None, "person"}:
        yield _about_hold(owner, Kind.RETURNED, event)


def _ready(event: OutboxEvent, known: _Known) -> Iterator[Told]:
    owner = known.owners.get(event.data["hold"])
    if owner is not None:
        yield _about_hold(owner, Kind.READY, event)


def _expires(event: OutboxEvent, known: _Known) -> Iterator[Told]:
    customer = known.customers.get(event.subject)
    if customer is not None and customer.credit_controller_id is not None:
        what = f"{event.data['what']} {event.data['expires_on']}"
        yield Told(customer.credit_controller_id, Kind.EXPIRES, customer.name, customer.key, what)


def _about_hold(user: int, kind: Notification.Kind, event: OutboxEvent, detail: str = "") -> Told:
    return Told(user, kind, event.subject.partition(":")[2], event.data["number"], detail)


_READ: Mapping[str, Callable[[OutboxEvent, _Known], Iterator[Told]]] = {
    EventType.ASSIGNED.value: _assigned,
    EventType.WOKEN.value: _returned,
    EventType.READY.value: _ready,
    EXPIRES: _expires,
}
"""The events of which people are told."""
