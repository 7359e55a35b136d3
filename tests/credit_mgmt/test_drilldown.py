"""The documents behind the exposure bar add up to it, to the cent (`ux.md` 3.2, `domain 3.2`, `3.3`)."""

import datetime as dt
import itertools
import random
from decimal import Decimal

import pytest

from credit_mgmt.checks import check_order
from credit_mgmt.drilldown import ORDERS, documents_of
from credit_mgmt.exposure import BUCKETS, position_of
from credit_mgmt.masking import Mask
from credit_mgmt.models import Parameters
from credit_mgmt.standing import standing_of
from customers.models import Currency, CustomerTransaction, DueItem, ExchangeRate, PaymentTerms, SalesOrder
from tests.factories_holds import DAY, SYSTEM, a_customer, a_rule, an_order, held, parameters, post

pytestmark = pytest.mark.django_db
LIMIT_TYPES = Parameters.LimitType.values
EVERYTHING = Mask(SYSTEM)
numbers = itertools.count(1)


def rates() -> None:
    """Rates that round badly."""
    for code, rate in (("EUR", "1.0837"), ("JPY", "0.00671"), ("GBP", "1.27413")):
        Currency.objects.get_or_create(code=code, defaults={"minor_units": 0 if code == "JPY" else 2})
        ExchangeRate.objects.create(
            rate_type="default", from_currency_id=code, to_currency_id="USD", rate=rate, valid_from=dt.date(2020, 1, 1)
        )


def an_item(customer, amount: Decimal, due: dt.date, currency: str, disputed: Decimal = Decimal(0)) -> None:
    """An open item; a negative amount is a payment that was not settled."""
    kind = "invoice" if amount > 0 else "payment"
    entry = CustomerTransaction.objects.create(
        legal_entity_id=customer.legal_entity_id, series=kind, kind=kind, customer=customer,
        date=DAY - dt.timedelta(99),
        number=f"T-{next(numbers)}", currency_id=currency, amount=abs(amount), disputed_amount=disputed,
    )  # fmt: skip
    DueItem.objects.create(
        transaction=entry, customer=customer, currency_id=currency, date=entry.date, due_date=due, amount=amount,
        open_amount=amount, disputed_amount=disputed,
    )  # fmt: skip


def a_busy_customer(seed: int):
    """Invoices, disputes, unapplied payments and orders in four currencies, and one order on hold."""
    dice = random.Random(seed)
    customer = a_customer(limit="1000")
    for _ in range(24):
        amount = Decimal(dice.randrange(1, 9_999)) / 100
        disputed = amount / 2 if dice.random() < 0.3 else Decimal(0)
        due = DAY - dt.timedelta(days=dice.randrange(-30, 120))
        an_item(customer, amount, due, dice.choice(("USD", "EUR", "GBP", "JPY")), disputed.quantize(Decimal("0.01")))
    for _ in range(4):
        an_item(customer, -Decimal(dice.randrange(1, 9_999)) / 100, DAY, dice.choice(("USD", "EUR")))
    for _ in range(6):
        amount = Decimal(dice.randrange(200, 9_999)) / 100
        order = an_order(customer, str(amount), currency_id=dice.choice(("USD", "EUR", "GBP")))
        order.delivered_uninvoiced_amount = (amount * Decimal(dice.choice(("0", "0.33", "1")))).quantize(
            Decimal("0.01")
        )
        order.save()
        post(order)
    return customer


def total_of(documents, part: str, without: int | None = None) -> Decimal:
    """What the list says, once it is certain that it is the sum of its rows."""
    behind = documents.orders(part, without=without) if part in ORDERS else documents.receivables(part)
    shares: dict[str, Decimal] = {}
    for row in behind.rows:
        shares[row.currency_id] = shares.get(row.currency_id, Decimal(0)) + row.share
    assert {line.currency: line.amount for line in behind.subtotals if line.amount} == shares
    return behind.total


@pytest.mark.parametrize("limit_type", LIMIT_TYPES)
@pytest.mark.parametrize("seed", range(4))
def test_every_segment_is_the_sum_of_its_documents(limit_type, seed):
    rates()
    parameters(credit_limit_type=limit_type, disputed_amounts_count_as_overdue=seed % 2 == 0)
    customer = a_busy_customer(seed)
    position, documents = position_of(customer, DAY), documents_of(customer, DAY)
    bar = position.bar()
    unapplied = bar["unapplied"]
    assert total_of(documents, "overdue") == bar["overdue"] > 0
    assert total_of(documents, "unapplied") == unapplied < 0
    assert total_of(documents, "not_due") == bar["not_due"] - unapplied
    assert total_of(documents, "delivered") == bar["delivered"]
    assert total_of(documents, "ordered") == bar["ordered"]
    assert total_of(documents, "open") == position.balance
    for bucket in position.ageing:
        assert total_of(documents, bucket.label) == bucket.amount, bucket.label


@pytest.mark.parametrize("all_open", [False, True])
def test_the_order_on_hold_is_not_among_the_documents_of_its_own_bar(all_open):
    rates()
    which = Parameters.OpenOrders.ALL if all_open else Parameters.OpenOrders.APPROVED
    parameters(open_orders_that_use_credit=which)
    customer = a_busy_customer(7)
    a_rule()
    order = an_order(customer, "5000", currency_id="EUR")
    hold = held(order)
    figures = check_order(order.pk, checkpoint=hold.checkpoint, as_of={"USMF": DAY}, evaluation=True).figures or {}
    documents = documents_of(customer, DAY)
    for part in ORDERS:
        assert total_of(documents, part, without=order.pk) == Decimal(figures[part] or 0), part
    assert order.pk not in {row.pk for row in documents.orders("ordered", without=order.pk).rows}


def test_a_missing_rate_is_named_and_nothing_is_made_up():
    customer = a_customer()
    Currency.objects.create(code="NOK")
    an_item(customer, Decimal(100), DAY - dt.timedelta(days=3), "NOK")
    behind = documents_of(customer, DAY).receivables("overdue")
    assert (behind.total, behind.missing_rate, len(behind.rows)) == (None, "NOK>USD", 1)


def test_buckets_are_those_of_the_ageing():
    customer = a_customer()
    for days, label in ((0, "not due"), (1, "1-30"), (30, "1-30"), (31, "31-60"), (90, "61-90"), (91, "over 90")):
        an_item(customer, Decimal(10), DAY - dt.timedelta(days=days), "USD")
        assert DAY - dt.timedelta(days=days) in {
            row.due_date for row in documents_of(customer, DAY).receivables(label).rows
        }
    totals = [documents_of(customer, DAY).receivables(bucket).total for bucket in BUCKETS]
    assert sum(total for total in totals if total is not None) == Decimal(60)


def test_position_and_decision_come_from_one_reading(django_assert_num_queries):
    """The page shows what a check and a position say, at the price of one."""
    a_rule()
    a_rule("days_overdue", days=45, name="DO-07")
    customer = a_customer(limit="1000")
    an_item(customer, Decimal(300), DAY - dt.timedelta(days=67), "USD")
    hold = held(an_order(customer, "900"))
    standing_of(customer, DAY, mask=EVERYTHING, order_id=hold.order_id, checkpoint=hold.checkpoint)
    with django_assert_num_queries(6):
        standing = standing_of(customer, DAY, mask=EVERYTHING, order_id=hold.order_id, checkpoint=hold.checkpoint)
    again = check_order(
        hold.order_id, checkpoint=hold.checkpoint, as_of={"USMF": DAY}, evaluation=True, with_remedies=True
    )
    assert standing.decision == again
    assert standing.position == position_of(customer, DAY)


def test_what_other_held_orders_would_add():
    a_rule()
    customer = a_customer(limit="100")
    PaymentTerms.objects.create(code="PRE", net_days=0, uses_credit=False)
    orders = [an_order(customer, "400"), an_order(customer, "250"), an_order(customer, "90", payment_terms_id="PRE")]
    for order in orders[:2]:
        held(order)
    standing = standing_of(customer, DAY, mask=EVERYTHING)
    assert standing.would_use([order.pk for order in orders]) == Decimal(650)
    assert standing.decision is None
    parameters(open_orders_that_use_credit=Parameters.OpenOrders.ALL)
    assert standing_of(customer, DAY, mask=EVERYTHING).would_use([SalesOrder.objects.order_by("pk")[0].pk]) == 0
