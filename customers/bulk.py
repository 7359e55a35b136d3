"""Writing many rows in one statement, whatever their number.

The rows travel as one JSON parameter, and PostgreSQL makes a table of it: no limit on parameters, one plan, and the
singular is a batch of one. Names of tables, columns and types are constants of the callers, never input.
"""

import datetime as dt
import io
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection

Row = Mapping[str, Any]


def insert_rows(table: str, columns: Mapping[str, str], rows: Sequence[Row]) -> None:
    """Insert `rows` in their order; `columns` gives each column's type."""
    if not rows:
        return
    names = ", ".join(columns)
    # Names of tables and columns are ours; every value is in the one parameter.
    statement = f"INSERT INTO {table} ({names}) SELECT {names} FROM {_recordset(columns)}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [as_json(rows)])


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert `rows`, each the values of `columns` in their order, by COPY: the cheapest way for long texts."""
    lines = ["\t".join(map(_copied, row)) for row in rows]
    if not lines:
        return
    with connection.cursor() as cursor, connection.wrap_database_errors:  # as Django does for what it knows
        cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", io.StringIO("\n".join(lines)))


def _copied(value: Any) -> str:
    if value is None:
        return "\\N"
    text = value if type(value) is str else str(value)
    for sign, written in _SIGNS:
        if sign in text:
            text = text.replace(sign, written)
    return text


_SIGNS = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
"""What has a meaning of its own in COPY's text format, and how it is written there."""


def update_rows(
    table: str,
    columns: Mapping[str, str],
    rows: Sequence[Row],
    *,
    keys: Mapping[str, str],
    raised: Sequence[str] = (),
) -> int:
    """Set `columns` of the rows that have the values of `keys`; returns how many there were. `raised` go up by one.

    With the version read before among the keys, a row that changed since is left alone and is missing in the count.
    A key called `old_version` is compared with the column `version`.
    """
    if not rows:
        return 0
    changes = [f"{name} = new.{name}" for name in columns] + [f"{name} = t.{name} + 1" for name in raised]
    condition = " AND ".join(f"t.{name.removeprefix('old_')} = new.{name}" for name in keys)
    source = _recordset({**columns, **keys}, alias="new")
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} t SET {', '.join(changes)} FROM {source} WHERE {condition}",  # noqa: S608
            [as_json(rows)],
        )
        return int(cursor.rowcount)


def _recordset(columns: Mapping[str, str], alias: str = "new") -> str:
    definition = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    return f"jsonb_to_recordset(%s::jsonb) AS {alias}({definition})"


def as_json(rows: Sequence[Row]) -> str:
    """`rows` as the one JSON parameter; decimals, dates and ids as text. Refuses NaN and Infinity."""
    return json.dumps(list(rows), default=_value, allow_nan=False)


def _value(value: Any) -> str:
    if isinstance(value, Decimal | uuid.UUID):
        return str(value)
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be written in bulk")
