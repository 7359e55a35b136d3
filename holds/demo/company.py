"""Who trades: legal entities, reference data, demo users, and four hundred customers that read like companies."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from customers.models import Role

Row = dict[str, Any]

LEGAL_ENTITIES: list[Row] = [
    {
        "code": "NL01",
        "name": "Meridian Supply NL BV",
        "accounting_currency": "EUR",
        "time_zone": "Europe/Amsterdam",
    },
    {
        "code": "DE01",
        "name": "Meridian Supply GmbH",
        "accounting_currency": "EUR",
        "time_zone": "Europe/Berlin",
    },
    {"code": "US01", "name": "Meridian Supply Inc.", "accounting_currency": "USD", "time_zone": "America/New_York"},
]
CUSTOMERS_PER_ENTITY = {"NL01": 180, "DE01": 120, "US01": 100}

CURRENCIES: list[Row] = [
    {"code": "EUR", "minor_units": 2},
    {"code": "USD", "minor_units": 2},
    {"code": "GBP", "minor_units": 2},
    {"code": "SEK", "minor_units": 2},
]
"""SEK has no exchange rate on purpose: an order in it cannot be evaluated, and must be held (domain 4.9)."""

PAYMENT_TERMS: list[Row] = [
    {"code": "PREPAID", "description": "Payment in advance", "net_days": 0, "rank": 5, "uses_credit": False},
    {"code": "N14", "description": "Net 14 days", "net_days": 14, "rank": 10},
    {"code": "N30", "description": "Net 30 days", "net_days": 30, "rank": 20},
    {"code": "N60", "description": "Net 60 days", "net_days": 60, "rank": 30},
    {"code": "N90", "description": "Net 90 days", "net_days": 90, "rank": 40},
]
CASH_DISCOUNTS: list[Row] = [
    {"code": "1D10", "description": "1 % within 10 days", "percent": Decimal(1), "rank": 10},
    {"code": "2D10", "description": "2 % within 10 days", "percent": Decimal(2), "rank": 20},
    {"code": "3D14", "description": "3 % within 14 days", "percent": Decimal(3), "rank": 30},
]
MANAGEMENT_GROUPS: list[Row] = [
    {"code": "WHOLESALE", "description": "Wholesale and distribution"},
    {"code": "RETAIL", "description": "Retail chains and shops"},
    {"code": "PROJECT", "description": "Project and contract business"},
    {"code": "PUBLIC", "description": "Public bodies"},
]
ACCOUNT_STATUSES: list[Row] = [
    {"code": "NORMAL", "description": "Normal", "processing_hold": "none"},
    {"code": "WATCH", "description": "Under watch", "processing_hold": "none"},
    {"code": "LEGAL", "description": "In legal collection", "processing_hold": "all"},
]
REASONS: list[Row] = [
    {"type": "hold", "code": "DISPUTE", "description": "Goods or invoice in dispute", "legal_entity": None},
    {"type": "hold", "code": "NL-FRAUD", "description": "Address under investigation", "legal_entity": "NL01"},
    {"type": "hold", "code": "US-EXPORT", "description": "Export papers missing", "legal_entity": "US01"},
    {"type": "release", "code": "PAID", "description": "Payment confirmed", "legal_entity": None},
    {"type": "release", "code": "PROMISE", "description": "Promise to pay accepted", "legal_entity": None},
    {"type": "release", "code": "NL-MGR", "description": "Approved by credit manager", "legal_entity": "NL01"},
    {"type": "release", "code": "DE-MGR", "description": "Approved by credit manager", "legal_entity": "DE01"},
    {"type": "release", "code": "US-MGR", "description": "Approved by credit manager", "legal_entity": "US01"},
    {"type": "release", "code": "CHANGED", "description": "Order changed, nothing blocks it", "legal_entity": None},
    {"type": "release", "code": "CANCELLED", "description": "Order was cancelled", "legal_entity": None},
    {"type": "status", "code": "LATE", "description": "Pays late", "legal_entity": None},
]

_FIRST_NAMES = """
    Harbour Lane, Brightwater, Kestrel, Solano, Nordkap, Pelham, Atlas, Lindqvist, Ashgrove, Calder,
    Blackthorn, Dunmore, Eastgate, Fairfield, Granite, Hawthorn, Ironbridge, Juniper, Kingsway, Delta,
    Larkspur, Millbrook, Northgate, Oakridge, Pinecrest, Quarry, Redwood, Silverton, Thornbury, Alder, Upland,
    Vantage, Westmoor, Yarrow, Beacon, Copper, Elmstone, Foxglove, Glenmore, Hollis
"""
_SECOND_NAMES = {
    "NL01": "Foods, Dental, Outdoor, Tools, Marine, Bouw, Techniek, Groothandel, Textiel, Logistiek",
    "DE01": "Maschinenbau, Elektro, Baustoffe, Medizintechnik, Werkzeuge, Handel, Verpackung",
    "US01": "Supply, Hardware, Industries, Medical, Outfitters, Packaging",
}
_FORM = {"NL01": "BV", "DE01": "GmbH", "US01": "Inc."}
_COUNTRY = {"NL01": ("NL", "NL", "NL", "BE"), "DE01": ("DE", "DE", "AT"), "US01": ("US",)}


@dataclass(frozen=True)
class DemoUser:
    """A demo login; `entity` narrows the role to one legal entity."""

    username: str
    name: str
    role: Role
    entity: str | None = None

    @property
    def password(self) -> str:
        """Only ever used with `CREDIT_DEMO`: a deployment refuses to start while demo users exist."""
        return f"{self.username}-demo-2026"


USERS = (
    DemoUser("clerk", "Mira Visser", Role.CREDIT_CLERK),
    DemoUser("clerk-nl", "Jan de Wit", Role.CREDIT_CLERK, "NL01"),
    DemoUser("manager", "Johanna Wolff", Role.CREDIT_MANAGER),
    DemoUser("admin", "Tomas Okafor", Role.CREDIT_ADMINISTRATOR),
    DemoUser("viewer", "Ines Duarte", Role.VIEWER),
    DemoUser("sales", "Tariq Osman", Role.SALES_VIEWER),
    DemoUser("auditor", "Arthur Penn", Role.AUDITOR),
)


@dataclass(frozen=True)
class Habit:
    """How a customer pays: days after the due date, and for how many days it has stopped paying."""

    name: str
    earliest: int
    latest: int
    silent_for: int = 0


PROMPT, EASY, SLOW = Habit("prompt", -6, 1), Habit("easy", -3, 5), Habit("slow", 1, 14)
LATE, STOPPED = Habit("late", 15, 50), Habit("stopped", 5, 25, 110)
_HABITS = (PROMPT,) * 45 + (EASY,) * 32 + (SLOW,) * 12 + (LATE,) * 6 + (STOPPED,) * 5


@dataclass(frozen=True)
class Trader:
    """A demonstration customer: its master data, and what drives its behaviour."""

    entity: str
    account: str
    habit: Habit
    typical: Decimal
    weight: float
    net_days: int
    row: Row

    @property
    def key(self) -> str:
        """`NL01:C-10001`."""
        return f"{self.entity}:{self.account}"


def traders(random: Random, today: dt.date) -> list[Trader]:
    """Four hundred customers over the three entities, the largest first within each."""
    found = []
    for entity, count in CUSTOMERS_PER_ENTITY.items():
        names = [f"{first} {second}" for second in _words(_SECOND_NAMES[entity]) for first in _words(_FIRST_NAMES)]
        random.shuffle(names)
        for position, name in enumerate(names[:count]):
            found.append(_trader(random, today, entity, position, name))
    return found


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


def _trader(random: Random, today: dt.date, entity: str, position: int, name: str) -> Trader:
    habit = random.choice(_HABITS)
    terms = random.choices(PAYMENT_TERMS[1:4], weights=(2, 7, 2))[0]
    since = today - dt.timedelta(days=random.randint(400, 6000))
    account = f"C-{10001 + position}"
    number = f"P-{entity}-{10001 + position}"
    row = {
        "legal_entity": entity,
        "account": account,
        "name": f"{name} {_FORM[entity]}",
        "party": number,
        "country": random.choice(_COUNTRY[entity]),
        "currency": "USD" if entity == "US01" else "EUR",
        "payment_terms": terms["code"],
        "cash_discount": random.choice((None, None, "1D10", "2D10")),
        "credit_management_group": random.choice([group["code"] for group in MANAGEMENT_GROUPS]),
        "account_status": "WATCH" if habit is LATE and random.random() < 0.5 else "NORMAL",
        "customer_since": since,
        "business_started_on": since - dt.timedelta(days=random.randint(200, 9000)),
        "sales_person": random.choice(("T. Okafor", "L. Bergman", "S. Carver", "M. Aydin")),
    }
    return Trader(
        entity=entity,
        account=account,
        habit=habit,
        typical=Decimal(random.choice((400, 700, 1200, 2500, 4000, 9000))),
        weight=1 / (1 + position) ** 0.6,
        net_days=int(terms["net_days"]),
        row=row,
    )
