"""What the address of a list asks for (`ux.md` 3.0, Address grammar).

An address is a plain GET form: a repeated key means *any of*, different keys mean *all of*, `_min` and `_max` bound a
range, dates are ISO or relative (`+2d`, `-7d`, `+2wd` for working days). What cannot be read is ignored and said in
`Address.problems`: a mistyped filter must not look like an empty list.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import QueryDict

from customers.listing.paging import Page
from customers.models.preferences import PAGE_SIZES as SIZES
from customers.money import LARGEST

RELATIVE = re.compile(r"([+-])(\d{1,4})(d|wd)")
PAGING = ("after", "before")
KEEPS_SELECTION = frozenset({"sort", "per", "cols", "count", "peek", "selected"})
"""Keys that may change without another set of rows matching: what was selected stays selected."""


def plus_working_days(day: dt.date, count: int) -> dt.date:
    """The `count`-th working day (Monday to Friday) after `day`; before it where `count` is negative."""
    step = dt.timedelta(days=1 if count > 0 else -1)
    left = abs(count)
    while left:
        day += step
        left -= day.weekday() < 5
    return day


def read_day(word: str, today: dt.date) -> dt.date | None:
    """The day that `word` means, seen from `today`; None when it is no day."""
    match = RELATIVE.fullmatch(word.replace(" ", "+", 1) if word.startswith(" ") else word)
    if match is None:
        try:
            return dt.date.fromisoformat(word)
        except ValueError:
            return None
    days = int(match[1] + match[2])
    return plus_working_days(today, days) if match[3] == "wd" else today + dt.timedelta(days=days)


@dataclass
class Address:
    """The query string of a list, read with the view's defaults underneath: explicit keys override them."""

    params: QueryDict
    defaults: Mapping[str, Sequence[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    rows: int = 50
    """Rows on a page where the address does not say: what the reader prefers."""

    def all(self, key: str) -> list[str]:
        """Every non-empty value of `key`, or the view's."""
        given = [value.strip() for value in self.params.getlist(key)]
        if key in self.params:
            return [value for value in given if value]
        return list(self.defaults.get(key, ()))

    def one(self, key: str) -> str:
        """The last value of `key`, or an empty text."""
        values = self.all(key)
        return values[-1] if values else ""

    def choices(self, key: str, allowed: Iterable[str]) -> list[str]:
        """The values of `key` that are among `allowed`; others are a problem."""
        known = set(allowed)
        values = self.all(key)
        unknown = [value for value in values if value not in known]
        self.problems += [f"“{value}” is not a known {key.replace('_', ' ')}." for value in unknown]
        return [value for value in values if value in known]

    def words(self, key: str) -> list[str]:
        """The values of `key`, where a value may be a comma list too."""
        return [word.strip() for value in self.all(key) for word in value.split(",") if word.strip()]

    def number(self, key: str) -> Decimal | None:
        """The value of `key` as an amount, or None."""
        text = self.one(key)
        if not text:
            return None
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or abs(number) > LARGEST:
            self.problems.append(f"“{text}” is not an amount; write it like 1250.00.")
            return None
        return number

    def day(self, key: str, today: dt.date) -> dt.date | None:
        """The value of `key` as a day, seen from `today`, or None."""
        word = self.params.get(key) or self.one(key)
        if not word:
            return None
        try:
            day = read_day(word, today)
        except OverflowError:
            day = None
        if day is None:
            problem = f"“{word}” is not a day; write 2026-11-24 or +2d."
            if problem not in self.problems:
                self.problems.append(problem)
        return day

    def url(self, **changes: str | Sequence[str] | None) -> str:
        """This address with keys replaced (None removes), from its first page."""
        query = self.params.copy()
        selection = () if KEEPS_SELECTION.issuperset(changes) else ("selected",)
        for key in (*PAGING, *selection, *changes):
            query.pop(key, None)
        for key, value in changes.items():
            if value is not None:
                query.setlist(key, [value] if isinstance(value, str) else list(value))
        return f"?{query.urlencode()}"

    def without(self, key: str, value: str) -> str:
        """This address without one value of `key`."""
        return self.url(**{key: [item for item in self.params.getlist(key) if item != value] or None})

    def page_url(self, key: str, cursor: str | None) -> str:
        """This address at another page, or nothing where there is none."""
        return f"{self.url()}{'&' if self.params.keys() - set(PAGING) else ''}{key}={cursor}" if cursor else ""

    def pager(self, page: Page[Any]) -> dict[str, Any]:
        """The way to the pages beside `page`, for the component."""
        return {
            "newer_url": self.page_url("before", page.before),
            "older_url": self.page_url("after", page.after),
            "sizes": [{"size": size, "url": self.url(per=str(size)), "active": size == self.per} for size in SIZES],
        }

    def heads(self, columns: Iterable[tuple[str, str, str]], sort: Sequence[str]) -> list[dict[str, Any]]:
        """Table heads from (name to sort by or nothing, label, align), with links that sort or turn the order."""
        return [self.head(name, label, align, sort) for name, label, align in columns]

    def head(self, name: str, label: str, align: str, sort: Sequence[str]) -> dict[str, Any]:
        """One table head."""
        if not name:
            return {"label": label, "align": align}
        state = "asc" if name in sort[:1] else "desc" if f"-{name}" in sort[:1] else None
        url = self.url(sort=f"-{name}" if state == "asc" else name)
        return {"label": label, "align": align, "sort": state, "sort_url": url}

    @property
    def per(self) -> int:
        """Rows on a page."""
        text = self.one("per")
        return int(text) if text.isdigit() and int(text) in SIZES else self.rows
