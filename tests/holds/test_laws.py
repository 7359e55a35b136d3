"""Laws 1 to 3 of `architecture.md` at the level of the services: through the database, with what is really written."""

from collections.abc import Iterator
from decimal import Decimal
from random import Random

import pytest
from django.db.models import Sum

from credit_mgmt.models import Commitment, RuleVersion
from customers.models import Customer, SalesOrder
from customers.orders import move_payer
from holds.evaluation import evaluate
from holds.models import Hold
from holds.posting import post_documents
from tests.factories_holds import DAY, NOW, SYSTEM, a_customer, a_group, a_rule, an_invoice, an_order, held, post, today

pytestmark = pytest.mark.django_db

LIMIT, GROUP_LIMIT = Decimal(1000), Decimal(2000)


def world(seed: int, copy: str) -> list[SalesOrder]:
    """Some customers with and without a shared limit, some debt, and a queue of orders; the same for the same seed."""
    random = Random(seed)
    group = a_group(f"G{copy}", limit=str(GROUP_LIMIT))
    customers = [
        a_customer(f"{copy}-{n}", limit=str(LIMIT), credit_group=group if random.random() < 0.6 else None)
        for n in range(5)
    ]
    for customer in customers:
        if random.random() < 0.5:
            an_invoice(customer, str(random.randint(1, 700)))
    return [an_order(random.choice(customers), str(random.randint(50, 600))) for _ in range(14)]


def outcomes(orders: list[SalesOrder]) -> list[str]:
    return [str(SalesOrder.objects.get(pk=order.pk).credit_status) for order in orders]


@pytest.mark.parametrize("seed", range(8))
def test_law_1_posting_a_queue_equals_posting_one_by_one(seed):
    a_rule()
    at_once, one_by_one = world(seed, "A"), world(seed, "B")
    post_documents(orders=[order.pk for order in at_once], document="confirmation", actor=SYSTEM, at=NOW, today=today)
    for order in one_by_one:
        post(order)
    assert outcomes(at_once) == outcomes(one_by_one)
    assert {"passed", "on_hold"} <= set(outcomes(at_once))


@pytest.mark.parametrize("seed", range(8))
def test_law_2_what_passed_together_never_exceeds_a_limit(seed):
    a_rule()
    orders = world(seed, "A")
    post_documents(orders=[order.pk for order in orders], document="confirmation", actor=SYSTEM, at=NOW, today=today)
    passed = {order.pk for order, outcome in zip(orders, outcomes(orders), strict=True) if outcome == "passed"}
    for customers, limit in shared_limits():
        uses = Commitment.objects.filter(order__payer__in=customers)
        used = uses.aggregate(total=Sum("order__uninvoiced_amount"))["total"] or Decimal(0)
        owed = sum(item.open_amount for customer in customers for item in customer.due_items.all())
        assert used + owed <= limit
    # Law 3: what uses credit is what was approved, and nothing else.
    assert set(Commitment.objects.values_list("order", flat=True)) == passed


def shared_limits() -> Iterator[tuple[list[Customer], Decimal]]:
    """Everyone on their own, and the members of the group together."""
    for customer in Customer.objects.order_by("pk"):
        yield [customer], LIMIT
    yield list(Customer.objects.filter(credit_group__isnull=False).order_by("pk")), GROUP_LIMIT


@pytest.mark.parametrize("seed", range(4))
def test_law_1_holds_when_a_queue_is_evaluated(seed):
    """Evaluating twice, or in another cut of the same order, ends in the same readiness."""
    rule = a_rule("sales_order", amount=1, currency_id="USD")
    orders = world(seed, "A")
    holds = [held(order) for order in orders]
    RuleVersion.objects.filter(pk=rule.pk).update(state="retired")
    a_rule()
    ready = []
    for _ in range(2):
        evaluate(hold_ids=[hold.pk for hold in holds], actor=SYSTEM, at=NOW, today={"USMF": DAY})
        ready.append(list(Hold.objects.order_by("order_id").values_list("ready_to_release", flat=True)))
    assert ready[0] == ready[1]
    assert set(ready[0]) == {True, False}


def test_a_hold_follows_its_order_to_another_payer():
    """Domain 1: credit is checked on the invoice account, which may change."""
    a_rule()
    payer = a_customer("US-PAYS", limit="100000")
    customer = a_customer("US-001", limit="100")
    hold = held(an_order(customer))
    Customer.objects.filter(pk=customer.pk).update(invoice_account=payer)
    move_payer(customer_ids=[customer.pk])
    evaluate(hold_ids=[hold.pk], actor=SYSTEM, at=NOW, today={"USMF": DAY})
    hold = Hold.objects.get(pk=hold.pk)
    assert (hold.payer_id, hold.ready_to_release) == (payer.pk, True)
