"""What became of an order's invoices: one answer each, so that the answers add up (`ux` 3.10)."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest

from credit_mgmt.backtests.outcomes import Item, became, outcomes_of
from customers.models import SalesOrder
from tests.credit_mgmt.backtests.world import TODAY, a_customer, invoice, orders_of, settle

DUE = TODAY - dt.timedelta(days=60)
OPEN, PAID = Decimal(10), Decimal(0)


def after(days: int) -> dt.date:
    return DUE + dt.timedelta(days=days)


@pytest.mark.parametrize(
    ("items", "complete", "expected"),
    [
        ([], True, "unknown"),
        ([Item(DUE, PAID, after(0))], True, "on_time"),
        ([Item(DUE, PAID, after(-20))], True, "on_time"),
        ([Item(DUE, PAID, after(30))], True, "on_time"),
        ([Item(DUE, PAID, after(31))], True, "late"),
        ([Item(DUE, PAID, after(0))], False, "unknown"),
        ([Item(DUE, PAID, after(31))], False, "late"),
        ([Item(DUE, OPEN)], True, "late"),
        ([Item(TODAY - dt.timedelta(days=30), OPEN)], True, "unknown"),
        ([Item(TODAY - dt.timedelta(days=31), OPEN)], True, "late"),
        ([Item(DUE, OPEN, after(1))], True, "late"),
        ([Item(DUE, PAID, after(0)), Item(TODAY, OPEN)], True, "unknown"),
        ([Item(DUE, PAID, after(0)), Item(DUE, PAID, after(40))], True, "late"),
        ([Item(DUE, PAID, after(40), written_off=True)], True, "written_off"),
        ([Item(DUE, OPEN, after(40), written_off=True)], False, "written_off"),
        ([Item(DUE, PAID)], True, "on_time"),
    ],
)
def test_one_answer_for_all_due_items(items: list[Item], complete: bool, expected: str) -> None:
    assert became(items, complete=complete, as_of=TODAY) == expected


def on_time(order: SalesOrder) -> None:
    settle(invoice(order, DUE), DUE)


def late_in_parts(order: SalesOrder) -> None:
    item = invoice(order, DUE)
    settle(item, DUE, amount=Decimal(40))
    settle(item, after(31))


def paid_after_the_period(order: SalesOrder) -> None:
    settle(invoice(order, TODAY - dt.timedelta(days=10)), TODAY + dt.timedelta(days=1))


def written_off_in_part(order: SalesOrder) -> None:
    item = invoice(order, DUE)
    settle(item, DUE, amount=Decimal(40))
    settle(item, after(20), "write_off")


def credited(order: SalesOrder) -> None:
    settle(invoice(order, DUE), DUE, "credit_note")


def invoiced_in_part(order: SalesOrder) -> None:
    on_time(order)
    SalesOrder.objects.filter(pk=order.pk).update(uninvoiced_amount=50)


def invoiced_in_part_then_cancelled(order: SalesOrder) -> None:
    invoiced_in_part(order)
    SalesOrder.objects.filter(pk=order.pk).update(credit_status="cancelled")


def nothing(order: SalesOrder) -> None:
    """Not invoiced."""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("happens", "expected"),
    [
        (on_time, "on_time"),
        (late_in_parts, "late"),
        (paid_after_the_period, "unknown"),
        (written_off_in_part, "written_off"),
        (credited, "on_time"),
        (invoiced_in_part, "unknown"),
        (invoiced_in_part_then_cancelled, "on_time"),
        (nothing, "unknown"),
    ],
)
def test_what_the_ledger_says(happens: Callable[[SalesOrder], None], expected: str) -> None:
    [order] = orders_of(a_customer(), [100])
    happens(order)
    assert outcomes_of([order.pk], as_of=TODAY) == {order.pk: expected}


@pytest.mark.django_db
def test_any_number_of_orders_takes_two_queries(django_assert_num_queries: Callable[..., object]) -> None:
    orders = orders_of(a_customer(), [100] * 20)
    for order in orders:
        on_time(order)
    with django_assert_num_queries(2):  # type: ignore[attr-defined]
        assert set(outcomes_of([order.pk for order in orders], as_of=TODAY).values()) == {"on_time"}
