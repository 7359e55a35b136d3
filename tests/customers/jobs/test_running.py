"""Running jobs: order, poison, cancel, grants, results (`reliability.md` J01-J05)."""

import datetime as dt

import pytest
from django.db import transaction

from customers import jobs
from customers.access import Actor, Grant
from customers.errors import NotFound
from customers.jobs.running import actor_of_job
from customers.models import AccessGrant, ApiClient, Currency, Job, JobItem, LegalEntity
from tests.customers.jobs import toy

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """A worker's death, as far as one process can act it: nothing after it runs but what the database rolls back."""


def test_a_job_does_all_its_work_in_order_and_finishes_once() -> None:
    job = toy.start()
    toy.run(job)
    toy.run(job)
    job.refresh_from_db()
    assert job.status == Job.Status.FINISHED
    assert toy.made() == list(range(10))
    assert jobs.result(job) == {"made": 10, "numbers": list(range(10))}
    assert jobs.progress(job) == jobs.Progress(total=10, done=10)
    assert toy.finished == [str(job.pk)]


def test_a_job_without_work_finishes_at_once() -> None:
    job = toy.start(numbers=[])
    toy.run(job)
    job.refresh_from_db()
    assert job.status == Job.Status.FINISHED
    assert jobs.progress(job).percent == 100
    assert jobs.result(job) == {}


def test_a_poison_entry_is_dead_after_three_attempts_and_the_others_are_done() -> None:
    job = toy.start(poison=[4])
    toy.run(job)
    job.refresh_from_db()
    assert job.status == Job.Status.FINISHED
    assert toy.made() == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    dead = JobItem.objects.get(status=JobItem.Status.DEAD)
    assert (dead.payload, dead.attempts, dead.message) == ([4], 3, "ValueError: 4 is poison")
    assert JobItem.objects.filter(status=JobItem.Status.SPLIT).count() == 2  # [3, 4, 5] and then [4, 5]
    assert jobs.progress(job) == jobs.Progress(total=10, done=9, failed=1)
    assert jobs.result(job)["failed"] == [{"id": 4, "code": "failed", "message": "ValueError: 4 is poison"}]


def test_a_split_list_keeps_its_place_in_the_result() -> None:
    job = toy.start(numbers=list(range(9)), size=4, poison=[1])
    toy.run(job)
    assert jobs.result(job)["numbers"] == [0, 2, 3, 4, 5, 6, 7, 8]


def test_a_job_of_which_nothing_could_be_done_has_failed() -> None:
    job = toy.start(numbers=[1, 2], poison=[1, 2])
    toy.run(job)
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    assert toy.finished == [str(job.pk)]


def test_a_worker_killed_before_the_commit_leaves_nothing_and_its_list_waits_for_the_lease() -> None:
    job = toy.start(numbers=[1, 2, 3], size=3)

    def die(_job: Job, _payload: list[int]) -> None:
        raise Killed

    toy.interruptions.append(die)
    with pytest.raises(Killed):
        toy.run(job)
    toy.interruptions.clear()
    assert toy.made() == []
    toy.run(job)
    assert toy.made() == []  # the lease has not run out: another worker may still be at it
    toy.run(job, toy.LATER)
    assert toy.made() == [1, 2, 3]
    assert JobItem.objects.get().attempts == 2


def test_an_entry_that_kills_its_worker_is_dead_after_three_attempts() -> None:
    job = toy.start(numbers=[1, 2], size=1)

    def die(_job: Job, payload: list[int]) -> None:
        if payload == [1]:
            raise Killed

    toy.interruptions.append(die)
    at = toy.NOW
    for _ in range(3):
        with pytest.raises(Killed):
            toy.run(job, at)
        at += dt.timedelta(minutes=10)
    toy.run(job, at)
    job.refresh_from_db()
    assert job.status == Job.Status.FINISHED
    assert toy.made() == [2]
    assert jobs.result(job)["failed"][0]["message"] == "The worker was lost 3 times while it worked on this."


def test_running_inside_somebodys_transaction_is_refused_as_its_commits_would_be_none() -> None:
    job = toy.start()
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        toy.run(job)
    assert toy.made() == []


def test_planning_that_fails_is_tried_three_times_and_then_the_job_has_failed() -> None:
    job = toy.start(size=0)
    for _ in range(3):
        toy.run(job)
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    assert job.message.startswith("ValueError: range() arg 3 must not be zero")
    assert toy.made() == []


def test_a_job_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        jobs.run_job("00000000-0000-0000-0000-000000000000")


def test_a_worker_hands_over_when_its_time_is_up() -> None:
    job = toy.start()
    times = iter([toy.NOW, *[toy.LATER] * 100])
    assert jobs.run_job(job.pk, at=lambda: next(times), budget=dt.timedelta(minutes=5))
    assert toy.made() == [0, 1, 2]
    assert not toy.run(job, toy.LATER)
    assert toy.made() == list(range(10))


@pytest.fixture
def client() -> ApiClient:
    euro = Currency.objects.create(code="EUR")
    for code in ("DEMF", "USMF"):
        LegalEntity.objects.create(code=code, name=code, accounting_currency=euro)
    return ApiClient.objects.create(name="erp", token_digest="0" * 64, created_at=toy.NOW)


def grant(client: ApiClient, entity: str | None) -> None:
    AccessGrant.objects.create(client=client, role="integration", legal_entity_id=entity)


def actor(client: ApiClient, *entities: str | None) -> Actor:
    return Actor("client", client.pk, client.name, tuple(Grant("integration", entity) for entity in entities))


def test_the_worker_acts_with_the_grants_that_stand_now_but_never_with_more_than_at_the_start(
    client: ApiClient,
) -> None:
    job = toy.start(actor(client, "DEMF"))
    grant(client, None)
    seen: list[tuple[Grant, ...]] = []
    toy.interruptions.append(lambda job, payload: seen.append(actor_of_job(job).grants))
    toy.run(job)
    assert job.legal_entities == ["DEMF"]
    assert set(seen) == {(Grant("integration", "DEMF"),)}


def test_a_job_whose_starter_lost_the_right_fails_and_does_no_more(client: ApiClient) -> None:
    job = toy.start(actor(client, "DEMF"))
    toy.run(job)
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    assert "may no longer do this" in job.message
    assert toy.made() == []
    assert jobs.progress(job) == jobs.Progress(total=10, skipped=10)
