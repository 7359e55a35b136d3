"""Releasing holds and taking a release back (`domain 5.2`, `6`)."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest

from credit_mgmt.models import Clearance, Commitment
from customers.access import NotAllowed, OutOfScope
from customers.errors import InvalidInput, NotFound, Refused
from customers.models import CustomerTransaction, OutboxEvent, Reason, Role, SalesOrder
from holds.forced import force_hold
from holds.models import Hold, HoldEvent
from holds.orders import report_posted, report_posting_failed
from holds.releases import reinstate_hold, release_hold, release_holds
from tests.factories_holds import (
    DAY,
    NOW,
    SYSTEM,
    a_customer,
    a_rule,
    a_user,
    an_entity,
    an_order,
    held,
    on,
    parameters,
    post,
    reasons,
    stranger,
    today,
)

pytestmark = pytest.mark.django_db
WITHOUT, WITH = "without_posting", "with_posting"


@pytest.fixture(autouse=True)
def _world():
    an_entity()
    reasons()
    a_rule()


def an_order_on_hold(document: str = "confirmation", limit: str = "100", **fields) -> tuple[SalesOrder, Hold]:
    order = an_order(a_customer(f"US-{uuid.uuid4().hex[:6]}", limit=limit), "400", **fields)
    return order, held(order, document)


def release(hold: Hold, mode: str = WITHOUT, **options) -> Hold:
    values = {"actor": a_user(), "reason": "PAID", "at": NOW, "today": today, **options}
    return release_hold(id=hold.pk, mode=mode, **values)


def test_a_release_without_posting_clears_the_stopped_document_once():
    """Domain 5.2: that document can then be posted once without a check; later checkpoints check as usual."""
    order, hold = an_order_on_hold()
    released = release(hold, note="promised for Thursday")
    order.refresh_from_db()
    assert (released.status, released.release_mode, released.version) == ("released", WITHOUT, 2)
    assert (released.decided_by, released.decided_at) == (a_user().reference, NOW)
    assert (order.credit_status, order.document_status) == ("released", "open")
    assert Commitment.objects.get(order=order).amount == 400
    assert post(order).decision.not_checked_because == "cleared_by_release"
    assert (order.document_status, order.credit_status) == ("confirmation", "released")
    assert post(order, "packing_slip").outcome == "held"


def test_a_release_is_recorded_with_its_figures():
    """Domain 6: a person may release what exceeds the limit, and it is recorded with the figures."""
    _, hold = an_order_on_hold()
    release(hold, note="known")
    event = HoldEvent.objects.get(hold=hold, version=2)
    assert (event.type, event.from_status, event.to_status, event.actor_name) == (
        "released",
        "active",
        "released",
        "clerk",
    )
    assert event.data["reason"] == "PAID"
    assert event.data["mode"] == WITHOUT
    assert event.data["reasons"] == ["limit_used"]
    assert Decimal(event.data["figures"]["over_limit"]) == 300
    told = OutboxEvent.objects.get(key=f"hold:{hold.pk}:2")
    assert (told.type, told.data["mode"], told.data["status"]) == ("released", WITHOUT, "released")


def test_a_release_with_posting_posts_exactly_what_was_being_posted():
    order, hold = an_order_on_hold()
    release(hold, WITH)
    order.refresh_from_db()
    assert (order.document_status, order.credit_status) == ("confirmation", "released")
    assert Commitment.objects.filter(order=order).exists()
    # It was posted; so nothing is cleared any more, and the next checkpoint checks.
    assert Clearance.objects.get(order=order).cleared_document == ""
    assert post(order, "packing_slip").outcome == "held"


def test_a_release_with_posting_of_an_invoice_makes_the_invoice():
    order, hold = an_order_on_hold("invoice", document_status="packing_slip")
    release(hold, WITH)
    assert CustomerTransaction.objects.get(sales_order=order).amount == 400
    assert not Commitment.objects.exists()


def test_where_the_posting_fails_the_hold_stays_active_and_says_why():
    """Domain 6: if it fails the hold stays active and the message says why."""
    order, hold = an_order_on_hold("packing_slip", document_status="confirmation")
    SalesOrder.objects.filter(pk=order.pk).update(document_status="packing_slip")
    with pytest.raises(Refused) as refused:
        release(hold, WITH)
    assert refused.value.code == "posting_failed"
    assert "posted already" in refused.value.message
    hold = Hold.objects.get(pk=hold.pk)
    assert (hold.status, hold.version) == ("active", 1)
    assert not Commitment.objects.exists()


@pytest.mark.parametrize("mode", [WITH, WITHOUT])
def test_a_forced_hold_is_released_without_posting_because_nothing_was_being_posted(mode):
    order = an_order(a_customer())
    hold = force_hold(order=order.pk, reason="DISPUTE", actor=a_user(), at=NOW, today=today)
    manager = a_user("manager", Role.CREDIT_MANAGER)
    if mode == WITHOUT:
        assert release(hold, mode, actor=manager).status == "released"
    else:
        with pytest.raises(Refused, match="release it without posting"):
            release(hold, mode, actor=manager)


def test_only_a_manager_releases_a_forced_hold():
    """Domain 13."""
    hold = force_hold(order=an_order(a_customer()).pk, reason="DISPUTE", actor=a_user(), at=NOW, today=today)
    with pytest.raises(NotAllowed):
        release(hold)
    assert release(hold, actor=a_user("manager", Role.CREDIT_MANAGER)).status == "released"


@pytest.mark.parametrize(
    ("reason", "code"), [(None, "required"), ("", "required"), ("NOPE", "unknown"), ("DISPUTE", "unknown")]
)
def test_a_release_needs_a_release_reason(reason, code):
    """Domain 6: release reason (required, type release)."""
    _, hold = an_order_on_hold()
    with pytest.raises(InvalidInput) as bad:
        release(hold, reason=reason)
    assert [(error.field, error.code) for error in bad.value.errors] == [("reason", code)]
    assert Hold.objects.get(pk=hold.pk).status == "active"


def test_a_release_needs_a_reason_of_the_orders_legal_entity():
    an_entity("DEMF", "EUR")
    Reason.objects.create(type="release", code="GERMAN", legal_entity_id="DEMF")
    order, hold = an_order_on_hold()
    with pytest.raises(InvalidInput) as bad:
        release(hold, reason="GERMAN")
    assert (bad.value.errors[0].field, bad.value.errors[0].code) == ("reason", "other_entity")
    order.refresh_from_db()
    assert (Hold.objects.get(pk=hold.pk).version, order.credit_status) == (1, "on_hold")
    assert HoldEvent.objects.count() == 1


def test_a_review_date_is_required_by_a_parameter_and_never_in_the_past():
    parameters(require_review_date=True)
    _, hold = an_order_on_hold()
    for review_date, code in ((None, "required"), (DAY - dt.timedelta(days=1), "in_the_past")):
        with pytest.raises(InvalidInput) as bad:
            release(hold, review_date=review_date)
        assert (bad.value.errors[0].field, bad.value.errors[0].code) == ("review_date", code)
    assert release(hold, review_date=DAY).review_date == DAY


def test_an_unknown_mode_is_refused():
    _, hold = an_order_on_hold()
    with pytest.raises(InvalidInput, match="with_posting, without_posting"):
        release(hold, "later")


def test_a_closed_hold_is_not_released_again():
    _, hold = an_order_on_hold()
    release(hold)
    with pytest.raises(Refused) as refused:
        release(hold)
    assert refused.value.code == "hold_not_active"


def test_a_stale_screen_cannot_release_a_newer_state():
    """Reliability finding 5: held, released, reinstated; the first screen names a version that is gone."""
    _, hold = an_order_on_hold()
    release(hold)
    reinstate_hold(id=hold.pk, actor=a_user(), at=NOW)
    with pytest.raises(Refused) as refused:
        release(hold, versions={hold.pk: 1})
    assert refused.value.code == "stale"
    assert release(hold, versions={str(hold.pk): 3}).status == "released"


def test_what_is_in_workflow_is_not_released_otherwise():
    _, hold = an_order_on_hold()
    Hold.objects.filter(pk=hold.pk).update(workflow_state="submitted")
    with pytest.raises(Refused) as refused:
        release(hold)
    assert refused.value.code == "in_workflow"


def test_in_a_bulk_release_each_hold_succeeds_or_fails_on_its_own():
    """Domain 6: in a bulk action each order succeeds or fails on its own, and the result lists both."""
    _, good = an_order_on_hold()
    _, done = an_order_on_hold()
    release(done)
    abroad = an_entity("DEMF", "EUR")
    _, foreign = (order := an_order(a_customer("DE-1", limit="1", entity=abroad))), held(order)
    nobody = uuid.uuid4()
    clerk = a_user("us", entity="USMF")
    result = release_holds(
        ids=[done.pk, nobody, foreign.pk, good.pk], mode=WITHOUT, reason="PAID", actor=clerk, at=NOW, today=today
    )
    assert result.succeeded == [good.pk]
    assert [(failure.id, failure.code) for failure in result.failed] == [
        (done.pk, "hold_not_active"), (nobody, "not_found"), (foreign.pk, "not_found"),
    ]  # fmt: skip
    assert Hold.objects.get(pk=foreign.pk).status == "active"


def test_who_sees_but_may_not_release_is_told_so():
    _, hold = an_order_on_hold()
    with pytest.raises(NotAllowed):
        release(hold, actor=a_user("admin", Role.CREDIT_ADMINISTRATOR))
    with pytest.raises(NotAllowed):
        release(hold, actor=a_user("erp", Role.INTEGRATION))
    with pytest.raises(OutOfScope):
        release(hold, actor=stranger())


def test_a_right_that_was_taken_away_meanwhile_does_not_count():
    """Reliability W03, S14: grants are read again under the lock."""
    _, hold = an_order_on_hold()
    clerk = a_user("leaving")
    from customers.models import AccessGrant

    AccessGrant.objects.filter(user_id=clerk.user_id or 0).delete()
    with pytest.raises(OutOfScope):
        release(hold, actor=clerk)


def test_a_release_starts_grace_days():
    """Domain 5.2: after a hold is released on day D with g grace days, not checked through D + g."""
    parameters(
        checkpoints={
            "confirmation": {"posting": True, "grace_days": 2},
            "packing_slip": {"posting": True, "grace_days": 2},
        }
    )
    order, hold = an_order_on_hold()
    release(hold, WITH)
    assert post(order, "packing_slip", today=on(DAY + dt.timedelta(days=2))).decision.not_checked_because == "grace"


@pytest.mark.parametrize(("amount", "outcome"), [("440", "posted"), ("440.01", "held")])
def test_a_clearance_ends_when_the_value_rises_beyond_the_tolerance(amount, outcome):
    """Domain 5.2: as long as the value, beyond the release tolerance, did not rise since."""
    parameters(release_tolerance_percent=Decimal(10))
    order, hold = an_order_on_hold()
    release(hold)
    SalesOrder.objects.filter(pk=order.pk).update(amount=Decimal(amount), uninvoiced_amount=Decimal(amount))
    assert post(order).outcome == outcome


def test_a_release_without_posting_can_be_taken_back_within_15_minutes():
    order, hold = an_order_on_hold()
    release(hold)
    again = reinstate_hold(id=hold.pk, actor=a_user(), at=NOW + dt.timedelta(minutes=15))
    order.refresh_from_db()
    assert (again.status, again.version, again.release_mode, again.reason_codes) == ("active", 3, "", ["limit_used"])
    assert order.credit_status == "on_hold"
    assert not Commitment.objects.exists()
    assert post(order).outcome == "held"
    assert list(HoldEvent.objects.order_by("version").values_list("type", flat=True)) == [
        "hold_placed", "released", "reinstated",
    ]  # fmt: skip
    release(hold)
    assert post(order).decision.not_checked_because == "cleared_by_release"


@pytest.mark.parametrize(
    ("case", "code"),
    [("later", "too_late"), ("colleague", "not_your_release"), ("posted", "posted_since"),
     ("never", "hold_not_released"),
     ("with_posting", "hold_not_released"), ("cancelled", "order_moved_on")],
)  # fmt: skip
def test_a_release_stands_once_things_went_on(case, code):
    order, hold = an_order_on_hold()
    actor, at = a_user(), NOW
    if case != "never":
        release(hold, WITH if case == "with_posting" else WITHOUT)
    if case == "later":
        at = NOW + dt.timedelta(minutes=15, seconds=1)
    elif case == "colleague":
        actor = a_user("colleague")
    elif case == "posted":
        post(order)
    elif case == "cancelled":
        SalesOrder.objects.filter(pk=order.pk).update(credit_status="cancelled")
    with pytest.raises(Refused) as refused:
        reinstate_hold(id=hold.pk, actor=actor, at=at)
    assert refused.value.code == code


def test_an_order_that_is_stopped_again_gets_a_new_hold():
    order, hold = an_order_on_hold()
    release(hold, WITH)
    second = held(order, "packing_slip")
    assert second.pk != hold.pk
    assert Hold.objects.filter(order=order).count() == 2


# --- where the ERP posts ----------------------------------------------------------------------------------------------


def test_a_release_with_posting_asks_the_erp_to_post():
    """Domain 5.3: release with posting emits the event posting requested."""
    parameters(posting="external")
    order, hold = an_order_on_hold()
    release(hold, WITH)
    order.refresh_from_db()
    assert (order.document_status, order.awaiting_document, order.credit_status) == ("open", "confirmation", "released")
    event = OutboxEvent.objects.get(type="posting_requested")
    assert (event.subject, event.data["document"]) == (order.key, "confirmation")
    # The ERP may ask again before it posts: the document is cleared until it reports.
    assert post(order).outcome == "cleared"
    assert post(order).outcome == "cleared"
    done = report_posted(order=order.pk, document="confirmation", actor=SYSTEM, at=NOW)
    assert (done.document_status, done.awaiting_document) == ("confirmation", "")
    assert Clearance.objects.get(order=order).cleared_document == ""


def test_a_reported_failure_puts_the_order_back_on_hold():
    """Domain 5.3: a reported failure puts the order back on hold with the reason posting failed."""
    parameters(posting="external")
    order, hold = an_order_on_hold()
    release(hold, WITH)
    report_posting_failed(
        order=order.pk, document="confirmation", message="no stock", actor=SYSTEM, at=NOW, today=today
    )
    order.refresh_from_db()
    assert (order.credit_status, order.awaiting_document) == ("on_hold", "")
    again = Hold.objects.get(order=order, status="active")
    assert again.reason_codes == ["posting_failed"]
    assert "no stock" in again.reasons.get().message
    assert again.posting_request["document"] == "confirmation"
    assert not Commitment.objects.exists()
    release(again, WITH)
    assert OutboxEvent.objects.filter(type="posting_requested").count() == 2


def test_a_failure_of_what_was_merely_cleared_lets_the_erp_ask_again():
    parameters(posting="external")
    order = an_order(a_customer(limit="1000"))
    post(order)
    report_posting_failed(order=order.pk, document="confirmation", message="x", actor=SYSTEM, at=NOW, today=today)
    order.refresh_from_db()
    assert (order.credit_status, order.awaiting_document) == ("passed", "")
    assert Commitment.objects.exists()
    assert post(order).outcome == "cleared"


def test_a_report_of_what_was_never_cleared_is_refused():
    parameters(posting="external")
    order = an_order(a_customer(limit="1000"))
    with pytest.raises(Refused) as refused:
        report_posted(order=order.pk, document="confirmation", actor=SYSTEM, at=NOW)
    assert refused.value.code == "not_cleared"
    post(order)
    report_posted(order=order.pk, document="confirmation", actor=SYSTEM, at=NOW)
    again = report_posted(order=order.pk, document="confirmation", actor=SYSTEM, at=NOW)  # a repeated report
    assert again.document_status == "confirmation"


def test_the_erps_invoice_frees_the_commitment_and_makes_no_transaction():
    """Domain 5.3: we never create customer transactions there; they come with the feed."""
    parameters(posting="external")
    order = an_order(a_customer(limit="1000"), document_status="packing_slip")
    post(order, "invoice")
    assert Commitment.objects.exists()
    report_posted(order=order.pk, document="invoice", actor=SYSTEM, at=NOW)
    assert not Commitment.objects.exists()
    assert not CustomerTransaction.objects.exists()


def test_an_unknown_hold_is_not_found():
    with pytest.raises(NotFound):
        release_hold(id=uuid.uuid4(), mode=WITHOUT, reason="PAID", actor=a_user(), at=NOW, today=today)
