"""The limit stack: what of a limit is in force, and why the rest is not (`domain 3.1`, ux 3.2)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from credit_mgmt.engine.stack import Component, Kind, Off, limit_stack

TODAY = dt.date(2026, 11, 20)
BASE = Component(Kind.BASE, Decimal(150_000), last=dt.date(2026, 12, 31))


def temporary(first: str, last: str, withdrawn: str | None = None) -> Component:
    taken_back = dt.date.fromisoformat(withdrawn) if withdrawn else None
    return Component(
        Kind.TEMPORARY, Decimal(180_000), dt.date.fromisoformat(first), dt.date.fromisoformat(last), taken_back
    )


@pytest.mark.parametrize(
    ("part", "off"),
    [
        (temporary("2026-11-01", "2026-11-30"), None),
        (temporary("2026-11-20", "2026-11-20"), None),
        (temporary("2026-11-21", "2026-11-30"), Off.NOT_YET),
        (temporary("2026-11-01", "2026-11-19"), Off.OVER),
        (temporary("2026-11-01", "2026-11-30", withdrawn="2026-11-21"), None),
        (temporary("2026-11-01", "2026-11-30", withdrawn="2026-11-20"), Off.WITHDRAWN),
        (temporary("2026-12-01", "2026-12-31", withdrawn="2026-12-01"), Off.NOT_YET),
        (Component(Kind.COVER, Decimal(1), dt.date(2026, 1, 1), dt.date(2026, 11, 19)), Off.OVER),
        (Component(Kind.BASE, Decimal(1), last=dt.date(2026, 1, 1)), None),
    ],
)
def test_a_part_by_itself(part: Component, off: Off | None) -> None:
    """An expired base limit still is the limit: the rule *credit limit expired* is another matter (domain 4.3)."""
    [line] = limit_stack([part], as_of=TODAY)
    assert (line.off, line.in_force) == (off, off is None)


@pytest.mark.parametrize(
    ("last", "withdrawn", "until"),
    [("2026-11-30", None, "2026-11-30"), ("2026-11-30", "2026-11-25", "2026-11-24")],
)
def test_a_temporary_limit_replaces_the_base_until_its_last_day(last: str, withdrawn: str | None, until: str) -> None:
    """ux 3.2: "off: temporary limit replaces base until 30 Nov"."""
    base, line = limit_stack([BASE, temporary("2026-11-01", last, withdrawn)], as_of=TODAY)
    assert (base.off, base.until, line.off) == (Off.REPLACED, dt.date.fromisoformat(until), None)


@pytest.mark.parametrize(
    ("flags", "off"),
    [({"unlimited": True}, Off.UNLIMITED), ({"tested": False}, Off.UNTESTED), ({"binds": False}, Off.GROUP)],
)
def test_what_turns_all_of_it_off(flags: dict[str, Any], off: Off) -> None:
    cover = Component(Kind.COVER, Decimal(20_000), dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    assert [line.off for line in limit_stack([BASE, cover], as_of=TODAY, **flags)] == [off, off]


def test_unlimited_wins_over_a_temporary_limit() -> None:
    """domain 2"""
    lines = limit_stack([BASE, temporary("2026-11-01", "2026-11-30")], as_of=TODAY, unlimited=True)
    assert [line.off for line in lines] == [Off.UNLIMITED, Off.UNLIMITED]
