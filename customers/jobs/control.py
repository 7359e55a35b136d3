"""Starting, cancelling and waking jobs: what edges and the schedule do. Workers are in `running`."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from customers import wakeups
from customers.access import Action, Actor, NotAllowed, authorize, authorize_each
from customers.errors import Refused
from customers.jobs.kinds import Kind, Payload, Start, kind_of
from customers.jobs.reading import LIVE, OPEN, items_of, progress, result, visible_job, visible_jobs
from customers.models import Job, JobItem, LegalEntity

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
    Of a kind with one run at a time, what is under way is returned, see `_join`. Raises `InvalidInput`, `NotAllowed`,
    `OutOfScope`, `Refused` with `already_running`, and what the kind raises (`NotFound`, `Refused`).
    """
    known = kind_of(kind)
    valid = known.parameters(parameters)
    start = known.resolve(valid, actor, now) if known.resolve else Start(valid)
    _authorize_start(known, start.parameters, actor)
    with transaction.atomic():
        job = Job(
            kind=kind,
            parameters=start.parameters,
            actor=actor.reference,
            legal_entities=_entities(known.action, start.parameters, actor),
            created_at=now,
            schedule=schedule,
            due_at=due_at,
            follows=start.follows,
        )
        if schedule and due_at is not None:
            return _start_scheduled(job, now)
        if known.one_run and (running := _join(job, actor)) is not None:
            return running
        job.save(force_insert=True)
        wake(job.pk)
    return job


def _join(job: Job, actor: Actor) -> Job | None:
    """The run that is under way with these parameters, in all legal entities of `job`; else `job` is for the others.

    So no legal entity is worked on twice at once. A run that `actor` may not see, because it is about further legal
    entities, cannot be followed: it raises `Refused` with `already_running`.
    """
    _one_at_a_time(f"job kind {job.kind}")
    runs = Job.objects.filter(kind=job.kind, status__in=LIVE).order_by("created_at", "pk")
    alike = [run for run in runs if _scope(run) == _scope(job)]
    whole = next((run for run in alike if run.legal_entities is None), None)
    busy = {entity for run in alike for entity in run.legal_entities or ()}
    if whole is None:
        if not busy:
            return None
        wanted = job.legal_entities
        if wanted is None:
            wanted = list(LegalEntity.objects.order_by("pk").values_list("pk", flat=True))
        job.legal_entities = sorted(set(wanted) - busy)
        if job.legal_entities:
            return None
    seen = visible_jobs(actor).filter(pk__in=[whole.pk] if whole else [run.pk for run in alike])
    running = seen.order_by("created_at", "pk").first()
    if running is None:
        runs_now = [whole] if whole else alike
        done = max(progress(run).percent if run.planned_at else 0 for run in runs_now)
        raise Refused(
            "already_running",
            f"A run for these and further legal entities is under way, {done} % of it done. It does the same for yours:"
            " look again when it has ended.",
        )
    return running


def _scope(job: Job) -> Mapping[str, Any]:
    """The parameters but for the legal entity, which stands in a column of its own, and the job that it follows."""
    return {name: value for name, value in job.parameters.items() if name not in {"legal_entity", "applies"}}


def _one_at_a_time(what: str) -> None:
    """Let nobody else start such a thing until the transaction ends: there is no row yet that two could lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [what])


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
    _one_at_a_time(f"job schedule {job.schedule}")
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
    job = _own_job(job_id, actor)
    with transaction.atomic():
        if not end_early(job, Job.Status.CANCELLED, f"Cancelled by {actor.name}.", now):
            job.refresh_from_db()
            raise Refused("job_not_live", f"The job is {job.status} already; only a live one can be cancelled.")
    job.refresh_from_db()
    return job


def _own_job(job_id: uuid.UUID | str, actor: Actor) -> Job:
    """The job, where `actor` may do what it does in all its legal entities. Raises `NotFound`, `NotAllowed`."""
    job = visible_job(job_id, actor)
    action = kind_of(job.kind).action
    if job.legal_entities is None:
        authorize(actor, action, None)
    else:
        authorize_each(actor, action, job.legal_entities)
    return job


def retry_job(*, job_id: uuid.UUID | str, actor: Actor, now: dt.datetime) -> Job:
    """Try what failed of an ended job again, as a job of its own that follows it; asked twice, the running one.

    What could not even be planned is started again as a whole. Raises `NotFound`, `NotAllowed`, `Refused`: `job_live`,
    `nothing_failed`.
    """
    job = _own_job(job_id, actor)
    if job.status in LIVE:
        raise Refused("job_live", "The job is still at work: wait until it has ended, or cancel it.")
    with transaction.atomic():
        _one_at_a_time(f"job retry {job.pk}")
        running = Job.objects.filter(follows=job, status__in=LIVE).order_by("created_at", "pk").first()
        if running is not None:
            return running
        again = Job(
            kind=job.kind, parameters=job.parameters, legal_entities=job.legal_entities, actor=actor.reference,
            created_at=now, follows=job,
        )  # fmt: skip
        if job.planned_at is None and job.status == Job.Status.FAILED:
            again.save(force_insert=True)
        else:
            _plan_again(again, _payloads_that_failed(job), now)
        wake(again.pk)
    return again


def _payloads_that_failed(job: Job) -> list[Payload]:
    kind = kind_of(job.kind)
    if kind.again is not None:
        failed = [item["id"] for item in result(job).get("failed", []) if item.get("id") is not None]
        return [payload for payload in kind.again(job, failed) if payload] if failed else []
    dead = JobItem.objects.filter(job=job, status=JobItem.Status.DEAD).order_by("position", "pk")
    return list(dead.values_list("payload", flat=True))


def _plan_again(job: Job, payloads: Sequence[Payload], now: dt.datetime) -> None:
    """Write a job that needs no planning: its lists are known."""
    if not payloads:
        raise Refused("nothing_failed", "Nothing failed that could be tried again.")
    job.status, job.started_at, job.planned_at = Job.Status.RUNNING, now, now
    job.pinned = kind_of(job.kind).pinned(job, now)
    job.save(force_insert=True)
    JobItem.objects.bulk_create(items_of(job, payloads))


def restart_job(*, job_id: uuid.UUID | str, actor: Actor) -> Job:
    """Call workers for a live job that seems stuck; harmless where one is at work (`ux.md` 3.14).

    Raises `NotFound`, `NotAllowed`, and `Refused` with `job_not_live`.
    """
    job = _own_job(job_id, actor)
    if job.status not in LIVE:
        raise Refused("job_not_live", f"The job is {job.status} already; start it again instead.")
    wake(job.pk)
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
