"""Orders on pages: found, understood, posted, asked about, forced, cancelled (`domain 5`, `6`)."""

import pytest

from credit_mgmt.models import DecisionRecord
from customers.models import Role, SalesOrder
from holds.models import Hold
from tests.factories_holds import a_customer, an_order, held, parameters, post

pytestmark = pytest.mark.django_db


def shown(answer) -> str:
    return answer.content.decode()


def test_orders_are_found_by_number_customer_and_state(clerk):
    customer = a_customer("US-001", limit="1000")
    an_order(customer, "10", "SO-FREE")
    held(an_order(customer, "4000", "SO-STOPPED"))
    found = shown(clerk.get("/orders/?q=so-free"))
    assert "SO-FREE" in found
    assert "SO-STOPPED" not in found
    assert "SO-STOPPED" in shown(clerk.get("/orders/?view=on-hold"))
    assert "SO-FREE" not in shown(clerk.get("/orders/?view=on-hold"))
    assert "SO-FREE" in shown(clerk.get("/orders/?customer=USMF:US-001"))
    assert "No orders match." in shown(clerk.get("/orders/?q=nothing"))


def test_an_order_shows_what_comes_next_and_what_was_decided(clerk):
    order = an_order(a_customer(), "10", "SO-1")
    post(order)
    page = shown(clerk.get("/orders/USMF/SO-1/"))
    assert "Confirmed" in page
    assert '<option value="packing_slip">' in page
    assert '<option value="confirmation">' not in page
    assert "Passed" in page
    assert "No match" in page


def test_posting_within_the_limit_moves_the_document(clerk):
    order = an_order(a_customer(), "10", "SO-1")
    answer = clerk.post("/orders/USMF/SO-1/post/", {"document": "confirmation"}, follow=True)
    assert "Confirmation of SO-1 posted." in shown(answer)
    order.refresh_from_db()
    assert order.document_status == "confirmation"


def test_posting_above_the_limit_leads_to_the_hold_and_its_reasons(clerk):
    an_order(a_customer(limit="100"), "4000", "SO-1")
    answer = clerk.post("/orders/USMF/SO-1/post/", {"document": "confirmation"}, follow=True)
    hold = Hold.objects.get()
    assert answer.redirect_chain[-1][0] == f"/holds/{hold.number}/"
    assert "SO-1 is on hold." in shown(answer)
    assert "Limit used" in shown(answer)


def test_a_document_out_of_order_is_refused_in_words(clerk):
    order = an_order(a_customer(), "10", "SO-1")
    answer = clerk.post("/orders/USMF/SO-1/post/", {"document": "invoice"})
    assert answer.status_code == 422
    assert "Select a valid choice" in shown(answer)
    order.refresh_from_db()
    assert order.document_status == "open"


def test_a_question_is_answered_and_leaves_nothing_behind(clerk):
    order = an_order(a_customer(limit="100"), "4000", "SO-1")
    page = shown(clerk.get("/orders/USMF/SO-1/check/?document=confirmation"))
    assert "Why it would be held" in page
    assert "What would clear it" in page
    assert "Order reduced to 100.00 USD or less" in page
    assert not Hold.objects.exists()
    assert not DecisionRecord.objects.exists()
    order.refresh_from_db()
    assert order.credit_status == "not_checked"


def test_a_forced_hold_needs_its_reason(clerk):
    an_order(a_customer(), "10", "SO-1")
    answer = clerk.post("/orders/USMF/SO-1/force/", {"note": "goods returned"})
    assert "Hold reason: This field is required." in shown(answer)
    assert "goods returned" in shown(answer)
    answer = clerk.post("/orders/USMF/SO-1/force/", {"note": "goods returned", "reason": "DISPUTE"}, follow=True)
    assert "SO-1 is on hold, forced." in shown(answer)
    assert "Forced: <strong>DISPUTE</strong>" in shown(answer)


def test_a_cancelled_order_closes_its_hold(clerk):
    hold = held(an_order(a_customer(limit="100"), "4000", "SO-1"))
    answer = clerk.post("/orders/USMF/SO-1/cancel/", follow=True)
    assert "SO-1 is cancelled." in shown(answer)
    assert Hold.objects.get(pk=hold.pk).status == "cancelled"
    assert "Cancel order…" not in shown(answer)


def test_a_viewer_sees_the_order_and_no_action(sign_in):
    an_order(a_customer(), "10", "SO-1")
    page = shown(sign_in(Role.VIEWER).get("/orders/USMF/SO-1/"))
    assert "SO-1" in page
    for word in ("Post<", "Check only", "Force hold…", "Cancel order…"):
        assert word not in page, word


def test_where_the_erp_posts_the_order_is_cleared(clerk):
    parameters(posting="external")
    order = an_order(a_customer(), "10", "SO-1")
    answer = clerk.post("/orders/USMF/SO-1/post/", {"document": "confirmation"}, follow=True)
    assert "is cleared; the ERP posts it." in shown(answer)
    assert SalesOrder.objects.get(pk=order.pk).awaiting_document == "confirmation"


@pytest.mark.parametrize("kind", ["pos", "call_center"])
@pytest.mark.parametrize(("message", "words"), [("warning", "Passed, with a warning"), ("error", "Refused")])
def test_an_order_of_the_counter_says_that_only_the_limit_is_looked_at(manager, kind, message, words):
    """Domain 4.8: no rule, never on hold; the question is answered as the posting would be."""
    parameters(message_when_exceeding_credit_limit=message)
    order = an_order(a_customer("US-001", limit="1000"), "1400", "POS-1", order_type=kind)
    page = shown(manager.get("/orders/USMF/POS-1/"))
    assert "Checked against the total credit limit only: this type of order is never put on hold" in page
    assert "Orders of this type are never put on hold." in page
    asked = manager.get("/orders/USMF/POS-1/check/", {"document": "confirmation"})
    assert asked.context["words"] == words
    assert "An order of this type is checked against the total credit limit only." in shown(asked)
    posted = shown(manager.post("/orders/USMF/POS-1/post/", {"document": "confirmation"}, follow=True))
    order.refresh_from_db()
    assert (order.document_status == "confirmation") is (message == "warning")
    assert "1,400.00" in posted
    assert not Hold.objects.exists()


def test_an_ordinary_order_says_nothing_of_the_kind(manager):
    an_order(a_customer("US-001"), "10", "SO-1")
    assert "credit limit only" not in shown(manager.get("/orders/USMF/SO-1/"))
    assert "credit limit only" not in shown(manager.get("/orders/USMF/SO-1/check/?document=confirmation"))
