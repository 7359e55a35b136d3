"""Decisions past their retention go, every night; what a hold refers to stays (`domain 10`, decision retention)."""

import datetime as dt
import itertools
import uuid

import pytest

from credit_mgmt import decisions
from credit_mgmt.conf.celery import app
from credit_mgmt.models import DecisionRecord
from customers import jobs
from customers.errors import InvalidInput
from customers.models import Job, JobItem
from holds import retention, tasks
from holds.models import Hold
from holds.releases import release_hold
from tests.api_client import client, everything
from tests.factories_holds import (
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
)

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """A worker's death, as far as one process can act it."""


def days_ago(days: int) -> dict:
    at = NOW - dt.timedelta(days=days)
    return {"at": at, "today": on(at.date())}


def passed(days: int, entity: str = "USMF") -> uuid.UUID:
    """A decision, made so many days ago, that let an order pass."""
    customer = a_customer(f"C-{uuid.uuid4().hex[:8]}", entity=an_entity(entity))
    made = post(an_order(customer), **days_ago(days)).decision_id
    assert made is not None
    return made


def purge(now: dt.datetime = NOW, **given: str) -> Job:
    job = jobs.start_job(retention.KIND, given, actor=SYSTEM, now=now)
    jobs.run_job(job.pk, at=lambda: now)
    job.refresh_from_db()
    return job


def left() -> set[uuid.UUID]:
    return set(DecisionRecord.objects.values_list("pk", flat=True))


def test_after_400_days_a_decision_goes_and_what_is_left_still_replays():
    young, edge = passed(399), passed(400)
    [passed(days) for days in (401, 500, 900)]
    job = purge()
    assert (job.status, jobs.result(job)) == (Job.Status.FINISHED, {"deleted": 3, "kept": 0})
    assert left() == {young, edge}
    for record in DecisionRecord.objects.order_by("at"):
        assert decisions.replay(record) == decisions.stored_decision(record)


@pytest.mark.parametrize("released", [False, True])
def test_what_a_hold_refers_to_stays_and_replays(released):
    reasons()
    a_rule()
    hold = held(an_order(a_customer(limit="1")), **days_ago(800))
    if released:
        release_hold(
            id=hold.pk, mode="without_posting", reason="PAID", actor=a_user(), **days_ago(799),
        )  # fmt: skip
    passed(800)
    purge()
    assert left() == {hold.decision_id}
    record = DecisionRecord.objects.get()
    assert decisions.replay(record) == decisions.stored_decision(record)
    assert decisions.replay(record).holds


def test_how_long_is_what_the_legal_entity_set_up():
    ours, theirs = passed(60), passed(60, "DEMF")
    parameters("DEMF", decision_retention_days=30)
    purge()
    assert left() == {ours}
    parameters(decision_retention_days=59)
    purge(legal_entity="DEMF")
    assert left() == {ours}
    purge(legal_entity="USMF")
    assert left() == set()
    assert theirs != ours


def test_a_run_that_was_killed_goes_on_where_it_stood(monkeypatch):
    made = {passed(500) for _ in range(4)}
    monkeypatch.setattr(retention, "CHUNK", 1)
    real, calls = decisions.purge_decisions, []

    def dies_at_the_third(**options):
        calls.append(options)
        count = real(**options)
        if len(calls) == 3:
            raise Killed
        return count

    monkeypatch.setattr(retention, "purge_decisions", dies_at_the_third)
    with pytest.raises(Killed):
        purge()
    assert len(left() & made) == 2, "what was done stays done, what was not committed is undone"
    job = Job.objects.get()
    jobs.run_job(job.pk, at=lambda: NOW + dt.timedelta(minutes=10))
    job.refresh_from_db()
    assert (job.status, jobs.result(job)) == (Job.Status.FINISHED, {"deleted": 4, "kept": 0})
    assert left() == set()


def test_what_came_to_be_referred_to_or_was_kept_longer_after_planning_stays():
    order = an_order(a_customer(limit="1"))
    mine, other = post(order, **days_ago(500)).decision_id, passed(500)
    a_rule()
    hold = held(order, "packing_slip", **days_ago(10))
    job = jobs.start_job(retention.KIND, {}, actor=SYSTEM, now=NOW)
    assert sorted(itertools.chain(*retention.plan(job))) == sorted(map(str, (mine, other)))
    Hold.objects.filter(pk=hold.pk).update(last_decision=mine)
    assert retention.work(job, [str(mine), str(other)], SYSTEM) == {"deleted": 1, "kept": 1}
    assert mine in left()
    third = passed(450)
    parameters(decision_retention_days=451)
    assert retention.work(job, [str(third)], SYSTEM) == {"deleted": 0, "kept": 1}


def test_it_runs_once_a_day_however_many_schedulers_ask():
    first = retention.start_scheduled_purge(now=NOW)
    assert retention.start_scheduled_purge(now=NOW + dt.timedelta(hours=3)) == first
    assert retention.start_scheduled_purge(now=NOW + dt.timedelta(days=1)) != first
    entry = app.conf.beat_schedule["purge decisions"]
    assert (entry["task"], entry["schedule"]) == (tasks.purge_decisions.name, 86_400)
    tasks.purge_decisions()
    assert Job.objects.filter(schedule=retention.SCHEDULE).count() == 3


def test_it_takes_the_right_to_set_up_and_what_it_does_not_know_is_named():
    passed(500)
    body = {"kind": "purge_decisions", "parameters": {"legal_entity": "USMF"}}
    assert client("clerk", "credit_clerk").post("jobs", body).is_(403)["code"] == "not_allowed"
    api = everything()
    assert api.post("jobs", body).is_(202)["kind"] == "purge_decisions"
    for name in ("days", "legal_entity"):
        with pytest.raises(InvalidInput, match=name):
            retention.read_parameters({name: "NOWHERE"})
    assert not JobItem.objects.exists()
