"""How many and how much: counts of the views, of the reasons, and the sums of what is shown, in one statement.

Note [Counting stops]. Nobody needs to know whether a view has 61,204 holds or 61,207, but everybody would wait for it.
So counting stops one after `MOST`, wherever it got to, and the page says *10,000+* and offers to count exactly. What a
page costs therefore does not grow with the number of holds (`ux.md` 3.0, Counts).

A view is counted from an index, its sums and reasons from the holds themselves, which takes ten times as long. Where
counting a view stops there are no sums, and no number of a reason is the whole: a sample says which ones there are.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Case, F, Q, QuerySet, When

from customers.numbers import grouped
from holds.models import Hold
from holds.models.holds import SORT_KEYS

MOST = 10_000
"""As many as are counted unasked. See Note [Counting stops]."""
SAMPLE = 2_000
"""As many are looked at for their reasons where counting stopped."""
WALKS: dict[str, tuple[Any, ...]] = {
    "held": (SORT_KEYS["held"],),
    "ship": (SORT_KEYS["ship"],),
    "decided": (SORT_KEYS["decided"],),
    "owner": (F("assignee"), F("held_at")),
}
"""Orders in which an index has the holds that are counted, by the sort of that order; `owner` is none."""


class Count(int):
    """A number of holds; with `more`, at least so many. It reads `312`, `9,876` or `10,000+`."""

    more: bool

    def __new__(cls, number: int, more: bool = False) -> "Count":
        """`number` holds, or at least so many."""
        made = super().__new__(cls, number)
        made.more = more
        return made

    def __getnewargs__(self) -> tuple[int, bool]:  # type: ignore[override] # pickled with both of its parts
        return int(self), self.more

    def __str__(self) -> str:
        return f"{grouped(int(self))}{'+' if self.more else ''}"


@dataclass(frozen=True, slots=True)
class Sums:
    """What is shown, in one currency (an accounting currency)."""

    currency: str
    count: int
    amount: Decimal
    over_limit: Decimal


@dataclass(frozen=True, slots=True)
class Tally:
    """What is known of the holds that match; `sums` are left out where counting stopped."""

    count: Count
    sums: tuple[Sums, ...] = ()
    currencies: tuple[str, ...] = ()
    reasons: Mapping[str, Count] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to count: of `holds` those that meet `condition`, read along `walk`, one of `WALKS`.

    `counted`: an index alone tells how many there are.
    """

    condition: Q
    walk: str = ""
    counted: bool = False


def tally(
    holds: QuerySet[Hold],
    shown: Wanted,
    narrowed: Wanted | None,
    views: Mapping[str, Wanted],
    *,
    exact: bool = False,
    withheld: Q | None = None,
) -> tuple[Tally, dict[str, Count]]:
    """Count and sums of `shown`, reasons of `narrowed` (shown, where it is None), counts of `views`. One statement.

    The excess of `withheld` holds is left out of the sums: the reader may not see it.
    """
    most = None if exact else MOST
    parts = [_grouped("shown", holds, shown, most, withheld)]
    if shown.counted and not exact:
        parts = [_counted("count", holds, shown), _sampled("shown", holds, shown, withheld)]
    if narrowed is not None:
        parts.append(_grouped("narrowed", holds, narrowed, most))
    parts += [_counted(f"view {slug}", holds, wanted) for slug, wanted in views.items()]
    groups: dict[str, list[_Group]] = {}
    for row in _ask(parts):
        groups.setdefault(row.part, []).append(row)
    rows = groups.get("shown", [])
    counted = sum(row.count for row in groups.get("count", rows))
    found = _tally(counted, rows, groups.get("narrowed", []) if narrowed is not None else None, most)
    return found, {slug: _capped(sum(row.count for row in groups.get(f"view {slug}", [])), MOST) for slug in views}


@dataclass(frozen=True, slots=True)
class _Group:
    part: str
    currency: str
    reasons: Sequence[str]
    count: int
    amount: Decimal
    over_limit: Decimal


_Part = tuple[str, list[Any]]
_GROUPED = """
    SELECT %s, c.currency, c.reason_codes, count(*), sum(c.amount), coalesce(sum(c.over_limit), 0)
    FROM ({}) c (currency, reason_codes, amount, over_limit) GROUP BY c.currency, c.reason_codes
"""
_COUNTED = "SELECT %s, '', '[]'::jsonb, count(*), 0, 0 FROM ({}) c"
_AS_MANY_AS_HELP = "{} LIMIT (SELECT CASE WHEN count(*) > %s THEN %s ELSE %s END FROM ({}) c)"


def _capped(number: int, most: int | None) -> Count:
    return Count(number) if most is None or number <= most else Count(most, more=True)


def _tally(counted: int, shown: Sequence[_Group], narrowed: Sequence[_Group] | None, most: int | None) -> Tally:
    count = _capped(counted, most)
    sums: dict[str, Sums] = {}
    for row in shown:
        before = sums.get(row.currency, Sums(row.currency, 0, Decimal(0), Decimal(0)))
        sums[row.currency] = Sums(
            row.currency, before.count + row.count, before.amount + row.amount, before.over_limit + row.over_limit
        )
    stopped = count.more if narrowed is None else _capped(sum(row.count for row in narrowed), most).more
    reasons: dict[str, int] = {}
    for row in shown if narrowed is None else narrowed:
        for code in row.reasons:
            reasons[code] = reasons.get(code, 0) + row.count
    ordered = tuple(sums[currency] for currency in sorted(sums))
    return Tally(
        count,
        () if count.more else ordered,
        tuple(sorted(sums)),
        {code: Count(number, more=stopped) for code, number in reasons.items()},
    )


def _grouped(
    part: str, holds: QuerySet[Hold], wanted: Wanted, most: int | None, withheld: Q | None = None
) -> _Part | None:
    """Groups by currency and reasons, of `most` holds and one at most."""
    inner = _inner(_columns(holds, wanted if most is not None else Wanted(wanted.condition), withheld), most)
    return None if inner is None else (_GROUPED.format(inner[0]), [part, *inner[1]])


def _sampled(part: str, holds: QuerySet[Hold], wanted: Wanted, withheld: Q | None) -> _Part | None:
    """Groups of all that `wanted` finds, or of a sample of them. See Note [Counting stops]."""
    inner, count = _inner(_columns(holds, wanted, withheld), None), _inner(_keys(holds, wanted), MOST)
    if inner is None or count is None:
        return None
    sql = _GROUPED.format(_AS_MANY_AS_HELP.format(inner[0], count[0]))
    return sql, [part, *inner[1], MOST, SAMPLE, MOST, *count[1]]


def _counted(part: str, holds: QuerySet[Hold], wanted: Wanted) -> _Part | None:
    """How many `wanted` finds, or `MOST` and one."""
    inner = _inner(_keys(holds, wanted), MOST)
    return None if inner is None else (_COUNTED.format(inner[0]), [part, *inner[1]])


def _keys(holds: QuerySet[Hold], wanted: Wanted) -> QuerySet[Hold, Any]:
    return holds.filter(wanted.condition).order_by(*_walk(wanted)).values_list("pk")


def _columns(holds: QuerySet[Hold], wanted: Wanted, withheld: Q | None) -> QuerySet[Hold, Any]:
    """What groups and sums are made of."""
    rows, over = holds.filter(wanted.condition).order_by(*_walk(wanted)), "over_limit"
    if withheld is not None:
        rows, over = rows.annotate(seen=Case(When(withheld, then=None), default=F("over_limit"))), "seen"
    return rows.values_list("currency", "reason_codes", "amount", over)


def _walk(wanted: Wanted) -> list[Any]:
    return [copy(key) for key in WALKS.get(wanted.walk, ())]


def _inner(rows: QuerySet[Hold, Any], most: int | None) -> _Part | None:
    """The statement of `rows`, ended after `most` and one; None where it can find nothing."""
    try:
        sql, params = (rows if most is None else rows[: most + 1]).query.sql_with_params()
    except EmptyResultSet:
        return None
    return sql, list(params)


def _ask(parts: Iterable[_Part | None]) -> list[_Group]:
    asked = [part for part in parts if part is not None]
    if not asked:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(f"({sql})" for sql, _ in asked), [value for _, params in asked for value in params]
        )
        return [_Group(part, currency, _codes(codes), *rest) for part, currency, codes, *rest in cursor.fetchall()]


def _codes(value: Any) -> Sequence[str]:
    return [str(code) for code in (json.loads(value) if isinstance(value, str) else value)]
