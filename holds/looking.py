"""Which of the holds that are to be looked at again are known: nothing changed for them since they were decided.

Reading the facts is cheap, deciding and writing is not. So the facts are read for all holds under the lock, and only
credit for which something changed goes on to be decided (`credit_mgmt.gathering`, Note [Known before]). Known is a hold
that nobody touched since it was decided from the very same facts, together with all others that draw on its credit.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from credit_mgmt.checks import Gathered, Request, gather_for_evaluation
from credit_mgmt.models import Parameters
from credit_mgmt.policies import Setup
from holds.models import Hold


class Line(NamedTuple):
    """One hold as far as that is needed to see whether it is known; the names follow the columns below."""

    id: uuid.UUID
    order_id: int
    legal_entity: str
    checkpoint: str
    pro_forma: bool
    ready: bool
    version: int
    fingerprint: str | None
    seen_version: int | None


_COLUMNS = (
    "id", "order_id", "legal_entity_id", "checkpoint", "pro_forma", "ready_to_release", "version", "look__fingerprint",
    "look__version",
)  # fmt: skip


def lines_of(hold_ids: Sequence[uuid.UUID]) -> list[Line]:
    """The active ones of these holds, oldest first (`domain 7`); one query. Call it under the lock."""
    active = Hold.objects.filter(pk__any_of=hold_ids, status=Hold.Status.ACTIVE).order_by("held_at", "order_id")
    return [Line(*row) for row in active.values_list(*_COLUMNS)]


def look(
    lines: Sequence[Line], *, as_of: Mapping[str, dt.date], pinned: Setup | None = None
) -> tuple[set[int], Gathered, list[str]]:
    """Which lines are known, by position; the facts of all; and the names of what each decision follows from.

    `as_of` is today by legal entity; `pinned` the setup of a run that goes by it to its end. What is ready is looked at
    again where it would be released by itself: what could not be posted the last time is tried again.
    """
    requests = [Request(line.order_id, line.checkpoint, line.pro_forma) for line in lines]
    gathered = gather_for_evaluation(requests, as_of=as_of, pinned=pinned)
    names = gathered.fingerprints()
    automatic = {line.legal_entity for line in lines if _releases_by_itself(gathered.setup, line.legal_entity)}
    known: set[int] = set()
    for share in gathered.shares():
        if all(_is_known(lines[position], names[position], automatic) for position in share):
            known.update(share)
    return known, gathered, names


def _is_known(line: Line, name: str, automatic: Collection[str]) -> bool:
    untouched = line.fingerprint == name and line.seen_version == line.version
    return untouched and not (line.ready and line.legal_entity in automatic)


def _releases_by_itself(setup: Setup, legal_entity: str) -> bool:
    row = setup.row(legal_entity)
    return row is not None and row.automatically_release != Parameters.AutomaticRelease.NO
