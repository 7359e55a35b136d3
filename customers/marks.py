"""Customers to look at again, because something changed of them that may clear a reason why their orders are stopped.

Whoever changes such a thing marks the customers in the transaction of the change (`mark_customers`, `mark_each`); a
room above takes what is due (`take`), looks, and deletes the marks in the transaction of what it did (`done`). This
room does not know what there is to look at: the room above says whom to wake (`look_with`).

Note [One look for many changes]. A customer has one mark, however many changes: a thousand payments are one look. A
mark is due a little after the last change (`QUIET`), as changes come in handfuls, but never long after the first
(`MOST_WAIT`).

Note [No change is lost]. A look takes a mark by writing its token into it, in a short transaction that waits for
nobody. Every further change wipes the token out. The mark is deleted where the token still stands there, in the
transaction of the look's effects: so a change that the look may not have seen leaves its mark behind, and a look that
is killed leaves all of them, due again once it can be taken for dead.

Note [Marks come last]. A mark is written at the end of its transaction, all customers in the order of their ids, so
that two feeds wait for each other briefly instead of dying. Where several services make up one transaction, the
outermost gathers what they mark (`gathered`). The deletion skips what somebody else is just marking, and waits never.
"""

import datetime as dt
import json
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import connection, transaction

from customers import wakeups
from customers.bulk import as_json

QUIET = dt.timedelta(seconds=2)
"""How long nothing must have changed: a feed that sends payments one by one has a second between two of them."""
MOST_WAIT = dt.timedelta(seconds=5)
"""How long a look is put off at most, so that it comes within 10 s also while payments keep coming."""
LEASE = dt.timedelta(seconds=60)
"""A look that takes longer is taken for dead: longer than the transaction of a look may take."""
FIRST_PAUSE, LONGEST_PAUSE = dt.timedelta(seconds=5), dt.timedelta(minutes=10)
"""After a look that failed; doubled each time, so that what always fails does not fail all the time."""
CAUSES_KEPT = 5
"""The latest causes, and always the latest payment: a snoozed hold may wait for it."""
Causes = list[dict[str, str]]
"""Causes as they are stored, oldest first."""
TELL_EVERY = dt.timedelta(seconds=2)
"""A process wakes workers at most this often: the one that was woken finds the later marks too."""


class CauseKind(StrEnum):
    """What changed. Sentences are made where they are shown."""

    PAYMENT = "payment"
    PAYMENT_REVERSED = "payment_reversed"
    CREDIT_NOTE = "credit_note"
    WRITE_OFF = "write_off"
    INVOICE = "invoice"
    CUSTOMER = "customer"
    ACCOUNT_STATUS = "account_status"
    CREDIT_GROUP = "credit_group"
    LIMIT = "limit"
    LIMIT_RAISED = "limit_raised"
    COVER = "cover"
    ORDER = "order"
    ORDER_STOPPED = "order_stopped"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a customer is looked at again: what changed, and the business key of what it changed of."""

    kind: CauseKind
    subject: str = ""

    def as_json(self) -> dict[str, str]:
        """As it is stored."""
        return {"kind": self.kind.value, "subject": self.subject}


# --- marking ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Marks:
    """Changes by customer, and the latest causes of each."""

    changes: dict[int, int] = field(default_factory=dict)
    causes: dict[int, list[Cause]] = field(default_factory=dict)

    def add(self, customer_id: int, cause: Cause) -> None:
        self.changes[customer_id] = self.changes.get(customer_id, 0) + 1
        causes = [known for known in self.causes.get(customer_id, []) if known != cause] + [cause]
        kept = causes[-CAUSES_KEPT:]
        payment = next((known for known in reversed(causes) if known.kind is CauseKind.PAYMENT), None)
        # A hold may wait for just that: many other changes must not hide it.
        self.causes[customer_id] = kept if payment is None or payment in kept else [payment, *kept[1:]]

    def rows(self) -> list[dict[str, Any]]:
        return [
            {"customer_id": pk, "changes": self.changes[pk], "causes": [cause.as_json() for cause in self.causes[pk]]}
            for pk in sorted(self.changes)
        ]


_gathering: ContextVar[_Marks | None] = ContextVar("gathering", default=None)


def mark_customers(customer_ids: Iterable[int], cause: Cause) -> None:
    """Let these customers be looked at again, in the transaction of the change. See `mark_each`."""
    mark_each((customer_id, cause) for customer_id in customer_ids)


def mark_each(marks: Iterable[tuple[int, Cause]]) -> None:
    """Let customers be looked at again, each for its own cause; one statement, whatever their number.

    Call it last in a transaction, see Note [Marks come last]. The time is the database's: it measures how long
    nothing changed, and decides nothing.
    """
    gathering = _gathering.get()
    found = gathering or _Marks()
    for customer_id, cause in marks:
        found.add(customer_id, cause)
    if gathering is None:
        _write(found)


@contextmanager
def gathered() -> Iterator[None]:
    """Whatever is marked inside is written when the block ends, in one statement; nothing where it raises."""
    if _gathering.get() is not None:
        yield
        return
    token = _gathering.set(_Marks())
    try:
        yield
        found = _gathering.get()
    finally:
        _gathering.reset(token)
    if found is not None:
        _write(found)


_MARK = """
    INSERT INTO customers_customermark AS m
        (customer_id, changes, causes, first_at, last_at, due_at, attempts)
    SELECT r.customer_id, r.changes, r.causes, t.now, t.now, t.now + %(quiet)s * interval '1 second', 0
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(customer_id bigint, changes integer, causes jsonb),
         (SELECT clock_timestamp() AS now) t
    ORDER BY r.customer_id
    ON CONFLICT (customer_id) DO UPDATE SET
        changes = m.changes + excluded.changes,
        causes = (SELECT jsonb_agg(latest.cause ORDER BY latest.nth) FROM (
                      SELECT cause, max(nth) AS nth, cause ->> 'kind' = 'payment' AND max(nth) = max(max(nth))
                             OVER (PARTITION BY cause ->> 'kind') AS last_payment
                      FROM jsonb_array_elements(m.causes || excluded.causes) WITH ORDINALITY AS c(cause, nth)
                      GROUP BY cause ORDER BY last_payment DESC, nth DESC LIMIT %(kept)s) latest),
        first_at = CASE WHEN m.token IS NULL THEN m.first_at ELSE excluded.first_at END,
        last_at = excluded.last_at,
        due_at = CASE WHEN m.token IS NOT NULL THEN excluded.due_at
                      WHEN m.attempts > 0 THEN m.due_at
                      ELSE least(excluded.due_at, m.first_at + %(most_wait)s * interval '1 second') END,
        token = NULL
"""


def _write(found: _Marks) -> None:
    if not found.changes:
        return
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A customer is marked in the transaction of what changed of it.")
    with connection.cursor() as cursor:
        values = {"quiet": QUIET.total_seconds(), "most_wait": MOST_WAIT.total_seconds(), "kept": CAUSES_KEPT}
        cursor.execute(_MARK, {**values, "rows": as_json(found.rows())})
    transaction.on_commit(tell)


# --- looking ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """Marks that somebody took to look: the causes by customer. `token` says whose they are."""

    token: uuid.UUID
    causes: Mapping[int, Causes]


# What is locked is found first and written then, by its keys: the table is empty or full from one minute to the next,
# so that the planner's idea of it is always wrong, and one statement for both would be a loop in a loop.
_DUE = """
    SELECT customer_id FROM customers_customermark WHERE due_at <= clock_timestamp()
    ORDER BY due_at, customer_id LIMIT %s FOR UPDATE SKIP LOCKED
"""
_TAKE = """
    UPDATE customers_customermark SET token = %(token)s, attempts = attempts + 1,
        due_at = clock_timestamp() + %(lease)s * interval '1 second'
    WHERE customer_id = ANY(%(ids)s) RETURNING customer_id, causes
"""
_MINE = """
    SELECT customer_id FROM customers_customermark
    WHERE customer_id = ANY(%(ids)s) AND token = %(token)s FOR UPDATE SKIP LOCKED
"""
_AGAIN = """
    SELECT customer_id FROM customers_customermark
    WHERE customer_id = ANY(%(ids)s) AND token IS NULL AND attempts > 0 FOR UPDATE SKIP LOCKED
"""
_DONE = "DELETE FROM customers_customermark WHERE customer_id = ANY(%(ids)s)"
_SEEN = "UPDATE customers_customermark SET attempts = 0 WHERE customer_id = ANY(%(ids)s)"
_PUT_BACK = """
    UPDATE customers_customermark SET token = NULL, attempts = greatest(0, attempts - %(forgiven)s),
        due_at = clock_timestamp()
            + interval '1 second' * least(%(longest)s, %(pause)s * power(2, least(20, attempts - 1)))
    WHERE customer_id = ANY(%(ids)s)
"""


def take(most: int) -> Taken:
    """Take at most `most` marks that are due, oldest first; waits for nobody. The attempt is counted before it is made.

    Each is to end with `done`, in the transaction of what the look did, or with `put_back`.
    """
    token = uuid.uuid4()
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_DUE, [most])
        due = [pk for (pk,) in cursor.fetchall()]
        if not due:
            return Taken(token, {})
        cursor.execute(_TAKE, {"token": token, "lease": LEASE.total_seconds(), "ids": due})
        return Taken(token, _causes(cursor.fetchall()))


def done(taken: Taken, customer_ids: Collection[int]) -> None:
    """These customers were looked at, in this transaction; call it last. See Note [No change is lost]."""
    mine = _locked(_MINE, taken, customer_ids)
    _write_to(_DONE, mine)
    # What changed again meanwhile is looked at again, as if for the first time.
    _write_to(_SEEN, _locked(_AGAIN, taken, set(customer_ids) - set(mine)))


def put_back(taken: Taken, customer_ids: Collection[int], *, failed: bool = True) -> None:
    """These were not looked at. What failed pauses, longer each time; what was only in use is due again soon."""
    pause, forgiven = (FIRST_PAUSE, 0) if failed else (dt.timedelta(seconds=1), 1)
    with transaction.atomic():
        _write_to(
            _PUT_BACK,
            _locked(_MINE, taken, customer_ids),
            pause=pause.total_seconds(),
            longest=(LONGEST_PAUSE if failed else pause).total_seconds(),
            forgiven=forgiven,
        )


def _locked(which: str, taken: Taken, customer_ids: Collection[int]) -> list[int]:
    """Those of the marks that `which` selects and nobody is writing at this moment; locked from here on."""
    if not customer_ids:
        return []
    values: dict[str, Any] = {"ids": sorted(customer_ids), "token": taken.token}
    with connection.cursor() as cursor:
        cursor.execute(which, values)
        return [pk for (pk,) in cursor.fetchall()]


def _write_to(statement: str, customer_ids: list[int], **values: Any) -> None:
    if customer_ids:
        with connection.cursor() as cursor:
            cursor.execute(statement, {"ids": customer_ids, **values})


def due_within(wait: dt.timedelta) -> bool:
    """Whether some mark is due in `wait` from now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM customers_customermark"
            " WHERE due_at <= clock_timestamp() + %s * interval '1 second')",
            [wait.total_seconds()],
        )
        return bool(cursor.fetchone()[0])


def causes_of(customer_ids: Collection[int]) -> dict[int, Causes]:
    """The causes of the marks that these customers have now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id, causes FROM customers_customermark WHERE customer_id = ANY(%s)", [sorted(customer_ids)]
        )
        return _causes(cursor.fetchall())


def _causes(rows: Iterable[tuple[int, str]]) -> dict[int, Causes]:
    return {customer_id: json.loads(causes) for customer_id, causes in rows}


# --- waking -----------------------------------------------------------------------------------------------------------

_looker: str = ""
_told_at: float | None = None


def look_with(task: str) -> None:
    """Name the task that looks; called once per process by the room that does."""
    global _looker  # noqa: PLW0603 - set once, when the rooms are ready
    _looker = task


def tell() -> None:
    """Wake a worker for when the marks of now are due, unless this process told one a moment ago."""
    global _told_at  # noqa: PLW0603 - a throttle: losing it costs a message
    now = time.monotonic()
    if not _looker or (_told_at is not None and now - _told_at < TELL_EVERY.total_seconds()):
        return
    _told_at = now
    wakeups.send(_looker, after_seconds=QUIET.total_seconds())
