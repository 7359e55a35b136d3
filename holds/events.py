"""What happened to a hold, written twice in one transaction: as evidence, and for the feed (`reliability.md` I2, I19).

Every change of a hold raises its version and appends one event with that version; the outgoing event carries the key
`hold:UUID:VERSION`, so a fact is told exactly once. The caller raises the version and saves the hold.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from customers import outbox
from customers.access import Actor
from customers.bulk import insert_rows
from holds.models import Hold, HoldEvent


class EventType(StrEnum):
    """What can happen to a hold. The names are those of the event feed (`api.md` events)."""

    PLACED = "hold_placed"
    FORCED = "forced"
    REASON_ADDED = "reason_added"
    REASON_CLEARED = "reason_cleared"
    READY = "ready_to_release"
    NOT_READY = "no_longer_ready"
    RELEASED = "released"
    REINSTATED = "reinstated"
    REJECTED = "rejected"
    REOPENED = "reopened"
    CANCELLED = "cancelled"
    ASSIGNED = "assigned"
    REVIEW_DATE_SET = "review_date_set"
    NOTED = "noted"
    SNOOZED = "snoozed"
    WOKEN = "woken"
    FORCE_DUE = "force_due"
    FORCE_UNDONE = "force_undone"
    ASKED = "asked"


class Keys(NamedTuple):
    """How an order, who ordered and who pays are called in the feed."""

    order: str
    customer: str
    payer: str


@dataclass(frozen=True, slots=True)
class Change:
    """One change of `hold`, whose version and status are already those after it; `data` is the evidence.

    `keys` where they are known; otherwise they are those of the hold's order, which is then loaded.
    """

    hold: Hold
    type: EventType
    from_status: str
    data: Mapping[str, Any] = field(default_factory=dict)
    keys: Keys | None = None


_EVENT_COLUMNS = {
    "hold_id": "uuid",
    "version": "integer",
    "type": "text",
    "from_status": "text",
    "to_status": "text",
    "actor": "text",
    "actor_name": "text",
    "at": "timestamptz",
    "data": "jsonb",
}


def tell(changes: Sequence[Change], *, actor: Actor, at: dt.datetime) -> None:
    """Append the event of each change, and the outgoing event that tells it."""
    insert_rows("holds_holdevent", _EVENT_COLUMNS, [event_row(change, actor, at) for change in changes])
    outbox.record_all([outgoing(change, actor, at) for change in changes])


def event_row(change: Change, actor: Actor, at: dt.datetime) -> dict[str, Any]:
    """The evidence of a change, by column."""
    hold = change.hold
    return {
        "hold_id": hold.pk,
        "version": hold.version,
        "type": change.type.value,
        "from_status": change.from_status,
        "to_status": hold.status,
        "actor": actor.reference,
        "actor_name": actor.name,
        "at": at,
        "data": {**change.data, "job": actor.job} if actor.job else change.data,
    }


def outgoing(change: Change, actor: Actor, at: dt.datetime) -> outbox.Event:
    """What the feed tells of a change."""
    hold = change.hold
    keys = change.keys or Keys(hold.order.key, hold.order.customer.key, hold.payer.key)
    data = {
        "hold": str(hold.pk),
        "number": hold.number,
        "version": hold.version,
        "sales_order": keys.order,
        "customer": keys.customer,
        "invoice_account": keys.payer,
        "checkpoint": hold.checkpoint,
        "pro_forma": hold.pro_forma,
        "status": hold.status,
        "reasons": hold.reason_codes,
        "forced": hold.forced,
        "ready_to_release": hold.ready_to_release,
        "actor": actor.reference,
        "actor_name": actor.name,
        **_for_the_feed(change.data),
    }
    return outbox.Event(
        type=change.type.value,
        key=f"hold:{hold.pk}:{hold.version}",
        legal_entity=hold.legal_entity_id,
        subject=keys.order,
        at=at,
        data=data,
    )


def _for_the_feed(data: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence without what is known of a credit group: the feed of an entity is read by all who have the entity,
    and others may be in the group (`domain 3.4`)."""
    figures = data.get("figures")
    if not isinstance(figures, Mapping) or not figures.get("limiting_group"):
        return dict(data)
    return {**data, "figures": {**figures, "over_limit": None, "used_percent": None}}


def recorded_names(references: Collection[str]) -> dict[str, str]:
    """What those who acted on holds were called then, by reference: also those who have been deleted since."""
    events = HoldEvent.objects.filter(actor__in=references).exclude(actor_name="")
    return dict(events.order_by("actor", "-at").distinct("actor").values_list("actor", "actor_name"))
