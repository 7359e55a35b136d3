"""One hold as a page (`ux.md` 3.2): why, how bad, what would clear it, what happened before."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import DueItem, ExchangeRate, Role
from holds import worklist
from holds.evaluation import evaluate
from holds.forced import force_hold
from holds.models import Hold
from tests.factories_holds import (
    DAY,
    NOW,
    a_customer,
    a_rule,
    a_user,
    an_entity,
    an_invoice,
    an_order,
    held,
    post,
    today,
)

pytestmark = pytest.mark.django_db
NARROW = "\N{NO-BREAK SPACE}"


def shown(answer) -> str:
    return answer.content.decode()


def stopped() -> Hold:
    """A customer above its limit with an invoice long overdue."""
    a_rule("days_overdue", days=45, name="DO-07")
    customer = a_customer(limit="1000")
    an_invoice(customer, "300", due=DAY - dt.timedelta(days=67), number="INV-88120")
    return held(an_order(customer, "900", "SO-1"))


def test_every_reason_has_its_sentence_rule_and_level(clerk):
    page = shown(clerk.get(f"/holds/{stopped().number}/"))
    assert "Oldest unpaid invoice INV-88120 is 67 days past due" in page
    assert "Rule DO-07</a> · Everyone" in page
    assert "120 % of the limit of 1,000.00 USD" in page


def test_what_would_clear_it_comes_from_the_very_same_check(clerk):
    answer = clerk.get(f"/holds/{stopped().number}/")
    remedies = [(item["text"], item["clears"]) for item in answer.context["remedies"]]
    assert any("INV-88120" in text for text, _ in remedies)
    assert any("reduced to" in text for text, _ in remedies)


def test_the_bar_adds_up_to_the_exposure_that_was_compared(clerk):
    bar = clerk.get(f"/holds/{stopped().number}/").context["exposure"]
    parts = sum(bar[part] for part in ("overdue", "not_due", "delivered", "ordered", "this_order"))
    assert (parts, bar["limit"]) == (1200, 1000)


def test_the_trace_names_every_rule_in_order_and_what_was_not_reached(clerk):
    a_rule("sales_order", name="SO-99", amount="50000", currency_id="USD")
    steps = clerk.get(f"/holds/{stopped().number}/").context["steps"]
    assert [step["rule"] for step in steps if step["rule"]] == ["DO-07", "SO-99", "limit_used"]
    assert [step["verdict"] for step in steps][:3] == ["held", "passed", "held"]
    assert steps[0]["condition"] == "above 45 d"
    assert steps[0]["value"] == "67 d"


def test_history_tells_who_did_what(clerk):
    hold = stopped()
    worklist.add_note(ids=[hold.pk], note="promised for Thursday", actor=a_user("mira"), at=NOW)
    worklist.assign_holds(ids=[hold.pk], assignee="mira", actor=a_user("jan"), at=NOW)
    page = shown(clerk.get(f"/holds/{hold.number}/"))
    assert "“promised for Thursday”" in page
    assert "by jan" in page
    assert "to mira" in page


def test_other_holds_of_the_customer_are_one_click_away(clerk):
    hold = stopped()
    other = held(an_order(hold.payer, "500", "SO-2"))
    page = shown(clerk.get(f"/holds/{hold.number}/"))
    assert f'href="/holds/{other.number}/"' in page


def test_a_forced_hold_says_that_only_a_person_clears_it(clerk):
    order = an_order(a_customer(), "10")
    hold = force_hold(order=order.pk, reason="DISPUTE", actor=a_user("mira"), at=NOW, today=today, note="case 4411")
    page = shown(clerk.get(f"/holds/{hold.number}/"))
    assert "Nothing but a person" in page
    assert "case 4411" in page


def test_a_missing_rate_is_named_and_the_page_still_stands(clerk):
    """Domain 4.9: cannot be evaluated is a reason like any other, and release stays possible."""
    an_entity("JP01", "JPY")
    order = an_order(a_customer(limit="1000"), "900", currency_id="JPY")
    hold = held(order)
    assert not ExchangeRate.objects.exists()
    answer = clerk.get(f"/holds/{hold.number}/")
    page = shown(answer)
    assert "Cannot be evaluated" in page
    assert "JPY" in page
    assert "An exchange rate is missing" in page
    assert f"the rate from JPY to USD on {DAY:%-d %b %Y}" in page
    assert "Release…" in page
    assert "?<span" in shown(clerk.get("/holds/"))


def test_a_closed_hold_says_how_it_ended(clerk):
    hold = stopped()
    clerk.post(
        "/holds/release/", {"hold": hold.number, "mode": "without_posting", "reason": "PAID", "note": "by phone"}
    )
    page = shown(clerk.get(f"/holds/{hold.number}/"))
    assert "Released, without posting by clerk" in page
    assert "What would clear it" not in page


def test_a_hold_that_would_pass_now_says_so(clerk):
    customer = a_customer(limit="1000")
    blocker = an_order(customer, "700")
    post(blocker)
    hold = held(an_order(customer, "400"))
    clerk.post(f"/orders/USMF/{blocker.number}/cancel/")
    assert "nothing would hold this order any more" in shown(clerk.get(f"/holds/{hold.number}/"))


def test_an_auditor_sees_everything_and_may_do_nothing(sign_in):
    hold = stopped()
    page = shown(sign_in(Role.AUDITOR).get(f"/holds/{hold.number}/"))
    assert "INV-88120" in page
    for word in ("Release…", "Reject…", "Assign…", "Add note…", "Force hold…"):
        assert word not in page, word


def test_the_number_of_queries_is_pinned(clerk):
    hold = stopped()
    address = f"/holds/{hold.number}/"
    clerk.get(address)
    with CaptureQueriesContext(connection) as few:
        clerk.get(address)
    for _ in range(10):
        held(an_order(hold.payer, "500"))
        an_invoice(hold.payer, "10")
    with CaptureQueriesContext(connection) as many:
        clerk.get(address)
    assert len(many) == len(few) == 16  # ux 3.0: at most 16


def test_a_cleared_reason_says_when_and_by_what(clerk):
    hold = stopped()
    DueItem.objects.filter(transaction__number="INV-88120").update(open_amount=0)
    evaluate(
        hold_ids=[hold.pk], actor=a_user("mira"), at=NOW, today={"USMF": DAY},
        asked_by={hold.pk: [{"kind": "payment", "subject": "USMF:P-55102"}]},
    )  # fmt: skip
    page = shown(clerk.get(f"/holds/{hold.number}/"))

    assert "Cleared 20 Nov 09:00 by payment P-55102. It was: Oldest unpaid invoice INV-88120" in page
