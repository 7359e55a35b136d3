"""What workers do with a job: plan it, claim its items one by one, work on each, end it.

Every step may be repeated after a kill, and run by many workers at once:

- *plan*: items and `planned_at` are written in one transaction; a second planner finds nothing to do.
- *claim*: a short transaction of its own takes the next open item that nobody holds, counts the attempt **before** it
  is made (J05), and writes a lease with a fresh token.
- *work*: effect and status commit together, on condition that the token is still ours. A worker that was slow, whose
  lease ran out and whose item was given to another, is rolled back: fencing (J01).
- *give up*: after three attempts a list is split into halves and a single entry is dead with its message; the others
  go on.
- *end*: one conditional update, made by whoever finds no open item first.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from customers import clock, notifications
from customers.access import (
    Actor,
    Grant,
    NotAllowed,
    OutOfScope,
    actor_of_client,
    actor_of_user,
    refresh,
    system_actor,
)
from customers.errors import InvalidInput, NotFound, Refused
from customers.jobs.control import end_early, wake
from customers.jobs.kinds import Kind, Payload, kind_of
from customers.jobs.reading import LIVE, OPEN, items_of
from customers.models import ApiClient, Job, JobItem
from customers.models.notifications import NotificationKind

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
FINAL = (InvalidInput, Refused, NotFound, NotAllowed, OutOfScope)
"""What planning or finishing raises that another attempt would raise again."""
FAN_OUT = 3
"""Further workers that are called to help once a job is planned."""
LONGEST_MESSAGE = 2000


class LeaseLost(Exception):
    """The item was given to another worker, or cancelled, while this one was at work: roll back and leave it."""


def run_job(
    job_id: uuid.UUID | str,
    *,
    at: Callable[[], dt.datetime] = clock.now,
    budget: dt.timedelta | None = None,
) -> bool:
    """Plan the job if nobody has, then claim and work on its items until none is left to claim.

    Safe to run many times, also at once. `at` tells the time; after `budget` no further item is claimed. Returns
    whether work was left because of that. Raises `NotFound`; what goes wrong inside an item is recorded there.
    """
    started = at()
    with transaction.atomic(durable=True):  # refuses to run inside somebody's transaction
        job = Job.objects.filter(pk=job_id).first()
    if job is None:
        raise NotFound(f"Job {job_id} was not found.")
    kind = kind_of(job.kind)
    if not _plan(job, kind, started):
        return False
    while (item := _claim(job, at(), kind.lease)) is not None:
        actor = actor_of_job(job)
        if not actor.may(kind.action):
            _fail(job, f"{job.actor} may no longer do this ({kind.action.value}).", at())
            return False
        _work(job, kind, item, actor)
        if budget is not None and at() - started > budget:
            return True
    _end(job, kind, at())
    return False


def _plan(job: Job, kind: Kind, now: dt.datetime) -> bool:
    """Whether the job has items to work on now, planned here or earlier by another worker."""
    if job.planned_at is not None:
        return job.status == Job.Status.RUNNING
    with _alone(job) as alone:
        if not alone:
            return False
        if not _begin_attempt(job, now):
            return Job.objects.filter(pk=job.pk, status=Job.Status.RUNNING, planned_at__isnull=False).exists()
        try:
            with transaction.atomic(durable=True):
                return _write_items(job, kind, now)
        except Exception as problem:
            logger.exception("job %s (%s): planning failed", job.pk, job.kind)
            job.refresh_from_db()
            if job.attempts >= MOST_ATTEMPTS or isinstance(problem, FINAL):
                _fail(job, _describe(problem), now)
            return False


def _begin_attempt(job: Job, now: dt.datetime) -> bool:
    """Count an attempt to plan before it is made (J05); after the last one the job has failed."""
    live = Job.objects.filter(pk=job.pk, status__in=LIVE, planned_at__isnull=True)
    begun = live.filter(attempts__lt=MOST_ATTEMPTS).update(
        status=Job.Status.RUNNING, attempts=F("attempts") + 1, started_at=now
    )
    if not begun and live.exists():
        _fail(job, "The worker was lost each time while the work was being cut up.", now)
    return bool(begun)


@contextmanager
def _alone(job: Job) -> Iterator[bool]:
    """Whether this worker alone plans or ends the job, for as long as the block runs.

    The lock outlives the transactions inside, which is why it is one of the session; a killed worker loses it with its
    connection. No row is locked, so that cancelling never waits.
    """
    name = [f"job {job.pk}"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", name)
        row = cursor.fetchone()
    alone = bool(row and row[0])
    try:
        yield alone
    finally:
        if alone and connection.connection is not None and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", name)


def _write_items(job: Job, kind: Kind, now: dt.datetime) -> bool:
    """Write the items and `planned_at`; False (and nothing written) if the job was planned or ended meanwhile."""
    if not Job.objects.filter(pk=job.pk, planned_at__isnull=True, status=Job.Status.RUNNING).exists():
        return False
    items = items_of(job, kind.plan(job))
    planned = Job.objects.filter(pk=job.pk, planned_at__isnull=True, status=Job.Status.RUNNING).update(
        planned_at=now, attempts=0, pinned=kind.pinned(job, now)
    )
    if planned:
        JobItem.objects.bulk_create(items, batch_size=2000)
        wake(job.pk, min(len(items) - 1, FAN_OUT))
    job.refresh_from_db()
    return bool(planned)


def _claim(job: Job, now: dt.datetime, lease: dt.timedelta) -> JobItem | None:
    """Lease the next open item that nobody holds, its attempt counted; None where there is none."""
    while True:
        with transaction.atomic(durable=True):
            item = _next_open(job, now)
            if item is None:
                return None
            if item.attempts < MOST_ATTEMPTS:
                item.status = JobItem.Status.LEASED
                item.attempts += 1
                item.lease_token = uuid.uuid4()
                item.leased_until, item.claimed_at = now + lease, now
                item.save(update_fields=["status", "attempts", "lease_token", "leased_until", "claimed_at"])
                return item
        _give_up(job, item)


def _next_open(job: Job, now: dt.datetime) -> JobItem | None:
    free = Q(status=JobItem.Status.WAITING) | Q(leased_until__lt=now)
    items = JobItem.objects.filter(free, job_id=job.pk, status__in=OPEN)
    return items.order_by("position", "pk").select_for_update(skip_locked=True).first()


def _work(job: Job, kind: Kind, item: JobItem, actor: Actor) -> None:
    """Work on a leased item: its effect and its status commit together, or neither does."""
    mine = JobItem.objects.filter(pk=item.pk, status=JobItem.Status.LEASED, lease_token=item.lease_token)
    try:
        with transaction.atomic(durable=True):
            share = kind.work(job, list(item.payload), actor)
            done = mine.update(
                status=JobItem.Status.DONE, result=share, message="", lease_token=None, leased_until=None
            )
            if not done:
                raise LeaseLost
    except LeaseLost:
        logger.warning("job %s: item %s was given to another worker or cancelled; rolled back", job.pk, item.position)
    except Exception as problem:
        logger.exception("job %s (%s): item %s failed, attempt %s", job.pk, job.kind, item.position, item.attempts)
        mine.update(status=JobItem.Status.WAITING, message=_describe(problem), lease_token=None, leased_until=None)


def _give_up(job: Job, item: JobItem) -> None:
    """Split a list that failed three times into halves; a single entry is dead. Nothing if somebody else did so."""
    with transaction.atomic(durable=True):
        # The job first, see Note [Order of locks]: a cancel that runs now must see the halves, or prevent them.
        if not Job.objects.filter(pk=job.pk, status=Job.Status.RUNNING).update(status=Job.Status.RUNNING):
            return
        unchanged = JobItem.objects.filter(
            pk=item.pk, status=item.status, attempts=item.attempts, lease_token=item.lease_token
        )
        if item.size > 1:
            _split(item, unchanged.update(status=JobItem.Status.SPLIT, lease_token=None, leased_until=None))
            return
        message = item.message or f"The worker was lost {item.attempts} times while it worked on this."
        unchanged.update(status=JobItem.Status.DEAD, message=message, lease_token=None, leased_until=None)
    logger.error("job %s (%s): %s is dead: %s", job.pk, job.kind, item.payload, message)


def _split(item: JobItem, was_split: int) -> None:
    if not was_split:
        return
    half = item.size // 2
    parts: list[tuple[int, Payload]] = [(0, item.payload[:half]), (half, item.payload[half:])]
    JobItem.objects.bulk_create(
        JobItem(job_id=item.job_id, position=item.position + offset, payload=part, size=len(part))
        for offset, part in parts
    )


def _end(job: Job, kind: Kind, now: dt.datetime) -> None:
    """End the job exactly once, when no item is open any more."""
    if not _over(job).exists():
        return
    with _alone(job) as alone:
        if not alone:
            return
        # Counted before it is made, like every attempt (J05); planning left the counter at 0.
        if not _over(job).filter(attempts__lt=MOST_ATTEMPTS).update(attempts=F("attempts") + 1):
            if _over(job).exists():
                _fail(job, "The job could not be finished; the log has the reason.", now)
            return
        try:
            with transaction.atomic(durable=True):
                if (outcome := _outcome(job)) and _over(job).update(finished_at=now, **outcome):
                    _tell(job, outcome["status"], now)
                    if kind.finish is not None:
                        kind.finish(job, actor_of_job(job))
        except Exception as problem:
            logger.exception("job %s (%s): finishing failed", job.pk, job.kind)
            job.refresh_from_db()
            if job.attempts >= MOST_ATTEMPTS or isinstance(problem, FINAL):
                _fail(job, _describe(problem), now)


def _tell(job: Job, status: str, now: dt.datetime) -> None:
    """Tell who started the job that it has ended; nobody where a schedule did."""
    kind, _, identity = job.actor.partition(":")
    if kind == "user" and not job.schedule:
        title = job.kind.replace("_", " ").capitalize()
        ended = "has failed" if status == Job.Status.FAILED else "has ended"
        told = notifications.Told(int(identity), NotificationKind.RUN_ENDED, title, str(job.pk), ended)
        notifications.tell([told], at=now)


def _over(job: Job) -> QuerySet[Job]:
    """The job, as long as it runs and has no open item."""
    open_items = JobItem.objects.filter(job=OuterRef("pk"), status__in=OPEN)
    return Job.objects.filter(~Exists(open_items), pk=job.pk, status=Job.Status.RUNNING, planned_at__isnull=False)


def _outcome(job: Job) -> dict[str, str]:
    """Finished; or failed, where something died and nothing at all was done."""
    statuses = set(JobItem.objects.filter(job=job).order_by().values_list("status", flat=True).distinct())
    if JobItem.Status.DEAD in statuses and JobItem.Status.DONE not in statuses:
        return {"status": Job.Status.FAILED, "message": "Every part of it failed; see failed in its result."}
    return {"status": Job.Status.FINISHED, "message": ""}


def _fail(job: Job, message: str, now: dt.datetime) -> None:
    with transaction.atomic(durable=True):
        if end_early(job, Job.Status.FAILED, message, now):
            _tell(job, Job.Status.FAILED, now)
    logger.error("job %s (%s) failed: %s", job.pk, job.kind, message)


def _describe(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"[:LONGEST_MESSAGE]


def actor_of_job(job: Job) -> Actor:
    """Who started the job, with the grants that stand now, but in no more legal entities than at the start."""
    kind, _, identity = job.actor.partition(":")
    if kind == "system":
        return system_actor(identity)
    if kind == "user":
        user = get_user_model().objects.filter(pk=identity).first()
        actor = actor_of_user(user) if user else Actor(kind="user", id=0, name="")
    else:
        client = ApiClient.objects.filter(pk=identity).first()
        actor = refresh(actor_of_client(client)) if client else Actor(kind="client", id=0, name="")
    if job.legal_entities is None:
        return replace(actor, job=str(job.pk))
    grants = [
        Grant(role=grant.role, legal_entity=entity)
        for grant in actor.grants
        for entity in job.legal_entities
        if grant.legal_entity in (None, entity)
    ]
    return replace(actor, grants=tuple(grants), job=str(job.pk))
