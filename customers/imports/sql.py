"""One column of many rows, each with its own value, in one statement: what the ORM can only say with a CASE per row.

The rows are written in the order of their keys, so that two calls that meet wait for each other instead of dying.
"""

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.models import Model


def assign(model: type[Model], field: str, values: Mapping[int, Any]) -> int:
    """Set `field` of the rows with these ids; returns how many rows there were."""
    return _update(model, field, values, "{column} = v.value")


def add(model: type[Model], field: str, deltas: Mapping[int, Any]) -> int:
    """Add to `field` of the rows with these ids, to what stands there at that moment; returns their number.

    Relative, so that two calls that settle the same invoice add up, and the table's check refuses what is too much.
    """
    return _update(model, field, {pk: delta for pk, delta in deltas.items() if delta}, "{column} = t.{column} + v.value")


def _update(model: type[Model], field: str, values: Mapping[int, Any], change: str) -> int:
    if not values:
        return 0
    column = model._meta.get_field(field)
    kind = column.db_type(connection)
    name = connection.ops.quote_name(str(column.column))
    table = connection.ops.quote_name(model._meta.db_table)
    keys = sorted(values)
    with connection.cursor() as cursor:
        # Names of tables and columns come from the models above, never from input.
        cursor.execute(
            f"UPDATE {table} t SET {change.format(column=name)} "  # noqa: S608
            f"FROM unnest(%s::bigint[], %s::{kind}[]) AS v(id, value) WHERE t.id = v.id",
            [keys, [values[key] for key in keys]],
        )
        return int(cursor.rowcount)
