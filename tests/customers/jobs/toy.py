"""A toy kind of job: its effect is one party per number, so that lost and double work can be counted.

The numbers come from the parameters; `poison` always raises. A test may hang `interruptions` into the work.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from customers import jobs
from customers.access import Action, Actor, system_actor
from customers.errors import InvalidInput
from customers.models import Job, Party

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(minutes=10)
SYSTEM = system_actor("toy")

interruptions: list[Callable[[Job, list[Any]], None]] = []
finished: list[str] = []


def _plan(job: Job) -> list[list[int]]:
    numbers, size = job.parameters["numbers"], job.parameters["size"]
    return [numbers[start : start + size] for start in range(0, len(numbers), size)]


def _work(job: Job, payload: list[int], actor: Actor) -> dict[str, Any]:
    for number in payload:
        if number in job.parameters["poison"]:
            raise ValueError(f"{number} is poison")
        Party.objects.create(number=f"P{number}", name=actor.reference)
    for interrupt in interruptions:
        interrupt(job, payload)
    return {"made": len(payload), "numbers": list(payload)}


def _parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    known = {"numbers": list(range(10)), "size": 3, "poison": [], "legal_entity": None}
    unknown = set(given) - set(known)
    if unknown:
        raise InvalidInput.of(f"parameters.{min(unknown)}", "unknown", "There is no such parameter.")
    return {**known, **given}


def _finish(job: Job, actor: Actor) -> None:
    finished.append(str(job.pk))


jobs.register_kind(
    "toy", plan=_plan, work=_work, finish=_finish, parameters=_parameters, action=Action.FEED, description="Toy"
)


def start(actor: Actor = SYSTEM, **parameters: Any) -> Job:
    """A queued toy job."""
    return jobs.start_job("toy", parameters, actor=actor, now=NOW)


def run(job: Job, at: dt.datetime = NOW) -> bool:
    """`run_job` with the clock standing still at `at`."""
    return jobs.run_job(job.pk, at=lambda: at)


def made() -> list[int]:
    """The numbers whose effect is there, sorted."""
    return sorted(int(number[1:]) for number in Party.objects.order_by("pk").values_list("number", flat=True))
