"""What a hold costs to write: Note [What an evaluation writes] of `holds/models/holds.py`, asked of the catalogue."""

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db

WRITTEN_EVERY_NIGHT = {"chips", "evaluated_at", "last_decision_id", "version"}
_INDEXED = """
    SELECT i.indexrelid::regclass::text, a.attname
    FROM pg_index i
    JOIN pg_depend d ON d.objid = i.indexrelid AND d.classid = 'pg_class'::regclass AND d.refobjid = i.indrelid
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = d.refobjsubid
    WHERE i.indrelid = 'holds_hold'::regclass
"""
"""Columns of keys, of what is included and of conditions: a change of any of them writes every index of the row."""


def indexed() -> dict[str, set[str]]:
    """The columns that each index of holds depends on."""
    with connection.cursor() as cursor:
        cursor.execute(_INDEXED)
        found: dict[str, set[str]] = {}
        for index, column in cursor.fetchall():
            found.setdefault(index, set()).add(column)
    return found


def test_what_is_written_every_night_stands_in_no_index():
    assert {
        name: columns & WRITTEN_EVERY_NIGHT for name, columns in indexed().items() if columns & WRITTEN_EVERY_NIGHT
    } == {}


def test_a_hold_has_few_indexes():
    """Each is paid for by every hold whose figures change; a new one needs a reason and an old one that goes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_index WHERE indrelid = 'holds_hold'::regclass")
        assert cursor.fetchone() == (24,)
