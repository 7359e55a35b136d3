"""Starting, sweeping, seeing and cancelling jobs (`reliability.md` J02, J06, J07, S01)."""

import datetime as dt
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from customers import jobs, wakeups
from customers.access import Actor, Grant, NotAllowed, OutOfScope
from customers.errors import InvalidInput, NotFound, Refused
from customers.jobs import control
from customers.models import Job, JobItem
from tests.customers.jobs import toy

pytestmark = pytest.mark.django_db


def actor(role: str, *entities: str | None) -> Actor:
    return Actor("client", 1, "erp", tuple(Grant(role, entity) for entity in entities))


def test_an_unknown_kind_is_named_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as refusal:
        jobs.start_job("nonsense", {}, actor=toy.SYSTEM, now=toy.NOW)
    assert refusal.value.errors[0].field == "kind"
    assert "toy" in refusal.value.errors[0].message


def test_unknown_parameters_start_nothing() -> None:
    with pytest.raises(InvalidInput, match=r"parameters\.speed"):
        toy.start(speed=3)
    assert not Job.objects.exists()


def test_starting_needs_the_right_of_the_kind() -> None:
    with pytest.raises(NotAllowed):
        toy.start(actor("viewer", None))


def test_a_job_for_a_legal_entity_out_of_scope_is_not_found() -> None:
    with pytest.raises(OutOfScope):
        toy.start(actor("integration", "DEMF"), legal_entity="USMF")


def test_a_kind_cannot_be_registered_twice_with_different_work() -> None:
    toy_kind = jobs.kind_of("toy")
    with pytest.raises(ValueError, match="registered twice"):
        jobs.register_kind(
            "toy", plan=toy_kind.plan, work=lambda *_: {}, parameters=toy_kind.parameters, action=toy_kind.action
        )


@pytest.mark.parametrize(
    ("job_of", "viewer", "sees"),
    [
        (["DEMF"], actor("viewer", "DEMF"), True),
        (["DEMF"], actor("viewer", "DEMF", "USMF"), True),
        (["DEMF", "USMF"], actor("viewer", "DEMF"), False),
        (["USMF"], actor("viewer", "DEMF"), False),
        (None, actor("viewer", "DEMF"), False),
        (None, actor("viewer", None), True),
        ([], actor("viewer"), False),
    ],
)
def test_a_job_is_seen_by_whoever_sees_all_its_legal_entities(
    job_of: list[str] | None, viewer: Actor, sees: bool
) -> None:
    Job.objects.create(kind="toy", actor="system:toy", legal_entities=job_of, created_at=toy.NOW)
    assert jobs.visible_jobs(viewer).exists() is sees


def test_cancelling_what_one_may_not_see_is_not_found_and_without_the_right_not_allowed() -> None:
    job = toy.start(actor("integration", "DEMF"))
    with pytest.raises(NotFound):
        jobs.cancel_job(job_id=job.pk, actor=actor("integration", "USMF"), now=toy.NOW)
    with pytest.raises(NotAllowed):
        jobs.cancel_job(job_id=job.pk, actor=actor("viewer", "DEMF"), now=toy.NOW)
    jobs.cancel_job(job_id=job.pk, actor=actor("integration", "DEMF"), now=toy.NOW)
    job.refresh_from_db()
    assert job.status == Job.Status.CANCELLED


def test_a_queued_job_that_was_cancelled_is_never_run() -> None:
    job = toy.start()
    jobs.cancel_job(job_id=job.pk, actor=toy.SYSTEM, now=toy.NOW)
    toy.run(job)
    assert toy.made() == []
    with pytest.raises(Refused) as refusal:
        jobs.cancel_job(job_id=job.pk, actor=toy.SYSTEM, now=toy.NOW)
    assert refusal.value.code == "job_not_live"


def test_a_run_that_comes_due_while_another_is_alive_is_recorded_as_skipped() -> None:
    def due(minutes: int) -> Job:
        at = toy.NOW + dt.timedelta(minutes=minutes)
        return jobs.start_job("toy", {}, actor=toy.SYSTEM, now=at, schedule="hourly", due_at=at)

    first, second = due(0), due(60)
    assert (first.status, second.status) == (Job.Status.QUEUED, Job.Status.CANCELLED)
    assert "still at work" in second.message
    toy.run(first)
    assert due(120).status == Job.Status.QUEUED


def test_a_slot_is_the_same_for_every_scheduler() -> None:
    hour = dt.timedelta(hours=1)
    assert jobs.due_slot(toy.NOW + dt.timedelta(minutes=1), hour) == jobs.due_slot(
        toy.NOW + dt.timedelta(minutes=59), hour
    )


def test_the_sweeper_finds_what_nobody_is_at_work_on() -> None:
    queued, done, leased, lost, unended = (toy.start() for _ in range(5))
    toy.run(done)
    for job, until in ((leased, toy.LATER), (lost, toy.NOW - dt.timedelta(seconds=1)), (unended, None)):
        Job.objects.filter(pk=job.pk).update(status="running", planned_at=toy.NOW)
        if until is not None:
            JobItem.objects.create(
                job=job, position=0, payload=[1], size=1, status="leased", leased_until=until, lease_token=job.pk
            )
    assert set(jobs.sweep_jobs(now=toy.NOW)) == {queued.pk, lost.pk, unended.pk}


@pytest.fixture
def silent_broker(settings: Any) -> Iterator[None]:
    """A broker that accepts connections and says nothing (`reliability.md` finding 7)."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        yield


def test_a_broker_that_is_silent_keeps_nobody_waiting(
    silent_broker: None, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent = threading.Event()
    never = threading.Event()

    def hang(*_: Any) -> None:
        sent.set()
        never.wait(30)

    monkeypatch.setattr(wakeups, "_send", hang)
    began = time.monotonic()
    with django_capture_on_commit_callbacks(execute=True):
        toy.start()
    assert time.monotonic() - began < 2
    assert sent.wait(5)
    never.set()


def test_a_broker_that_refuses_is_logged_and_harmless(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError("nobody listens")

    monkeypatch.setattr("celery.current_app.send_task", refuse)
    job = toy.start()
    wakeups._send(control.RUN_TASK, (str(job.pk),), 1, 0)
    assert "the schedule will find it" in caplog.text
