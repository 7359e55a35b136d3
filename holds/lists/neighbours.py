"""Where a hold stands in the list that somebody came from, and which holds are beside it (`ux.md` 3.2, Keys).

The place is that of the hold's sort keys, so it stays when the hold has just left the list: *next* goes on from there.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import QueryDict

from customers.access import Actor
from customers.ordering import cursor_at, page_in_order, rows_before
from holds.lists import Asked, read_address
from holds.lists.tallies import MOST, Count
from holds.models import Hold

LONGEST = 2_000
"""Characters of a list's query that are read."""


@dataclass(frozen=True, slots=True)
class Place:
    """`number` of `total` in the list, or None where the hold is no longer in it; numbers of the holds beside it."""

    number: Count | None
    total: Count
    previous: str
    next: str


def place_of(hold: Hold, listed: str, *, actor: Actor, now: dt.datetime, today: Callable[[str], dt.date]) -> Place:
    """Where `hold` stands in the list with the query `listed`, as far as `actor` sees it. Eight queries."""
    asked = _asked(listed, actor, now, today)
    cursor = cursor_at(hold, asked.order)
    is_in = asked.matching.filter(pk=hold.pk).exists()
    before = _counted(rows_before(asked.matching, asked.order, cursor))
    return Place(
        number=Count(before + 1, before.more) if is_in else None,
        total=_counted(asked.matching),
        previous=_beside(hold, asked, before=cursor),
        next=_beside(hold, asked, after=cursor),
    )


def step_from(
    hold: Hold, listed: str, *, forward: bool, actor: Actor, now: dt.datetime, today: Callable[[str], dt.date]
) -> str:
    """The number of the next (or previous) hold of the list, or nothing at its end. Four queries."""
    asked = _asked(listed, actor, now, today)
    cursor = cursor_at(hold, asked.order)
    return _beside(hold, asked, after=cursor) if forward else _beside(hold, asked, before=cursor)


def _asked(listed: str, actor: Actor, now: dt.datetime, today: Callable[[str], dt.date]) -> Asked:
    return read_address(QueryDict(listed[:LONGEST]), actor=actor, now=now, today=today)


def _beside(hold: Hold, asked: Asked, *, after: str = "", before: str = "") -> str:
    rows = page_in_order(asked.matching.exclude(pk=hold.pk), asked.order, per=1, after=after, before=before).rows
    return rows[0].number if rows else ""


def _counted(rows: QuerySet[Hold]) -> Count:
    count = rows.order_by()[: MOST + 1].count()
    return Count(min(count, MOST), count > MOST)
