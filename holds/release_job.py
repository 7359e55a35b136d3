"""Releasing many holds in the background, with progress and an outcome for each (`ux` 3.3, `domain 6`).

An item is a handful of holds in one transaction with their accounts locked; within it each hold is released, and what
it was stopped for is posted, in a savepoint of its own. So one that fails stays on hold with its cause and the others
go on, and a worker that is killed leaves whole holds behind, never half of one.
"""

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from customers import clock, jobs
from customers.access import Action, Actor
from customers.errors import InvalidInput
from customers.models import Job, Reason
from holds.acted_rows import Looked
from holds.evaluation import BusinessDates
from holds.many import cut, read_addressed, read_day
from holds.models import Hold
from holds.reasons import find_reason
from holds.releases import release_holds

KIND = "release_holds"
CHUNK = 20
"""Holds per transaction: with posting, each takes some tens of milliseconds."""
_KNOWN = ("mode", "reason", "review_date", "note")


def read_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """`holds` (ids), `mode`, `reason` (code), and optionally `versions` (by id), `review_date`, `note`; no others."""
    addressed = read_addressed(given, _KNOWN)
    if given.get("mode") not in Hold.Mode.values:
        raise InvalidInput.of("parameters.mode", "unknown", f"Choose one of {', '.join(Hold.Mode.values)}.")
    find_reason(given.get("reason"), type=Reason.Type.RELEASE, note=str(given.get("note") or ""))
    return {
        **addressed,
        "mode": given["mode"],
        "reason": given["reason"],
        "review_date": read_day(given.get("review_date"), "review_date"),
        "note": str(given.get("note") or "")[:2000],
    }


def plan(job: Job) -> Iterator[list[str]]:
    """The holds in the order in which they were chosen, a handful at a time."""
    return cut(job.parameters["holds"], CHUNK)


def again(job: Job, failed: Sequence[Any]) -> Iterator[list[str]]:
    """The holds that failed, tried again as they were looked at: one that was changed since is still refused."""
    return cut([str(hold) for hold in failed], CHUNK)


def work(job: Job, payload: list[Any], actor: Actor) -> dict[str, Any]:
    """Release a handful; the dates are those of the clock now. Returns an outcome for each hold."""
    given = job.parameters
    review = dt.date.fromisoformat(given["review_date"]) if given["review_date"] else None
    looked = Looked(payload)
    result = release_holds(
        ids=payload,
        versions=given["versions"],
        mode=given["mode"],
        reason=given["reason"],
        review_date=review,
        note=given["note"],
        actor=actor,
        at=clock.now(),
        today=BusinessDates().__getitem__,
    )
    return {"released": len(result.succeeded), **looked.outcome(result, "released")}


def fold(results: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The result of the job: the shares added up (`api.md` Jobs)."""
    return jobs.sum_up(itertools.chain([{"released": 0, "failed": [], "changes": []}], results))


def register() -> None:
    """Register the kind of job; called once per process when the room is ready."""
    jobs.register_kind(
        KIND,
        plan=plan,
        work=work,
        parameters=read_parameters,
        action=Action.RELEASE,
        fold=fold,
        again=again,
        description="Release many holds, with or without posting",
        counts="released",
    )
