"""Two acts on one hold at once (`reliability.md` F02, C01): putting aside, giving away and taking back meet a release.

Whatever meets, the end is one of the two orders in which they could have come, and nothing of either is lost.
"""

import datetime as dt
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection

from credit_mgmt import accounts
from customers.errors import Refused
from holds import editing, releases, saving, snoozing
from holds.forced import force_hold
from holds.models import Hold, HoldEvent
from holds.recent import undo
from holds.releases import release_holds
from holds.snoozing import snooze_holds, wake_due, wake_for_payment
from holds.worklist import assign_holds
from tests.factories_holds import DAY, NOW, a_customer, a_rule, a_user, an_order, held, reasons, today
from tests.reliability.races import RACERS, ROUNDS, race, retried
from tests.reliability.test_release_races import _unconditional, forget_the_lock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
UNTIL = DAY + dt.timedelta(days=6)


@pytest.fixture(autouse=True)
def _world():
    a_customer("US-000")
    reasons()
    a_rule()


def a_hold() -> Hold:
    return held(an_order(a_customer(f"US-{Hold.objects.count() + 1}", limit="100")))


def release(hold: Hold, actor, *, seen: bool = False):
    versions = {str(hold.pk): 1} if seen else None
    return lambda: release_holds(
        ids=[hold.pk], mode="without_posting", reason="PAID", actor=actor, at=NOW, today=today, versions=versions
    ).only()


def snooze(hold: Hold, actor, *, seen: bool = False):
    versions = {str(hold.pk): 1} if seen else None
    return lambda: snooze_holds(ids=[hold.pk], until=UNTIL, actor=actor, at=NOW, today=today, versions=versions).only()


def assign(hold: Hold, actor, *, seen: bool = False):
    versions = {str(hold.pk): 1} if seen else None
    return lambda: assign_holds(ids=[hold.pk], assignee="clerk", actor=actor, at=NOW, versions=versions).only()


def told(hold: Hold) -> list[str]:
    return list(HoldEvent.objects.filter(hold=hold).order_by("version").values_list("type", flat=True))


@pytest.mark.parametrize(("act", "event"), [(snooze, "snoozed"), (assign, "assigned")])
def test_an_edit_and_a_release_come_one_after_the_other(act, event):
    clerk = a_user()
    for _ in range(ROUNDS):
        hold = a_hold()
        edited, released = race([retried(act(hold, clerk)), retried(release(hold, clerk))])
        done = Hold.objects.get(pk=hold.pk)
        assert released == hold.pk
        assert done.status == "released"
        if isinstance(edited, Refused):
            assert (edited.code, told(done)) == ("hold_not_active", ["hold_placed", "released"])
        else:
            assert told(done) == ["hold_placed", event, "released"]
        assert done.version == len(told(done))


@pytest.mark.parametrize("act", [snooze, assign])
def test_of_many_who_saw_the_same_version_one_wins(act):
    clerk = a_user()
    for _ in range(ROUNDS):
        hold = a_hold()
        tasks = [(release if n % 2 else act)(hold, clerk, seen=True) for n in range(RACERS)]
        outcomes = race([retried(task) for task in tasks])
        assert sum(1 for outcome in outcomes if outcome == hold.pk) == 1
        codes = {outcome.code for outcome in outcomes if isinstance(outcome, Refused)}
        assert codes <= {"stale", "hold_not_active"}
        assert Hold.objects.get(pk=hold.pk).version == 2


def test_two_schedulers_wake_a_hold_once_and_never_one_that_is_released():
    clerk = a_user()
    for _ in range(ROUNDS):
        hold = a_hold()
        snooze(hold, clerk)()
        tasks: list[Callable[[], object]] = [
            lambda: wake_due(at=NOW, today={"USMF": UNTIL}).succeeded,
            lambda: wake_due(at=NOW, today={"USMF": UNTIL}).succeeded,
            partial(wake_for_payment, payers=[hold.payer_id], at=NOW),
            release(hold, clerk),
        ]
        race([retried(task) for task in tasks])
        done = Hold.objects.get(pk=hold.pk)
        assert done.status == "released"
        assert told(done) in (
            ["hold_placed", "snoozed", "woken", "released"],
            ["hold_placed", "snoozed", "released"],
        )


def test_an_undo_and_somebody_else_s_release_end_as_if_one_had_come_after_the_other():
    """Taking a force back gives the credit back only if nobody released meanwhile, and the other way round."""
    clerk, manager = a_user("clerk"), a_user("manager", "credit_manager")
    for number in range(ROUNDS):
        moment = NOW + dt.timedelta(seconds=number)
        order = an_order(a_customer(f"US-{Hold.objects.count() + 1}", limit="9000"))
        hold = force_hold(order=order.pk, reason="DISPUTE", actor=clerk, at=moment, today=today)

        def take_back(moment=moment):
            return undo(moment=moment, actor=clerk, at=moment).only()

        race([retried(take_back), retried(release(hold, manager))])
        done, order = Hold.objects.get(pk=hold.pk), type(order).objects.get(pk=order.pk)
        assert (done.status, order.credit_status) in {("cancelled", "not_checked"), ("released", "released")}
        assert told(done)[-1] == {"cancelled": "force_undone", "released": "released"}[done.status]
        assert done.version == len(told(done))


def test_sabotage_without_lock_and_version_a_snooze_brings_a_released_hold_back(monkeypatch):
    """S7: with the lock, the version and the nets below taken away, an act that read before writes over a release."""
    clerk = a_user()
    forget_the_lock(monkeypatch)
    monkeypatch.setattr(saving, "_KEYS", {"id": "uuid"})
    monkeypatch.setattr(saving, "update_rows", _unconditional)
    for module in (editing, releases, snoozing):
        monkeypatch.setattr(module, "tell", lambda changes, **_: None)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE holds_hold DISABLE TRIGGER hold_is_as_told")
    lost = 0
    try:
        for _ in range(ROUNDS):
            hold = a_hold()
            edited, released = race([snooze(hold, clerk), release(hold, clerk)])
            done = Hold.objects.get(pk=hold.pk)
            both = edited == released == hold.pk
            lost += both and (done.status != "released" or done.snoozed_until is None)
            if lost:
                break
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM credit_mgmt_credituse")
            cursor.execute("ALTER TABLE holds_hold ENABLE TRIGGER hold_is_as_told")
    assert lost
    assert accounts._LOCK.count("FOR NO KEY UPDATE") == 0
