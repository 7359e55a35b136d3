"""The outgoing event feed (`api.md` events): written with the fact that it tells, pulled by an ERP or a shop.

Note [No event is overtaken]. Sequence numbers are given before commit, so a reader could see number 8 while 7 is still
uncommitted, go on from 8 and never see 7. Therefore a writer, before it takes a number, holds a shared advisory lock
whose key is the highest number given so far (divided by `BUCKET`, so that a transaction with many events holds few
locks). A reader asks, in this order: the highest number given; the lowest key held by a writer in flight; the rows up
to both. A number given before the first question belongs to a writer that is seen by the second, or to one that has
ended and is seen by the third. Nobody waits for anybody.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from customers.bulk import insert_rows
from customers.models import OutboxEvent

LOCK_CLASS = 0x6F75  # "ou": the namespace of the advisory locks
BUCKET = 64

ANNOUNCE_WRITER = """
    SELECT pg_advisory_xact_lock_shared(%s, (last_value / %s)::int) FROM customers_outboxevent_sequence_seq
"""
HIGHEST_GIVEN = "SELECT last_value FROM customers_outboxevent_sequence_seq"
LOWEST_IN_FLIGHT = """
    SELECT min(objid::bigint) FROM pg_locks
    WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2 AND pid <> pg_backend_pid()
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass(frozen=True, slots=True)
class Event:
    """A fact to be told: `key` names it once and for all, e.g. `hold:UUID:VERSION`; `subject` is the business key."""

    type: str
    key: str
    legal_entity: str | None
    subject: str
    at: dt.datetime
    data: Mapping[str, Any]


def record_all(events: Sequence[Event]) -> None:
    """Write `events` in their order, in the transaction of what they tell.

    Raises `IntegrityError` for a key that was told before: one row per fact.
    """
    if not events:
        return
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("An event is recorded in the transaction of what it tells.")
    with connection.cursor() as cursor:
        cursor.execute(ANNOUNCE_WRITER, [LOCK_CLASS, BUCKET])
    rows = [
        {
            "type": event.type,
            "key": event.key,
            "legal_entity_id": event.legal_entity,
            "subject": event.subject,
            "at": event.at,
            "data": dict(event.data),
        }
        for event in events
    ]
    insert_rows(OutboxEvent._meta.db_table, _COLUMNS, rows)


_COLUMNS = {
    "type": "text",
    "key": "text",
    "legal_entity_id": "text",
    "subject": "text",
    "at": "timestamptz",
    "data": "jsonb",
}


def record(  # noqa: PLR0917 - the order in which everybody names the parts of an event
    type: str, key: str, legal_entity: str | None, subject: str, at: dt.datetime, data: Mapping[str, Any]
) -> None:
    """`record_all` of one."""
    record_all([Event(type=type, key=key, legal_entity=legal_entity, subject=subject, at=at, data=data)])


def settled(events: QuerySet[OutboxEvent]) -> QuerySet[OutboxEvent]:
    """Those of `events` before which nothing can appear any more, see Note [No event is overtaken]."""
    with connection.cursor() as cursor:
        cursor.execute(HIGHEST_GIVEN)
        highest = int(cursor.fetchone()[0])
        cursor.execute(LOWEST_IN_FLIGHT, [LOCK_CLASS])
        lowest = cursor.fetchone()[0]
    if lowest is not None:
        highest = min(highest, int(lowest) * BUCKET - 1)
    return events.filter(sequence__lte=highest)
