"""The order of terms and discounts: a higher rank is easier for the customer (`domain 4.6`)."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from customers.access import Action, Actor, authorize
from customers.errors import InvalidInput, Refused
from customers.imports import upsert
from customers.imports.engine import raise_failure
from customers.setup.kinds import kind_of
from customers.setup.records import find_record

STEP = 10
"""Between ranks that are given anew, so that one can be put between them by hand."""
Ladder = Sequence[Sequence[str]]
"""Codes in steps from the hardest to the easiest; those of one step have the same rank."""


@transaction.atomic
def move_rank(*, kind: str, code: str, up: bool, seen: int | None, actor: Actor) -> bool:
    """Move terms or a discount one step up (easier) or down; whether there was a step to move to.

    Who shares a step with others leaves it first. `seen` is the rank that the screen showed: where it is another one by
    now, or none, the move is refused. Raises `NotFound`, `NotAllowed`, `Refused` (`stale`), `InvalidInput`.
    """
    about = kind_of(kind)
    authorize(actor, Action.SETUP, None)
    record = find_record(kind, code)
    if record.rank is None:
        raise InvalidInput.of("rank", "required", f"{code} has no rank: give it one first.")
    if record.rank != seen:
        raise Refused("stale", f"The rank of {code} was changed since you opened the page: look at it again.")
    rows: list[Any] = list(about.model._default_manager.filter(rank__isnull=False).order_by("rank", "pk"))
    ranks = {row.pk: row.rank for row in rows}
    before = ladder(ranks.items())
    after = moved(before, code, up=up)
    if after == before:
        return False
    new = {key: rank for key, rank in numbered(after, sorted(set(ranks.values()))) if ranks[key] != rank}
    rows_to_write = [{"key": key, "rank": rank} for key, rank in new.items()]
    for result in upsert(kind, rows_to_write, actor=actor, today=None, replace=False, atomic=True):
        raise_failure(kind, result)
    return True


def ladder(ranks: Iterable[tuple[str, int]]) -> list[list[str]]:
    """Codes with their ranks, as steps."""
    steps: dict[int, list[str]] = {}
    for code, rank in sorted(ranks, key=lambda item: (item[1], item[0])):
        steps.setdefault(rank, []).append(code)
    return list(steps.values())


def moved(steps: Ladder, code: str, *, up: bool) -> list[list[str]]:
    """The steps with `code` one further: out of a shared step, else past its neighbour."""
    after = [list(step) for step in steps]
    place = next(place for place, step in enumerate(after) if code in step)
    if len(after[place]) > 1:
        after[place].remove(code)
        after.insert(place + up, [code])
        return after
    other = place + 1 if up else place - 1
    if 0 <= other < len(after):
        after[place], after[other] = after[other], after[place]
    return after


def numbered(steps: Ladder, ranks: Sequence[int]) -> Iterable[tuple[str, int]]:
    """Each code with its rank: those that there were where they suffice, else new ones in steps of ten."""
    given = ranks if len(ranks) == len(steps) else [STEP * (place + 1) for place in range(len(steps))]
    for step, rank in zip(steps, given, strict=True):
        for code in step:
            yield code, rank
