"""Orders that the ERP changes, cancels or stops; rejecting and reopening; forcing (`domain 6`)."""

import datetime as dt
from decimal import Decimal

import pytest

from credit_mgmt.models import Clearance, Commitment
from customers.access import NotAllowed, OutOfScope
from customers.errors import InvalidInput, NotFound, Refused
from customers.models import OutboxEvent, Reason, Role, SalesOrder
from holds.forced import force_hold
from holds.models import Hold, HoldEvent
from holds.orders import cancel_order, feed_orders
from holds.rejections import reject_hold, reject_holds, reopen_order
from tests.factories_holds import (
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
    paid,
    parameters,
    post,
    reasons,
    stranger,
    today,
)

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _world():
    an_entity()
    reasons()
    a_rule()


def row(order: SalesOrder, price: str, **fields) -> dict:
    """The order as the ERP feeds it."""
    lines = [{"number": 1, "quantity": Decimal(1), "unit_price": Decimal(price)}]
    return {"key": order.key, "customer": order.customer.key, "payment_terms": "N30", "lines": lines, **fields}


def feed(*rows: dict, **options) -> list[str]:
    values = {"actor": SYSTEM, "at": LATER, "today": today, **options}
    return [result.status for result in feed_orders(list(rows), **values)]


def modified_reason() -> None:
    parameters(modified_order_reason=Reason.objects.get(type="release", code="GONE"))


# --- modified orders --------------------------------------------------------------------------------------------------


def test_an_identical_write_is_no_change():
    """Domain 6: a repeated identical write is no change."""
    modified_reason()
    order = an_order(a_customer(limit="100"))
    hold = held(order)
    assert feed(row(order, "400")) == ["unchanged"]
    assert Hold.objects.get(pk=hold.pk).evaluated_at == NOW
    assert HoldEvent.objects.count() == 1


def test_a_changed_order_that_nothing_blocks_any_more_is_released_without_posting():
    modified_reason()
    order = an_order(a_customer(limit="100"))
    hold = held(order)
    assert feed(row(order, "90")) == ["updated"]
    hold = Hold.objects.get(pk=hold.pk)
    order.refresh_from_db()
    assert (hold.status, hold.release_mode, hold.release_reason.code) == ("released", "without_posting", "GONE")
    assert (order.credit_status, order.document_status, order.amount) == ("released", "open", 90)
    assert HoldEvent.objects.filter(hold=hold).order_by("-version").first().data["cause"] == "modified"
    assert post(order).decision.not_checked_because == "cleared_by_release"


def test_without_the_reason_parameter_it_becomes_ready_to_release():
    order = an_order(a_customer(limit="100"))
    hold = held(order)
    feed(row(order, "90"))
    hold = Hold.objects.get(pk=hold.pk)
    assert (hold.status, hold.ready_to_release, hold.amount) == ("active", True, 90)


def test_a_forced_hold_of_a_changed_order_becomes_ready_at_most():
    modified_reason()
    order = an_order(a_customer(limit="100"))
    hold = held(order)
    force_hold(order=order.pk, reason="DISPUTE", actor=a_user(), at=NOW, today=today)
    feed(row(order, "90"))
    hold = Hold.objects.get(pk=hold.pk)
    assert (hold.status, hold.ready_to_release, hold.reason_codes) == ("active", True, ["forced"])


def test_a_changed_order_that_is_still_blocked_shows_its_new_figures():
    order = an_order(a_customer(limit="100"))
    hold = held(order)
    feed(row(order, "500"))
    hold = Hold.objects.get(pk=hold.pk)
    assert (hold.status, hold.amount, hold.over_limit) == ("active", 500, 400)


def test_a_change_recalls_what_is_in_workflow():
    """Domain 6: a change fed by the ERP to an order in workflow is accepted and recalls the workflow item."""
    order = an_order(a_customer(limit="100"))
    hold = held(order)
    Hold.objects.filter(pk=hold.pk).update(workflow_state="submitted")
    feed(row(order, "90"))
    assert Hold.objects.get(pk=hold.pk).workflow_state == ""


def test_grace_ends_at_once_when_the_value_rises_even_if_it_falls_again():
    """Domain 5.2: grace and clearance end at once."""
    graced = {"posting": True, "grace_days": 5}
    parameters(checkpoints={"confirmation": graced, "packing_slip": graced})
    order = an_order(a_customer(limit="1000"))
    post(order)
    assert Clearance.objects.get().grace_until is not None
    feed(row(order, "500"))
    feed(row(order, "400"))
    assert Clearance.objects.get().grace_until is None
    assert post(order, "packing_slip").decision.outcome == "passed"


def test_an_order_that_gets_another_customer_takes_its_credit_along():
    """Domain 1: changing the invoice account moves the commitments."""
    old, new = a_customer("US-1", limit="1000"), a_customer("US-2", limit="1000")
    order = an_order(old)
    post(order)
    feed(row(order, "400", customer=new.key))
    assert Commitment.objects.get(order=order).account == new.credit_account
    assert post(an_order(old, "700")).outcome == "posted"
    assert post(an_order(new, "700")).outcome == "held"


def test_a_held_order_that_gets_another_customer_is_checked_against_that_one():
    modified_reason()
    order = an_order(a_customer("US-1", limit="100"))
    hold = held(order)
    feed(row(order, "400", customer=a_customer("US-2", limit="1000").key))
    hold = Hold.objects.get(pk=hold.pk)
    assert (hold.status, hold.payer.account) == ("released", "US-2")


def test_orders_can_be_fed_before_anything_is_known_of_them():
    customer = a_customer()
    assert feed({"key": "USMF:SO-NEW", "customer": customer.key, "lines": []}, {"nonsense": 1}, {"key": 7}) == [
        "created", "failed", "failed",
    ]  # fmt: skip


def test_feeding_needs_its_right():
    [result] = feed_orders([row(an_order(a_customer()), "1")], actor=a_user("viewer", Role.VIEWER), at=NOW, today=today)
    assert result.status == "failed"


# --- cancelled orders -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["GONE", None])
def test_the_hold_of_a_cancelled_order_closes_with_the_parameters_reason(code):
    parameters(cancelled_order_reason=Reason.objects.get(type="release", code=code) if code else None)
    order = an_order(a_customer(limit="100"))
    hold = held(order)
    cancelled = cancel_order(order=order.pk, actor=a_user(), at=NOW)
    hold = Hold.objects.get(pk=hold.pk)
    assert (cancelled.credit_status, cancelled.uninvoiced_amount) == ("cancelled", 0)
    assert hold.status == "cancelled"
    assert (hold.release_reason.code if hold.release_reason else None) == code
    assert OutboxEvent.objects.filter(type="cancelled").count() == 1
    with pytest.raises(Refused) as refused:
        cancel_order(order=order.pk, actor=a_user(), at=NOW)
    assert refused.value.code == "order_cancelled"


def test_cancelling_frees_the_credit():
    customer = a_customer(limit="500")
    order = an_order(customer)
    post(order)
    assert post(other := an_order(customer, "300")).outcome == "held"
    cancel_order(order=order.pk, actor=a_user(), at=NOW)
    assert not Commitment.objects.exists()
    assert other.credit_status == "on_hold"
    assert post(an_order(customer, "300")).outcome == "posted"


def test_an_invoiced_order_is_not_cancelled():
    order = an_order(a_customer(), document_status="invoice")
    with pytest.raises(Refused) as refused:
        cancel_order(order=order.pk, actor=a_user(), at=NOW)
    assert refused.value.code == "order_not_open"


# --- rejecting and reopening ------------------------------------------------------------------------------------------


def test_a_rejected_order_is_not_posted_until_it_is_reopened_and_then_checked_again():
    """Domain 6."""
    customer = a_customer(limit="1000")
    invoice = an_invoice(customer, "1000")
    order = an_order(customer)
    hold = held(order)
    rejected = reject_hold(id=hold.pk, reason="GONE", note="never again", actor=a_user(), at=NOW)
    order.refresh_from_db()
    assert (rejected.status, order.credit_status) == ("rejected", "rejected")
    with pytest.raises(Refused) as refused:
        post(order)
    assert refused.value.code == "rejected"
    with pytest.raises(Refused):
        force_hold(order=order.pk, reason="DISPUTE", actor=a_user(), at=NOW, today=today)
    with pytest.raises(NotAllowed):
        reopen_order(order=order.pk, actor=a_user(), at=NOW)
    reopened = reopen_order(order=order.pk, actor=a_user("boss", Role.CREDIT_MANAGER), at=NOW)
    assert reopened.credit_status == "not_checked"
    assert post(order).outcome == "held"
    events = HoldEvent.objects.filter(hold=hold).order_by("version").values_list("type", "to_status")
    assert list(events) == [("hold_placed", "active"), ("rejected", "rejected"), ("reopened", "rejected")]
    paid(invoice)


def test_only_a_rejected_order_is_reopened():
    with pytest.raises(Refused) as refused:
        reopen_order(order=an_order(a_customer()).pk, actor=SYSTEM, at=NOW)
    assert refused.value.code == "not_rejected"
    with pytest.raises(NotFound):
        reopen_order(order=999_999_999, actor=SYSTEM, at=NOW)


def test_rejecting_many_reports_each():
    good, done = held(an_order(a_customer("US-1", limit="1"))), held(an_order(a_customer("US-2", limit="1")))
    reject_hold(id=done.pk, actor=a_user(), at=NOW)
    result = reject_holds(ids=[good.pk, done.pk], actor=a_user(), at=NOW, versions={str(good.pk): 1})
    assert result.succeeded == [good.pk]
    assert [failure.code for failure in result.failed] == ["hold_not_active"]
    with pytest.raises(InvalidInput):
        reject_holds(ids=[good.pk], reason="NOPE", actor=a_user(), at=NOW)


# --- forced holds -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "checkpoint"),
    [
        ("open", "confirmation"),
        ("confirmation", "packing_slip"),
        ("picking_list", "packing_slip"),
        ("packing_slip", "invoice"),
    ],
)
def test_an_open_order_is_stopped_by_force_before_its_next_document(status, checkpoint):
    order = an_order(a_customer(), document_status=status)
    hold = force_hold(order=order.pk, reason="DISPUTE", note="case 4411", actor=a_user(), at=NOW, today=today)
    hold = Hold.objects.get(pk=hold.pk)
    order.refresh_from_db()
    assert (hold.checkpoint, hold.forced, hold.reason_codes, hold.decision) == (checkpoint, True, ["forced"], None)
    assert (hold.forced_reason.code, hold.forced_by, hold.forced_note) == ("DISPUTE", a_user().reference, "case 4411")
    assert "case 4411" in hold.reasons.get().message
    assert order.credit_status == "on_hold"
    assert hold.amount == 400
    assert OutboxEvent.objects.get(type="forced").data["reason"] == "DISPUTE"
    assert post(order, checkpoint).outcome == "held"


def test_a_forced_hold_frees_the_credit_of_an_approved_order():
    order = an_order(a_customer(limit="1000"))
    post(order)
    force_hold(order=order.pk, reason="DISPUTE", actor=a_user(), at=NOW, today=today)
    assert not Commitment.objects.exists()


def test_an_order_on_hold_gains_the_forced_reason():
    """Domain 6: an order already on hold gains the forced reason, and its workflow item is recalled."""
    order = an_order(a_customer(limit="100"))
    hold = held(order)
    Hold.objects.filter(pk=hold.pk).update(workflow_state="submitted")
    for version, note in ((2, "first"), (3, "second")):
        again = force_hold(order=order.pk, reason="DISPUTE", note=note, actor=a_user(), at=NOW, today=today)
        assert (again.pk, again.version) == (hold.pk, version)
    hold = Hold.objects.get(pk=hold.pk)
    assert (hold.reason_codes, hold.forced_note, hold.workflow_state) == (["forced", "limit_used"], "second", "")
    assert hold.reasons.filter(type="forced").count() == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"document_status": "invoice"}, "order_not_open"), ({"credit_status": "cancelled"}, "order_cancelled"),
     ({"order_type": "pos"}, "never_on_hold")],
)  # fmt: skip
def test_what_can_not_be_held_is_not_forced(fields, code):
    with pytest.raises(Refused) as refused:
        force_hold(order=an_order(a_customer(), **fields).pk, reason="DISPUTE", actor=a_user(), at=NOW, today=today)
    assert refused.value.code == code


@pytest.mark.parametrize(("reason", "code"), [(None, "required"), ("PAID", "unknown"), ("GERMAN", "other_entity")])
def test_a_forced_hold_needs_a_hold_reason_of_its_entity(reason, code):
    an_entity("DEMF", "EUR")
    Reason.objects.create(type="hold", code="GERMAN", legal_entity_id="DEMF")
    with pytest.raises(InvalidInput) as bad:
        force_hold(order=an_order(a_customer()).pk, reason=reason, actor=a_user(), at=NOW, today=today)
    assert bad.value.errors[0].code == code
    assert not Hold.objects.exists()


def test_forcing_needs_its_right():
    order = an_order(a_customer())
    with pytest.raises(NotAllowed):
        force_hold(order=order.pk, reason="DISPUTE", actor=a_user("v", Role.VIEWER), at=NOW, today=today)
    with pytest.raises(OutOfScope):
        force_hold(order=order.pk, reason="DISPUTE", actor=stranger(), at=NOW, today=today)


# --- point of sale and call centre ------------------------------------------------------------------------------------


@pytest.mark.parametrize("order_type", ["pos", "call_center"])
@pytest.mark.parametrize(
    ("message", "amount", "outcome", "warnings"),
    [("warning", "400", "posted", 0), ("warning", "1400", "posted", 1), ("error", "400", "posted", 0),
     ("error", "1400", "refused", 0)],
)  # fmt: skip
def test_orders_of_the_counter_are_never_put_on_hold(order_type, message, amount, outcome, warnings):
    """Domain 4.8: passed, warning or error; an error refuses the posting. No rule is looked at."""
    parameters(message_when_exceeding_credit_limit=message)
    a_rule("sales_order", amount=Decimal(1), currency_id="USD")
    order = an_order(a_customer(limit="1000"), amount, order_type=order_type)
    posting = post(order)
    assert (posting.outcome, len(posting.decision.warnings)) == (outcome, warnings)
    assert not Hold.objects.exists()
    refused = outcome == "refused"
    assert order.document_status == ("open" if refused else "confirmation")
    assert Commitment.objects.exists() is not refused
    assert bool(posting.message) is refused


def test_an_order_of_the_counter_counts_itself_once():
    """Domain 3.2: when an order is being checked it counts itself exactly once."""
    parameters(message_when_exceeding_credit_limit="error")
    order = an_order(a_customer(limit="1000"), "600", order_type="pos")
    assert post(order).outcome == "posted"
    assert post(order, "packing_slip").outcome == "posted"


# --- credit groups ----------------------------------------------------------------------------------------------------


def test_a_group_of_entities_shares_its_limit_across_them():
    """Domain 3.4: members may be of several legal entities."""
    group = a_group(limit="1000")
    here = a_customer("US-1", limit="0", credit_group=group)
    there = a_customer("DE-1", limit="0", credit_group=group, entity=an_entity("DEMF", "USD"))
    assert post(an_order(here, "600")).outcome == "posted"
    assert post(an_order(there, "600")).outcome == "held"
