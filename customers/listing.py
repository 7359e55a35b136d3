"""Lists that people look at: what their address asks for, and paging by cursor (`ux.md` 3.0, Address grammar).

An address is a plain GET form: a repeated key means *any of*, different keys mean *all of*, `_min` and `_max` bound a
range, dates are ISO or relative (`+2d`, `-7d`, `+2wd` for working days). What cannot be read is ignored and said in
`Address.problems`: a mistyped filter must not look like an empty list.
"""

import base64
import binascii
import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import F, Model, Q, QuerySet
from django.http import QueryDict

from customers.models.preferences import PAGE_SIZES as SIZES
from customers.money import LARGEST

M = TypeVar("M", bound=Model)

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

    def pager(self, page: "Page[Any]") -> dict[str, Any]:
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


# --- order and paging ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an order: an ORM path. Missing values come last, whichever the direction."""

    path: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """A page of rows, and the cursors of the pages beside it."""

    rows: list[M]
    after: str | None
    before: str | None


def sort_keys(words: str, allowed: Mapping[str, str], default: Sequence[str], last: str) -> tuple[list[str], list[Key]]:
    """Read `ship,-value`: the words that count, and their keys, ended by the unique path `last`.

    Only names in `allowed` (name to ORM path) reach the database.
    """
    given = [word for word in words.split(",") if word.removeprefix("-") in allowed]
    chosen = given or list(default)
    keys = [Key(allowed[word.removeprefix("-")], word.startswith("-")) for word in chosen]
    return chosen, [*keys, Key(last)]


def page_of(
    queryset: QuerySet[M],
    keys: Sequence[Key],
    *,
    per: int,
    after: str = "",
    before: str = "",
    related: Sequence[str] | None = None,
) -> Page[M]:
    """The page of `queryset` in the order of `keys` that follows `after` or precedes `before`. One query.

    With `related` the page is found by its keys alone and only its rows are read in full, with what is named: sorting
    a hundred thousand wide rows to show fifty costs ten times as much. A cursor that cannot be read means the first
    page: it came from a link of another list.
    """
    backward = bool(before) and not after
    position = _decode(after or before, len(keys))
    rows = queryset.order_by(*(_ordering(key, backward) for key in keys))
    if position is not None:
        try:
            rows = rows.filter(_beyond(keys, position, backward))
        except (ValidationError, ValueError):
            position = None
    if related is not None:
        whole = queryset.model._default_manager.filter(pk__in=rows.values("pk")[: per + 1])
        rows = whole.select_related(*related).order_by(*(_ordering(key, backward) for key in keys))
    found = list(rows[: per + 1])
    more, found = len(found) > per, found[:per]
    if backward and position is not None:
        found.reverse()
        return Page(found, _encode(found, -1, keys), _encode(found, 0, keys) if more else None)
    return Page(found, _encode(found, -1, keys) if more else None, _encode(found, 0, keys) if position else None)


def _ordering(key: Key, backward: bool) -> Any:
    column = F(key.path)
    if key.descending != backward:
        return column.desc(nulls_first=True) if backward else column.desc(nulls_last=True)
    return column.asc(nulls_first=True) if backward else column.asc(nulls_last=True)


def _beyond(keys: Sequence[Key], position: Sequence[str | None], backward: bool) -> Q:
    """Rows that come after (or before) `position`: the usual chain, spelled out because values may be missing."""
    condition, equal = Q(), Q()
    for key, value in zip(keys, position, strict=True):
        step = _past(key, value, backward)
        if step is not None:
            condition |= equal & step
        equal &= Q(**{f"{key.path}__isnull": True}) if value is None else Q(**{key.path: value})
    return condition


def _past(key: Key, value: str | None, backward: bool) -> Q | None:
    if value is None:
        return Q(**{f"{key.path}__isnull": False}) if backward else None
    smaller = key.descending != backward
    condition = Q(**{f"{key.path}__{'lt' if smaller else 'gt'}": value})
    return condition if backward else condition | Q(**{f"{key.path}__isnull": True})


def _encode(rows: Sequence[M], index: int, keys: Sequence[Key]) -> str | None:
    if not rows:
        return None
    values = [_value(rows[index], key.path) for key in keys]
    text = json.dumps([None if value is None else str(value) for value in values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _value(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def is_cursor(text: str, length: int) -> bool:
    """Whether `text` can be read as a cursor of an order with `length` keys."""
    return _decode(text, length) is not None


def _decode(cursor: str, length: int) -> list[str | None] | None:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        return None
    if not isinstance(values, list) or len(values) != length:
        return None
    return values if all(value is None or isinstance(value, str) for value in values) else None
