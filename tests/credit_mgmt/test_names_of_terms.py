"""Terms and discounts that were made easier are named in chip, sentence and evidence (`domain 4.6`)."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from credit_mgmt import checks, clearances, decisions
from credit_mgmt.engine.decision import Decision, Reason
from credit_mgmt.messages import reason_chip, reason_message
from credit_mgmt.models import DecisionRecord
from customers.models import SalesOrder
from tests import factories as make
from tests.factories_credit import ACTOR, AT, TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(parameters: Callable[..., None]) -> SalesOrder:
    """Terms N60 and a discount of 3 %, whose customer has N30 and 1 %."""
    parameters(
        check_when_payment_terms_are_increased=True,
        check_when_settlement_discount_is_increased=True,
        check_credit_limit_for_sales_order=False,
    )
    n30, n60 = (make.PaymentTermsFactory(code=f"N{days}", net_days=days, rank=days) for days in (30, 60))
    one, three = (make.CashDiscountFactory(code=f"D{part}", percent=Decimal(part), rank=part) for part in (1, 3))
    customer = make.CustomerFactory(payment_terms=n30, cash_discount=one)
    return make.SalesOrderFactory(customer=customer, payment_terms=n60, cash_discount=three)


def reasons(decision: Decision) -> dict[str, Reason]:
    return {reason.type: reason for reason in decision.reasons}


def test_they_are_named_beside_the_customers_defaults(order: SalesOrder, decide: Callable[..., Decision]) -> None:
    found = reasons(decide(order))
    terms, discount = found["payment_terms_changed"], found["settlement_discount_changed"]
    assert (terms.evidence["before"], terms.evidence["now"]) == ("N30", "N60")
    assert (discount.evidence["before"], discount.evidence["now"]) == ("D1", "D3")
    assert reason_chip(terms).text == "Terms N30 → N60"
    assert reason_chip(discount).text == "Discount 1 % → 3 %"
    assert reason_message(terms) == "Order terms N60 (rank 60) rank above N30 (rank 30), customer's default."
    assert reason_message(discount) == (
        "Order cash discount D3 (3 %, rank 3) ranks above D1 (1 %, rank 1), customer's default."
    )


def test_they_are_named_beside_those_of_the_last_release(order: SalesOrder, decide: Callable[..., Decision]) -> None:
    policy = checks.check([checks.Request(order.pk, "confirmation")], as_of={"USMF": TODAY})[0].policy
    given = clearances.Grant(order.pk, "USMF", "confirmation", False, TODAY)
    clearances.grant_release([given], policy=policy, at=AT, clear=False)
    assert not decide(order).holds
    make.PaymentTermsFactory(code="N90", net_days=90, rank=90)
    make.CashDiscountFactory(code="D5", percent=Decimal("5.5"), rank=5)
    SalesOrder.objects.filter(pk=order.pk).update(payment_terms="N90", cash_discount="D5")
    found = reasons(decide(order))
    assert reason_chip(found["payment_terms_changed"]).text == "Terms N60 → N90"
    assert reason_chip(found["settlement_discount_changed"]).text == "Discount 3 % → 5.5 %"


def test_the_stored_decision_names_them_too_and_replays(order: SalesOrder) -> None:
    checked = checks.check([checks.Request(order.pk, "confirmation")], as_of={"USMF": TODAY}, evidence=True)
    [made] = decisions.record_decisions(checked, kind="posting", actor=ACTOR, at=AT)
    record = DecisionRecord.objects.get(pk=made)
    assert decisions.replay(record) == decisions.stored_decision(record) == checked[0].decision
    assert '"before":"N30"' in record.content
    assert '"now":"D3"' in record.content
