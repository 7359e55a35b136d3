"""What a person sees of a job: progress and result, both derived from its items, never from a counter (J03)."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F, Func, JSONField, Max, Q, QuerySet, Sum, TextField, Value

from customers.access import Action, Actor
from customers.errors import NotFound
from customers.jobs.kinds import Payload, kind_of, registered_kinds
from customers.models import Job, JobItem

LIVE = (Job.Status.QUEUED, Job.Status.RUNNING)
OPEN = (JobItem.Status.WAITING, JobItem.Status.LEASED)


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a job is done, counted in the smallest parts (orders, customers); total = the sum of the others."""

    total: int = 0
    done: int = 0
    failed: int = 0
    skipped: int = 0
    open: int = 0

    @property
    def percent(self) -> int:
        """Whole per cent that needs no more work; 100 where there is nothing to do."""
        return 100 if self.total == 0 else (self.total - self.open) * 100 // self.total


def visible_jobs(actor: Actor) -> QuerySet[Job]:
    """Jobs in whose legal entities, all of them, `actor` may see jobs; results name objects of those entities."""
    entities = actor.entities(Action.VIEW_JOBS)
    if entities is None:
        return Job.objects.all()
    if not entities:
        return Job.objects.none()
    return Job.objects.filter(legal_entities__isnull=False, legal_entities__contained_by=sorted(entities))


def visible_job(job_id: uuid.UUID | str, actor: Actor) -> Job:
    """One of `visible_jobs`. Raises `NotFound`."""
    job = visible_jobs(actor).filter(pk=job_id).first()
    if job is None:
        raise NotFound(f"Job {job_id} was not found.")
    return job


def progress_of(jobs: Iterable[Job]) -> dict[uuid.UUID, Progress]:
    """The progress of many jobs by id, in one query."""
    ids = [job.pk for job in jobs]
    sizes: dict[uuid.UUID, dict[str, int]] = {job_id: {} for job_id in ids}
    rows = JobItem.objects.filter(job__in=ids).exclude(status=JobItem.Status.SPLIT)
    for job_id, status, size in rows.values_list("job", "status").annotate(size=Sum("size")).order_by():
        sizes[job_id][status] = size
    return {job_id: _progress(by_status) for job_id, by_status in sizes.items()}


def progress(job: Job) -> Progress:
    """The progress of one job."""
    return progress_of([job])[job.pk]


def _progress(by_status: dict[str, int]) -> Progress:
    return Progress(
        total=sum(by_status.values()),
        done=by_status.get(JobItem.Status.DONE, 0),
        failed=by_status.get(JobItem.Status.DEAD, 0),
        skipped=by_status.get(JobItem.Status.SKIPPED, 0),
        open=sum(by_status.get(status, 0) for status in OPEN),
    )


STUCK_AFTER = dt.timedelta(minutes=2)
"""Without a sign of life for so long, nobody seems to be at work on a live job (`ux.md` 3.14)."""


def stuck_among(jobs: Iterable[Job], now: dt.datetime) -> set[uuid.UUID]:
    """Ids of the live ones of `jobs` that no worker holds a part of, or took one of lately. One query."""
    live = {job.pk: job for job in jobs if job.status in LIVE}
    rows = JobItem.objects.filter(job__in=live).values("job").order_by()
    signs = {
        row["job"]: (row["claimed"], row["held"])
        for row in rows.annotate(claimed=Max("claimed_at"), held=Max("leased_until", filter=Q(status__in=OPEN)))
    }
    stuck = set()
    for pk, job in live.items():
        claimed, held = signs.get(pk, (None, None))
        last = max(at for at in (job.created_at, job.started_at, job.planned_at, claimed) if at is not None)
        if now - last > STUCK_AFTER and (held is None or held < now):
            stuck.add(pk)
    return stuck


_CHANGED = """
    SELECT asked.job, sum(CASE jsonb_typeof(i.result -> asked.part)
                              WHEN 'array' THEN jsonb_array_length(i.result -> asked.part)
                              WHEN 'number' THEN (i.result ->> asked.part)::bigint END)
    FROM unnest(%s::uuid[], %s::text[]) AS asked(job, part)
    JOIN customers_jobitem i ON i.job_id = asked.job AND i.status = 'done'
    GROUP BY 1
"""


def changed_of(jobs: Sequence[Job]) -> dict[uuid.UUID, int | None]:
    """How much each job has changed so far; None for kinds that only read, and for previews. One query."""
    kinds = registered_kinds()
    writing = {
        job.pk: kinds[job.kind].counts
        for job in jobs
        if job.kind in kinds and kinds[job.kind].counts and not job.parameters.get("preview")
    }
    found: dict[uuid.UUID, int | None] = {job.pk: 0 if job.pk in writing else None for job in jobs}
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, [[str(pk) for pk in writing], list(writing.values())])
        return found | {pk: int(changed or 0) for pk, changed in cursor.fetchall()}


def items_of(job: Job, payloads: Iterable[Payload]) -> list[JobItem]:
    """The items of a job, not saved: one for each list that is not empty, in their order."""
    items: list[JobItem] = []
    position = 0
    for payload in payloads:
        if payload:
            items.append(JobItem(job=job, position=position, payload=payload, size=len(payload)))
            position += len(payload)
    return items


def result(job: Job, without: Sequence[str] = ()) -> dict[str, Any]:
    """The shares of the finished items, folded in their order; what died is listed under `failed`.

    Parts of the shares that are long, and that the caller reads elsewhere or not at all, can be left `without`.
    """
    items = JobItem.objects.filter(job=job).order_by("position", "pk")
    done = items.filter(status=JobItem.Status.DONE, result__isnull=False)
    parts = [F("result"), *(Value(name, output_field=TextField()) for name in without)]
    wanted = Func(*parts, template="(%(expressions)s)", arg_joiner=" - ", output_field=JSONField())
    shares = done.values_list(wanted, flat=True)
    folded = dict(kind_of(job.kind).fold(share for share in shares.iterator() if share is not None))
    dead = [
        {"id": payload[0] if payload else None, "code": "failed", "message": message}
        for payload, message in items.filter(status=JobItem.Status.DEAD).values_list("payload", "message")
    ]
    if dead or "failed" in folded:
        folded["failed"] = [*folded.get("failed", []), *dead]
    return folded
