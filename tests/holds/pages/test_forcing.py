"""The page *Force hold* (`ux.md` 3.4): which orders, why, until when, and what becomes of each, said before."""

import pytest

from customers import jobs
from customers.models import Job, Role
from holds import force_many
from holds.models import Hold, StandingForce
from holds.pages import forcing
from tests.factories_holds import a_customer, an_entity, an_order

pytestmark = pytest.mark.django_db


def shown(answer) -> str:
    return " ".join(answer.content.decode().split())


def orders(count: int = 2, account: str = "US-001", **fields):
    customer = a_customer(account)
    return [an_order(customer, "100", **fields) for _ in range(count)]


def test_the_orders_of_a_customer_with_what_becomes_of_each(clerk):
    free, other = orders()
    an_order(free.customer, "50", order_type="pos")
    page = shown(clerk.get("/holds/force/", {"customer": "USMF:US-001"}))
    assert "3 orders · 250.00 USD" in page
    assert page.count("will stop before confirmation") == 2
    assert "is of a type that is never put on hold" in page
    assert page.count('name="pick"') == 2
    values = {"customer": "USMF:US-001", "reason": "DISPUTE", "note": "case 4411", "until": "2026-12-05"}
    answer = clerk.post("/holds/force/", {**values, "pick": [free.key]}, follow=True)
    assert "1 order forced on hold." in shown(answer)
    assert "/holds/undo/" in shown(answer)
    hold = Hold.objects.get()
    assert (hold.order, hold.forced_note, str(hold.forced_until)) == (free, "case 4411", "2026-12-05")
    page = shown(clerk.get("/holds/force/", {"customer": "USMF:US-001"}))
    assert f"forced already, the note is replaced ({hold.number})" in page
    assert not Hold.objects.filter(order=other).exists()


def test_order_numbers_are_typed_in_any_way(clerk):
    first, second = orders()
    text = f"{first.number}, {second.key}\n"
    page = shown(clerk.get("/holds/force/", {"order": text}))
    assert page.count('name="pick"') == 2
    page = shown(clerk.get("/holds/force/", {"order": "SO-NOPE"}))
    assert "There is no sales order SO-NOPE" in page


def test_nothing_ticked_and_no_reason_are_said_and_nothing_typed_is_lost(clerk):
    [order] = orders(1)
    values = {"customer": "USMF:US-001", "note": "goods returned"}
    answer = clerk.post("/holds/force/", {**values, "pick": [order.key]})
    assert answer.status_code == 422
    assert "Hold reason: This field is required." in shown(answer)
    assert "goods returned" in shown(answer)
    answer = clerk.post("/holds/force/", {**values, "reason": "DISPUTE"})
    assert "Tick at least one order that can be held." in shown(answer)
    assert not Hold.objects.exists()


def test_a_day_in_the_past_is_refused_for_each_order(clerk):
    [order] = orders(1)
    values = {"customer": "USMF:US-001", "reason": "DISPUTE", "until": "2026-11-01", "pick": [order.key]}
    answer = clerk.post("/holds/force/", values)
    assert "Choose a day after today, or none." in shown(answer)
    assert not Hold.objects.exists()


def test_a_clerk_forces_up_to_a_number(clerk, monkeypatch):
    monkeypatch.setattr(force_many, "BY_A_CLERK", 1)
    monkeypatch.setattr(forcing, "BY_A_CLERK", 1)
    two = orders(2)
    values = {"customer": "USMF:US-001", "reason": "DISPUTE", "pick": [order.key for order in two]}
    assert "up to 1 orders at once" in shown(clerk.get("/holds/force/", {"customer": "USMF:US-001"}))
    assert "Force at most 1 orders at once" in shown(clerk.post("/holds/force/", values))
    assert not Hold.objects.exists()


def test_more_than_can_be_shown_are_a_manager_s_job(clerk, manager, monkeypatch):
    monkeypatch.setattr(forcing, "WHILE_WAITING", 2)
    orders(3)
    values = {"customer": "USMF:US-001", "reason": "DISPUTE"}
    page = shown(manager.get("/holds/force/", {"customer": "USMF:US-001"}))
    assert "These are the first 2 of 3." in page
    assert 'name="pick"' not in page
    assert "So many orders are forced by a credit manager" in shown(
        clerk.get("/holds/force/", {"customer": "USMF:US-001"})
    )
    assert clerk.post("/holds/force/", values).status_code == 403
    answer = manager.post("/holds/force/", values)
    job = Job.objects.get()
    assert answer.headers["Location"] == f"/jobs/{job.pk}/"
    jobs.run_job(job.pk)
    assert Hold.objects.filter(forced=True).count() == 3


def test_by_group_and_entity_and_nothing_that_is_out_of_sight(clerk, sign_in):
    orders(1)
    an_entity("DEMF", "EUR")
    assert 'name="pick"' in shown(clerk.get("/holds/force/", {"entity": "USMF"}))
    german = sign_in(entity="DEMF")
    assert 'name="pick"' not in shown(german.get("/holds/force/", {"customer": "USMF:US-001"}))
    german.post("/holds/force/", {"entity": "USMF", "reason": "DISPUTE", "pick": ["USMF:SO-1"]})
    assert not Hold.objects.exists()
    assert sign_in(Role.AUDITOR).get("/holds/force/").status_code == 403


def test_no_open_order_names_the_other_way(clerk):
    page = shown(clerk.get("/holds/force/", {"entity": "USMF"}))
    assert "New orders can still be stopped by setting an account status." in page


# --- also new orders --------------------------------------------------------------------------------------------------

ALSO_NEW = {
    "customer": "USMF:US-001",
    "reason": "DISPUTE",
    "note": "case 4411",
    "until": "2026-12-05",
    "also_new": "on",
}


def test_new_orders_are_stopped_too_and_the_card_says_who_why_and_how_to_end_it(clerk, sign_in):
    [order] = orders(1)
    assert "What Customer US-001 orders before that day is put on forced hold, too." in shown(
        clerk.get("/holds/force/", {"customer": "USMF:US-001"})
    )
    answer = clerk.post("/holds/force/", {**ALSO_NEW, "pick": [order.key], "seen": [order.key]}, follow=True)
    assert "1 order forced on hold. New orders are stopped until 05 Dec 2026." in shown(answer)
    card = shown(clerk.get("/customers/USMF/US-001/"))
    assert "New orders are forced on hold until" in card
    assert "case 4411" in card
    assert "New orders are forced on hold until 2026-12-05" in card  # the timeline
    assert "/customers/USMF/US-001/new-orders/" not in shown(sign_in(Role.AUDITOR).get("/customers/USMF/US-001/"))
    assert "New orders are forced on hold until" in shown(clerk.get("/holds/force/", {"customer": "USMF:US-001"}))
    assert "Forced on hold until 05 Dec 2026 by clerk." in shown(clerk.get("/customers/USMF/US-001/new-orders/"))
    assert "no longer forced on hold" in shown(clerk.post("/customers/USMF/US-001/new-orders/", follow=True))
    assert StandingForce.objects.get().ended_by_name == "clerk"
    assert clerk.get("/customers/USMF/US-001/new-orders/").status_code == 404


def test_new_orders_alone_are_stopped_where_there_is_none_yet(clerk):
    a_customer("US-001")
    page = shown(clerk.get("/holds/force/", {"customer": "USMF:US-001"}))
    assert "There is no open order to stop now." in page
    answer = clerk.post("/holds/force/", ALSO_NEW)
    assert answer.headers["Location"] == "/customers/USMF/US-001/"
    assert StandingForce.objects.get().customer.account == "US-001"


def test_an_order_that_came_since_the_page_was_opened_is_stopped_as_a_new_one(clerk):
    seen, unticked = orders(2)
    came = an_order(seen.customer, "100")
    clerk.post("/holds/force/", {**ALSO_NEW, "pick": [seen.key], "seen": [seen.key, unticked.key]})
    assert {hold.order for hold in Hold.objects.all()} == {seen, came}


def test_new_orders_need_a_day_and_a_customer(clerk):
    [order] = orders(1)
    answer = clerk.post("/holds/force/", {**ALSO_NEW, "until": "", "pick": [order.key]})
    assert answer.status_code == 422
    assert "Say until when new orders are stopped, too." in shown(answer)
    assert 'name="also_new"' not in shown(clerk.get("/holds/force/", {"entity": "USMF"}))
    assert 'name="also_new"' not in shown(clerk.get("/holds/force/", {"customer": "USMF:US-001", "order": order.key}))
    assert not StandingForce.objects.exists()
    assert not Hold.objects.exists()


def test_more_orders_than_can_be_shown_and_the_new_ones(manager, monkeypatch):
    monkeypatch.setattr(forcing, "WHILE_WAITING", 2)
    orders(3)
    manager.post("/holds/force/", ALSO_NEW)
    assert StandingForce.objects.count() == Job.objects.count() == 1
