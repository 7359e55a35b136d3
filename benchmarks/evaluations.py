"""Evaluation of all holds, as the product runs it: one job, worked on by as many processes as there are cores.

Four runs, each beside the floor: facts and decisions without writing; the first look, where every check mark changes
(decisions, reasons, events and feed are written); the day after (new decisions, few new check marks); and once more
with nothing changed.
"""

import datetime as dt
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, connections

from benchmarks import floor
from benchmarks.measures import ACTOR, AS_OF, EVERYWHERE, Figure, timed
from credit_mgmt import checks
from customers import clock
from customers.jobs import run_job, start_job
from customers.models import Job

DAY = dt.timedelta(days=1)


def evaluation(holds: int) -> list[Figure]:
    """The figures of `holds` holds; the floor reads and decides, and the same with a row written for each."""
    with connection.cursor() as cursor:
        cursor.execute(floor.WRITE_TABLE)
        values = {"day": AS_OF}
        written = timed(lambda: cursor.execute(floor.WRITE_ALL_HOLDS, values))
        read = timed(lambda: (cursor.execute(floor.ALL_HOLDS, values), cursor.fetchall()))
    facts = timed(_decide_all)
    with _workers() as pool:
        first = timed(lambda: _evaluate(pool))
    settings.CREDIT_TODAY = AS_OF + DAY
    with _workers() as pool:
        next_day, again = timed(lambda: _evaluate(pool)), timed(lambda: _evaluate(pool))
    settings.CREDIT_TODAY = AS_OF
    rate = holds / written
    return [
        Figure(f"facts and decisions for {holds:,} holds, reading only", facts * 1000, read * 1000, "ms"),
        Figure(f"evaluation of {holds:,} holds, every check mark changes", holds / first, rate, "holds/s"),
        Figure(f"evaluation of {holds:,} holds, a day later, all written", holds / next_day, rate, "holds/s", 5),
        Figure(f"evaluation of {holds:,} holds, nothing changed", holds / again, rate, "holds/s", 3),
    ]


def _decide_all() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT order_id FROM holds_hold WHERE status = 'active' ORDER BY held_at, id")
        orders = [row[0] for row in cursor.fetchall()]
    checks.check_orders(orders, checkpoint="confirmation", as_of=EVERYWHERE, evaluation=True)


@contextmanager
def _workers() -> Iterator[ProcessPoolExecutor]:
    """One process for each core, already started and connected."""
    connections.close_all()  # a connection can't be shared with a child
    count = os.cpu_count() or 1
    with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("fork")) as pool:
        list(pool.map(_connect, range(count * 4)))
        yield pool


def _connect(_: int) -> None:
    connection.ensure_connection()


def _evaluate(pool: ProcessPoolExecutor) -> None:
    job = start_job("evaluate_for_release", {}, actor=ACTOR, now=clock.now())
    count = os.cpu_count() or 1
    # Whoever comes while the job is being cut up finds nothing to do yet, and asks again: so workers are called twice.
    while Job.objects.filter(pk=job.pk, status__in=[Job.Status.QUEUED, Job.Status.RUNNING]).exists():
        list(pool.map(run_job, [job.pk] * count))
    job.refresh_from_db()
    if job.status != Job.Status.FINISHED:
        raise RuntimeError(f"the evaluation ended {job.status}: {job.message}")
