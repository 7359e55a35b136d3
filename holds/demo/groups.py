"""Demonstration customers that share one limit: one group over three legal entities, one over two (`domain 3.4`).

The first is tight, so that its members' orders meet the group's limit; in the second a member has no limit of its own,
and the group's stands in for it.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from holds.demo.company import Trader

Row = dict[str, Any]

MERIDIA, POLAR = "G-MERIDIA", "G-POLAR"
MEMBERS: dict[str, tuple[str, ...]] = {
    MERIDIA: ("NL01:C-10003", "DE01:C-10003", "US01:C-10003"),
    POLAR: ("NL01:C-10011", "DE01:C-10011"),
}
WITHOUT_OWN_LIMIT = frozenset({"DE01:C-10011"})
SAME_PARTY: dict[str, str] = {"DE01:C-10003": "NL01:C-10003", "US01:C-10014": "NL01:C-10011"}
"""Customers of one party, by key: the last one is not in the group yet, and is suggested."""
_IN_EUR = {"NL01": Decimal(1), "DE01": Decimal(1), "US01": Decimal("0.92")}
_ROOM = {MERIDIA: Decimal("2.20"), POLAR: Decimal("2.60")}


def join_parties(traders: Sequence[Trader]) -> None:
    """Give customers that are one organisation one party, before they are fed."""
    by_key = {trader.key: trader for trader in traders}
    for key, other in SAME_PARTY.items():
        by_key[key].row["party"] = by_key[other].row["party"]


def groups(owed: Mapping[str, Decimal], today: dt.date) -> list[Row]:
    """The groups with members and limits in euros: a little, or a lot, above what their members owe now."""
    return [
        {
            "number": number,
            "description": description,
            "currency": "EUR",
            "credit_limit": _limit(number, owed),
            "credit_limit_to": today + dt.timedelta(days=300),
            "use_member_days_overdue": number == MERIDIA,
            "members": list(MEMBERS[number]),
        }
        for number, description in ((MERIDIA, "Meridia group"), (POLAR, "Polar buying group"))
    ]


def _limit(number: str, owed: Mapping[str, Decimal]) -> Decimal:
    used = sum((owed.get(key, Decimal(0)) * _IN_EUR[key[:4]] for key in MEMBERS[number]), Decimal(0))
    return (round(used * _ROOM[number], -3) + 5_000).quantize(Decimal("0.01"))
