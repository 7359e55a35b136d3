"""What customers owe and will owe, from the database (`domain 3`)."""

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pytest

from credit_mgmt.engine.decision import Decision
from credit_mgmt.engine.facts import Part
from credit_mgmt.exposure import position_of
from credit_mgmt.owed import Counting, orders_that_use_credit, overdue_items, owed_by, receivables_on
from customers.models import Customer, DueItem, SalesOrder, Settlement
from tests import factories as make
from tests.factories_credit import TODAY, BlockingRuleFactory, approve, customer_with_limit, give_limit

pytestmark = pytest.mark.django_db

Decide = Callable[[SalesOrder], Decision]
Change = Callable[..., None]


def exposure(customer: Customer, day: dt.date = TODAY) -> tuple[Decimal | None, ...]:
    position = position_of(customer, day)
    return (position.total, position.balance, position.delivered, position.ordered)


def amounts(*texts: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(text) for text in texts)


def total(rows: Iterable[Any], name: str) -> Decimal:
    """The sum of an annotation, added up row by row."""
    return sum((getattr(row, name) for row in rows), Decimal(0))


@pytest.fixture
def busy() -> Customer:
    """Owes 1,000, has paid 200 on account; of an approved order of 500, 300 are delivered and 100 of those invoiced."""
    customer = customer_with_limit("10000")
    make.InvoiceFactory(customer=customer, amount=Decimal(1000))
    make.PaymentFactory(customer=customer, amount=Decimal(200))
    order = make.SalesOrderFactory(
        customer=customer, amount=Decimal(500), uninvoiced_amount=Decimal(400), delivered_uninvoiced_amount=Decimal(200)
    )
    approve(order)
    return customer


@pytest.mark.parametrize(
    ("limit_type", "expected"),
    [
        ("balance", ("800", "800", "0", "0")),
        ("balance_packing_slip", ("1000", "800", "200", "0")),
        ("balance_all", ("1200", "800", "200", "200")),
        ("none", ("1200", "800", "200", "200")),
    ],
)
def test_exposure_is_made_of_what_the_credit_limit_type_says(
    busy: Customer, parameters: Change, limit_type: str, expected: tuple[str, ...]
) -> None:
    """domain 3.2"""
    parameters(credit_limit_type=limit_type)
    assert exposure(busy) == amounts(*expected)


def test_unapplied_payments_make_exposure_negative() -> None:
    """domain 3.2"""
    customer = customer_with_limit("100")
    make.PaymentFactory(customer=customer, amount=Decimal(250))
    assert exposure(customer)[0] == Decimal(-250)
    assert position_of(customer, TODAY).available == Decimal(350)


def test_an_order_counts_once_it_is_approved_and_by_what_is_left_of_it_now(parameters: Change) -> None:
    """domain 3.2"""
    customer = customer_with_limit("1000")
    order = make.SalesOrderFactory(customer=customer, amount=Decimal(300))
    assert exposure(customer)[0] == 0
    approve(order)
    assert exposure(customer)[0] == 300
    SalesOrder.objects.update(amount=400, uninvoiced_amount=400)
    assert exposure(customer)[0] == 400
    SalesOrder.objects.update(document_status="invoice")
    assert exposure(customer)[0] == 0


def test_every_open_order_counts_where_the_parameter_says_all(parameters: Change) -> None:
    """domain 3.2: what Dynamics does"""
    parameters(open_orders_that_use_credit="all")
    customer = customer_with_limit("1000")
    make.SalesOrderFactory(customer=customer, amount=Decimal(300), credit_status="on_hold")
    make.SalesOrderFactory(customer=customer, amount=Decimal(300), credit_status="cancelled")
    assert exposure(customer)[0] == 300


def test_an_order_on_terms_that_use_no_credit_counts_nothing() -> None:
    """domain 2, 3.2"""
    customer = customer_with_limit("1000", payment_terms=make.PaymentTermsFactory(code="PREPAY", uses_credit=False))
    approve(make.SalesOrderFactory(customer=customer, amount=Decimal(300)))
    assert exposure(customer)[0] == 0


@pytest.mark.parametrize("basis", ["approved", "all"])
def test_an_order_counts_itself_exactly_once(decide: Decide, parameters: Change, basis: str) -> None:
    """domain 3.2: exposure after the order = exposure without it + its uninvoiced amount, at every checkpoint"""
    parameters(open_orders_that_use_credit=basis)
    customer = customer_with_limit("1000")
    order = make.SalesOrderFactory(customer=customer, amount=Decimal(300))
    for _ in range(2):
        figures = decide(order).figures
        assert figures is not None
        assert (figures["exposure_without"], figures["exposure_after"]) == ("0.00", "300.00")
        if not hasattr(order, "commitment"):
            approve(order)


def test_orders_of_a_customer_use_the_credit_of_its_invoice_account() -> None:
    """domain 1"""
    payer = customer_with_limit("1000")
    branch = make.CustomerFactory(invoice_account=payer)
    approve(make.SalesOrderFactory(customer=branch, amount=Decimal(300)))
    assert (exposure(payer)[0], exposure(branch)[0]) == (300, 0)


def test_overdue_is_what_is_due_before_today_and_open() -> None:
    """domain 3.3"""
    customer = make.CustomerFactory()
    for number, due in (("LATE", 60), ("LATER", 10), ("TODAY", 0), ("SOON", -5)):
        make.InvoiceFactory(
            customer=customer, number=number, amount=Decimal(100), due_date=TODAY - dt.timedelta(days=due)
        )
    position = position_of(customer, TODAY)
    assert (position.overdue_amount, position.days_overdue, position.oldest_overdue) == (200, 60, "LATE")
    assert {bucket.label: bucket.amount for bucket in position.ageing} == {
        "not due": 200, "1-30": 100, "31-60": 100, "61-90": 0, "over 90": 0, "unapplied": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("days", "bucket"),
    [(1, "1-30"), (30, "1-30"), (31, "31-60"), (60, "31-60"), (61, "61-90"), (90, "61-90"), (91, "over 90")],
)
def test_ageing_buckets_meet_without_gap_or_overlap(days: int, bucket: str) -> None:
    """domain 3.3"""
    customer = make.CustomerFactory()
    make.InvoiceFactory(customer=customer, amount=Decimal(7), due_date=TODAY - dt.timedelta(days=days))
    assert [each.label for each in position_of(customer, TODAY).ageing if each.amount] == [bucket]


def test_a_forgotten_small_item_is_not_overdue_where_the_parameter_ignores_it(parameters: Change) -> None:
    """domain 3.3: ignore open items below, an amount in the accounting currency, also for items in another one"""
    make.ExchangeRateFactory()  # 1 EUR = 1.25 USD
    customer = make.CustomerFactory()
    make.InvoiceFactory(customer=customer, amount=Decimal("0.40"), due_date=TODAY - dt.timedelta(days=400))
    euro = make.CurrencyFactory(code="EUR")
    make.InvoiceFactory(customer=customer, currency=euro, amount=Decimal("0.90"), due_date=TODAY - dt.timedelta(days=9))
    assert position_of(customer, TODAY).days_overdue == 400
    parameters(ignore_open_items_below=Decimal(1))
    position = position_of(customer, TODAY)
    assert (position.days_overdue, position.overdue_amount) == (9, Decimal("1.13"))
    parameters(ignore_open_items_below=Decimal(2))
    assert position_of(customer, TODAY).days_overdue == 0
    assert position_of(customer, TODAY).balance == Decimal("1.53")  # ignored as overdue, owed all the same


def test_disputed_amounts_count_as_overdue_unless_the_parameter_says_no(parameters: Change) -> None:
    """domain 3.3"""
    customer = make.CustomerFactory()
    invoice = make.InvoiceFactory(customer=customer, amount=Decimal(100), due_date=TODAY - dt.timedelta(days=9))
    DueItem.objects.filter(transaction=invoice).update(disputed_amount=60)
    assert position_of(customer, TODAY).overdue_amount == 100
    parameters(disputed_amounts_count_as_overdue=False)
    assert (position_of(customer, TODAY).overdue_amount, position_of(customer, TODAY).days_overdue) == (40, 9)
    DueItem.objects.filter(transaction=invoice).update(disputed_amount=100)
    assert position_of(customer, TODAY).days_overdue == 0


def test_another_day_sees_what_was_open_then() -> None:
    """domain 1: transactions and settlements dated up to that day; orders as they are now"""
    customer = customer_with_limit("1000")
    invoice = make.InvoiceFactory(customer=customer, amount=Decimal(100), due_date=TODAY - dt.timedelta(days=30))
    payment = make.PaymentFactory(customer=customer, amount=Decimal(100), date=TODAY)
    debit, credit = DueItem.objects.get(transaction=invoice), DueItem.objects.get(transaction=payment)
    Settlement.objects.create(debit=debit, credit=credit, date=TODAY, amount=100)
    DueItem.objects.update(open_amount=0)
    approve(make.SalesOrderFactory(customer=customer, amount=Decimal(5)))
    assert exposure(customer) == amounts("5", "0", "0", "5")
    yesterday = position_of(customer, TODAY - dt.timedelta(days=1))
    assert (yesterday.balance, yesterday.ordered, yesterday.days_overdue) == (100, 5, 29)


def test_a_limit_holds_from_its_day_on_and_an_opening_limit_always() -> None:
    """domain 1: limits in force on that day"""
    customer = customer_with_limit("100")
    give_limit(customer, "300")
    assert position_of(customer, TODAY).total_limit == 300
    assert position_of(customer, TODAY - dt.timedelta(days=1)).total_limit == 0


@pytest.mark.parametrize("prepared", [True, False])
def test_the_compiled_sums_are_the_orms_own_answer(busy: Customer, settings: Any, prepared: bool) -> None:
    """performance.md: the prepared statement is tested against the ORM's answer"""
    settings.CREDIT_PREPARE_STATEMENTS = prepared
    make.InvoiceFactory(customer=busy, amount=Decimal(70), due_date=TODAY - dt.timedelta(days=3))
    other = make.InvoiceFactory(customer=busy, amount=Decimal(11), date=TODAY + dt.timedelta(days=1))
    assert other.pk
    for settled_later in (False, True):
        counting = Counting(TODAY, settled_later=settled_later)
        items = list(receivables_on(counting).filter(customer=busy))
        orders = list(orders_that_use_credit(all_open=False).filter(payer=busy))
        expected = Part(
            "USD",
            balance=total(items, "open"),
            delivered=total(orders, "delivered"),
            ordered=total(orders, "ordered"),
            overdue=total(items, "overdue"),
        )
        for _ in range(7):  # prepared, and after the fifth time perhaps by another plan
            assert owed_by([busy.pk], counting)[busy.pk].parts == [expected]
        assert owed_by([busy.pk, *range(1000, 1100)], counting)[busy.pk].parts == [expected]


def test_the_overdue_items_behind_a_number_add_up_to_it() -> None:
    customer = make.CustomerFactory()
    for days in (3, 40):
        make.InvoiceFactory(customer=customer, amount=Decimal(days), due_date=TODAY - dt.timedelta(days=days))
    items = overdue_items(customer.pk, Counting(TODAY))
    assert [item.days_overdue for item in items] == [40, 3]
    assert sum(item.amount for item in items) == position_of(customer, TODAY).overdue_amount


def test_a_missing_rate_leaves_figures_empty_and_says_which() -> None:
    """domain 4.9: never zero"""
    customer = customer_with_limit("1000")
    make.InvoiceFactory(customer=customer, currency=make.CurrencyFactory(code="JPY"), amount=Decimal(5000))
    position = position_of(customer, TODAY)
    assert (position.total, position.available, position.missing_rate) == (None, None, "JPY>USD")
    assert position.bar() is None


def test_an_order_whose_currency_has_no_rate_is_held(decide: Decide) -> None:
    """domain 4.9"""
    customer = customer_with_limit("1000")
    BlockingRuleFactory()
    decision = decide(make.SalesOrderFactory(customer=customer, currency=make.CurrencyFactory(code="JPY")))
    assert [reason.type for reason in decision.reasons] == ["cannot_be_evaluated"]
