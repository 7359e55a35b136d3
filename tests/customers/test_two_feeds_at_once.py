"""Feeds that meet: the database notices, and the second one is run again (Note [Two feeds at once])."""

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from customers.access import system_actor
from customers.errors import Refused
from customers.imports import upsert
from customers.models import CustomerTransaction, DueItem, SalesOrder, Settlement
from customers.payments import reverse_payment
from tests.customers.conftest import Put

pytestmark = pytest.mark.django_db(transaction=True)

ACTOR = system_actor("tests")
TODAY = dt.date(2026, 1, 20)
RACERS = 8
INVOICE = {
    "key": "USMF:I-1", "customer": "USMF:US-001", "invoice_date": TODAY, "due_date": TODAY, "amount": Decimal(100)
}  # fmt: skip


def race(run: Callable[[int], str]) -> Counter[str]:
    """Start `run(0)` … `run(7)` at the same moment; count what they return."""
    start, outcomes = threading.Barrier(RACERS), []

    def runner(number: int) -> None:
        try:
            start.wait(10)
            outcomes.append(run(number))
        finally:
            connection.close()

    threads = [threading.Thread(target=runner, args=(number,)) for number in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(outcomes) == RACERS
    return Counter(outcomes)


def feed(resource: str, row: dict[str, Any]) -> str:
    [result] = upsert(resource, [row], actor=ACTOR, today=None)
    return result.status


def pay(number: int, amount: int) -> str:
    row = {
        "key": f"USMF:P-{number}", "customer": "USMF:US-001", "date": TODAY, "amount": Decimal(amount),
        "settlements": [{"invoice": "USMF:I-1", "amount": Decimal(amount)}],
    }  # fmt: skip
    return feed("payments", row)


@pytest.fixture(autouse=True)
def billed(company: None, put: Put) -> None:
    put("invoices", INVOICE)


def test_payments_that_race_for_an_invoice_never_settle_above_its_open_amount() -> None:
    assert race(lambda number: pay(number, 40)) == {"created": 2, "failed": RACERS - 2}
    assert DueItem.objects.get(amount=100).open_amount == 20


def test_the_same_payment_sent_by_all_is_made_once() -> None:
    assert race(lambda _: pay(1, 40)) == {"created": 1, "unchanged": RACERS - 1}
    assert (Settlement.objects.count(), DueItem.objects.get(amount=100).open_amount) == (1, 60)


def test_an_amount_corrected_by_all_is_corrected_once() -> None:
    race(lambda _: feed("invoices", INVOICE | {"amount": Decimal(120)}))
    item = DueItem.objects.get()
    assert (item.amount, item.open_amount) == (120, 120)


def test_a_payment_is_reversed_once() -> None:
    pay(1, 40)

    def reverse(_: int) -> str:
        try:
            reverse_payment(key="USMF:P-1", actor=ACTOR, on=TODAY)
        except Refused as refusal:
            return refusal.code
        return "reversed"

    assert race(reverse) == {"reversed": 1, "already_reversed": RACERS - 1}
    assert DueItem.objects.get(amount=100).open_amount == 100


def test_invoices_that_race_for_an_order_are_all_taken_from_it(put: Put) -> None:
    line = {"quantity": Decimal(10), "unit_price": Decimal(100)}
    put("sales-orders", {"key": "USMF:SO-1", "customer": "USMF:US-001", "lines": [line]})
    linked = INVOICE | {"sales_order": "USMF:SO-1"}
    race(lambda number: feed("invoices", linked | {"key": f"USMF:L-{number}"}))
    assert CustomerTransaction.objects.filter(sales_order__number="SO-1").count() == RACERS
    assert SalesOrder.objects.get().uninvoiced_amount == 1000 - RACERS * 100


def test_an_order_written_by_all_is_one_of_what_they_wrote(put: Put) -> None:
    def order(number: int) -> dict[str, Any]:
        lines = [{"number": n, "quantity": Decimal(number), "unit_price": Decimal(1)} for n in range(1, 4)]
        return {"key": "USMF:SO-1", "customer": "USMF:US-001", "lines": lines}

    put("sales-orders", order(1))
    race(lambda number: feed("sales-orders", order(number + 2)))
    written = SalesOrder.objects.get()
    quantities = set(written.lines.values_list("quantity", flat=True))
    assert len(quantities) == 1
    assert written.amount == 3 * quantities.pop()
