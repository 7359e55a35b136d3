"""Taking back (`ux` 3.0, Reversibility): by who did it, for 15 minutes, hold by hold, if it is still as it was left."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from credit_mgmt.models import Commitment
from customers.access import Grant
from customers.errors import NotFound
from customers.models import AccessGrant, Role, SalesOrder
from holds import worklist
from holds.forced import force_hold
from holds.models import Hold
from holds.recent import can_undo, recent_acts, undo
from holds.rejections import reject_hold
from holds.releases import release_holds
from holds.snoozing import snooze_holds, wake_holds
from tests.factories_holds import (
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
SOON = NOW + dt.timedelta(minutes=14)
THURSDAY = dt.date(2026, 11, 26)


@pytest.fixture(autouse=True)
def _world(db):
    an_entity()
    reasons()
    a_rule()


@pytest.fixture
def clerk():
    return a_user("marta")


def a_hold(account: str = "US-001") -> Hold:
    return held(an_order(a_customer(account, limit="1")))


def fresh(hold: Hold) -> Hold:
    return Hold.objects.get(pk=hold.pk)


def codes(result) -> list[str]:
    return [failure.code for failure in result.failed]


def snooze(*holds, actor, at=NOW):
    return snooze_holds(ids=[hold.pk for hold in holds], until=THURSDAY, actor=actor, at=at, today=today)


def the_act(actor):
    return recent_acts(actor=actor)[0]


def test_a_snooze_of_many_is_one_act_and_is_taken_back_whole(clerk):
    holds = [a_hold("US-1"), a_hold("US-2")]
    snooze(*holds, actor=clerk)
    act = the_act(clerk)
    assert (act.type, act.left, can_undo(act, SOON)) == ("snoozed", 2, True)
    assert len(undo(moment=NOW, actor=clerk, at=SOON).succeeded) == 2
    assert [fresh(hold).snoozed_until for hold in holds] == [None, None]
    assert recent_acts(actor=clerk)[1].left == 0


def test_an_undo_can_be_taken_back(clerk):
    hold = a_hold()
    snooze(hold, actor=clerk)
    undo(moment=NOW, actor=clerk, at=SOON)
    assert undo(moment=SOON, actor=clerk, at=SOON + dt.timedelta(minutes=1)).succeeded == [hold.pk]
    assert (fresh(hold).snoozed_until, fresh(hold).wakes_on) == (THURSDAY, ["payment", "reasons"])


def test_a_wake_up_is_taken_back(clerk):
    hold = a_hold()
    snooze(hold, actor=clerk)
    wake_holds(ids=[hold.pk], actor=clerk, at=SOON)
    undo(moment=SOON, actor=clerk, at=SOON)
    assert fresh(hold).snoozed_until == THURSDAY


def test_owner_review_date_and_note_come_back(clerk):
    hold = a_hold()
    worklist.assign_holds(ids=[hold.pk], assignee="marta", actor=clerk, at=NOW - dt.timedelta(1))
    worklist.edit_hold(
        id=hold.pk, changes={"assignee": None, "review_date": THURSDAY, "note": "called"}, actor=clerk, at=NOW
    )
    assert fresh(hold).assignee is None
    assert undo(moment=NOW, actor=clerk, at=SOON).succeeded == [hold.pk]
    hold = fresh(hold)
    assert (hold.assignee.username, hold.review_date, hold.note) == ("marta", None, "")


def test_what_somebody_changed_since_stays_and_the_rest_is_taken_back(clerk):
    mine, theirs = a_hold("US-1"), a_hold("US-2")
    worklist.assign_holds(ids=[mine.pk, theirs.pk], assignee="marta", actor=clerk, at=NOW)
    a_user("jan")
    worklist.assign_holds(ids=[theirs.pk], assignee="jan", actor=a_user("jan"), at=SOON)
    result = undo(moment=NOW, actor=clerk, at=SOON)
    assert (result.succeeded, codes(result)) == ([mine.pk], ["changed_since"])
    assert fresh(theirs).assignee.username == "jan"


def test_an_unrelated_change_does_not_stand_in_the_way(clerk):
    hold = a_hold()
    snooze(hold, actor=clerk)
    worklist.add_note(ids=[hold.pk], note="called", actor=a_user("jan"), at=SOON)
    assert undo(moment=NOW, actor=clerk, at=SOON).succeeded == [hold.pk]
    assert fresh(hold).note == "called"


def test_after_15_minutes_it_is_too_late(clerk):
    hold = a_hold()
    snooze(hold, actor=clerk)
    late = NOW + dt.timedelta(minutes=15, seconds=1)
    assert not can_undo(the_act(clerk), late)
    assert codes(undo(moment=NOW, actor=clerk, at=late)) == ["too_late"]


def test_nobody_takes_back_what_somebody_else_did(clerk):
    snooze(a_hold(), actor=clerk)
    with pytest.raises(NotFound):
        undo(moment=NOW, actor=a_user("jan"), at=SOON)


def test_a_release_of_many_without_posting_is_taken_back(clerk):
    holds = [a_hold("US-1"), a_hold("US-2")]
    release_holds(
        ids=[hold.pk for hold in holds], mode="without_posting", reason="PAID", actor=clerk, at=NOW, today=today
    )
    post(Hold.objects.get(pk=holds[1].pk).order)
    result = undo(moment=NOW, actor=clerk, at=SOON)
    assert (result.succeeded, codes(result)) == ([holds[0].pk], ["posted_since"])
    assert [fresh(hold).status for hold in holds] == ["active", "released"]


def test_a_release_with_posting_and_a_rejection_are_for_good(clerk):
    hold, other = a_hold("US-1"), a_hold("US-2")
    release_holds(ids=[hold.pk], mode="with_posting", reason="PAID", actor=clerk, at=NOW, today=today)
    assert not can_undo(the_act(clerk), SOON)
    assert codes(undo(moment=NOW, actor=clerk, at=SOON)) == ["changed_since"]
    reject_hold(id=other.pk, actor=clerk, at=SOON)
    assert codes(undo(moment=SOON, actor=clerk, at=SOON)) == ["not_undoable"]


def test_a_person_who_lost_the_right_takes_nothing_back(clerk):
    hold = a_hold()
    snooze(hold, actor=clerk)
    clerk_now = a_user("marta", Role.AUDITOR)
    AccessGrant.objects.filter(user_id=clerk.user_id, role=Role.CREDIT_CLERK).delete()
    assert codes(undo(moment=NOW, actor=clerk_now, at=SOON)) == ["not_allowed"]


def test_recent_acts_do_not_show_what_is_out_of_sight(clerk):
    an_entity("DEMF", "EUR")
    snooze(a_hold(), actor=clerk)
    elsewhere = replace(clerk, grants=(Grant(Role.CREDIT_CLERK, "DEMF"),))
    assert recent_acts(actor=elsewhere) == []


# --- forced holds -----------------------------------------------------------------------------------------------------


def test_a_forced_hold_taken_back_leaves_the_order_as_it_was_credit_and_all(clerk):
    order = an_order(a_customer())
    assert post(order).outcome == "posted"
    before = SalesOrder.objects.values("credit_status", "awaiting_document", "document_status").get(pk=order.pk)
    taken = Commitment.objects.values("account", "amount").get(order=order)
    force_hold(order=order.pk, reason="DISPUTE", actor=clerk, at=NOW, today=today)
    assert undo(moment=NOW, actor=clerk, at=SOON).failed == []
    assert SalesOrder.objects.values(*before).get(pk=order.pk) == before
    assert Commitment.objects.values("account", "amount").get(order=order) == taken
    hold = Hold.objects.get(order=order)
    assert (hold.status, hold.events.order_by("-version").first().type) == ("cancelled", "force_undone")
    assert post(order, "packing_slip").outcome == "posted"


def test_an_order_that_used_no_credit_uses_none_afterwards(clerk):
    order = an_order(a_customer())
    force_hold(order=order.pk, reason="DISPUTE", actor=clerk, at=NOW, today=today)
    undo(moment=NOW, actor=clerk, at=SOON)
    order.refresh_from_db()
    assert (order.credit_status, Commitment.objects.filter(order=order).exists()) == ("not_checked", False)


def test_a_force_on_a_hold_taken_back_leaves_the_hold_with_its_reasons(clerk):
    hold = a_hold()
    force_hold(order=hold.order_id, reason="DISPUTE", actor=clerk, at=NOW, today=today)
    undo(moment=NOW, actor=clerk, at=SOON)
    hold = fresh(hold)
    assert (hold.status, hold.forced, hold.reason_codes, hold.ready_to_release) == (
        "active",
        False,
        ["limit_used"],
        False,
    )
    assert hold.forced_note == ""


def test_a_second_force_taken_back_leaves_the_first(clerk):
    hold, manager = a_hold(), a_user("manager", Role.CREDIT_MANAGER)
    earlier = NOW - dt.timedelta(hours=3)
    options: dict[str, Any] = {"order": hold.order_id, "reason": "DISPUTE", "today": today}
    force_hold(actor=manager, at=earlier, note="case 4411", until=THURSDAY, **options)
    force_hold(actor=clerk, at=NOW, note="case 4412", **options)
    undo(moment=NOW, actor=clerk, at=SOON)
    hold = fresh(hold)
    assert (hold.forced, hold.forced_note, hold.forced_by) == (True, "case 4411", manager.reference)
    assert (hold.forced_at, hold.forced_until) == (earlier, THURSDAY)
    assert hold.reasons.get(type="forced").evidence["note"] == "case 4411"


def test_a_force_that_was_released_is_not_taken_back(clerk):
    order = an_order(a_customer())
    force_hold(order=order.pk, reason="DISPUTE", actor=clerk, at=NOW, today=today)
    hold = Hold.objects.get(order=order)
    manager = a_user("manager", Role.CREDIT_MANAGER)
    release_holds(ids=[hold.pk], mode="without_posting", reason="PAID", actor=manager, at=SOON, today=today)
    assert codes(undo(moment=NOW, actor=clerk, at=SOON)) == ["changed_since"]


def test_two_queries_whatever_the_number(clerk, django_assert_max_num_queries):
    snooze(*[a_hold(f"US-{n}") for n in range(5)], actor=clerk)
    with django_assert_max_num_queries(2):
        recent_acts(actor=clerk)
