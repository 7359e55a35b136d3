"""What stands behind some customers: credit insurance for the larger ones, guarantees for a few others."""

import datetime as dt
from decimal import Decimal

from holds.demo.company import Row, Trader

INSURERS: list[Row] = [
    {"number": "INS-NORDIC", "name": "Nordic Credit Insurance", "country": "SE"},
    {"number": "INS-KOMPASS", "name": "Kompass Kreditversicherung AG", "country": "DE"},
    {"number": "BANK-HARBOR", "name": "Harbor Commercial Bank", "country": "US"},
]
POLICY_TYPES: list[Row] = [
    {"code": "TURNOVER", "identifier": "insurance", "description": "Whole turnover policy"},
    {"code": "SINGLE", "identifier": "insurance", "description": "Single buyer policy"},
    {"code": "BANK", "identifier": "guarantee", "description": "Bank guarantee"},
    {"code": "PARENT", "identifier": "guarantee", "description": "Parent company guarantee"},
]
COVERAGE_TYPES: list[Row] = [
    {"code": "DELIVERED", "description": "From delivery on"},
    {"code": "MAKING", "description": "Making and delivery"},
]
EVERY = 17
"""Each seventeenth customer has cover: about two dozen, over all three entities."""

# Days until it began and until it ends, what of it counts, and whether exposure includes it; taken in turn.
_AGREED: tuple[Row, ...] = (
    {"type": "TURNOVER", "coverage_type": "DELIVERED", "insurer": "INS-NORDIC", "update_percent": Decimal(40),
     "begins": -200, "ends": 165},
    {"type": "BANK", "insurer": "BANK-HARBOR", "update_percent": Decimal(100), "begins": -90, "ends": 21},
    {"type": "TURNOVER", "coverage_type": "DELIVERED", "insurer": "INS-KOMPASS", "update_percent": Decimal(50),
     "begins": -30, "ends": 335, "included_in_exposure": True},
    {"type": "SINGLE", "coverage_type": "MAKING", "insurer": "INS-KOMPASS", "update_percent": Decimal(30),
     "begins": -400, "ends": -36},
    {"type": "PARENT", "counts": Decimal("0.25"), "begins": -300, "ends": 430},
    {"type": "SINGLE", "coverage_type": "MAKING", "insurer": "INS-NORDIC", "update_percent": Decimal(60),
     "begins": 25, "ends": 390, "currency": "GBP"},
)  # fmt: skip


def policies(traders: list[Trader], today: dt.date) -> list[Row]:
    """Policies and guarantees; no dice, so that everything else of the company stays as it is."""
    insured = traders[::EVERY]
    return [_policy(trader, _AGREED[turn % len(_AGREED)], turn, today) for turn, trader in enumerate(insured)]


def _policy(trader: Trader, agreed: Row, turn: int, today: dt.date) -> Row:
    value = trader.typical * 6
    row = {name: given for name, given in agreed.items() if name not in {"begins", "ends", "counts"}}
    if "counts" in agreed:
        row["update_amount"] = value * agreed["counts"]
    return {
        "customer": trader.key,
        "identification": f"{agreed['type'][:2]}-{7700 + turn}",
        "effective_on": today + dt.timedelta(days=agreed["begins"]),
        "expires_on": today + dt.timedelta(days=agreed["ends"]),
        "value": value,
        "currency": trader.row["currency"],
        **row,
    }
