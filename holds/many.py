"""Rejecting, snoozing, waking and assigning many holds in the background: a kind of job for each (`ux` 3.0, Select).

An item is a handful of holds in one transaction with their accounts locked; within it each hold succeeds or fails on
its own, as in the dialog. What is done with a hold is the service that the dialog calls: there is no other way.
"""

import datetime as dt
import functools
import itertools
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from customers import clock, jobs
from customers.access import Action, Actor
from customers.errors import InvalidInput
from customers.models import Job, Reason
from holds.acted_rows import NOTHING_SAID, Looked
from holds.each import BulkResult
from holds.evaluation import BusinessDates
from holds.models import Hold
from holds.reasons import find_reason
from holds.rejections import reject_holds
from holds.snoozing import snooze_holds, wake_holds, wake_words
from holds.worklist import assign_holds, find_person, share_holds

AT_ONCE = 500
"""So many holds are worked on while a person waits."""
MOST = 20_000
CHUNK = 50
"""Holds per transaction: a few milliseconds each."""
ADDRESSED = ("holds", "versions")


@dataclass(frozen=True, slots=True)
class Work:
    """Something that is done with many holds: the kind of job, its right, its own parameters and the service.

    `done` names the number of holds with which it worked; `read` checks what is given beside the holds.
    """

    kind: str
    action: Action
    done: str
    description: str
    known: tuple[str, ...]
    read: Callable[[Mapping[str, Any]], dict[str, Any]]
    run: Callable[..., BulkResult]
    say: Callable[[Hold], str] = NOTHING_SAID
    """A word about each hold with which it worked, for its row of the outcome."""


# --- parameters -------------------------------------------------------------------------------------------------------


def read_addressed(given: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
    """`holds` (ids) and `versions` (that were looked at, by id) of `given`, which has nothing else but `known`."""
    names = (*ADDRESSED, *known)
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise InvalidInput.of(f"parameters.{unknown[0]}", "unknown_field", f"Give {', '.join(names)}.")
    return {"holds": _ids(given.get("holds")), "versions": _versions(given.get("versions") or {})}


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


def read_day(given: Any, name: str) -> str | None:
    """The day of the parameter `name` as it is stored, or None."""
    if given in (None, ""):
        return None
    try:
        return dt.date.fromisoformat(str(given)).isoformat()
    except ValueError:
        raise InvalidInput.of(f"parameters.{name}", "invalid", "Give a date such as 2026-11-26.") from None


def _words(given: Any, name: str) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(word, str) for word in given):
        raise InvalidInput.of(f"parameters.{name}", "invalid", "Give a list of words.")
    return given


def _read_rejection(given: Mapping[str, Any]) -> dict[str, Any]:
    """`reason` (code), `note`, `cancel_order`; all optional."""
    find_reason(given.get("reason"), type=Reason.Type.RELEASE, note=str(given.get("note") or ""), required=False)
    return {
        "reason": given.get("reason") or None,
        "note": str(given.get("note") or "")[:2000],
        "cancel_order": given.get("cancel_order") is True,
    }


def _read_snooze(given: Mapping[str, Any]) -> dict[str, Any]:
    """`until` (a day), `wakes_on` (words)."""
    until = read_day(given.get("until"), "until")
    if until is None:
        raise InvalidInput.of("parameters.until", "required", "Give the day on which the holds come back.")
    return {"until": until, "wakes_on": wake_words(_words(given.get("wakes_on") or [], "wakes_on"))}


def _read_assignment(given: Mapping[str, Any]) -> dict[str, Any]:
    """`assignee` (a user name, empty for nobody), or `people` (user names, in turn)."""
    people = list(dict.fromkeys(_words(given.get("people") or [], "people")))
    assignee = str(given.get("assignee") or "")
    if people and assignee:
        raise InvalidInput.of("parameters.people", "invalid", "Give assignee or people, not both.")
    for name in people:
        find_person(name, field="parameters.people")
    if assignee:
        find_person(assignee, field="parameters.assignee")
    return {"assignee": assignee, "people": people}


def _read_nothing(given: Mapping[str, Any]) -> dict[str, Any]:
    return {}


# --- work -------------------------------------------------------------------------------------------------------------


def _snooze(*, until: str, **what: Any) -> BulkResult:
    return snooze_holds(until=dt.date.fromisoformat(until), today=BusinessDates().__getitem__, **what)


def _assign(*, assignee: str, people: Sequence[str], **what: Any) -> BulkResult:
    return share_holds(people=people, **what) if people else assign_holds(assignee=assignee or None, **what)


def _until(hold: Hold) -> str:
    return f"until {hold.snoozed_until:%-d %b %Y}" if hold.snoozed_until else ""


def _owner(hold: Hold) -> str:
    owner = hold.assignee
    return f"to {owner.get_full_name() or owner.get_username()}" if owner else "to nobody"


WORKS = {
    work.kind: work
    for work in (
        Work(
            "reject_holds", Action.REJECT, "rejected", "Reject many holds",
            ("reason", "note", "cancel_order"), _read_rejection, reject_holds,
        ),
        Work(
            "snooze_holds", Action.WORK_HOLDS, "snoozed", "Put many holds aside until a day",
            ("until", "wakes_on"), _read_snooze, _snooze, _until,
        ),
        Work("wake_holds", Action.WORK_HOLDS, "woken", "Bring many snoozed holds back", (), _read_nothing, wake_holds),
        Work(
            "assign_holds", Action.WORK_HOLDS, "assigned", "Give many holds to a person, or to several in turn",
            ("assignee", "people"), _read_assignment, _assign, _owner,
        ),
    )
}  # fmt: skip


def read_parameters(work: Work, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a job of this kind as they are stored. Raises `InvalidInput`."""
    return {**read_addressed(given, work.known), **work.read(given)}


def plan(job: Job) -> Iterator[list[str]]:
    """The holds in the order in which they were chosen, a handful at a time: as many for each who takes turns."""
    people = len(job.parameters.get("people") or ()) or 1
    return cut(job.parameters["holds"], max(people, CHUNK - CHUNK % people))


def again(job: Job, failed: Sequence[Any]) -> Iterator[list[str]]:
    """The holds that failed, tried again as they were looked at: one that was changed since is still refused."""
    return cut([str(hold) for hold in failed], CHUNK)


def cut(ids: Sequence[str], size: int) -> Iterator[list[str]]:
    """`ids` in lists of `size`."""
    yield from (list(ids[start : start + size]) for start in range(0, len(ids), size))


def run(work: Work, job: Job, payload: list[Any], actor: Actor) -> dict[str, Any]:
    """Do it to a handful; the dates are those of the clock now. Returns an outcome for each hold."""
    given = {name: job.parameters[name] for name in work.known}
    looked = Looked(payload)
    result = work.run(ids=payload, versions=job.parameters["versions"], actor=actor, at=clock.now(), **given)
    return {work.done: len(result.succeeded), **looked.outcome(result, work.done, work.say)}


def _fold(work: Work, results: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return jobs.sum_up(itertools.chain([{work.done: 0, "failed": [], "changes": []}], results))


def register() -> None:
    """Register the kinds of job; called once per process when the room is ready."""
    for work in WORKS.values():
        jobs.register_kind(
            work.kind,
            plan=plan,
            work=_run_of(work),
            parameters=functools.partial(read_parameters, work),
            action=work.action,
            fold=functools.partial(_fold, work),
            again=again,
            description=work.description,
            counts=work.done,
        )


@functools.cache
def _run_of(work: Work) -> Callable[[Job, list[Any], Actor], dict[str, Any]]:
    """The same function each time: a kind may be registered twice, but not with other work."""
    return functools.partial(run, work)
