"""Columns of many rows, each with its own value, in one statement: what the ORM can only say with a CASE per row.

The rows are written in the order of their keys, so that two calls that meet wait for each other instead of dying.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Model


class Overtaken(Exception):
    """Another transaction changed what this one is about to change; the call is run again."""


def claim(records: Sequence[Any]) -> None:
    """Raise the version of `records`, all of one model, in the database and in memory.

    From here on nobody else changes them until the transaction ends. Raises `Overtaken` where somebody did since they
    were read.
    """
    if not records:
        return
    quote = connection.ops.quote_name
    ordered = sorted(records, key=lambda record: record.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {quote(records[0]._meta.db_table)} t SET version = t.version + 1 "  # noqa: S608
            "FROM unnest(%s::bigint[], %s::int[]) AS v(id, version) WHERE t.id = v.id AND t.version = v.version",
            [[record.pk for record in ordered], [record.version for record in ordered]],
        )
        if cursor.rowcount != len(records):
            raise Overtaken
    for record in records:
        record.version += 1


def remove(model: type[Model], ids: Collection[int]) -> None:
    """Delete the rows with these ids, without looking for what hangs on them: the database does, by its foreign keys.

    Raises `Overtaken` where some were gone already.
    """
    if not ids:
        return
    with connection.cursor() as cursor:
        table = connection.ops.quote_name(model._meta.db_table)
        cursor.execute(f"DELETE FROM {table} WHERE id = ANY(%s)", [sorted(ids)])  # noqa: S608
        if cursor.rowcount != len(ids):
            raise Overtaken


def assign(model: type[Model], field: str, values: Mapping[int, Any]) -> int:
    """Set `field` of the rows with these ids; returns how many rows there were."""
    return _update(model, [field], {pk: (value,) for pk, value in values.items()}, "{column} = v.{value}")


def add(model: type[Model], fields: Sequence[str], deltas: Mapping[int, tuple[Decimal, ...]]) -> int:
    """Add to `fields` of the rows with these ids, to what stands there at that moment; returns their number.

    Relative, so that two calls that settle the same invoice add up, and the table's check refuses what is too much.
    """
    return _update(model, fields, deltas, "{column} = t.{column} + v.{value}")


def _update(model: type[Model], fields: Sequence[str], values: Mapping[int, tuple[Any, ...]], change: str) -> int:
    if not values:
        return 0
    quote = connection.ops.quote_name
    by_name = {column.name: column for column in model._meta.concrete_fields}
    columns = [by_name[field] for field in fields]
    changes = [change.format(column=quote(str(c.column)), value=f"v{n}") for n, c in enumerate(columns)]
    arrays = "".join(f", %s::{column.db_type(connection)}[]" for column in columns)
    names = "".join(f", v{n}" for n in range(len(columns)))
    keys = sorted(values)
    with connection.cursor() as cursor:
        # Names of tables and columns come from the models above, never from input.
        cursor.execute(
            f"UPDATE {quote(model._meta.db_table)} t SET {', '.join(changes)} "  # noqa: S608
            f"FROM unnest(%s::bigint[]{arrays}) AS v(id{names}) WHERE t.id = v.id",
            [keys, *([values[key][n] for key in keys] for n in range(len(columns)))],
        )
        return int(cursor.rowcount)
