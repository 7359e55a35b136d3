"""What a run made of each hold (`ux.md` 3.5): rows, filters and counts, read from what the run wrote.

A run of a hundred thousand holds keeps its rows in its items; they are filtered, counted and paged there.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.http import QueryDict

from customers.listing import Address
from customers.models import Job

PER_PAGE = 100
EVALUATED = {
    "ready": ("ready", "Ready"),
    "released": ("released", "Released"),
    "better": ("held", "Fewer reasons"),
    "worse": ("held", "New reason"),
    "failed": ("failed", "Failed"),
}
"""What an evaluation made of a hold: badge and words. With those that stayed as they were they are all holds."""
OUTCOMES = EVALUATED | {
    "rejected": ("rejected", "Rejected"),
    "snoozed": ("snoozed", "Snoozed"),
    "woken": ("held", "Back in the list"),
    "assigned": ("held", "Assigned"),
    "taken_back": ("held", "Taken back"),
}
"""What became of a hold in any job."""
NOTHING = "none"
"""Filter: no reason at all, no known cause."""
DIMENSIONS = ("outcome", "before", "now", "cause", "entity")
BOUNDS = ("value_min", "value_max")

_ROWS = """
    WITH changes AS (
        SELECT i.position, c.nth, c.change FROM customers_jobitem i
        CROSS JOIN LATERAL jsonb_array_elements(i.result->'changes') WITH ORDINALITY AS c(change, nth)
        WHERE i.job_id = %(job)s AND i.status = 'done'
    )
"""
_CONDITIONS = {
    "outcome": "change->>'outcome' = %(outcome)s",
    "before": "(CASE %(before)s WHEN 'none' THEN change->'before' = '[]'"
    " ELSE jsonb_exists(change->'before', %(before)s) END)",
    "now": "(CASE %(now)s WHEN 'none' THEN change->'now' = '[]' ELSE jsonb_exists(change->'now', %(now)s) END)",
    "cause": "(CASE %(cause)s WHEN 'none' THEN coalesce(change->'causes', '[]') = '[]'"
    " ELSE change->'causes' @> jsonb_build_array(jsonb_build_object('kind', %(cause)s::text)) END)",
    "entity": "change->>'legal_entity' = %(entity)s",
    "value_min": "(change->>'amount')::numeric >= %(value_min)s",
    "value_max": "(change->>'amount')::numeric <= %(value_max)s",
}
_COUNTS = """
    SELECT 'outcome', change->>'outcome', count(*) FROM changes GROUP BY 2
    UNION ALL SELECT 'before', coalesce(code, 'none'), count(*) FROM changes
        LEFT JOIN LATERAL jsonb_array_elements_text(change->'before') AS code ON true GROUP BY 2
    UNION ALL SELECT 'now', coalesce(code, 'none'), count(*) FROM changes
        LEFT JOIN LATERAL jsonb_array_elements_text(change->'now') AS code ON true GROUP BY 2
    UNION ALL SELECT 'cause', coalesce(cause, 'none'), count(*) FROM changes
        LEFT JOIN LATERAL (SELECT DISTINCT each->>'kind' AS cause
                           FROM jsonb_array_elements(coalesce(change->'causes', '[]')) AS each) kinds ON true GROUP BY 2
    UNION ALL SELECT 'entity', change->>'legal_entity', count(*) FROM changes GROUP BY 2
"""
_BY_OUTCOME = "SELECT change->>'outcome', count(*) FROM changes GROUP BY 1"
_OF_HOLDS = "SELECT change->>'hold', change->>'outcome' FROM changes WHERE change->>'hold' = ANY(%(holds)s)"


@dataclass(frozen=True, slots=True)
class Filter:
    """What the address asks for; `problems` says what could not be read."""

    values: Mapping[str, Any]
    page: int = 1
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class Outcomes:
    """A page of rows, how many match, and the counts of all rows by dimension and value."""

    rows: list[dict[str, Any]]
    matching: int
    counts: dict[str, dict[str, int]] = field(default_factory=dict)


def read_filter(params: QueryDict) -> Filter:
    """The filter of an address like `?outcome=ready&value_min=1000`."""
    address = Address(params)
    values: dict[str, Any] = {name: address.one(name) for name in DIMENSIONS if address.one(name)}
    for name in BOUNDS:
        bound = address.number(name)
        if bound is not None:
            values[name] = bound
    word = address.one("page")
    page = int(word) if word.isascii() and word.isdigit() and len(word) < 7 else 1
    return Filter(values, max(1, page), tuple(address.problems))


def outcomes(job: Job, wanted: Filter) -> Outcomes:
    """The rows of `job` that the filter asks for, in the order in which they were evaluated. Two queries."""
    conditions = " AND ".join(_CONDITIONS[name] for name in wanted.values) or "true"
    values = {**wanted.values, "job": job.pk, "skip": (wanted.page - 1) * PER_PAGE, "most": PER_PAGE}
    with connection.cursor() as cursor:
        # The conditions are constants of this module; what the reader typed is in the parameters.
        cursor.execute(
            f"{_ROWS} SELECT change::text, count(*) OVER () FROM changes WHERE {conditions}"  # noqa: S608
            " ORDER BY position, nth OFFSET %(skip)s LIMIT %(most)s",
            values,
        )
        found = cursor.fetchall()
        cursor.execute(_ROWS + _COUNTS, values)
        counts: dict[str, dict[str, int]] = {name: {} for name in DIMENSIONS}
        for dimension, value, count in cursor.fetchall():
            counts[dimension][value or NOTHING] = count
    return Outcomes([json.loads(row) for row, _ in found], found[0][1] if found else 0, counts)


def count_outcomes(job: Job) -> dict[str, int]:
    """How many holds had which outcome so far, also while the job is at work. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS + _BY_OUTCOME, {"job": job.pk})
        return dict(cursor.fetchall())


def said_by(preview: Job, holds: Collection[str]) -> dict[str, str]:
    """The outcome that `preview` gave for each of these holds (ids), where it gave one. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            _ROWS + _OF_HOLDS,
            {"job": preview.pk, "holds": list(holds)},
        )
        return dict(cursor.fetchall())
