"""The job kind `import` (`api.md` Jobs): many objects of one resource, brought in while nobody waits.

It does what `POST <resource>/bulk` does, piece by piece, with the same shapes, rights and errors: each row succeeds or
fails by itself, and the result names those that failed by their place in what was sent.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.urls import get_resolver

from customers import clock, jobs
from customers.access import Action, Actor
from customers.edge.resources import FedCollection
from customers.edge.routing import ROUTED
from customers.errors import InvalidInput
from customers.imports import MOST_ROWS
from customers.models import Job

KIND = "import"
PIECE = 500
"""Rows that are written together: each piece counts as done by itself."""


def importable() -> dict[str, type[FedCollection]]:
    """The resources that can be brought in, by their paths."""
    _ = get_resolver().url_patterns  # a worker serves no address and has loaded none
    return {name: view for name, view in sorted(ROUTED.items()) if issubclass(view, FedCollection)}


def read_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """`resource`, the path of one, and `rows`: up to 10,000 objects as `POST <resource>/bulk` takes them."""
    unknown = sorted(set(given) - {"resource", "rows"})
    if unknown:
        raise InvalidInput.of(f"parameters.{unknown[0]}", "unknown_field", "Give resource and rows.")
    resource, rows = given.get("resource"), given.get("rows")
    known = importable()
    if resource not in known:
        raise InvalidInput.of("parameters.resource", "invalid_choice", f"Choose one of {', '.join(known)}.")
    if not isinstance(rows, list) or not rows:
        raise InvalidInput.of("parameters.rows", "invalid", "Give a list of objects.")
    if len(rows) > MOST_ROWS:
        message = f"Send at most {MOST_ROWS:,} objects in one job; these are {len(rows):,}."
        raise InvalidInput.of("parameters.rows", "too_many", message)
    return {"resource": resource, "rows": rows}


def plan(job: Job) -> Iterator[list[int]]:
    """The places of the rows, a piece at a time."""
    places = range(len(job.parameters["rows"]))
    for start in places[::PIECE]:
        yield list(places[start : start + PIECE])


def work(job: Job, payload: list[Any], actor: Actor) -> dict[str, Any]:
    """Bring in the rows at these places."""
    view = importable()[job.parameters["resource"]]()
    view.actor, view.now = actor, clock.now()
    rows = job.parameters["rows"]
    results = view.bring_in([rows[place] for place in payload], atomic=False)
    counts = dict.fromkeys(("created", "updated", "unchanged"), 0)
    failed = []
    for place, result in zip(payload, results, strict=True):
        if result.errors:
            failed += [
                {"id": result.key or f"row {place}", "index": place, "field": error.field, "code": error.code,
                 "message": error.message}
                for error in result.errors
            ]  # fmt: skip
        else:
            counts[result.status] += 1
    return {**counts, "failed": failed}


def fold(results: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """How many rows were created, updated and unchanged, and what is wrong with each of the others."""
    return jobs.sum_up([{"created": 0, "updated": 0, "unchanged": 0, "failed": []}, *results])


def register() -> None:
    """Register the kind of job; called once per process when the room is ready."""
    jobs.register_kind(
        KIND,
        plan=plan,
        work=work,
        parameters=read_parameters,
        action=Action.FEED,
        fold=fold,
        description="Bring in objects of one resource",
    )
