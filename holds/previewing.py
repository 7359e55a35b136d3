"""Evaluating without changing anything, and doing it for real afterwards (`ux.md` 3.5).

A preview is the evaluation itself, releases and postings included, taken back at its end: so it cannot say anything
else than the evaluation would. Applying one evaluates the same once more, under the locks, because nothing may be
decided from what was read before; where that comes out differently, the result says so. A sequence does not take back
what it gave out: so the invoices of a preview ask it for nothing (`documents.use_no_numbers`).
"""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from customers import documents
from customers.access import Actor
from customers.errors import InvalidInput, Refused
from customers.jobs import Start
from customers.jobs.reading import visible_job
from customers.models import Job

APPLY_WITHIN = dt.timedelta(minutes=10)
"""A preview that is older has to be made again: too much may have changed."""


def taken_back(evaluate: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `evaluate` returns, with everything that it wrote taken back; within the caller's transaction."""
    with transaction.atomic():
        documents.use_no_numbers()
        outcome = evaluate()
        transaction.set_rollback(True)
    return outcome


def is_applicable(job: Job, now: dt.datetime) -> bool:
    """Whether `job` is a preview that can be applied now."""
    return bool(job.parameters.get("preview")) and not _why_not(job, now)


def _why_not(job: Job, now: dt.datetime) -> tuple[str, str] | None:
    if job.status != Job.Status.FINISHED or job.finished_at is None:
        return "preview_not_finished", "The preview has not finished: wait until it has, or preview again."
    if now - job.finished_at > APPLY_WITHIN:
        return "preview_too_old", "The preview is older than 10 minutes: preview again, then apply."
    return None


def read_mode(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters `preview` (true or false) and `applies` (the id of a preview), as far as they are given."""
    parameters: dict[str, Any] = {}
    preview = given.get("preview")
    if preview not in (None, True, False):
        raise InvalidInput.of("parameters.preview", "invalid", "Give true or false.")
    if preview:
        parameters["preview"] = True
    if given.get("applies") is not None:
        others = sorted(name for name, value in given.items() if name != "applies" and value is not None)
        if others:
            raise InvalidInput.of(
                f"parameters.{others[0]}",
                "not_with_applies",
                "A preview is applied as it was made: leave this out.",
            )
        try:
            parameters["applies"] = str(uuid.UUID(str(given["applies"])))
        except ValueError:
            raise InvalidInput.of("parameters.applies", "invalid", "Give the id of a preview, a UUID.") from None
    return parameters


def resolve(kind: str, parameters: dict[str, Any], actor: Actor, now: dt.datetime) -> Start:
    """What a preview that is to be applied was about. Raises `NotFound`, `Refused`."""
    if "applies" not in parameters:
        return Start(parameters)
    preview = visible_job(parameters["applies"], actor)
    if preview.kind != kind or not preview.parameters.get("preview"):
        raise Refused("not_a_preview", "Only a preview can be applied.")
    if (problem := _why_not(preview, now)) is not None:
        raise Refused(*problem)
    about = {name: value for name, value in preview.parameters.items() if name != "preview"}
    return Start({**about, "applies": str(preview.pk)}, follows=preview)
