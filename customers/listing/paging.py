"""The order of a list, and its pages by cursor: any order of any columns, ended by a unique one."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import F, IntegerField, Model, Q, QuerySet, Subquery

M = TypeVar("M", bound=Model)


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
    full: Any = None,
) -> Page[M]:
    """The page of `queryset` in the order of `keys` that follows `after` or precedes `before`. One query.

    With `related` the page is found by its keys alone and only its rows are read in full, with what is named: sorting
    a hundred thousand wide rows to show fifty costs ten times as much. `full` are the rows as they are read then, where
    more is read along with them than the model has. A cursor that cannot be read means the first
    page: it came from a link of another list.
    """
    backward = bool(before) and not after
    position = _decode(after or before, len(keys))
    rows = queryset.order_by(*(ordering_of(key, backward) for key in keys))
    if position is not None:
        try:
            rows = rows.filter(_beyond(keys, position, backward))
        except (ValidationError, ValueError):
            position = None
    if related is not None:
        source = queryset.model._default_manager.all() if full is None else full
        whole = source.filter(pk__in=rows.values("pk")[: per + 1])
        rows = whole.select_related(*related).order_by(*(ordering_of(key, backward) for key in keys))
    found = list(rows[: per + 1])
    more, found = len(found) > per, found[:per]
    if backward and position is not None:
        found.reverse()
        return Page(found, _encode(found, -1, keys), _encode(found, 0, keys) if more else None)
    return Page(found, _encode(found, -1, keys) if more else None, _encode(found, 0, keys) if position else None)


class CountUpTo(Subquery):
    """How many rows match, up to `most` and one more: read along with a page, it costs no statement of its own."""

    template = "(SELECT count(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()

    def __init__(self, queryset: QuerySet[Any], most: int, **extra: Any) -> None:
        super().__init__(queryset.order_by().values("pk")[: most + 1], **extra)


def ordering_of(key: Key, backward: bool = False) -> Any:
    """The term of ORDER BY; turned around for the page before."""
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
