"""Snooze (`ux` 3.1, 3.3): a hold leaves the working views and comes back by itself, on its day or earlier."""

import datetime as dt
from decimal import Decimal

import pytest

from credit_mgmt.conf.celery import app
from customers import marks
from customers.errors import InvalidInput
from customers.imports import upsert
from customers.models import CustomerMark, OutboxEvent, Role
from holds import tasks
from holds.evaluation import evaluate
from holds.forced import force_hold
from holds.models import Hold
from holds.orders import feed_orders
from holds.reevaluation import recheck_marked
from holds.releases import release_hold
from holds.snoozing import snooze_holds, wake_due, wake_for_payment, wake_holds
from tests.factories_credit import give_limit
from tests.factories_holds import (
    DAY,
    NOW,
    SYSTEM,
    a_customer,
    a_group,
    a_rule,
    a_user,
    an_entity,
    an_order,
    held,
    reasons,
    today,
)

pytestmark = pytest.mark.django_db
THURSDAY = dt.date(2026, 11, 26)


@pytest.fixture(autouse=True)
def _world(db):
    an_entity()
    reasons()
    a_rule()


def a_hold(account: str = "US-001", **order) -> Hold:
    return held(an_order(a_customer(account, limit="1"), **order))


def snooze(*holds: Hold, **options):
    values = {"until": THURSDAY, "actor": a_user(), "at": NOW, "today": today, **options}
    return snooze_holds(ids=[hold.pk for hold in holds], **values)


def fresh(hold: Hold) -> Hold:
    return Hold.objects.get(pk=hold.pk)


def codes(result) -> list[str]:
    return [failure.code for failure in result.failed]


def test_a_snoozed_hold_says_until_when_and_what_wakes_it_and_tells_the_feed():
    hold = a_hold()
    assert snooze(hold).succeeded == [hold.pk]
    hold = fresh(hold)
    assert (hold.snoozed_until, hold.wakes_on, hold.version) == (THURSDAY, ["payment", "reasons"], 2)
    event = hold.events.get(version=2)
    assert (event.type, event.data["snoozed_until"]) == ("snoozed", "2026-11-26")
    assert event.data["before"] == {"snoozed_until": "", "wakes_on": []}
    assert OutboxEvent.objects.get(key=f"hold:{hold.pk}:2").type == "snoozed"


def test_snoozing_twice_to_the_same_day_is_once():
    hold = a_hold()
    snooze(hold)
    assert snooze(hold).succeeded == [hold.pk]
    assert fresh(hold).version == 2


@pytest.mark.parametrize(
    ("until", "code"), [(DAY, "in_the_past"), (DAY - dt.timedelta(1), "in_the_past"), (dt.date(2206, 1, 1), "too_far")]
)
def test_a_day_that_makes_no_sense_is_refused_and_nothing_changes(until, code):
    hold = a_hold()
    assert codes(snooze(hold, until=until)) == [code]
    assert fresh(hold).snoozed_until is None


def test_today_is_that_of_each_hold_s_legal_entity():
    here, there = a_hold(), held(an_order(a_customer("DE-1", limit="1", entity=an_entity("DEMF", "EUR"))))
    tomorrow = DAY + dt.timedelta(1)
    days = {"USMF": DAY, "DEMF": tomorrow}
    result = snooze(here, there, until=tomorrow, today=days.__getitem__)
    assert (result.succeeded, codes(result)) == ([here.pk], ["in_the_past"])


def test_who_may_not_work_on_a_hold_does_not_snooze_it_and_the_others_go_on():
    an_entity("DEMF", "EUR")
    foreign = held(an_order(a_customer("DE-1", limit="1", entity=an_entity("DEMF", "EUR"))))
    hold = a_hold()
    clerk = a_user("only-us", entity="USMF")
    result = snooze(foreign, hold, actor=clerk)
    assert (result.succeeded, codes(result)) == ([hold.pk], ["not_found"])
    assert codes(snooze(hold, actor=a_user("reader", Role.AUDITOR))) == ["not_allowed"]


def test_a_closed_or_stale_hold_is_not_snoozed():
    hold, other = a_hold(), a_hold("US-002")
    release_hold(id=hold.pk, mode="without_posting", reason="PAID", actor=a_user(), at=NOW, today=today)
    assert codes(snooze(hold, other, versions={other.pk: 7})) == ["hold_not_active", "stale"]


def test_what_is_to_wake_it_must_be_known():
    with pytest.raises(InvalidInput, match="Use: reasons, payment, ship_date"):
        snooze(a_hold(), wakes_on=["full_moon"])


def test_a_hold_that_would_wake_at_once_is_refused():
    hold = a_hold(requested_ship_date=DAY + dt.timedelta(1))
    assert codes(snooze(hold, wakes_on=["ship_date"])) == ["ships_first"]
    assert snooze(hold, wakes_on=["reasons"]).succeeded == [hold.pk]


def test_it_wakes_when_its_day_begins_in_its_own_legal_entity():
    here, there = a_hold(), held(an_order(a_customer("DE-1", limit="1", entity=an_entity("DEMF", "EUR"))))
    snooze(here, there)
    assert wake_due(at=NOW, today={"USMF": DAY, "DEMF": DAY}).succeeded == []
    assert wake_due(at=NOW, today={"USMF": THURSDAY - dt.timedelta(1), "DEMF": THURSDAY}).succeeded == [there.pk]
    assert (fresh(here).snoozed_until, fresh(there).snoozed_until) == (THURSDAY, None)
    event = fresh(there).events.order_by("-version").first()
    assert (event.type, event.actor, event.data["woken_by"]) == ("woken", "system:snooze", "day")


def test_waking_twice_is_once():
    hold = a_hold()
    snooze(hold)
    assert wake_due(at=NOW, today={"USMF": THURSDAY}).succeeded == [hold.pk]
    assert wake_due(at=NOW, today={"USMF": THURSDAY}).succeeded == []
    assert fresh(hold).version == 3


def test_it_wakes_before_its_order_ships_if_it_was_asked_to():
    ships = THURSDAY - dt.timedelta(1)
    asked, not_asked = a_hold(requested_ship_date=ships), a_hold("US-002", requested_ship_date=ships)
    snooze(asked, wakes_on=["ship_date"])
    snooze(not_asked)
    assert wake_due(at=NOW, today={"USMF": ships - dt.timedelta(2)}).succeeded == []
    assert wake_due(at=NOW, today={"USMF": ships - dt.timedelta(1)}).succeeded == [asked.pk]
    assert fresh(asked).events.get(version=3).data["woken_by"] == "ship_date"


def test_it_wakes_when_a_payment_arrives_of_its_payer_or_a_member_of_its_credit_group():
    group = a_group()
    member, brother = (a_customer(name, limit="1", credit_group=group) for name in ("US-1", "US-2"))
    of_member, alone = held(an_order(member)), a_hold("US-3")
    snooze(of_member, alone)
    assert wake_for_payment(payers=[brother.pk], at=NOW).succeeded == [of_member.pk]
    assert fresh(alone).snoozed_until == THURSDAY
    snooze(alone, wakes_on=["reasons"])
    assert wake_for_payment(payers=[alone.payer_id], at=NOW).succeeded == []


def test_a_person_wakes_it_by_hand():
    hold = a_hold()
    snooze(hold)
    assert wake_holds(ids=[hold.pk], actor=a_user(), at=NOW).succeeded == [hold.pk]
    hold = fresh(hold)
    assert (hold.snoozed_until, hold.wakes_on, hold.version) == (None, [], 3)
    assert wake_holds(ids=[hold.pk], actor=a_user(), at=NOW).succeeded == [hold.pk]
    assert fresh(hold).version == 3


def test_a_released_hold_is_not_woken():
    hold = a_hold()
    snooze(hold)
    release_hold(id=hold.pk, mode="without_posting", reason="PAID", actor=a_user(), at=NOW, today=today)
    assert wake_due(at=NOW, today={"USMF": THURSDAY}).succeeded == []
    assert fresh(hold).events.order_by("-version").first().type == "released"


def test_several_hundred_wake_in_chunks(django_assert_max_num_queries):
    holds = [held(an_order(customer)) for customer in [a_customer(limit="1")] for _ in range(8)]
    snooze(*holds)
    with django_assert_max_num_queries(60):
        assert len(wake_due(at=NOW, today={"USMF": THURSDAY}).succeeded) == 8


def test_forcing_wakes_a_hold_that_was_to_wake_when_reasons_change():
    hold = a_hold()
    snooze(hold)
    force_hold(order=hold.order_id, reason="DISPUTE", actor=a_user(), at=NOW, today=today)
    assert fresh(hold).snoozed_until is None
    assert fresh(hold).events.get(version=3).data["before"]["snoozed_until"] == "2026-11-26"


# --- with the events that evaluate by themselves ----------------------------------------------------------------------


def pay(customer, amount: str) -> None:
    row = {"key": "USMF:P-1", "customer": customer.key, "date": DAY, "currency": "USD", "amount": Decimal(amount),
           "settlements": []}  # fmt: skip
    [result] = upsert("payments", [row], actor=SYSTEM, today=today, atomic=True)
    assert not result.errors


def test_the_payment_itself_brings_the_hold_back_in_the_transaction_of_its_evaluation(monkeypatch):
    """Domain 7, ux 3.3: the feed marks the customer, the look that follows wakes what waits for a payment."""
    monkeypatch.setattr(marks, "QUIET", dt.timedelta(0))
    waiting, other = a_hold(), a_hold("US-002")
    snooze(waiting, other, wakes_on=["payment"])
    CustomerMark.objects.all().delete()
    pay(waiting.payer, "0.50")
    recheck_marked(at=lambda: NOW, today={"USMF": DAY})
    assert (fresh(waiting).snoozed_until, fresh(other).snoozed_until) == (None, THURSDAY)
    assert fresh(waiting).events.order_by("-version").first().data["woken_by"] == "payment"


def test_another_change_of_the_customer_is_no_payment(monkeypatch):
    monkeypatch.setattr(marks, "QUIET", dt.timedelta(0))
    waiting = a_hold()
    snooze(waiting, wakes_on=["payment"])
    marks.mark_customers([waiting.payer_id], marks.Cause(marks.CauseKind.LIMIT))
    recheck_marked(at=lambda: NOW, today={"USMF": DAY})
    assert fresh(waiting).snoozed_until == THURSDAY


def test_an_evaluation_that_changes_its_reasons_brings_it_back_and_one_that_does_not_lets_it_sleep():
    changed, same = a_hold(), a_hold("US-002")
    snooze(changed, same)
    give_limit(changed.payer, Decimal(90000))
    evaluate(hold_ids=[changed.pk, same.pk], actor=SYSTEM, at=NOW, today={"USMF": DAY})
    changed = fresh(changed)
    assert (changed.snoozed_until, changed.ready_to_release) == (None, True)
    types = list(changed.events.order_by("version").values_list("type", flat=True))
    assert types == ["hold_placed", "snoozed", "ready_to_release", "woken"]
    assert fresh(same).snoozed_until == THURSDAY


def test_a_hold_that_was_not_to_wake_for_reasons_sleeps_on():
    hold = a_hold()
    snooze(hold, wakes_on=[])
    give_limit(hold.payer, Decimal(90000))
    evaluate(hold_ids=[hold.pk], actor=SYSTEM, at=NOW, today={"USMF": DAY})
    assert (fresh(hold).snoozed_until, fresh(hold).ready_to_release) == (THURSDAY, True)


def test_an_order_that_the_erp_makes_smaller_brings_its_hold_back():
    hold = held(an_order(a_customer(limit="500"), "600"))
    snooze(hold)
    order = hold.order
    lines = [{"number": 1, "quantity": Decimal(1), "unit_price": Decimal(100)}]
    row = {"key": order.key, "customer": order.customer.key, "currency": "USD", "payment_terms": "N30", "lines": lines}
    feed_orders([row], actor=SYSTEM, at=NOW, today=today, replace=True)
    assert fresh(hold).snoozed_until is None


def test_the_schedule_begins_days_every_minute(settings):
    settings.CREDIT_TODAY = THURSDAY
    hold = a_hold()
    snooze(hold)
    entry = app.conf.beat_schedule["begin the day"]
    assert entry["task"] == tasks.begin_day.name
    tasks.begin_day()
    assert fresh(hold).snoozed_until is None
    assert entry["schedule"] <= 60
