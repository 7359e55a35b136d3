"""Releasing many holds in the background, with progress and an outcome for each (`ux` 3.3, `domain 6`).

An item is a handful of holds in one transaction with their accounts locked; within it each hold is released, and what
it was stopped for is posted, in a savepoint of its own. So one that fails stays on hold with its cause and the others
go on, and a worker that is killed leaves whole holds behind, never half of one.
"""

import datetime as dt
import itertools
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from customers import clock, jobs
from customers.access import Action, Actor
from customers.errors import InvalidInput
from customers.models import Job, Reason
from holds.evaluation import BusinessDates
from holds.models import Hold
from holds.reasons import find_reason
from holds.releases import release_holds

KIND = "release_holds"
CHUNK = 20
"""Holds per transaction: with posting, each takes some tens of milliseconds."""
MOST = 20_000
_KNOWN = ("holds", "versions", "mode", "reason", "review_date", "note")


def read_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """`holds` (ids), `mode`, `reason` (code), and optionally `versions` (by id), `review_date`, `note`; no others."""
    unknown = sorted(set(given) - set(_KNOWN))
    if unknown:
        raise InvalidInput.of(f"parameters.{unknown[0]}", "unknown_field", f"Give {', '.join(_KNOWN)}.")
    if given.get("mode") not in Hold.Mode.values:
        raise InvalidInput.of("parameters.mode", "unknown", f"Choose one of {', '.join(Hold.Mode.values)}.")
    find_reason(given.get("reason"), type=Reason.Type.RELEASE)
    return {
        "holds": _ids(given.get("holds")),
        "versions": _versions(given.get("versions") or {}),
        "mode": given["mode"],
        "reason": given["reason"],
        "review_date": _day(given.get("review_date")),
        "note": str(given.get("note") or "")[:2000],
    }


def _ids(given: Any) -> list[str]:
    if not isinstance(given, list) or not given or len(given) > MOST:
        raise InvalidInput.of("parameters.holds", "invalid", f"Give a list of the ids of 1 to {MOST:,} holds.")
    try:
        return list(dict.fromkeys(str(uuid.UUID(str(value))) for value in given))
    except ValueError:
        raise InvalidInput.of("parameters.holds", "invalid", "Ids of holds are UUIDs.") from None


def _versions(given: Any) -> dict[str, int]:
    if not isinstance(given, Mapping) or not all(isinstance(value, int) for value in given.values()):
        raise InvalidInput.of("parameters.versions", "invalid", "Give the versions that were looked at, by id.")
    return {str(key): value for key, value in given.items()}


def _day(given: Any) -> str | None:
    if given in (None, ""):
        return None
    try:
        return dt.date.fromisoformat(str(given)).isoformat()
    except ValueError:
        raise InvalidInput.of("parameters.review_date", "invalid", "Give a date such as 2026-11-26.") from None


def plan(job: Job) -> Iterator[list[str]]:
    """The holds in the order in which they were chosen, a handful at a time."""
    return _cut(job.parameters["holds"])


def again(job: Job, failed: Sequence[Any]) -> Iterator[list[str]]:
    """The holds that failed, tried again as they were looked at: one that was changed since is still refused."""
    return _cut([str(hold) for hold in failed])


def _cut(ids: Sequence[str]) -> Iterator[list[str]]:
    yield from (list(ids[start : start + CHUNK]) for start in range(0, len(ids), CHUNK))


def work(job: Job, payload: list[Any], actor: Actor) -> dict[str, Any]:
    """Release a handful; the dates are those of the clock now. Returns an outcome for each hold."""
    given = job.parameters
    review = dt.date.fromisoformat(given["review_date"]) if given["review_date"] else None
    before = {str(pk): codes for pk, codes in Hold.objects.filter(pk__in=payload).values_list("pk", "reason_codes")}
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
    failed = [{"id": str(one.id), "code": one.code, "message": one.message} for one in result.failed]
    return {"released": len(result.succeeded), "failed": failed, "changes": _outcomes(result.succeeded, before)}


def _outcomes(released: Iterable[uuid.UUID], before: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    """What became of each released hold, as the page of a job shows it."""
    rows = Hold.objects.filter(pk__in=list(released)).select_related("order", "payer").order_by("number")
    return [
        {
            "hold": str(hold.pk),
            "number": hold.number,
            "sales_order": hold.order.key,
            "customer": hold.payer.key,
            "customer_name": hold.payer.name,
            "legal_entity": hold.legal_entity_id,
            "amount": None if hold.amount_unknown else str(hold.amount),
            "currency": hold.currency,
            "before": before.get(str(hold.pk), []),
            "now": [],
            "outcome": "released",
            "mode": hold.release_mode,
        }
        for hold in rows
    ]


def fold(results: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The result of the job: the shares added up (`api.md` Jobs)."""
    return jobs.sum_up(itertools.chain([{"released": 0, "failed": [], "changes": []}], results))


def start_release(*, parameters: Mapping[str, Any], actor: Actor, now: dt.datetime) -> Job:
    """Start the job; see `read_parameters`. Raises `InvalidInput`, `NotAllowed`."""
    return jobs.start_job(KIND, parameters, actor=actor, now=now)


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
