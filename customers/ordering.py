"""Long lists in an order that an index has: a page costs the same wherever it is (`ux.md` measure 3).

`customers.listing.page_of` serves any order of any columns. Here every key is an expression that is never null, and a
place in the list is one row comparison, `(a, b, number) > (…)`: with an index of exactly these expressions the page is
read from that place on, however many rows come before it or after it.
"""

import base64
import binascii
import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from django.db.models import BooleanField, F, Func, Model, Q, QuerySet, Value
from django.db.models.expressions import Combinable

from customers.listing import Page

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class SortKey:
    """What a list can be sorted by: an expression that is never null, and how its value is read from a cursor.

    A `numeric` key can be turned by its sign, so that it stands in one index with keys of the other direction. `bound`
    is the path of a column of another table, for which the index needs a condition of its own.
    """

    expression: Any
    read: Callable[[str], Any] = str
    numeric: bool = False
    bound: str = ""
    turned: bool = False
    """Whether the sign was turned already."""


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list, ended by a unique key: expressions with their directions."""

    words: tuple[str, ...]
    keys: tuple[tuple[SortKey, bool], ...]
    """Each key, and whether it descends."""

    @property
    def alike(self) -> bool:
        """Whether all keys go in one direction, so that a place is one row comparison."""
        return len({descending for _, descending in self.keys}) == 1


def amount_of(text: str) -> Decimal:
    """A finite number of a cursor. Raises `ValueError`."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not number.is_finite():
        raise ValueError(text)
    return number


def moment_of(text: str) -> dt.datetime:
    """A moment of a cursor. Raises `ValueError`."""
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


def order_of(words: str, allowed: Mapping[str, SortKey], default: Sequence[str], last: str) -> Order:
    """Read `ship,-value`: the words that count, ended by the unique column `last` in the direction of the key before.

    Only names in `allowed` reach the database. A numeric key of another direction than the first is turned by its sign.
    """
    given = [word for word in words.split(",") if word.removeprefix("-") in allowed]
    chosen = list(dict.fromkeys(given)) or list(default)
    main = chosen[0].startswith("-")
    keys = [_turned(allowed[word.removeprefix("-")], word.startswith("-"), main) for word in chosen]
    return Order(tuple(chosen), (*keys, (SortKey(F(last)), keys[-1][1])))


def _turned(key: SortKey, descending: bool, main: bool) -> tuple[SortKey, bool]:
    if descending == main or not key.numeric:
        return key, descending
    return SortKey(-copy(key.expression), key.read, key.numeric, turned=True), main


class Beyond(Func):
    """`(keys…) > (values…)` or `<`: the rows after a place, as one comparison that an index understands."""

    output_field = BooleanField()

    def __init__(self, keys: Sequence[Any], values: Sequence[Any], operator: str) -> None:
        super().__init__(*keys, *(Value(value) for value in values))
        self.operator = operator

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """Both rows, written out."""
        parts, params = [], []
        for expression in self.source_expressions:
            sql, given = compiler.compile(expression)
            parts.append(sql)
            params += given
        half = len(parts) // 2
        return f"({', '.join(parts[:half])}) {self.operator} ({', '.join(parts[half:])})", params


class Sorted(Func):
    """An expression that no index has: the rows are found by their other conditions, then sorted."""

    template = "(SELECT %(expressions)s)"


def page_in_order(
    queryset: QuerySet[M],
    order: Order,
    *,
    per: int,
    after: str = "",
    before: str = "",
    related: Sequence[str] = (),
    few: bool = False,
) -> Page[M]:
    """The page of `queryset` in `order` that follows `after` or precedes `before`. One query.

    The page is found by its keys alone; only its rows are read in full, with what is `related`. A cursor that cannot be
    read means the first page: it came from a link of another list. `few` says that few rows match, so that finding and
    sorting them beats walking along the order past many that do not.
    """
    backward = bool(before) and not after
    place = place_of(after or before, order)
    backward = backward and place is not None
    keys = {f"_key{number}": copy(key.expression) for number, (key, _) in enumerate(order.keys)}
    if few:
        order = replace(order, keys=tuple((_unindexed(key), descending) for key, descending in order.keys))
    found = queryset if place is None else queryset.filter(beyond_of(order, place, backward))
    first = found.order_by(*directed_of(order, backward))
    whole = queryset.model._default_manager.filter(pk__in=first.values("pk")[: per + 1])
    whole = whole.select_related(*related) if related else whole
    rows: list[M] = list(whole.annotate(**keys).order_by(*_directed(order, [F(name) for name in keys], backward)))
    more, rows = len(rows) > per, rows[:per]
    if backward:
        rows.reverse()
        return Page(rows, _cursor(rows, -1, order), _cursor(rows, 0, order) if more else None)
    return Page(rows, _cursor(rows, -1, order) if more else None, _cursor(rows, 0, order) if place else None)


def _unindexed(key: SortKey) -> SortKey:
    """The key as no index has it: not by its order, and not by the place in it either."""
    return replace(key, expression=Sorted(copy(key.expression)), bound="")


def cursor_at(row: Model, order: Order) -> str:
    """The cursor that stands at `row`, whether or not the list has it any more. One query."""
    keys = {f"_key{number}": copy(key.expression) for number, (key, _) in enumerate(order.keys)}
    rows = list(type(row)._default_manager.filter(pk=row.pk).annotate(**keys))
    return _cursor(rows, 0, order) or ""


def rows_before(queryset: QuerySet[M], order: Order, cursor: str) -> QuerySet[M]:
    """The rows of `queryset` that come before `cursor` in `order`; none for a cursor of another list."""
    place = place_of(cursor, order)
    return queryset.none() if place is None else queryset.filter(beyond_of(order, place, backward=True))


def directed_of(order: Order, backward: bool) -> list[Any]:
    """The terms of ORDER BY; turned around for the page before."""
    return _directed(order, [copy(key.expression) for key, _ in order.keys], backward)


def _directed(order: Order, expressions: Sequence[Combinable], backward: bool) -> list[Any]:
    pairs = zip(expressions, (descending for _, descending in order.keys), strict=True)
    return [item.desc() if descending != backward else item.asc() for item, descending in pairs]  # type: ignore[attr-defined]


def beyond_of(order: Order, place: Sequence[Any], backward: bool) -> Q:
    """The rows after (or before) `place`."""
    if order.alike:
        operator = "<" if order.keys[0][1] != backward else ">"
        condition = Q(Beyond([copy(key.expression) for key, _ in order.keys], place, operator))
    else:
        condition = _chain(order, place, backward)
    return condition & _bound(order, place, backward)


def _chain(order: Order, place: Sequence[Any], backward: bool) -> Q:
    """The same where directions differ: beyond in the first key, or equal there and beyond in the next, and so on."""
    condition, equal = Q(), Q()
    for (key, descending), value in zip(order.keys, place, strict=True):
        operator = "<" if descending != backward else ">"
        condition |= equal & Q(Beyond([copy(key.expression)], [value], operator))
        equal &= Q(Beyond([copy(key.expression)], [value], "="))
    return condition


def _bound(order: Order, place: Sequence[Any], backward: bool) -> Q:
    key, descending = order.keys[0]
    if not key.bound:
        return Q()
    return Q(**{f"{key.bound}__{'lte' if descending != backward else 'gte'}": place[0]})


def _cursor(rows: Sequence[Model], index: int, order: Order) -> str | None:
    if not rows:
        return None
    return cursor_of([getattr(rows[index], f"_key{number}") for number in range(len(order.keys))])


def cursor_of(values: Sequence[Any]) -> str:
    """The place of a row, from the values of its keys."""
    texts = [value.isoformat() if isinstance(value, dt.date) else str(value) for value in values]
    return base64.urlsafe_b64encode(json.dumps(texts, separators=(",", ":")).encode()).decode().rstrip("=")


def place_of(cursor: str, order: Order) -> list[Any] | None:
    """The values that a cursor names, or None where it is none of this order."""
    if not cursor:
        return None
    try:
        texts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(texts, list) or not all(isinstance(text, str) and "\0" not in text for text in texts):
            return None
        return [key.read(text) for (key, _), text in zip(order.keys, texts, strict=True)]
    except (binascii.Error, ValueError):
        return None
