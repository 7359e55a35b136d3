"""Forced holds: one or many, until a day, and taken back (`domain 6`, `ux` 3.0, 3.4)."""

import datetime as dt

import pytest

from credit_mgmt.models import Commitment
from customers.models import AccessGrant, Role, SalesOrder
from holds.forced import force_hold, force_holds
from holds.models import Hold
from holds.mornings import ask_about_forced
from holds.releases import release_hold
from tests.factories_holds import (
    DAY,
    NOW,
    a_customer,
    a_rule,
    a_user,
    an_entity,
    an_order,
    held,
    post,
    reasons,
    today,
)

pytestmark = pytest.mark.django_db
LATER = DAY + dt.timedelta(15)


@pytest.fixture(autouse=True)
def _world(db):
    an_entity()
    reasons()
    a_rule()


def force(*orders: SalesOrder, **options):
    values = {"reason": "DISPUTE", "actor": a_user(), "at": NOW, "today": today, **options}
    return force_holds(orders=[order.pk for order in orders], **values)


def fresh(hold: Hold) -> Hold:
    return Hold.objects.get(pk=hold.pk)


def test_many_orders_each_on_its_own():
    customer = a_customer()
    free, invoiced = an_order(customer), an_order(customer, document_status="invoice")
    counter = an_order(customer, order_type="pos")
    waiting = held(an_order(a_customer("US-002", limit="1")))
    result = force(free, invoiced, counter, waiting.order, note="goods returned")
    assert set(result.forced) == {free.pk, waiting.order_id}
    codes = {order: error.code for order, error in result.failed.items()}
    assert codes == {invoiced.pk: "order_not_open", counter.pk: "never_on_hold"}
    assert fresh(waiting).forced_note == "goods returned"
    assert Hold.objects.get(order=free).forced


def test_the_plural_asks_for_the_right_in_each_legal_entity():
    an_entity("DEMF", "EUR")
    mine, foreign = an_order(a_customer()), an_order(a_customer("DE-1", entity=an_entity("DEMF", "EUR")))
    result = force(mine, foreign, actor=a_user("only-us", entity="USMF"))
    assert list(result.forced) == [mine.pk]
    assert "was not found" in str(result.failed[foreign.pk])
    assert "needs one of these roles" in str(force(mine, actor=a_user("reader", Role.AUDITOR)).failed[mine.pk])


def test_a_second_force_keeps_what_the_first_one_said_as_evidence():
    order = an_order(a_customer())
    force(order, note="case 4411")
    force(order, note="case 4412", until=LATER)
    hold = Hold.objects.get(order=order)
    assert (hold.forced_note, hold.forced_until) == ("case 4412", LATER)
    event = hold.events.get(version=2)
    assert (event.data["note"], event.data["before"]["forced"]["forced_note"]) == ("case 4412", "case 4411")


def test_an_until_that_is_not_in_the_future_is_refused():
    order = an_order(a_customer())
    assert force(order, until=DAY).failed[order.pk].errors[0].code == "in_the_past"
    assert not Hold.objects.filter(order=order).exists()


def test_on_the_day_whoever_forced_it_is_asked_and_the_order_stays_stopped():
    order, clerk = an_order(a_customer()), a_user("marta")
    force(order, actor=clerk, until=LATER)
    assert ask_about_forced(at=NOW, today={"USMF": LATER - dt.timedelta(1)}).succeeded == []
    ask_about_forced(at=NOW, today={"USMF": LATER})
    hold = Hold.objects.get(order=order)
    assert (hold.status, hold.forced, hold.forced_until) == ("active", True, None)
    assert (hold.review_date, hold.assignee.username) == (LATER, "marta")
    event = hold.events.get(version=2)
    assert (event.type, event.actor, event.data["until"]) == ("force_due", "system:calendar", LATER.isoformat())
    assert ask_about_forced(at=NOW, today={"USMF": LATER}).succeeded == []


def test_who_may_no_longer_work_on_holds_is_not_given_one():
    order, clerk = an_order(a_customer()), a_user("gone")
    force(order, actor=clerk, until=LATER)
    AccessGrant.objects.filter(user__username="gone").delete()
    ask_about_forced(at=NOW, today={"USMF": LATER})
    hold = Hold.objects.get(order=order)
    assert (hold.assignee, hold.review_date) == (None, LATER)


def test_forced_until_goes_with_the_force():
    order = an_order(a_customer())
    force(order, until=LATER)
    hold = Hold.objects.get(order=order)
    manager = a_user("manager", Role.CREDIT_MANAGER)
    release_hold(id=hold.pk, mode="without_posting", reason="PAID", actor=manager, at=NOW, today=today)
    assert ask_about_forced(at=NOW, today={"USMF": LATER}).succeeded == []


def test_forcing_an_order_that_had_passed_frees_its_credit():
    order = an_order(a_customer())
    assert post(order).outcome == "posted"
    assert Commitment.objects.filter(order=order).exists()
    force_hold(order=order.pk, reason="DISPUTE", actor=a_user(), at=NOW, today=today)
    assert not Commitment.objects.filter(order=order).exists()
