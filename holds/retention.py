"""Deleting decisions past the parameter *decision retention* (`domain 10`), every night, as a background job.

Kept for good is every decision that a hold refers to: the hold shows it. Only this room knows that, hence it registers
the kind. An item is a list of decisions; what it may delete is asked again when it is worked, so that a hold placed or
a parameter raised meanwhile counts.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from credit_mgmt import policies
from credit_mgmt.decisions import purge_decisions
from credit_mgmt.models import DecisionRecord
from customers import jobs
from customers.access import Action, Actor, authorize_each, system_actor
from customers.errors import InvalidInput
from customers.models import Job, LegalEntity
from holds.models import Hold

KIND = "purge_decisions"
SCHEDULE = "purge decisions"
EVERY = dt.timedelta(days=1)
CHUNK = 1000
"""Decisions per transaction."""
MOST_AT_ONCE = 500_000
"""Decisions per run: what is planned is read before work begins, and tomorrow is another night."""


def read_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a job: `legal_entity` (code), optional; how long is kept is set up, not asked."""
    unknown = sorted(set(given) - {"legal_entity"})
    if unknown:
        raise InvalidInput.of(f"parameters.{unknown[0]}", "unknown_field", "Give legal_entity, or nothing for all.")
    entity = given.get("legal_entity")
    if entity is None:
        return {}
    if not LegalEntity.objects.filter(pk=str(entity)).exists():
        raise InvalidInput.of("parameters.legal_entity", "unknown", f"There is no legal entity {entity}.")
    return {"legal_entity": str(entity)}


def outdated(legal_entity: str, now: dt.datetime) -> dt.datetime | None:
    """Decisions of the entity made before this are past their retention; None where no parameters say how long."""
    row = policies.current_setup().row(legal_entity)
    return now - dt.timedelta(days=row.decision_retention_days) if row else None


def unreferenced() -> QuerySet[DecisionRecord]:
    """The decisions that no hold refers to: none of its order, by whose index holds are looked up."""
    refers = Q(decision=OuterRef("pk")) | Q(last_decision=OuterRef("pk"))
    hold = Hold.objects.filter(refers, order=OuterRef("order"))
    return DecisionRecord.objects.filter(~Exists(hold))


def plan(job: Job) -> Iterator[list[str]]:
    """Lists of decisions to delete, the oldest of each legal entity first."""
    entities = LegalEntity.objects.order_by("pk").values_list("pk", flat=True)
    if job.legal_entities is not None:
        entities = entities.filter(pk__in=job.legal_entities)
    left = MOST_AT_ONCE
    for entity in list(entities):
        before = outdated(entity, job.created_at)
        if before is None:
            continue
        rows = unreferenced().filter(legal_entity=entity, at__lt=before).order_by("at", "pk")
        ids = [str(pk) for pk in rows.values_list("pk", flat=True)[:left]]
        left -= len(ids)
        yield from (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


def work(job: Job, payload: list[Any], actor: Actor) -> dict[str, Any]:
    """Delete the decisions of one list that are still past their retention and still referred to by no hold."""
    by_entity: dict[str, list[uuid.UUID]] = defaultdict(list)
    for pk, entity in unreferenced().filter(pk__in=payload).order_by().values_list("pk", "legal_entity"):
        by_entity[entity].append(pk)
    authorize_each(actor, Action.SETUP, by_entity)
    deleted = 0
    for entity, ids in sorted(by_entity.items()):
        before = outdated(entity, job.created_at)
        if before is not None:
            deleted += purge_decisions(legal_entity=entity, older_than=before, ids=ids)
    return {"deleted": deleted, "kept": len(payload) - deleted}


def fold(results: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """How many decisions went, and how many of those planned were still needed."""
    return jobs.sum_up(chain([{"deleted": 0, "kept": 0}], results))


def start_scheduled_purge(*, now: dt.datetime) -> Job:
    """The nightly run as the system; one a day, however many schedulers ask."""
    return jobs.start_job(
        KIND, {}, actor=system_actor("schedule"), now=now, schedule=SCHEDULE, due_at=jobs.due_slot(now, EVERY)
    )


def register() -> None:
    """Register the kind of job and its schedule; called once per process when the room is ready."""
    jobs.register_schedule(
        SCHEDULE,
        task="holds.tasks.purge_decisions",
        every=[EVERY],
        description="Delete decisions that are older than the parameter decision retention says",
    )
    jobs.register_kind(
        KIND,
        plan=plan,
        work=work,
        parameters=read_parameters,
        action=Action.SETUP,
        fold=fold,
        description="Delete decisions past their retention that no hold refers to",
        counts="deleted",
    )
