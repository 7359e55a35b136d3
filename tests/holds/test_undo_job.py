"""What a job did to many holds is one act of who started it, and is taken back as one (`ux` 3.0, Reversibility)."""

import datetime as dt
from typing import Any

import pytest

from customers import jobs
from customers.models import Job, Role
from holds import recent
from holds.models import Hold, HoldEvent
from holds.outcomes import Filter, outcomes
from holds.recent import can_undo, recent_acts
from holds.worklist import assign_holds
from tests.factories_holds import NOW, a_customer, a_rule, a_user, an_entity, an_order, held, post, reasons

pytestmark = pytest.mark.django_db(transaction=True)
SOON = NOW + dt.timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _world(db, settings, monkeypatch):
    settings.CREDIT_TODAY = NOW.date()
    monkeypatch.setattr("holds.release_job.CHUNK", 1)
    monkeypatch.setattr("holds.many.CHUNK", 1)
    an_entity()
    reasons()
    a_rule()


@pytest.fixture
def clerk():
    return a_user("marta")


@pytest.fixture
def three() -> list[Hold]:
    return [held(an_order(a_customer(f"US-{n}", limit="1"), "400", f"SO-{n}")) for n in (1, 2, 3)]


@pytest.fixture(autouse=True)
def ticking(monkeypatch):
    """Each piece of a job has a moment of its own, a second after the one before."""
    moments = (NOW + dt.timedelta(seconds=n) for n in range(10_000))
    monkeypatch.setattr("customers.clock.now", lambda: next(moments))


def run(kind: str, actor: Any, **given: Any) -> Job:
    job = jobs.start_job(kind, given, actor=actor, now=NOW)
    jobs.run_job(job.pk, at=lambda: NOW)
    job.refresh_from_db()
    return job


def release(holds: list[Hold], actor: Any, mode: str = "without_posting") -> Job:
    return run("release_holds", actor, holds=[str(hold.pk) for hold in holds], mode=mode, reason="PAID")


def statuses() -> list[str]:
    return list(Hold.objects.order_by("number").values_list("status", flat=True))


class TestReleasesOfAJob:
    def test_are_one_act_though_each_piece_had_its_moment(self, clerk, three):
        job = release(three, clerk)
        assert HoldEvent.objects.filter(type="released").values("at").distinct().count() == 3
        [act] = recent_acts(actor=clerk)
        assert (act.type, act.count, act.left, act.job) == ("released", 3, 3, str(job.pk))
        assert can_undo(act, SOON)

    def test_are_taken_back_as_one(self, clerk, three):
        job = release(three, clerk)
        back = run("undo_holds", clerk, job=str(job.pk))
        assert statuses() == ["active"] * 3
        assert jobs.result(back)["taken_back"] == 3
        assert [(act.type, act.count) for act in recent_acts(actor=clerk)] == [("reinstated", 3), ("released", 3)]
        assert not any(can_undo(act, SOON) for act in recent_acts(actor=clerk))

    def test_stay_where_something_was_posted_since_and_that_is_said(self, clerk, three):
        job = release(three, clerk)
        post(three[0].order, "confirmation")
        back = run("undo_holds", clerk, job=str(job.pk))
        assert statuses() == ["released", "active", "active"]
        assert [item["code"] for item in jobs.result(back)["failed"]] == ["posted_since"]
        [row] = outcomes(back, Filter({"outcome": "failed"})).rows
        assert (row["sales_order"], row["message"]) == (
            "USMF:SO-1",
            "A document of order USMF:SO-1 was posted since; the release stands.",
        )

    def test_are_nobody_elses_to_take_back(self, clerk, three):
        job = release(three, clerk)
        back = run("undo_holds", a_user("jan", Role.CREDIT_MANAGER), job=str(job.pk))
        assert jobs.result(back)["taken_back"] == 0
        assert statuses() == ["released"] * 3

    def test_are_counted_also_beyond_what_is_read(self, clerk, three, monkeypatch):
        release(three, clerk)
        monkeypatch.setattr(recent, "EVENTS_READ", 2)
        [act] = recent_acts(actor=clerk)
        assert (len(act.events), act.count) == (2, 3)


def test_an_undone_assignment_gives_each_back_to_whom_it_belonged(clerk, three):
    assign_holds(ids=[three[0].pk], assignee="marta", actor=clerk, at=NOW)
    a_user("jan")
    ids = [str(hold.pk) for hold in three]
    job = run("assign_holds", clerk, holds=ids, assignee="jan")
    run("undo_holds", clerk, job=str(job.pk))
    owners = Hold.objects.order_by("number").values_list("assignee__username", flat=True)
    assert list(owners) == ["marta", None, None]


def test_rejections_of_a_job_are_one_act_for_good(clerk, three):
    """`domain 6` knows only *reopen*."""
    run("reject_holds", clerk, holds=[str(hold.pk) for hold in three], note="no answer")
    [act] = recent_acts(actor=clerk)
    assert (act.type, act.count, can_undo(act, SOON)) == ("rejected", 3, False)


WORK: dict[str, tuple[dict[str, Any], str, str]] = {
    "release_holds": ({"mode": "without_posting", "reason": "PAID"}, "released", ""),
    "reject_holds": ({"note": "no answer"}, "rejected", ""),
    "snooze_holds": ({"until": "2026-11-26"}, "snoozed", "until 26 Nov 2026"),
    "assign_holds": ({"assignee": "marta"}, "assigned", "to marta"),
}


@pytest.mark.parametrize("kind", WORK)
def test_every_job_says_of_each_hold_what_became_of_it(kind, clerk, three):
    given, outcome, word = WORK[kind]
    stale = {str(three[1].pk): 99}
    job = run(kind, clerk, holds=[str(hold.pk) for hold in three], versions=stale, **given)
    found = outcomes(job, Filter({}))
    assert found.counts["outcome"] == {outcome: 2, "failed": 1}
    first, failed, last = found.rows
    assert (first["outcome"], first["message"], last["outcome"]) == (outcome, word, outcome)
    assert first["before_words"] == ["No credit"] or "%" in first["before_words"][0] or "×" in first["before_words"][0]
    assert (failed["number"], failed["outcome"]) == (three[1].number, "failed")
    assert "was changed since you looked at it" in failed["message"]
