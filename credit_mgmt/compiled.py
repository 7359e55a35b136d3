"""Querysets compiled once per process and executed as prepared statements.

Note [Compiled querysets]. The queries of a check are querysets: composed, tested and read as such. Their SQL never
changes, so it is compiled once, with slots for what does change, and on each connection prepared once: the planner
would otherwise cost more than the query (`performance.md`, "Django's share"). Many ids make another plan worthwhile,
so beyond `FEW` the statement is planned for its values. Everything of this is in this module; a test holds the answers
equal to the ORM's own.
"""

import datetime as dt
import hashlib
import weakref
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Field, Lookup, QuerySet
from django.db.models.fields.related import ForeignObject

FEW = 64
"""Up to this many ids the plan that fits all is used; one check has a handful."""

IDS: list[Any] = ["slot: ids"]
"""Stands for the ids in a queryset that is to be compiled; filter with `..__any_of=IDS`."""
DAY = dt.date.min
"""Stands for the day in a queryset that is to be compiled."""

_SLOTS = {"ids": "bigint[]", "day": "date"}


@Field.register_lookup
@ForeignObject.register_lookup
class AnyOf(Lookup[Any]):
    """`column = ANY(array)`: one parameter however many values, so that the statement stays the same."""

    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """The comparison, with the whole array as one parameter; the values are numbers or UUIDs."""
        sql, params = self.process_lhs(compiler, connection)
        if self.rhs == IDS:
            return f"{sql} = ANY(%s)", (*params, IDS)
        return f"{sql} = ANY(%s::{self.lhs.output_field.db_type(connection)}[])", (*params, as_array(self.rhs))


def as_array(ids: Iterable[int | UUID]) -> str:
    """An array of numbers or UUIDs as text: thousands of values are one literal, which is read at once."""
    return "{" + ",".join(map(str, ids)) + "}"


class Statement:
    """SQL with the slots `ids` and `day`, run as often as one likes. `text` writes a slot as `{ids}`, `{day}`.

    Its name is made of its text, so that the same name never means two things on a connection.
    """

    def __init__(self, text: str) -> None:
        self.name = name = f"credit_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
        self._plain = text.format(ids="%(ids)s::bigint[]", day="%(day)s::date")
        used = [slot for slot in _SLOTS if f"{{{slot}}}" in text]
        numbered = text.format(**{slot: f"${number}::{_SLOTS[slot]}" for number, slot in enumerate(used, start=1)})
        types = ", ".join(_SLOTS[slot] for slot in used)
        self._prepare = f"PREPARE {name} ({types}) AS {numbered}" if used else f"PREPARE {name} AS {numbered}"
        arguments = ", ".join(f"%({slot})s::{_SLOTS[slot]}" for slot in used)
        self._execute = f"EXECUTE {name} ({arguments})" if used else f"EXECUTE {name}"

    def rows(self, *, ids: Sequence[int] = (), day: dt.date | None = None) -> list[tuple[Any, ...]]:
        """All rows for `ids` on `day`."""
        values = {"ids": as_array(ids), "day": day}
        with connection.cursor() as cursor:
            if len(ids) > FEW or not settings.CREDIT_PREPARE_STATEMENTS:
                cursor.execute(self._plain, values)
            else:
                self._prepare_once(cursor)
                cursor.execute(self._execute, values)
            return list(cursor.fetchall())

    def _prepare_once(self, cursor: Any) -> None:
        known = _prepared.setdefault(connection.connection, set())
        if self.name not in known:
            # Prepared statements outlive a rollback: they belong to the session.
            cursor.execute(self._prepare)
            known.add(self.name)


_prepared: "weakref.WeakKeyDictionary[Any, set[str]]" = weakref.WeakKeyDictionary()


def slotted(queryset: QuerySet[Any, Any]) -> str:
    """The SQL of a queryset written with `IDS` and `DAY`, as text for a `Statement`; every other value is in it."""
    sql, params = queryset.query.sql_with_params()
    # Slots are written in braces; nothing else in our SQL is.
    return str(sql.replace("{", "{{").replace("}", "}}") % tuple(_written(param) for param in params))


def _written(param: Any) -> str:
    if param == IDS:
        return "{ids}"
    if param == DAY:
        return "{day}"
    with connection.cursor() as cursor:
        literal = cursor.mogrify("%s", [param])
    text = literal.decode() if isinstance(literal, bytes) else str(literal)
    if set("{}%") & set(text):
        raise ValueError(f"{text} can't stand in a compiled statement: give it a slot")
    return text
