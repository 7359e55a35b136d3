"""Two workers, real connections: nothing is done twice, nothing is lost (`reliability.md` J01, J06, F12)."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections

from customers import jobs
from customers.errors import Refused
from customers.jobs.running import _claim
from customers.models import Job, JobItem, Party
from tests.customers.jobs import toy

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each call returned or raised, each made in a thread with a connection of its own, all let off together."""
    answers: list[Any] = [None] * len(calls)
    gate = threading.Barrier(len(calls))

    def make(index: int, call: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            gate.wait(10)
            answers[index] = call()
        except Exception as problem:  # noqa: BLE001 - the answer of a racer may be an exception; the test looks at it
            answers[index] = problem
        finally:
            connections.close_all()

    threads = [threading.Thread(target=make, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def test_four_workers_at_once_do_every_entry_exactly_once() -> None:
    job = toy.start(numbers=list(range(120)), size=4, poison=[7, 77])
    for _ in range(3):  # whoever comes while another plans goes away; the next wave finds the plan
        answers = at_once(*[lambda: toy.run(job)] * 4)
        assert answers == [False] * 4
    job.refresh_from_db()
    assert job.status == Job.Status.FINISHED
    assert toy.made() == [number for number in range(120) if number not in (7, 77)]
    assert jobs.progress(job) == jobs.Progress(total=120, done=118, failed=2)
    assert toy.finished == [str(job.pk)]


def test_workers_that_arrive_while_another_plans_do_not_use_up_its_attempts() -> None:
    job = toy.start(numbers=list(range(8)), size=1)
    at_once(*[lambda: toy.run(job)] * 8)
    job.refresh_from_db()
    assert job.status == Job.Status.FINISHED
    assert toy.made() == list(range(8))


def test_a_slow_worker_whose_list_was_given_to_another_is_rolled_back() -> None:
    job = toy.start(numbers=[1, 2, 3], size=3)
    overtaken = threading.Event()

    def overtake(_job: Job, _payload: list[int]) -> None:
        if overtaken.is_set():
            return
        overtaken.set()
        Party.objects.create(number="P99", name="the effect of the slow worker")
        at_once(lambda: _reclaim(job))

    toy.interruptions.append(overtake)
    toy.run(job)
    item = JobItem.objects.get()
    assert toy.made() == []  # the slow one left nothing, and the other has not begun
    assert (item.status, item.attempts) == (JobItem.Status.LEASED, 2)
    toy.run(job, toy.LATER + (toy.LATER - toy.NOW))
    assert toy.made() == [1, 2, 3]


def _reclaim(job: Job) -> None:
    """Another worker finds the lease run out and takes the item; it is given no time to work on it."""
    assert _claim(job, toy.LATER, jobs.kind_of("toy").lease) is not None


def test_cancel_keeps_what_is_done_rolls_back_what_is_under_way_and_skips_the_rest() -> None:
    job = toy.start(numbers=list(range(9)), size=3)

    def cancel_in_the_second(_job: Job, payload: list[int]) -> None:
        if payload[0] == 3:
            [answer] = at_once(lambda: jobs.cancel_job(job_id=job.pk, actor=toy.SYSTEM, now=toy.NOW))
            assert answer.status == Job.Status.CANCELLED

    toy.interruptions.append(cancel_in_the_second)
    toy.run(job)
    job.refresh_from_db()
    assert job.status == Job.Status.CANCELLED
    assert job.finished_at == toy.NOW
    assert toy.made() == [0, 1, 2]
    assert jobs.progress(job) == jobs.Progress(total=9, done=3, skipped=6)
    assert toy.finished == []
    with pytest.raises(Refused, match="cancelled already"):
        jobs.cancel_job(job_id=job.pk, actor=toy.SYSTEM, now=toy.NOW)


def test_eight_schedulers_start_one_run() -> None:
    def start() -> Job:
        return jobs.start_job("toy", {}, actor=toy.SYSTEM, now=toy.NOW, schedule="nightly", due_at=toy.NOW)

    answers = at_once(*[start] * 8)
    assert len({job.pk for job in answers}) == 1
    assert Job.objects.count() == 1
