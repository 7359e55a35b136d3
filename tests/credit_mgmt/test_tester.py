"""The tester (`ux` 3.10): the decision of a posting on an order, real or imagined, and what if it were otherwise."""

from decimal import Decimal
from typing import Any

import pytest

from credit_mgmt.checks import check_order
from credit_mgmt.engine.decision import Outcome
from credit_mgmt.models import DecisionRecord, Parameters
from credit_mgmt.tester import Changes, Imagined, try_order
from customers.access import NotAllowed, OutOfScope
from customers.errors import InvalidInput, NotFound
from customers.models import PaymentTerms, Role
from tests.factories_holds import DAY, a_customer, a_rule, a_user, an_invoice, an_order, parameters, stranger, today

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader() -> Any:
    parameters()
    return a_user("reader", Role.VIEWER)


def reasons_of(decision: Any) -> list[str]:
    return [reason.type for reason in decision.reasons]


def test_a_real_order_is_decided_as_a_posting_would(reader):
    a_rule("sales_order", amount=300, currency_id="USD")
    order = an_order(a_customer(), "400")
    trial = try_order(order=order_key(order), actor=reader, today=today)
    posting = check_order(order.pk, checkpoint="confirmation", as_of={"USMF": DAY})
    assert trial.decision == posting
    assert trial.changed is None


def order_key(order: Any) -> str:
    return f"{order.legal_entity_id}:{order.number}"


def test_an_imagined_order_is_decided_as_the_real_one(reader):
    a_rule("sales_order", amount=300, currency_id="USD")
    a_rule("limit_used", threshold_percent=50)
    customer = a_customer()
    an_invoice(customer, "200")
    order = an_order(customer, "400")
    real = try_order(order=order_key(order), actor=reader, today=today).decision
    imagined = Imagined("USMF:US-001", Decimal(400), "USD", "N30")
    decision = try_order(order=imagined, actor=reader, today=today).decision
    assert reasons_of(decision) == reasons_of(real) == ["sales_order", "limit_used"]
    assert list(decision.trace) == list(real.trace)
    assert dict(decision.figures or {}) == dict(real.figures or {})


def test_nothing_is_stored(reader):
    a_rule("sales_order", amount=300, currency_id="USD")
    order = an_order(a_customer(), "400")
    try_order(order=order_key(order), actor=reader, today=today, changes=Changes(amount=Decimal(1)))
    order.refresh_from_db()
    assert (DecisionRecord.objects.count(), order.credit_status) == (0, "not_checked")


WHAT_IF = [
    ({"amount": Decimal(300)}, ["days_overdue", "overdue_amount", "payment_terms"]),
    ({"payment_terms": "N10"}, ["days_overdue", "overdue_amount", "sales_order"]),
    ({"days_overdue": 3}, ["payment_terms", "overdue_amount", "sales_order"]),
    ({"overdue": Decimal(0)}, ["days_overdue", "payment_terms", "sales_order"]),
    ({"limit": Decimal(10_000)}, ["days_overdue", "payment_terms", "sales_order"]),
    ({"days_overdue": 0, "overdue": Decimal(0), "amount": Decimal(1), "payment_terms": "N10"}, []),
]


@pytest.mark.parametrize(("changes", "expected"), WHAT_IF, ids=str)
def test_what_if_takes_away_the_reasons_that_it_would(reader, changes, expected):
    """The same decision, of facts that differ in what was typed and in nothing else."""
    customer = a_customer(limit="1000")
    PaymentTerms.objects.create(code="N10", net_days=10)
    an_invoice(customer, "700", due=DAY.replace(day=1))
    a_rule("days_overdue", name="DO", days=10)
    a_rule("payment_terms", name="PT", payment_terms_id="N30")
    a_rule("overdue_amount", name="OA", amount=100, currency_id="USD", threshold_percent=50)
    a_rule("sales_order", name="SO", amount=300, currency_id="USD")
    order = an_order(customer, "400")
    trial = try_order(order=order_key(order), actor=reader, today=today, changes=Changes(**changes))
    assert sorted(reasons_of(trial.decision)) == ["days_overdue", "overdue_amount", "payment_terms", "sales_order"]
    assert trial.changed is not None
    assert sorted(reasons_of(trial.changed)) == sorted(expected)


def test_in_any_case_the_rules_are_asked_where_the_checkpoint_is_off(reader):
    a_rule("sales_order", amount=300, currency_id="USD")
    key = order_key(an_order(a_customer(), "400"))
    off = try_order(order=key, actor=reader, today=today, document="picking_list").decision
    assert (off.outcome, off.not_checked_because) == (Outcome.NOT_CHECKED, "checkpoint_off")
    asked = try_order(order=key, actor=reader, today=today, document="picking_list", in_any_case=True).decision
    assert reasons_of(asked) == ["sales_order"]


def test_an_order_sold_at_the_counter_is_tested_against_the_limit_alone(reader):
    """Domain 4.8."""
    Parameters.objects.update(message_when_exceeding_credit_limit="error")
    a_rule("sales_order", amount=1, currency_id="USD")
    order = an_order(a_customer(limit="100"), "400", order_type="pos")
    assert reasons_of(try_order(order=order_key(order), actor=reader, today=today).decision) == ["limit_exceeded"]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"order": Imagined("USMF:NOBODY", Decimal(1), "USD")}, "customer"),
    ({"order": Imagined("USMF:US-001", Decimal(-1), "USD")}, "amount"),
    ({"order": Imagined("USMF:US-001", Decimal("NaN"), "USD")}, "amount"),
    ({"order": Imagined("USMF:US-001", Decimal(1), "XXX")}, "currency"),
    ({"order": Imagined("USMF:US-001", Decimal(1), "USD", "NONE")}, "payment_terms"),
    ({"document": "quotation"}, "document"),
    ({"changes": Changes(payment_terms="NONE")}, "if_payment_terms"),
    ({"changes": Changes(amount=Decimal(-1))}, "if_amount"),
    ({"changes": Changes(overdue=Decimal("Infinity"))}, "if_overdue"),
    ({"changes": Changes(limit=Decimal(10) ** 16)}, "if_limit"),
    ({"changes": Changes(days_overdue=-1)}, "if_days_overdue"),
]


@pytest.mark.parametrize(("asked", "field"), BAD, ids=str)
def test_what_cannot_be_tried_is_refused_with_its_field(reader, asked, field):
    order = an_order(a_customer(), "400")
    with pytest.raises(InvalidInput) as refused:
        try_order(**{"order": order_key(order), "actor": reader, "today": today, **asked})
    assert [error.field for error in refused.value.errors] == [field]


def test_who_sees_no_exposure_of_the_entity_tries_nothing_there(reader):
    key = order_key(an_order(a_customer(), "400"))
    with pytest.raises(OutOfScope):
        try_order(order=key, actor=stranger(), today=today)
    with pytest.raises(NotAllowed):
        try_order(order=key, actor=a_user("sales", Role.SALES_VIEWER), today=today)
    with pytest.raises(NotFound):
        try_order(order="USMF:NONE", actor=reader, today=today)


def test_a_trial_costs_few_queries(reader, django_assert_max_num_queries):
    a_rule("sales_order", amount=300, currency_id="USD")
    key = order_key(an_order(a_customer(), "400"))
    try_order(order=key, actor=reader, today=today)  # the policy is read once a change
    with django_assert_max_num_queries(5):
        try_order(order=key, actor=reader, today=today, changes=Changes(amount=Decimal(1)))
