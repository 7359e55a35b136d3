"""What is done with many journals at once (`ux.md` 3.7): each succeeds or fails by itself, and both are said."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from credit_mgmt.journals import cancel_journals
from credit_mgmt.journals.approval import submit_journal
from credit_mgmt.journals.posting import LEASE, business_day, post_journal
from customers import clock, jobs
from customers.access import Action, Actor, NotAllowed, OutOfScope
from customers.errors import InvalidInput, NotDecided, NotFound, Refused
from customers.models import Job

KIND = "act_on_journals"
AT_ONCE = 20
"""Journals that are done while a person waits, and `LINES_AT_ONCE` lines in all of them; more become a job."""
LINES_AT_ONCE = 2_000
Today = Callable[[str], dt.date]


def _cancel(*, journal: str, actor: Actor, at: dt.datetime, today: Today) -> None:
    cancel_journals(journals=[journal], actor=actor, at=at)


ACTS: Mapping[str, Callable[..., Any]] = {"submit": submit_journal, "post": post_journal, "cancel": _cancel}
_FAILURES = (Refused, NotFound, NotAllowed, OutOfScope, InvalidInput, NotDecided)


@dataclass(frozen=True, slots=True)
class Failure:
    """A journal that stays as it is, and why."""

    journal: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Acted:
    """What became of many journals."""

    done: tuple[str, ...]
    failed: tuple[Failure, ...]


def act_on_journals(*, act: str, journals: Sequence[str], actor: Actor, at: dt.datetime, today: Today) -> Acted:
    """Submit, post or cancel each of the journals; those that can't be say why and keep nobody else from it.

    Raises `InvalidInput` for another act.
    """
    if act not in ACTS:
        raise InvalidInput.of("act", "invalid_choice", f"Choose one of {', '.join(ACTS)}.")
    done, failed = [], []
    for number in dict.fromkeys(journals):
        try:
            ACTS[act](journal=number, actor=actor, at=at, today=today)
        except _FAILURES as problem:
            failed.append(_failure(number, problem))
        else:
            done.append(number)
    return Acted(tuple(done), tuple(failed))


def _failure(number: str, problem: Exception) -> Failure:
    if isinstance(problem, InvalidInput):
        [first, *_] = problem.errors
        return Failure(number, first.code, first.message)
    message = str(getattr(problem, "message", "") or problem)
    return Failure(number, str(getattr(problem, "code", "refused")), message)


# --- the job ----------------------------------------------------------------------------------------------------------


def read_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """`act` (submit, post, cancel) and `journals`, their numbers."""
    unknown = sorted(set(given) - {"act", "journals"})
    if unknown:
        raise InvalidInput.of(f"parameters.{unknown[0]}", "unknown_field", "Give act and journals.")
    act, journals = given.get("act"), given.get("journals")
    if act not in ACTS:
        raise InvalidInput.of("parameters.act", "invalid_choice", f"Choose one of {', '.join(ACTS)}.")
    if not isinstance(journals, list) or not journals or not all(isinstance(number, str) for number in journals):
        raise InvalidInput.of("parameters.journals", "invalid", "Give the numbers of journals, as a list.")
    return {"act": act, "journals": list(dict.fromkeys(journals))}


def plan(job: Job) -> Iterator[list[str]]:
    """Each journal by itself: a long one keeps nobody waiting who is done."""
    for number in job.parameters["journals"]:
        yield [number]


def work(job: Job, payload: list[Any], actor: Actor) -> dict[str, Any]:
    """Do it with one journal."""
    found = act_on_journals(
        act=job.parameters["act"], journals=payload, actor=actor, at=clock.now(), today=business_day
    )
    failed = [{"id": one.journal, "code": one.code, "message": one.message} for one in found.failed]
    return {"done": len(found.done), "failed": failed}


def fold(results: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Journals that were done, and those that were not with their reasons."""
    return jobs.sum_up([{"done": 0, "failed": []}, *results])


def register() -> None:
    """Register the kind of job; called once per process when the room is ready."""
    jobs.register_kind(
        KIND,
        plan=plan,
        work=work,
        parameters=read_parameters,
        action=Action.MAKE_JOURNALS,
        fold=fold,
        lease=LEASE,
        counts="done",
        description="Submit, post or cancel limit journals",
    )
