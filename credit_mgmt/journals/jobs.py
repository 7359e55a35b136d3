"""Generating thousands of lines in the background: some thousand limits at a time, with progress (`domain 8`)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from credit_mgmt.journals import posting as journal_posting
from credit_mgmt.journals.generation import generate_lines, id_chunks
from credit_mgmt.journals.requests import GIVEN, Generation, from_json, read_generation
from credit_mgmt.models import LimitJournal
from customers import clock, jobs
from customers.access import Action, Actor
from customers.errors import InvalidInput
from customers.models import Job

KIND = "generate_journal_lines"
WHILE_WAITING = 5_000
"""Limits of which lines are made while a person waits; more become a job."""
PIECE = 1_000
"""Limits of one piece: each is written as a whole, and progress is counted in them."""


def read_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """`journal`, and what `POST limit-adjustments/{n}/generate` takes."""
    unknown = sorted(set(given) - {*GIVEN, "journal", "legal_entity"})
    if unknown:
        raise InvalidInput.of(f"parameters.{unknown[0]}", "unknown_field", f"Give journal, {', '.join(GIVEN)}.")
    about = journal_posting.read_parameters(
        {name: given[name] for name in ("journal", "legal_entity") if name in given}
    )
    stored = {name: given[name] for name in GIVEN if given.get(name) is not None}
    _generation({**about, **stored})
    return {**about, **stored}


def _generation(parameters: Mapping[str, Any]) -> Generation:
    journal = LimitJournal.objects.get(number=parameters["journal"])
    given = from_json({name: parameters[name] for name in GIVEN if name in parameters})
    return read_generation(given, temporary=journal.type == LimitJournal.Type.TEMPORARY)


def plan(job: Job) -> Iterator[list[Any]]:
    """The customers or groups of the filter, a piece at a time."""
    journal = LimitJournal.objects.get(number=job.parameters["journal"])
    yield from id_chunks(journal, _generation(job.parameters), PIECE)


def work(job: Job, payload: list[Any], actor: Actor) -> dict[str, Any]:
    """Add the lines of one piece; what has a line already gets no second one, so that a repeated piece is the same."""
    _, made = generate_lines(
        journal=job.parameters["journal"],
        generation=_generation(job.parameters),
        actor=actor,
        at=clock.now(),
        today=journal_posting.business_day,
        only=payload,
    )
    return {"added": made.added, "left_out": dict(made.left_out)}


def fold(results: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Lines that were added, and how many limits got none, by reason."""
    total: dict[str, Any] = {"added": 0, "left_out": {}}
    for share in results:
        total["added"] += share["added"]
        for reason, count in share["left_out"].items():
            total["left_out"][reason] = total["left_out"].get(reason, 0) + count
    return total


def register() -> None:
    """Register the kinds of job of journals; called once per process when the room is ready."""
    jobs.register_kind(
        KIND,
        plan=plan,
        work=work,
        parameters=read_parameters,
        action=Action.MAKE_JOURNALS,
        fold=fold,
        description="Generate lines of a limit adjustment journal",
    )
    journal_posting.register()
