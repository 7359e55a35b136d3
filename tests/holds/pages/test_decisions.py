"""Releasing and rejecting on pages (`ux.md` 3.3): one dialog for one hold or many, nothing typed is lost."""

import pytest

from customers import access
from customers.access import Action
from customers.models import Reason, Role
from holds import worklist
from holds.forced import force_hold
from holds.models import Hold, HoldEvent
from tests.factories_holds import NOW, a_customer, a_user, an_entity, an_order, held, parameters, today

pytestmark = pytest.mark.django_db


def a_hold(account: str = "US-001", number: str = "", **customer) -> Hold:
    return held(an_order(a_customer(account, limit="100", **customer), "400", number))


def shown(answer) -> str:
    return answer.content.decode()


def fields_of(answer) -> dict:
    """What the dialog would send: its hidden fields, with nothing chosen yet."""
    chosen = answer.context["chosen"]
    return {"hold": [hold.number for hold in chosen.active], "version": answer.context["versions"]}


def test_the_dialog_says_what_is_released_for_whom_and_how_much(clerk):
    holds = [a_hold("US-001"), a_hold("US-002")]
    page = shown(clerk.get("/holds/release/", {"hold": [hold.number for hold in holds]}))
    assert "Release 2 holds" in page
    assert "2 orders · 800.00 USD · 2 customers" in page
    assert "It cannot be undone." in page
    assert "take this back for 15 minutes" in page
    assert holds[0].order.number in page


def test_two_holds_are_released_together(clerk):
    holds = [a_hold("US-001"), a_hold("US-002")]
    opened = clerk.get("/holds/release/", {"hold": [hold.number for hold in holds]})
    answer = clerk.post(
        "/holds/release/", {**fields_of(opened), "mode": "without_posting", "reason": "PAID"}, follow=True
    )
    assert set(Hold.objects.values_list("status", flat=True)) == {"released"}
    assert "2 holds released." in shown(answer)


def test_a_single_release_without_posting_offers_to_take_it_back(clerk):
    hold = a_hold()
    answer = clerk.post(
        "/holds/release/", {"hold": hold.number, "mode": "without_posting", "reason": "PAID"}, follow=True
    )
    assert "/holds/undo/" in shown(answer)
    assert "Take release back" in shown(clerk.get(f"/holds/{hold.number}/"))
    clerk.post(f"/holds/{hold.number}/reinstate/")
    hold = Hold.objects.get(pk=hold.pk)
    assert hold.status == "active"
    assert "Release taken back" in shown(clerk.get(f"/holds/{hold.number}/"))


def test_a_release_without_a_reason_is_refused_beside_the_field_and_keeps_the_note(clerk):
    hold = a_hold()
    answer = clerk.post(
        "/holds/release/", {"hold": hold.number, "mode": "without_posting", "note": "promised Thursday"}
    )
    assert answer.status_code == 422
    page = shown(answer)
    assert "Reason: This field is required." in page
    assert "promised Thursday" in page
    assert "<title>Error:" in page
    assert Hold.objects.get(pk=hold.pk).status == "active"


def test_a_stale_screen_is_told_who_did_what_and_loses_nothing(clerk):
    """Reliability C03: the version that was looked at travels with the form."""
    hold = a_hold()
    opened = clerk.get("/holds/release/", {"hold": hold.number})
    worklist.add_note(ids=[hold.pk], note="customer called", actor=a_user("mira"), at=NOW)
    typed = {"mode": "without_posting", "reason": "PAID", "note": "bank confirmed by phone"}
    answer = clerk.post("/holds/release/", {**fields_of(opened), **typed})
    page = shown(answer)
    assert answer.status_code == 422
    assert Hold.objects.get(pk=hold.pk).status == "active"
    assert "was changed since you looked at it" in page
    assert "Note by mira" in page
    assert "bank confirmed by phone" in page
    again = clerk.post("/holds/release/", {**fields_of(answer), **typed})
    assert again.status_code == 302
    assert Hold.objects.get(pk=hold.pk).status == "released"


def test_a_hold_that_somebody_else_decided_is_left_out_by_name(clerk):
    first, second = a_hold("US-001"), a_hold("US-002")
    opened = clerk.get("/holds/release/", {"hold": [first.number, second.number]})
    clerk.post("/holds/reject/", {"hold": first.number})
    answer = clerk.post("/holds/release/", {**fields_of(opened), "mode": "without_posting", "reason": "PAID"})
    page = shown(answer)
    assert "1 hold released." in page
    assert first.order.number in page
    assert Hold.objects.get(pk=first.pk).status == "rejected"
    assert Hold.objects.get(pk=second.pk).status == "released"


def test_only_reasons_valid_for_every_selected_entity_are_offered_without_a_group(clerk):
    other = an_entity("DE01", "EUR")
    Reason.objects.create(type="release", code="ONLY_US", legal_entity_id="USMF", description="Only in the US")
    holds = [a_hold("US-001"), a_hold("DE-001", entity=other)]
    page = shown(clerk.get("/holds/release/", {"hold": [hold.number for hold in holds]}))
    assert "Only for holds of USMF" in page
    Reason.objects.filter(type="release", legal_entity=None).delete()
    page = shown(clerk.get("/holds/release/", {"hold": [hold.number for hold in holds]}))
    assert "No release reason is valid in all of these legal entities" in page
    assert "DE01 has no release reason." in page
    answer = clerk.post(
        "/holds/release/",
        {
            "hold": [hold.number for hold in holds],
            "mode": "without_posting",
            "reason": "ONLY_US",
        },
    )
    assert "belongs to USMF" in shown(answer)
    assert [Hold.objects.get(pk=hold.pk).status for hold in holds] == ["released", "active"]


def test_a_required_review_date_is_asked_for_beside_its_field(clerk):
    parameters(require_review_date=True)
    hold = a_hold()
    answer = clerk.post("/holds/release/", {"hold": hold.number, "mode": "without_posting", "reason": "PAID"})
    assert "Review on: USMF requires a review date." in shown(answer)
    assert Hold.objects.get(pk=hold.pk).status == "active"


def test_a_forced_hold_is_named_and_a_clerk_is_told_who_releases_it(clerk, manager):
    order = an_order(a_customer())
    hold = force_hold(order=order.pk, reason="DISPUTE", note="case 4411", actor=a_user("mira"), at=NOW, today=today)
    assert "A credit manager releases a forced hold." in shown(clerk.get(f"/holds/{hold.number}/"))
    page = shown(clerk.get("/holds/release/", {"hold": hold.number}))
    assert f"{order.number} was forced" in page
    assert "case 4411" in page
    values = {"hold": hold.number, "mode": "without_posting", "reason": "PAID"}
    assert "needs one of these roles" in shown(clerk.post("/holds/release/", values))
    assert Hold.objects.get(pk=hold.pk).status == "active"
    manager.post("/holds/release/", values)
    assert Hold.objects.get(pk=hold.pk).status == "released"


def test_a_rejected_order_is_reopened_by_a_manager(clerk, manager):
    hold = a_hold()
    answer = clerk.post("/holds/reject/", {"hold": hold.number, "note": "will not pay"}, follow=True)
    assert f"{hold.order.number} rejected." in shown(answer)
    address = f"/orders/USMF/{hold.order.number}/"
    assert "Reopen…" not in shown(clerk.get(address))
    assert "Reopen…" in shown(manager.get(address))
    manager.post(f"{address}reopen/")
    hold.order.refresh_from_db()
    assert hold.order.credit_status == "not_checked"


def test_htmx_gets_the_dialog_alone_and_is_sent_on_after_success(clerk):
    hold = a_hold()
    answer = clerk.get("/holds/release/", {"hold": hold.number}, headers={"HX-Request": "true"})
    assert b"<!DOCTYPE" not in answer.content
    assert b"dialog-title" in answer.content
    values = {"hold": hold.number, "mode": "without_posting", "reason": "PAID", "next": "/holds/?view=ready"}
    answer = clerk.post("/holds/release/", values, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/holds/?view=ready"


@pytest.mark.parametrize(
    "elsewhere", ["https://example.org/", "//example.org/holds/", "/holds/\\example.org", "javascript:alert(1)"]
)
def test_the_way_back_stays_on_this_site(clerk, elsewhere):
    hold = a_hold()
    values = {"hold": hold.number, "mode": "without_posting", "reason": "PAID", "next": elsewhere}
    assert clerk.post("/holds/release/", values).headers["Location"] == "/holds/"
    assert elsewhere not in shown(clerk.get("/holds/release/", {"hold": hold.number, "next": elsewhere}))


def test_looking_changes_nothing_and_posting_needs_the_token(clerk, sign_in):
    from django.test import Client

    hold = a_hold()
    before = HoldEvent.objects.count()
    addresses = [
        f"/holds/release/?hold={hold.number}", f"/holds/reject/?hold={hold.number}",
        f"/holds/assign/?hold={hold.number}",
        f"/holds/{hold.number}/note/", f"/holds/{hold.number}/review/", f"/holds/{hold.number}/reinstate/",
        f"/holds/evaluate/?hold={hold.number}", f"/orders/USMF/{hold.order.number}/force/",
        f"/orders/USMF/{hold.order.number}/cancel/", f"/orders/USMF/{hold.order.number}/post/",
    ]  # fmt: skip
    for address in addresses:
        assert clerk.get(address).status_code == 200, address
    assert HoldEvent.objects.count() == before
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = clerk.cookies
    for address in addresses:
        assert strict.post(address).status_code == 403, address
    assert HoldEvent.objects.count() == before


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR, Role.CREDIT_ADMINISTRATOR, Role.APPROVER])
def test_who_may_not_decide_sees_why_and_cannot_decide(sign_in, role):
    hold = a_hold()
    reader = sign_in(role)
    page = shown(reader.get(f"/holds/{hold.number}/"))
    assert "Limit used" in page
    assert "/holds/release/" not in page
    assert "/holds/reject/" not in page
    assert reader.get(f"/holds/release/?hold={hold.number}").status_code == 403
    values = {"hold": hold.number, "mode": "without_posting", "reason": "PAID"}
    assert reader.post("/holds/release/", values).status_code == 403
    assert Hold.objects.get(pk=hold.pk).status == "active"


def test_holds_of_other_legal_entities_do_not_exist(sign_in):
    hold = a_hold()
    an_entity("DE01", "EUR")
    stranger = sign_in(entity="DE01")
    for address in (f"/holds/{hold.number}/", f"/holds/release/?hold={hold.number}",
                    f"/orders/USMF/{hold.order.number}/",
                    f"/customers/USMF/{hold.payer.account}/", f"/holds/{hold.number}/note/",
                    f"/orders/USMF/{hold.order.number}/force/"):  # fmt: skip
        assert stranger.get(address).status_code == 404, address
    values = {"hold": hold.number, "mode": "without_posting", "reason": "PAID"}
    assert stranger.post("/holds/release/", values).status_code == 404
    assert Hold.objects.get(pk=hold.pk).status == "active"


def test_a_rejected_order_may_be_cancelled_at_once_where_one_may(clerk):
    """ux 3.3, Reject: keep order, marked rejected, or cancel order."""
    kept, cancelled = a_hold("US-001"), a_hold("US-002")
    page = shown(clerk.get("/holds/reject/", {"hold": kept.number}))
    assert "Keep order, marked rejected" in page
    assert "Cancel order" in page
    clerk.post("/holds/reject/", {"hold": kept.number, "order": "keep"})
    answer = clerk.post("/holds/reject/", {"hold": cancelled.number, "order": "cancel"}, follow=True)
    assert f"{cancelled.order.number} rejected, order cancelled." in shown(answer)
    kept.order.refresh_from_db()
    cancelled.order.refresh_from_db()
    assert (kept.order.credit_status, cancelled.order.credit_status) == ("rejected", "cancelled")
    assert "order cancelled" in shown(clerk.get(f"/holds/{cancelled.number}/"))


def test_who_may_not_cancel_is_not_offered_it(clerk, monkeypatch):
    roles = tuple(role for role in access.POLICY[Action.CANCEL_ORDER] if role != Role.CREDIT_CLERK)
    monkeypatch.setitem(access.POLICY, Action.CANCEL_ORDER, roles)
    hold = a_hold()
    page = shown(clerk.get("/holds/reject/", {"hold": hold.number}))
    assert "Cancel order" not in page
    assert "until a credit manager reopens it" in page
    clerk.post("/holds/reject/", {"hold": hold.number, "order": "cancel"})
    hold.order.refresh_from_db()
    assert hold.order.credit_status == "rejected"
