"""Taking back in the background what a job did with many holds: each on its own, with an outcome (`ux.md` 3.0)."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from customers import clock, jobs
from customers.access import Action, Actor
from customers.errors import InvalidInput
from customers.models import Job
from holds.acted_rows import Looked
from holds.many import cut
from holds.recent import holds_of_job, undo

KIND = "undo_holds"
DONE = "taken_back"
CHUNK = 20
"""Holds per transaction: a release that is taken back takes some tens of milliseconds."""


def read_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """`job`: whose work is taken back, the id of a job of the very person who asks."""
    unknown = sorted(set(given) - {"job"})
    if unknown:
        raise InvalidInput.of(f"parameters.{unknown[0]}", "unknown_field", "Give job.")
    try:
        return {"job": str(uuid.UUID(str(given.get("job"))))}
    except ValueError:
        raise InvalidInput.of("parameters.job", "invalid", "Give the id of a job.") from None


def plan(job: Job) -> Iterator[list[str]]:
    """The holds on which the job did something, a handful at a time."""
    return cut([str(hold) for hold in holds_of_job(job.parameters["job"], job.actor)], CHUNK)


def again(job: Job, failed: Sequence[Any]) -> Iterator[list[str]]:
    """The holds that could not be taken back."""
    return cut([str(hold) for hold in failed], CHUNK)


def work(job: Job, payload: list[Any], actor: Actor) -> dict[str, Any]:
    """Take it back on a handful of holds."""
    looked = Looked(payload)
    result = undo(job=job.parameters["job"], holds=payload, actor=actor, at=clock.now())
    return {DONE: len(result.succeeded), **looked.outcome(result, DONE)}


def fold(results: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The result of the job: the shares added up (`api.md` Jobs)."""
    return jobs.sum_up([{DONE: 0, "failed": [], "changes": []}, *results])


def register() -> None:
    """Register the kind of job; called once per process when the room is ready."""
    jobs.register_kind(
        KIND,
        plan=plan,
        work=work,
        parameters=read_parameters,
        action=Action.WORK_HOLDS,
        fold=fold,
        again=again,
        description="Take back what a run did with many holds",
        counts=DONE,
    )
