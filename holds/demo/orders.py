"""Fifteen hundred orders: most of them pass, about one in twelve is stopped, for every reason there is."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from holds.demo.company import LATE, STOPPED, Row, Trader

ORDERS = 1_500
TROUBLED_ORDERS = 62
AGES = (12, 10, 8, 7, 6, 5, 4, 3, 2, 1, 0)
"""Days ago on which the demonstration's documents were posted, oldest first."""
_CENT = Decimal("0.01")
_ITEMS = ("Bearing set", "Cable drum", "Filter cartridge", "Work gloves", "Shelf unit", "Valve kit", "LED panel")


@dataclass(frozen=True)
class DemoOrder:
    """An order with the documents that the demonstration posts for it, and how many days ago."""

    row: Row
    documents: tuple[str, ...]
    age: int

    @property
    def key(self) -> str:
        """`NL01:SO-104001`."""
        return f"{self.row['legal_entity']}:{self.row['number']}"


_PATHS: tuple[tuple[str, ...], ...] = (
    (),
    ("confirmation",),
    ("confirmation", "packing_slip"),
    ("confirmation", "picking_list", "packing_slip"),
    ("confirmation", "packing_slip", "invoice"),
)


def orders(random: Random, today: dt.date, traders: list[Trader]) -> list[DemoOrder]:
    """The orders, oldest first; their numbers run on over the three entities."""
    healthy = [trader for trader in traders if trader.habit not in (LATE, STOPPED)]
    troubled = [trader for trader in traders if trader.habit in (LATE, STOPPED)]
    chosen = [random.choice(troubled) for _ in range(TROUBLED_ORDERS)]
    chosen += random.choices(healthy, weights=[trader.weight for trader in healthy], k=ORDERS - TROUBLED_ORDERS)
    random.shuffle(chosen)
    made = [_order(random, today, trader, serial) for serial, trader in enumerate(chosen)]
    _add_oddities(random, made)
    return sorted(made, key=lambda order: (-order.age, order.row["number"]))


def _order(random: Random, today: dt.date, trader: Trader, serial: int) -> DemoOrder:
    lines = [_line(random, trader, number) for number in range(1, random.randint(2, 4))]
    row = {
        "legal_entity": trader.entity,
        "number": f"SO-{104001 + serial}",
        "customer": trader.key,
        "currency": trader.row["currency"],
        "payment_terms": trader.row["payment_terms"],
        "cash_discount": trader.row["cash_discount"],
        "requested_ship_date": today + dt.timedelta(days=random.randint(0, 21)),
        "lines": lines,
    }
    path = random.choices(_PATHS, weights=(6, 44, 20, 14, 16))[0]
    return DemoOrder(row=row, documents=path, age=random.choice(AGES))


def _line(random: Random, trader: Trader, number: int) -> Row:
    quantity = Decimal(random.choice((1, 2, 5, 10, 20, 25)))
    value = trader.typical * Decimal(str(round(random.uniform(0.15, 0.6), 3)))
    return {
        "number": number,
        "item": random.choice(_ITEMS),
        "quantity": quantity,
        "unit_price": (value / quantity).quantize(_CENT) + _CENT,
        "discount_percent": Decimal(random.choice((0, 0, 0, 5))),
    }


def _add_oddities(random: Random, made: list[DemoOrder]) -> None:
    """Long terms, very large orders, an unknown currency, intercompany, excluded, prepaid: the rarer stories."""
    picked = iter(random.sample([order for order in made if len(order.documents) == 1], 40))
    for _ in range(10):
        next(picked).row["payment_terms"] = "N90"
    for _ in range(7):
        _scale(next(picked).row, Decimal(55_000))
    for _ in range(2):
        next(picked).row["currency"] = "SEK"
    for _ in range(4):
        next(picked).row["intercompany"] = True
    for _ in range(4):
        next(picked).row["payment_terms"] = "PREPAID"


def _scale(row: Row, target: Decimal) -> None:
    """Make the order worth about `target`."""
    for line in row["lines"]:
        line["unit_price"] = (target / len(row["lines"]) / line["quantity"]).quantize(_CENT)
        line["discount_percent"] = Decimal(0)
