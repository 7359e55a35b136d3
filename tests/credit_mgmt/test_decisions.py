"""Checks in bulk, and decisions as evidence (`domain 4`, `architecture.md` Laws)."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from credit_mgmt import accounts, checks, clearances, commitments, decisions
from credit_mgmt.engine.decision import Decision
from credit_mgmt.exposure import position_of
from credit_mgmt.limits import LimitChange, set_limits
from credit_mgmt.models import Clearance, CreditAccount, DecisionRecord, PolicyVersion, RuleVersion
from customers.errors import NotFound
from customers.models import Customer, CustomerTransaction, DueItem, SalesOrder
from tests import factories as make
from tests.factories_credit import ACTOR, AT, TODAY, BlockingRuleFactory, approve, customer_with_limit, give_limit

pytestmark = pytest.mark.django_db

AS_OF = {"USMF": TODAY}
Count = Callable[[Callable[[], Any]], int]


def check_all(order_ids: list[int]) -> list[Decision]:
    return checks.check_orders(order_ids, checkpoint="confirmation", as_of=AS_OF)


def check_and_record(orders: list[SalesOrder], kind: str = "posting") -> list[DecisionRecord]:
    requests = [checks.Request(order.pk, "confirmation") for order in orders]
    checked = checks.check(requests, as_of=AS_OF, evaluation=kind == "evaluation")
    ids = decisions.record_decisions(checked, kind=kind, actor=ACTOR, at=AT)
    return [DecisionRecord.objects.get(pk=made) for made in ids]


@pytest.fixture
def crowd() -> list[int]:
    """1,000 orders of 40 customers, half of them in 4 groups, with 1,200 open items and every type of rule."""
    terms = make.PaymentTermsFactory()
    groups: list[Any] = [make.CustomerCreditGroupFactory() for _ in range(4)]
    customers: list[Any] = [make.CustomerFactory(credit_group=groups[n % 4] if n % 2 else None) for n in range(40)]
    accounts.open_accounts(
        customer_ids=[customer.pk for customer in customers], group_numbers=[group.pk for group in groups]
    )
    held = dict(CreditAccount.objects.filter(customer__isnull=False).values_list("customer_id", "pk"))
    changes = [LimitChange(held[customer.pk], limit_amount=Decimal(500 * n)) for n, customer in enumerate(customers)]
    of_groups = CreditAccount.objects.filter(group__isnull=False).values_list("pk", flat=True)
    changes += [LimitChange(account, limit_amount=Decimal(9000)) for account in of_groups]
    set_limits(changes=changes, source="feed", actor=ACTOR, at=AT, as_of=TODAY)
    invoices = [
        make.InvoiceFactory.build(customer=customers[n % 40], currency_id="USD", amount=Decimal(n % 7 + 1))
        for n in range(1200)
    ]
    DueItem.objects.bulk_create(
        DueItem(
            transaction=invoice, customer=invoice.customer, currency_id="USD", date=invoice.date,
            due_date=invoice.date + dt.timedelta(days=30), amount=invoice.amount, open_amount=invoice.amount,
        )
        for invoice in CustomerTransaction.objects.bulk_create(invoices)
    )  # fmt: skip
    status = make.AccountStatusFactory()
    BlockingRuleFactory()
    BlockingRuleFactory(type="days_overdue", days=40)
    BlockingRuleFactory(type="overdue_amount", amount=100, currency_id="USD", threshold_percent=10)
    BlockingRuleFactory(type="sales_order", amount=900, currency_id="USD")
    BlockingRuleFactory(type="limit_expired", days=3)
    BlockingRuleFactory(type="account_status", account_status=status)
    BlockingRuleFactory(type="payment_terms", payment_terms=terms, valid_for="table", customer=customers[0])
    orders = [make.SalesOrderFactory.build(customer=customers[n % 40], amount=Decimal(n)) for n in range(1000)]
    return [order.pk for order in SalesOrder.objects.bulk_create(orders)]


def test_a_thousand_orders_need_the_statements_of_one(crowd: list[int], count_queries: Count) -> None:
    """At most 4, whatever the number of orders and the history of the customers (`performance.md`)."""
    for size in (1, 1000):
        check_all(crowd[:size])  # compile and prepare
        assert count_queries(lambda: check_all(crowd[:size])) == 4  # noqa: B023
    DueItem.objects.update(open_amount=0)
    assert count_queries(lambda: check_all(crowd[:1])) == 4


def test_storing_a_thousand_decisions_is_one_statement(crowd: list[int], count_queries: Count) -> None:
    def store(orders: list[int]) -> Callable[[], object]:
        checked = checks.check([checks.Request(pk, "confirmation") for pk in orders], as_of=AS_OF, evaluation=True)
        return lambda: decisions.record_decisions(checked, kind="evaluation", actor=ACTOR, at=AT)

    assert count_queries(store(crowd[:1])) == 2  # the policy, with the first decision that used it
    assert count_queries(store(crowd[1:])) == 1
    assert DecisionRecord.objects.count() == 1000
    assert PolicyVersion.objects.count() == 1


def test_texts_are_stored_as_they_are() -> None:
    """COPY has signs of its own: neither they nor the backslashes of JSON change what is read back"""
    number, due = 'b\\s, "q", t\tand\nl', TODAY - dt.timedelta(days=60)
    customer = customer_with_limit("100")
    invoice = make.InvoiceFactory(customer=customer, number=number, currency_id="USD", amount=Decimal(5), date=due)
    DueItem.objects.create(
        transaction=invoice, customer=customer, currency_id="USD", date=due, due_date=due, amount=Decimal(5),
        open_amount=Decimal(5),
    )  # fmt: skip
    BlockingRuleFactory(type="days_overdue", days=40)
    [record] = check_and_record([make.SalesOrderFactory(customer=customer)], "evaluation")
    stored = decisions.stored_decision(record)
    [reason] = stored.reasons
    assert reason.evidence["document"] == number
    assert decisions.replay(record) == stored


def test_every_stored_decision_replays_to_itself(crowd: list[int]) -> None:
    """reliability D11; after the policy has moved on, too"""
    orders = list(SalesOrder.objects.filter(pk__in=crowd[:200]).order_by("pk"))
    records = [*check_and_record(orders, "evaluation"), *check_and_record(orders[:20])]
    RuleVersion.objects.update(state="retired")
    for record in records:
        stored = decisions.stored_decision(record)
        assert decisions.replay(record) == stored
        assert stored.trace
        assert stored.figures
    assert {record.outcome for record in records} == {"passed", "held"}


def test_the_same_decision_from_the_same_facts_is_stored_once() -> None:
    """performance.md: write only differences"""
    customer = customer_with_limit("100")
    BlockingRuleFactory()
    orders = [make.SalesOrderFactory(customer=customer, amount=Decimal(500)).pk for _ in range(2)]
    requests = [checks.Request(order, "confirmation") for order in orders]

    def evaluate(known: dict[int, Any]) -> dict[int, Any]:
        checked = checks.check(requests, as_of=AS_OF, evaluation=True)
        ids = decisions.record_decisions(checked, kind="evaluation", actor=ACTOR, at=AT, known=known)
        return dict(zip(orders, ids, strict=True))

    first = evaluate({})
    assert evaluate(first) == first
    SalesOrder.objects.filter(pk=orders[0]).update(amount=501, uninvoiced_amount=501)
    second = evaluate(first)
    assert (second[orders[0]] == first[orders[0]], second[orders[1]] == first[orders[1]]) == (False, True)
    assert DecisionRecord.objects.count() == 3


def test_a_queue_is_its_orders_one_by_one(crowd: list[int]) -> None:
    """law 1 at the service level: checking at once equals checking, approving and checking the next"""
    sample = crowd[:120]
    at_once = check_all(sample)
    for order_id, expected in zip(sample, at_once, strict=True):
        [alone] = check_all([order_id])
        assert (alone.outcome, alone.reasons) == (expected.outcome, expected.reasons)
        if not alone.holds:
            approve(SalesOrder.objects.get(pk=order_id))


def test_exposure_is_conserved() -> None:
    """law 3: at the end it is the start, minus what was committed, plus what was approved"""
    customer = customer_with_limit("1000")
    BlockingRuleFactory()
    orders = [make.SalesOrderFactory(customer=customer, amount=Decimal(n)) for n in (300, 500, 400, 200)]
    approve(orders[0])
    start = position_of(customer, TODAY).total
    with accounts.locked([customer.pk]) as held:
        commitments.free([orders[0].pk])
        passed = [made.order_id for made in check_all([order.pk for order in orders]) if not made.holds]
        commitments.commit(passed, accounts=held, at=AT)
    end = position_of(customer, TODAY).total
    approved = sum(order.amount for order in orders if order.pk in passed)
    assert start is not None
    assert end == start - 300 + approved
    assert (approved, passed) == (1000, [orders[0].pk, orders[1].pk, orders[3].pk])


def test_an_answer_to_a_question_stores_nothing() -> None:
    """domain 4.1"""
    check_all([make.SalesOrderFactory(customer=customer_with_limit("100")).pk])
    assert not DecisionRecord.objects.exists()
    assert not Clearance.objects.exists()


def test_an_order_that_is_not_there_is_named() -> None:
    with pytest.raises(NotFound, match="4711"):
        check_all([4711])


def test_a_member_in_another_time_zone_may_have_another_today() -> None:
    """domain 1: today is the date in the legal entity of the order being checked"""
    group = make.CustomerCreditGroupFactory()
    there = make.LegalEntityFactory(code="NZMF", time_zone="Pacific/Auckland")
    ahead = make.CustomerFactory(legal_entity=there, credit_group=group)
    behind = make.CustomerFactory(credit_group=group)
    give_limit(group, "1000")
    make.InvoiceFactory(customer=ahead, amount=Decimal(600), date=TODAY + dt.timedelta(days=1))
    BlockingRuleFactory()
    orders = [make.SalesOrderFactory(customer=customer, amount=Decimal(500)).pk for customer in (behind, ahead)]
    as_of = {"USMF": TODAY, "NZMF": TODAY + dt.timedelta(days=1)}
    first, second = checks.check_orders(orders, checkpoint="confirmation", as_of=as_of)
    assert not first.holds  # the invoice is of tomorrow
    assert [reason.evidence["measured"] for reason in second.reasons] == ["1600.00"]  # and sees what the first took


def test_counter_sales_are_tested_against_the_limit_only(parameters: Callable[..., None]) -> None:
    """domain 4.8"""
    customer = customer_with_limit("100")
    BlockingRuleFactory(type="sales_order", amount=1, currency_id="USD")
    order = make.SalesOrderFactory(customer=customer, amount=Decimal(101), order_type="pos")
    for message, holds in (("warning", False), ("error", True)):
        parameters(message_when_exceeding_credit_limit=message)
        [checked] = checks.check_for_posting([order.pk], checkpoint="invoice", as_of=AS_OF, limit_only=True)
        assert checked.decision.holds is holds
        said = checked.decision.reasons if holds else checked.decision.warnings
        assert [reason.type for reason in said] == ["limit_exceeded"]
        [made] = decisions.record_decisions([checked], kind="posting", actor=ACTOR, at=AT)
        record = DecisionRecord.objects.get(pk=made)
        assert decisions.replay(record) == decisions.stored_decision(record) == checked.decision


def grant(order: SalesOrder, **options: Any) -> Clearance:
    policy = checks.check([checks.Request(order.pk, "confirmation")], as_of=AS_OF)[0].policy
    pro_forma = options.pop("pro_forma", False)
    given = clearances.Grant(order.pk, "USMF", "confirmation", pro_forma, TODAY)
    if "clear" in options:
        clearances.grant_release([given], policy=policy, at=AT, **options)
    else:
        clearances.grant_pass([given], policy=policy, at=AT)
    return Clearance.objects.get(order=order)


def test_grace_begins_with_a_pass_and_posting_and_pro_forma_have_their_own() -> None:
    """domain 5.2: through day D + g"""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE credit_mgmt_checkpointsetting SET grace_days = 2, pro_forma = true")
    order = make.SalesOrderFactory()
    assert grant(order).grace_until == TODAY + dt.timedelta(days=2)
    both = grant(order, pro_forma=True)
    assert (both.grace_until, both.pro_forma_grace_until) == (TODAY + dt.timedelta(days=2), None)
    [decision] = check_all([order.pk])
    assert decision.not_checked_because == "grace"


def test_a_release_without_posting_clears_its_document_once() -> None:
    """domain 5.2"""
    order = make.SalesOrderFactory(customer=customer_with_limit("0"))
    BlockingRuleFactory()
    assert grant(order, clear=True).cleared_document == "confirmation"
    [cleared] = check_all([order.pk])
    assert cleared.not_checked_because == "cleared_by_release"
    clearances.consume_clearance([order.pk], document="confirmation", pro_forma=False)
    [again] = check_all([order.pk])
    assert again.holds


def test_clearance_ends_when_the_order_gets_dearer() -> None:
    """domain 5.2"""
    order = make.SalesOrderFactory(customer=customer_with_limit("0"), amount=Decimal(100))
    BlockingRuleFactory()
    grant(order, clear=True)
    SalesOrder.objects.update(amount=Decimal("100.01"), uninvoiced_amount=Decimal("100.01"))
    [decision] = check_all([order.pk])
    assert decision.holds


def test_commitments_follow_the_invoice_account() -> None:
    """domain 1"""
    old, new = customer_with_limit("1"), customer_with_limit("2")
    branch = make.CustomerFactory(invoice_account=old)
    order = make.SalesOrderFactory(customer=branch)
    commitment = approve(order)
    SalesOrder.objects.update(payer=new)
    commitments.move([order.pk])
    commitment.refresh_from_db()
    assert commitment.account.customer == new


def test_credit_is_not_taken_from_an_account_that_is_not_locked() -> None:
    mine, other = customer_with_limit("1"), customer_with_limit("1")
    order = make.SalesOrderFactory(customer=mine)
    with accounts.locked([other.pk]) as held, pytest.raises(RuntimeError, match="not locked"):
        commitments.commit([order.pk], accounts=held, at=AT)


def test_remedies_name_what_would_clear_the_hold(decide: Callable[..., Decision]) -> None:
    customer: Customer = customer_with_limit("1000")
    make.InvoiceFactory(customer=customer, number="INV-9", amount=Decimal(800), due_date=TODAY - dt.timedelta(days=9))
    BlockingRuleFactory()
    decision = decide(make.SalesOrderFactory(customer=customer, amount=Decimal(300)), with_remedies=True)
    assert decision.holds
    pay = next(remedy for remedy in decision.remedies if remedy.action == "pay")
    assert (pay.figures["amount"], pay.figures["documents"]) == ("100.00", "INV-9")
