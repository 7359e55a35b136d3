"""Columns of a list: what each holds, as a value. Pages draw them, exports write them."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from customers.listing.address import Address

Row = TypeVar("Row")
Facts = TypeVar("Facts")
Value = str | Decimal | int | dt.date | dt.datetime | None


@dataclass(frozen=True, slots=True)
class Column(Generic[Row, Facts]):
    """One column. `value` is what it holds, typed; `sort` the word of the address that sorts by it.

    `related` is what rows must be read with for it. `unit` is the head in a file, where the page shows the unit in
    each cell.
    """

    name: str
    label: str
    value: Callable[[Row, Facts], Value]
    sort: str = ""
    right: bool = False
    money: bool = False
    related: tuple[str, ...] = ()
    unit: str = ""


def by_name(columns: Iterable[Column[Row, Facts]]) -> dict[str, Column[Row, Facts]]:
    """Columns as a list keeps them."""
    return {column.name: column for column in columns}


def chosen_columns(
    columns: Mapping[str, Column[Row, Facts]],
    address: Address,
    layout: Iterable[str],
    *,
    fixed: str,
    default: Sequence[str],
) -> tuple[Column[Row, Facts], ...]:
    """The columns of a list: those of its address, else of its view, else the reader's own, else the default.

    The column `fixed` always comes first, as it names the row. Unknown ones stand in `address.problems`.
    """
    asked = address.words("cols") or list(layout)
    unknown = [name for name in asked if name not in columns]
    address.problems += [f"“{name}” is not a known column." for name in unknown]
    names = [name for name in dict.fromkeys(asked) if name in columns] or list(default)
    return tuple(columns[name] for name in (fixed, *(name for name in names if name != fixed)))


def related_of(columns: Iterable[Column[Any, Any]], always: Iterable[str] = ()) -> tuple[str, ...]:
    """What the rows must be read with."""
    return tuple(dict.fromkeys([*always, *(path for column in columns for path in column.related)]))


def with_currency(
    columns: Sequence[Column[Row, Facts]], currency: Column[Row, Facts], *, mixed: bool
) -> tuple[Column[Row, Facts], ...]:
    """Where a list mixes currencies, each row names its own, left of its first amount."""
    first = next((place for place, column in enumerate(columns) if column.money), None)
    if not mixed or first is None or currency.name in {column.name for column in columns}:
        return tuple(columns)
    return (*columns[:first], currency, *columns[first:])
