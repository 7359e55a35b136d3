"""Starting, cancelling and waking jobs: what edges and the schedule do. Workers are in `running`."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from customers import wakeups
from customers.access import Action, Actor, NotAllowed, authorize, authorize_each
from customers.errors import Refused
from customers.jobs.kinds import Kind, kind_of
from customers.jobs.reading import LIVE, OPEN, visible_job
from customers.models import Job, JobItem

RUN_TASK = "customers.tasks.run_job"
SWEEP_AT_MOST = 200


def start_job(
    kind: str,
    parameters: Mapping[str, Any],
    *,
    actor: Actor,
    now: dt.datetime,
    schedule: str = "",
    due_at: dt.datetime | None = None,
) -> Job:
    """Write a job down in the caller's transaction, or in its own; a worker is woken after the commit.

    A scheduled run (`schedule` with `due_at`) is written once, however many schedulers ask (J06): asked again, the
    first one is returned. A run that comes due while another of its schedule is alive is recorded as cancelled.
    Raises `InvalidInput`, `NotAllowed`, `OutOfScope`.
    """
    known = kind_of(kind)
    valid = known.parameters(parameters)
    _authorize_start(known, valid, actor)
    with transaction.atomic():
        job = Job(
            kind=kind,
            parameters=valid,
            actor=actor.reference,
            legal_entities=_entities(known.action, valid, actor),
            created_at=now,
            schedule=schedule,
            due_at=due_at,
        )
        if schedule and due_at is not None:
            return _start_scheduled(job, now)
        job.save(force_insert=True)
        wake(job.pk)
    return job


def _authorize_start(kind: Kind, parameters: Mapping[str, Any], actor: Actor) -> None:
    if not actor.may(kind.action):
        raise NotAllowed(kind.action, None)
    if parameters.get("legal_entity") is not None:
        entity = parameters["legal_entity"]
        authorize(actor, kind.action, entity, f"Legal entity {entity}")


def _entities(action: Action, parameters: Mapping[str, Any], actor: Actor) -> list[str] | None:
    """The legal entities that the job is about: the one it names, or all in which the actor may start it."""
    if parameters.get("legal_entity") is not None:
        return [parameters["legal_entity"]]
    entities = actor.entities(action)
    return None if entities is None else sorted(entities)


def _start_scheduled(job: Job, now: dt.datetime) -> Job:
    """The job, its twin of the same time, or a cancelled record where another run of the schedule is alive."""
    with connection.cursor() as cursor:
        # No row exists yet that two schedulers could lock, hence an advisory lock, held until commit.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"job schedule {job.schedule}"])
    runs = Job.objects.filter(schedule=job.schedule)
    twin = runs.filter(due_at=job.due_at).first()
    if twin is not None:
        return twin
    alive = runs.filter(status__in=LIVE).order_by("created_at", "pk").first()
    if alive is not None:
        job.status = Job.Status.CANCELLED
        job.finished_at = now
        job.message = f"Skipped: the run that started at {alive.created_at:%Y-%m-%d %H:%M} is still at work."
    job.save(force_insert=True)
    if alive is None:
        wake(job.pk)
    return job


def due_slot(now: dt.datetime, every: dt.timedelta) -> dt.datetime:
    """The beginning of the interval of length `every` in which `now` lies: the same for every scheduler (J06)."""
    epoch = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    return now - (now - epoch) % every


def cancel_job(*, job_id: uuid.UUID | str, actor: Actor, now: dt.datetime) -> Job:
    """End a live job: finished parts keep their effect, a part under way is rolled back, the rest is skipped.

    Raises `NotFound` for jobs that `actor` may not see, `NotAllowed`, and `Refused` with `job_not_live`.
    """
    job = visible_job(job_id, actor)
    action = kind_of(job.kind).action
    if job.legal_entities is None:
        authorize(actor, action, None)
    else:
        authorize_each(actor, action, job.legal_entities)
    with transaction.atomic():
        if not end_early(job, Job.Status.CANCELLED, f"Cancelled by {actor.name}.", now):
            job.refresh_from_db()
            raise Refused("job_not_live", f"The job is {job.status} already; only a live one can be cancelled.")
    job.refresh_from_db()
    return job


def end_early(job: Job, status: str, message: str, now: dt.datetime) -> bool:
    """Give a live job a final `status` and skip its open items; False if it was not live any more.

    Runs in the caller's transaction. The job is locked before its items, see Note [Order of locks].
    """
    fields: dict[str, Any] = {"status": status, "message": message, "finished_at": now}
    if status == Job.Status.CANCELLED:
        fields["cancel_requested_at"] = now
    if not Job.objects.filter(pk=job.pk, status__in=LIVE).update(**fields):
        return False
    JobItem.objects.filter(job=job, status__in=OPEN).update(
        status=JobItem.Status.SKIPPED, lease_token=None, leased_until=None
    )
    return True


def sweep_jobs(*, now: dt.datetime) -> list[uuid.UUID]:
    """Wake workers for every live job that nobody is at work on: its message or its worker was lost (J02, J04)."""
    items = JobItem.objects.filter(job=OuterRef("pk"), status__in=OPEN)
    idle_items = items.filter(Q(status=JobItem.Status.WAITING) | Q(leased_until__lt=now))
    idle = Job.objects.filter(status__in=LIVE).filter(Q(planned_at__isnull=True) | Exists(idle_items) | ~Exists(items))
    found = list(idle.order_by("created_at", "pk").values_list("pk", flat=True)[:SWEEP_AT_MOST])
    for job_id in found:
        wake(job_id)
    return found


def wake(job_id: uuid.UUID, workers: int = 1) -> None:
    """Tell `workers` workers after the commit that there is work. Losing the message is harmless (J02)."""
    if workers > 0:
        transaction.on_commit(lambda: wakeups.send(RUN_TASK, str(job_id), times=workers))
