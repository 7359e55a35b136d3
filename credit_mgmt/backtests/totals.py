"""The table of a backtest, added up of its rows (`ux` 3.10): now, with the tried rules, and the difference.

It reconciles because every order is in exactly one of *late*, *written off*, *on time* and *not yet known*.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from django.db.models import Count, Sum

from credit_mgmt.models.backtests import Backtest, BacktestRow, Became
from customers.money import ZERO, amount_text

Json = dict[str, Any]
_CENT = Decimal("0.01")


class Cell(NamedTuple):
    """Orders that are alike in everything that is counted, and their value in `currency`."""

    stopped_now: bool
    stopped_then: bool
    otherwise: bool
    released_now: bool
    released_then: bool
    became: str
    currency: str
    orders: int
    value: Decimal


def cells_of(backtest: Backtest) -> list[Cell]:
    """The rows of a backtest, added up; one query."""
    rows = BacktestRow.objects.filter(backtest=backtest).order_by().values_list(*Cell._fields[:7])
    counted = rows.annotate(orders=Count("pk"), total=Sum("value"))
    return [Cell._make((*alike, orders, value or ZERO)) for *alike, orders, value in counted]


def table_of(cells: Iterable[Cell], *, days: int, by_rule: bool, minor_units: Mapping[str, int]) -> Json:
    """The table as it is kept with the backtest; `minor_units` by currency, for the amounts.

    `otherwise` and `new_work` are of orders that something else holds too; without `by_rule` there is no such thing,
    as *stopped* is the outcome of all rules together.
    """
    known = list(cells)
    orders = _compared(known, lambda cell: True)
    otherwise = _compared(known, lambda cell: cell.otherwise) if by_rule else None
    return {
        "orders": orders,
        "became": {name: _compared(known, _which_became(name)) for name in Became.values},
        "otherwise": otherwise,
        "new_work": orders["difference"] - (otherwise["difference"] if otherwise else 0),
        "newly_stopped": sum(cell.orders for cell in known if cell.stopped_then and not cell.stopped_now),
        "no_longer_stopped": sum(cell.orders for cell in known if cell.stopped_now and not cell.stopped_then),
        "released": _difference(
            sum(cell.orders for cell in known if cell.released_now),
            sum(cell.orders for cell in known if cell.released_then),
        ),
        "per_day": str((Decimal(orders["difference"]) / days).quantize(_CENT, rounding=ROUND_HALF_UP)),
        "values": [_value(known, currency, minor_units) for currency in sorted({cell.currency for cell in known})],
    }


def _which_became(name: str) -> Callable[[Cell], bool]:
    return lambda cell: cell.became == name


def _compared(cells: Iterable[Cell], counts: Callable[[Cell], bool]) -> Json:
    """Orders stopped now and then, of the cells that count."""
    chosen = [cell for cell in cells if counts(cell)]
    now = sum(cell.orders for cell in chosen if cell.stopped_now)
    return _difference(now, sum(cell.orders for cell in chosen if cell.stopped_then))


def _difference(now: int, then: int) -> Json:
    return {"now": now, "then": then, "difference": then - now}


def _value(cells: Iterable[Cell], currency: str, minor_units: Mapping[str, int]) -> Json:
    """The value of the orders stopped, in one accounting currency: text, with the currency's decimals."""
    mine = [cell for cell in cells if cell.currency == currency]
    now = sum((cell.value for cell in mine if cell.stopped_now), ZERO)
    then = sum((cell.value for cell in mine if cell.stopped_then), ZERO)
    units = minor_units.get(currency, 2)
    amounts = {"now": now, "then": then, "difference": then - now}
    return {"currency": currency, **{name: amount_text(amount, units) for name, amount in amounts.items()}}
