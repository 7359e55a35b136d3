"""How many and how much: counts of the views, of the reasons, and the sums of what is shown, in one statement.

Note [Counting stops]. Nobody needs to know whether a view has 61,204 holds or 61,207, but everybody would wait for it.
So counting stops one after `MOST`, wherever it got to, and the page says *10,000+* and offers to count exactly. What a
page costs therefore does not grow with the number of holds (`ux.md` 3.0, Counts).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Case, F, Q, QuerySet, When

from holds.models import Hold

MOST = 10_000
"""As many as are counted unasked. See Note [Counting stops]."""


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
        return f"{int(self):,}{'+' if self.more else ''}"


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
    """What to count: of `holds` those that meet `condition`, read along `walk` (a column with an index of its own)."""

    condition: Q
    walk: str = ""


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
    if narrowed is not None:
        parts.append(_grouped("narrowed", holds, narrowed, most))
    parts += [_counted(slug, holds, wanted) for slug, wanted in views.items()]
    groups: dict[str, list[_Group]] = {}
    for row in _ask(parts):
        groups.setdefault(row.part, []).append(row)
    found = _tally(groups.get("shown", []), groups.get("shown" if narrowed is None else "narrowed", []), most)
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
_GROUPED = """
    SELECT %s, c.currency, c.reason_codes, count(*), sum(c.amount), coalesce(sum(c.over_limit), 0)
    FROM ({}) c (currency, reason_codes, amount, over_limit) GROUP BY c.currency, c.reason_codes
"""
_COUNTED = "SELECT %s, '', '[]'::jsonb, count(*), 0, 0 FROM ({}) c"


def _capped(number: int, most: int | None) -> Count:
    return Count(number) if most is None or number <= most else Count(most, more=True)


def _tally(shown: Sequence[_Group], narrowed: Sequence[_Group], most: int | None) -> Tally:
    count = _capped(sum(row.count for row in shown), most)
    sums: dict[str, Sums] = {}
    for row in shown:
        before = sums.get(row.currency, Sums(row.currency, 0, Decimal(0), Decimal(0)))
        sums[row.currency] = Sums(
            row.currency, before.count + row.count, before.amount + row.amount, before.over_limit + row.over_limit
        )
    stopped = most is not None and sum(row.count for row in narrowed) > most
    reasons: dict[str, int] = {}
    for row in narrowed:
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
    columns = holds.filter(wanted.condition).order_by(*_walk(wanted, most))
    over = "over_limit"
    if withheld is not None:
        columns, over = columns.annotate(seen=Case(When(withheld, then=None), default=F("over_limit"))), "seen"
    inner = _inner(columns.values_list("currency", "reason_codes", "amount", over), most)
    if inner is None:
        return None
    sql, params = inner
    return _GROUPED.format(sql), [part, *params]


def _counted(slug: str, holds: QuerySet[Hold], wanted: Wanted) -> _Part | None:
    inner = _inner(holds.filter(wanted.condition).order_by(*_walk(wanted, MOST)).values_list("pk"), MOST)
    if inner is None:
        return None
    return _COUNTED.format(inner[0]), [f"view {slug}", *inner[1]]


def _walk(wanted: Wanted, most: int | None) -> list[str]:
    return [wanted.walk] if wanted.walk and most is not None else []


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
