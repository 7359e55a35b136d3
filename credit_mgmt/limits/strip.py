"""A calendar of limits: a row for each kind of part, a bar for each period; gaps and overlaps are seen (ux 3.6).

Geometry only: percentages of a width, as SVG attributes want them. Which parts count on a day the stack says.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from credit_mgmt.engine.stack import Component, Kind
from credit_mgmt.templatetags.bars import position

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bar:
    """One period: where it is drawn, whether it is past its end, and what it is."""

    x: str
    width: str
    faded: bool
    part: Component


@dataclass(frozen=True, slots=True)
class Strip:
    """The calendar: the first days of its months, today, and a row of bars for each kind of part there is."""

    months: Sequence[tuple[str, str]]
    today: str
    rows: Sequence[tuple[str, Sequence[Bar]]]


def period_strip(components: Iterable[Component], *, start: dt.date, months: int, today: dt.date) -> Strip:
    """Lay out the parts over `months` months from `start`, the first day of one."""
    firsts = [month_start(start, number) for number in range(months + 1)]
    end = firsts[-1]
    rows: dict[str, list[Bar]] = {}
    for part in components:
        rows.setdefault(str(part.kind), []).extend(_bars(part, start, end))
    return Strip(
        months=[(_name(first), _x(first, start, end)) for first in firsts[:-1]],
        today=_x(today, start, end),
        rows=[(kind, bars) for kind, bars in rows.items() if bars],
    )


def _bars(part: Component, start: dt.date, end: dt.date) -> Iterator[Bar]:
    """The period of a part; of a base limit also, faded, the time after its expiration: it still counts."""
    first = part.first or start
    last = part.last or end
    if part.withdrawn_from is not None:
        last = part.withdrawn_from - DAY
    if first <= last:
        yield from _bar(part, first, last + DAY, start, end, faded=False)
    if part.kind is Kind.BASE and part.last is not None:
        yield from _bar(part, max(start, part.last + DAY), end, start, end, faded=True)


def _bar(
    part: Component, first: dt.date, after: dt.date, start: dt.date, end: dt.date, *, faded: bool
) -> Iterator[Bar]:
    first, after = max(first, start), min(after, end)
    if first < after:
        yield Bar(_x(first, start, end), _x(start + (after - first), start, end), faded, part)


def _x(day: dt.date, start: dt.date, end: dt.date) -> str:
    return position(Decimal((day - start).days), Decimal((end - start).days))


def month_start(day: dt.date, months: int) -> dt.date:
    """The first day of the month that lies so many months after the day's."""
    number = day.year * 12 + day.month - 1 + months
    return dt.date(number // 12, number % 12 + 1, 1)


def _name(first: dt.date) -> str:
    """A name for the first month of each quarter, the year for January: more has no room on a telephone."""
    if first.month == 1:
        return str(first.year)
    return MONTHS[first.month - 1] if first.month % 3 == 1 else ""
