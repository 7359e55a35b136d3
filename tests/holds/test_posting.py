"""Posting the five documents (`domain 5.3`, `4.1`, `4.9`, `4.10`)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import transaction

from credit_mgmt.models import Clearance, Commitment, CreditAccount, CreditUse, DecisionRecord
from customers import documents
from customers.access import NotAllowed, OutOfScope
from customers.errors import NotDecided, NotFound, Refused
from customers.models import CustomerTransaction, DueItem, OutboxEvent, PaymentTerms, Role, SalesOrder
from holds.models import Hold, HoldEvent
from holds.posting import post_document, post_documents
from tests.factories_holds import (
    DAY,
    NOW,
    SYSTEM,
    a_customer,
    a_group,
    a_rule,
    a_user,
    an_entity,
    an_invoice,
    an_order,
    held,
    on,
    parameters,
    post,
    stranger,
    today,
)

pytestmark = pytest.mark.django_db


def test_an_order_within_its_limit_is_posted_and_uses_its_credit():
    a_rule()
    order = an_order(a_customer(limit="1000"), "400")
    posting = post(order)
    assert posting.outcome == "posted"
    assert (order.document_status, order.credit_status) == ("confirmation", "passed")
    assert Commitment.objects.get(order=order).amount == 400
    record = DecisionRecord.objects.get(pk=str(posting.decision_id))
    assert (record.kind, record.outcome, record.order_id) == ("posting", "passed", order.pk)
    assert not Hold.objects.exists()


def test_an_order_above_its_limit_is_held_with_reasons_figures_and_an_event():
    a_rule()
    order = an_order(a_customer(limit="1000", credit_controller_id=a_user().user_id), "1400", requested_ship_date=DAY)
    posting = post(order)
    hold = posting.hold
    assert posting.outcome == "held"
    assert (order.document_status, order.credit_status) == ("open", "on_hold")
    assert not Commitment.objects.exists()
    hold = Hold.objects.get(pk=hold.pk)
    assert hold.number.startswith("H-")
    assert (hold.status, hold.checkpoint, hold.version) == ("active", "confirmation", 1)
    assert hold.reason_codes == ["limit_used"]
    assert (hold.amount, hold.over_limit, hold.currency) == (1400, 400, "USD")
    assert hold.used_percent == 140
    assert hold.ship_date == DAY
    assert hold.assignee_id == a_user().user_id  # the payer's credit controller, domain 2
    assert hold.decision_id == hold.last_decision_id == posting.decision_id
    assert hold.posting_request == {"document": "confirmation", "pro_forma": False, "actor": "system:test"}
    [reason] = hold.reasons.all()
    assert (reason.type, reason.valid, reason.evidence["measured"]) == ("limit_used", True, "1400.00")
    event = HoldEvent.objects.get(hold=hold)
    assert (event.type, event.version, event.from_status, event.to_status) == ("hold_placed", 1, "", "active")
    told = OutboxEvent.objects.get(key__startswith="hold:")
    assert (told.type, told.key, told.subject) == ("hold_placed", f"hold:{hold.pk}:1", order.key)
    assert told.data["reasons"] == ["limit_used"]
    assert told.data["number"] == hold.number


def test_all_reasons_of_a_held_order_are_known():
    """Domain 4.4: all types are looked at."""
    a_rule()
    a_rule("days_overdue", days=10)
    customer = a_customer(limit="1000")
    an_invoice(customer, "100", due=DAY - dt.timedelta(days=30))
    hold = held(an_order(customer, "1400"))
    assert hold.reason_codes == ["days_overdue", "limit_used"]
    assert len(hold.chips) == 2
    assert hold.overdue_amount == 100


@pytest.mark.parametrize(
    ("status", "document", "code"),
    [
        ("open", "packing_slip", "out_of_order"),
        ("open", "invoice", "out_of_order"),
        ("open", "release_to_warehouse", "out_of_order"),
        ("confirmation", "invoice", "out_of_order"),
        ("confirmation", "confirmation", "already_posted"),
        ("packing_slip", "picking_list", "already_posted"),
        ("invoice", "invoice", "already_posted"),
        ("open", "confirmation", None),
        ("confirmation", "release_to_warehouse", None),
        ("confirmation", "packing_slip", None),
        ("release_to_warehouse", "packing_slip", None),
        ("picking_list", "packing_slip", None),
        ("packing_slip", "invoice", None),
    ],
)
def test_documents_follow_in_order(status, document, code):
    """Domain 1: confirmation, (release to warehouse), (picking list), packing slip, invoice."""
    order = an_order(a_customer(), document_status=status)
    if code is None:
        assert post(order, document).outcome == "posted"
        assert order.document_status == document
    else:
        with pytest.raises(Refused) as refused:
            post(order, document)
        assert refused.value.code == code
        order.refresh_from_db()
        assert order.document_status == status
        assert not DecisionRecord.objects.exists()


@pytest.mark.parametrize(("status", "code"), [("rejected", "rejected"), ("cancelled", "order_cancelled")])
def test_a_closed_order_is_not_posted(status, code):
    order = an_order(a_customer(), credit_status=status)
    with pytest.raises(Refused) as refused:
        post(order)
    assert refused.value.code == code


def test_what_is_on_hold_answers_held_with_its_hold_and_evaluates_nothing():
    """Domain 5.3."""
    a_rule()
    order = an_order(a_customer(limit="100"))
    hold = held(order)
    again = post(order)
    assert (again.outcome, again.hold.pk) == ("held", hold.pk)
    assert again.decision_id == hold.decision_id
    assert DecisionRecord.objects.count() == HoldEvent.objects.count() == 1
    assert OutboxEvent.objects.filter(key__startswith="hold:").count() == 1


def test_each_order_of_a_batch_sees_what_those_before_it_used():
    """Domain 4.10, law 1: a queue is its orders one by one."""
    a_rule()
    customer = a_customer(limit="1000")
    orders = [an_order(customer, "400") for _ in range(4)]
    postings = post_documents(
        orders=[order.pk for order in orders], document="confirmation", actor=SYSTEM, at=NOW, today=today
    )
    assert [posting.outcome for posting in postings] == ["posted", "posted", "held", "held"]
    account = CreditAccount.objects.get(customer=customer)
    assert list(CreditUse.objects.order_by("sequence").values_list("account", "sequence", "order")) == [
        (account.pk, 1, orders[0].pk), (account.pk, 2, orders[1].pk),
    ]  # fmt: skip
    assert account.version == 2


def test_members_of_a_group_share_its_limit():
    """Domain 3.4: group first; own limit 0 and not mandatory is not tested."""
    a_rule()
    group = a_group(limit="1000")
    orders = [an_order(a_customer(f"US-{n}", limit="0", credit_group=group), "400") for n in range(3)]
    assert [post(order).outcome for order in orders] == ["posted", "posted", "held"]
    assert CreditUse.objects.filter(account__group=group).count() == 2
    assert Hold.objects.get().reasons.get().account == "group:G1"


def test_a_batch_goes_on_where_one_order_can_not_be_posted():
    customer = a_customer()
    good, bad = an_order(customer, "1"), an_order(customer, "1", credit_status="rejected")
    postings = post_documents(
        orders=[bad.pk, good.pk, 999_999_999], document="confirmation", actor=SYSTEM, at=NOW, today=today
    )
    assert [posting.outcome for posting in postings] == ["failed", "posted", "failed"]
    assert isinstance(postings[0].error, Refused)
    assert isinstance(postings[2].error, NotFound)


def test_without_a_rate_the_order_is_held_because_it_cannot_be_evaluated():
    """Domain 4.9: a missing rate never lets an order pass."""
    an_entity("DEMF", "EUR")
    order = an_order(a_customer(), "10", currency_id="EUR")
    hold = held(order)
    assert hold.reason_codes == ["cannot_be_evaluated"]
    assert (hold.amount, hold.amount_unknown) == (0, True)
    assert "EUR" in hold.reasons.get().message


def test_an_unchecked_document_is_posted_and_uses_credit_all_the_same():
    """Domain 3.2: also orders that were posted without being checked; 4.1: the checkpoint is not enabled."""
    parameters(checkpoints={})
    a_rule()
    order = an_order(a_customer(limit="100"), "400")
    posting = post(order)
    assert posting.outcome == "posted"
    assert posting.decision.not_checked_because == "checkpoint_off"
    assert Commitment.objects.filter(order=order).exists()
    assert order.credit_status == "not_checked"
    assert DecisionRecord.objects.get().outcome == "not_checked"


def test_the_packing_slip_delivers_and_the_invoice_creates_the_customer_transaction():
    """Domain 5.3, posting internal; due by the terms of payment."""
    a_rule()
    customer = a_customer(limit="1000")
    order = an_order(customer, "400")
    post(order)
    post(order, "packing_slip")
    assert (order.uninvoiced_amount, order.delivered_uninvoiced_amount) == (400, 400)
    assert order.lines.get().delivered == 1
    post(order, "invoice")
    assert (order.uninvoiced_amount, order.delivered_uninvoiced_amount) == (0, 0)
    invoice = CustomerTransaction.objects.get(sales_order=order)
    assert (invoice.customer_id, invoice.amount, invoice.date, invoice.kind) == (customer.pk, 400, DAY, "invoice")
    item = DueItem.objects.get(transaction=invoice)
    assert (item.due_date, item.open_amount) == (DAY + dt.timedelta(days=30), 400)
    assert not Commitment.objects.exists()


def test_the_invoice_is_the_payers_and_only_for_what_is_not_invoiced_yet():
    payer = a_customer("US-PAYS", limit="1000")
    customer = a_customer("US-002", limit="0", invoice_account=payer)
    order = an_order(customer, "400", document_status="packing_slip")
    SalesOrder.objects.filter(pk=order.pk).update(uninvoiced_amount=Decimal(150))
    post(order, "invoice")
    invoice = CustomerTransaction.objects.get()
    assert (invoice.customer_id, invoice.amount) == (payer.pk, 150)


def test_nothing_is_invoiced_twice():
    """Domain 3.2: what the ERP has invoiced already is not invoiced again."""
    order = an_order(a_customer(), "400", document_status="packing_slip")
    SalesOrder.objects.filter(pk=order.pk).update(uninvoiced_amount=0)
    assert post(order, "invoice").outcome == "posted"
    assert not CustomerTransaction.objects.exists()


def test_exposure_does_not_jump_when_an_order_becomes_an_invoice():
    """Law 3: what the order used, the invoice owes."""
    a_rule()
    customer = a_customer(limit="1000")
    first, second = an_order(customer, "600"), an_order(customer, "500")
    for document in ("confirmation", "packing_slip", "invoice"):
        post(first, document)
        assert Decimal(first.uninvoiced_amount) + sum(DueItem.objects.values_list("open_amount", flat=True)) == 600
    hold = held(second)
    assert hold.over_limit == 100


def test_a_pro_forma_never_moves_the_document_status():
    parameters(checkpoints={"confirmation": {"posting": True, "pro_forma": True}})
    a_rule()
    customer = a_customer(limit="1000")
    order = an_order(customer, "400")
    assert post(order, pro_forma=True).outcome == "posted"
    assert order.document_status == "open"
    assert order.credit_status == "passed"
    assert Commitment.objects.filter(order=order).exists()
    too_much = an_order(customer, "900")
    hold = held(too_much, pro_forma=True)
    assert hold.pro_forma


def test_a_pass_starts_grace_days_and_the_day_after_them_is_checked_again():
    """Domain 5.2: confirmed on day 1 with 2 grace days, next checked on day 4."""
    parameters(checkpoints={d: {"posting": True, "grace_days": 2} for d in ("confirmation", "packing_slip", "invoice")})
    a_rule()
    order = an_order(a_customer(limit="1000"), "400")
    post(order, today=on(dt.date(2026, 11, 1)))
    assert Clearance.objects.get(order=order).grace_until == dt.date(2026, 11, 3)
    within = post(order, "release_to_warehouse", today=on(dt.date(2026, 11, 3)))
    assert within.decision.not_checked_because == "checkpoint_off"
    posting = post(order, "packing_slip", today=on(dt.date(2026, 11, 3)))
    assert posting.decision.not_checked_because == "grace"
    after = post(order, "invoice", today=on(dt.date(2026, 11, 4)))
    assert after.decision.outcome == "passed"


def test_where_the_erp_posts_the_answer_is_cleared():
    """Domain 5.3, posting external: hold or commitment written, nothing moved."""
    parameters(posting="external")
    a_rule()
    customer = a_customer(limit="1000")
    order = an_order(customer, "400")
    assert post(order).outcome == "cleared"
    assert (order.document_status, order.awaiting_document, order.credit_status) == ("open", "confirmation", "passed")
    assert Commitment.objects.filter(order=order).exists()
    assert post(an_order(customer, "900")).outcome == "held"


def test_a_batch_may_span_entities_of_which_one_posts_itself():
    a_rule()
    parameters("DEMF", posting="external")
    here = an_order(a_customer(limit="1000"))
    there = an_order(a_customer("DE-1", limit="1000", entity=an_entity("DEMF", "EUR")))
    postings = post_documents(orders=[here.pk, there.pk], document="confirmation", actor=SYSTEM, at=NOW, today=today)
    assert [posting.outcome for posting in postings] == ["posted", "cleared"]


def test_who_may_not_post_changes_nothing():
    order = an_order(a_customer())
    with pytest.raises(NotAllowed):
        post(order, actor=a_user("viewer", Role.VIEWER))
    with pytest.raises(OutOfScope):
        post(order, actor=stranger())
    assert not DecisionRecord.objects.exists()


def test_an_unknown_order_is_not_found():
    with pytest.raises(NotFound):
        post_document(order=999_999_999, document="confirmation", actor=SYSTEM, at=NOW, today=today)


def test_terms_that_use_no_credit_pass_an_exhausted_limit():
    """Domain 2: prepayment terms take no credit and are not limit-tested."""
    PaymentTerms.objects.create(code="PREPAY", uses_credit=False)
    a_rule()
    customer = a_customer(limit="0")
    assert post(an_order(customer, "400", payment_terms_id="PREPAY")).outcome == "posted"
    assert post(an_order(customer, "400")).outcome == "held"


def test_a_posting_never_writes_amounts_over_a_feed_that_came_in_between(monkeypatch):
    """The feed asks for no lock: what is left of an order is written only if nobody changed it since it was read."""
    order = an_order(a_customer(), "400", document_status="packing_slip")
    invoice = documents._invoice

    def feed_in_between(orders, on):
        SalesOrder.objects.filter(pk=order.pk).update(amount=900, uninvoiced_amount=900, version=order.version + 1)
        invoice(orders, on)

    monkeypatch.setattr(documents, "_invoice", feed_in_between)
    with pytest.raises(NotDecided), transaction.atomic():
        post(order, "invoice")
    monkeypatch.undo()
    assert not CustomerTransaction.objects.exists()
    assert post(order, "invoice").outcome == "posted"
