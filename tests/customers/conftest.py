"""What the tests of the room start from: two legal entities, three currencies, and an actor that may do everything."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from customers.access import Actor, system_actor
from customers.imports import RowResult, upsert

Put = Callable[..., list[RowResult]]


@pytest.fixture
def actor() -> Actor:
    return system_actor("tests")


@pytest.fixture
def put(actor: Actor) -> Put:
    """Feed rows and insist that all of them were good, unless `fails` is set."""

    def feed(resource: str, *rows: dict[str, Any], fails: bool = False, **options: Any) -> list[RowResult]:
        options.setdefault("actor", actor)
        options.setdefault("today", None)
        results = upsert(resource, rows, **options)
        if not fails:
            assert [result.errors for result in results if result.errors] == []
        return results

    return feed


@pytest.fixture
def company(db: None, put: Put) -> None:
    """USMF (USD), DEMF (EUR); USD, EUR, JPY; a rate; N30, N60 and PREPAY; customer US-001 of each."""
    put("currencies", {"code": "USD"}, {"code": "EUR"}, {"code": "JPY", "minor_units": 0})
    put(
        "legal-entities",
        {"code": "USMF", "name": "Contoso US", "accounting_currency": "USD", "time_zone": "America/New_York"},
        {"code": "DEMF", "name": "Contoso DE", "accounting_currency": "EUR", "time_zone": "Europe/Berlin"},
    )
    put("payment-terms", {"code": "N30", "net_days": 30, "rank": 1}, {"code": "N60", "net_days": 60, "rank": 2})
    put("cash-discounts", {"code": "D2", "percent": Decimal(2), "rank": 1})
    put("customers", {"key": "USMF:US-001", "currency": "USD"}, {"key": "DEMF:DE-001", "currency": "EUR"})
