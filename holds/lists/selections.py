"""Selected holds, kept on the server (`ux.md` 3.0, Select): what `customers.listing.selections` needs to know of holds.

A selection has the holds with the versions that were seen when they were taken: whoever decides on it is told which of
its holds were changed since.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from customers import access
from customers.access import Actor
from customers.listing import selections
from customers.models import ListSelection
from holds.lists import Asked
from holds.lists.columns import HOLDS
from holds.models import Hold

MOST = selections.MOST


def find_selection(token: str, actor: Actor, now: dt.datetime) -> ListSelection | None:
    """The selection of an address, if it is the actor's own and has not expired."""
    return selections.find_selection(HOLDS, token, actor, now)


def versions_of(selection: ListSelection) -> dict[uuid.UUID, int]:
    """The holds of a selection, with the versions that were seen."""
    return {uuid.UUID(key): version for key, version in zip(selection.keys, selection.versions, strict=True)}


@dataclass(frozen=True, slots=True)
class Live:
    """What is left of a selection: those of its holds that are still active, and their sum by currency."""

    selection: ListSelection
    ids: frozenset[uuid.UUID]
    sums: Mapping[str, Decimal]

    def cause(self, hold: Hold) -> str:
        """Why an action did not work with a hold, where the selection is what failed and the hold is as it was then."""
        cause = self.selection.causes.get(str(hold.pk), "")
        return cause if cause and versions_of(self.selection).get(hold.pk) == hold.version else ""


def live_selection(asked: Asked, token: str, actor: Actor, now: dt.datetime) -> Live | None:
    """The selection `token`, where it was taken from the list that is asked for and something is left of it."""
    found = find_selection(token, actor, now) if token else None
    if found is None or found.query != selections.filter_of(HOLDS, asked.address.params):
        return None
    rows = asked.holds.filter(pk__in=found.keys, status=Hold.Status.ACTIVE)
    left = list(rows.order_by().values_list("pk", "currency", "amount"))
    sums: dict[str, Decimal] = {}
    for _, currency, amount in left:
        sums[currency] = sums.get(currency, Decimal(0)) + amount
    return Live(found, frozenset(key for key, *_ in left), dict(sorted(sums.items()))) if left else None


def select_all(asked: Asked, *, actor: Actor, at: dt.datetime) -> ListSelection:
    """Take every active hold that the address asks for. Raises `Refused` with `too_many` above `MOST`."""
    rows = asked.matching.filter(status=Hold.Status.ACTIVE)
    return _freeze(rows, asked, actor=actor, at=at, everything=True)


def select_rows(
    asked: Asked,
    before: ListSelection | None,
    *,
    put: Iterable[str],
    taken: Collection[str],
    actor: Actor,
    at: dt.datetime,
) -> ListSelection | None:
    """What was selected `before`, without the numbers in `taken`, with those in `put`; None where nothing is left.

    What was selected before keeps the version that was seen then.
    """
    visible = access.scoped(Hold.objects.all(), actor)
    added = set(put)
    gone = set(
        visible.filter(number__in=[number for number in taken if number not in added]).values_list("pk", flat=True)
    )
    seen = versions_of(before) if before else {}
    kept = {key: version for key, version in seen.items() if key not in gone}
    new = visible.filter(number__in=added, status=Hold.Status.ACTIVE).values_list("pk", flat=True)
    keys = {*kept, *new}
    if not keys:
        return None
    everything = bool(before and before.everything and not gone)
    return _freeze(visible.filter(pk__in=keys), asked, actor=actor, at=at, everything=everything, seen=kept)


def select_failed(
    asked: Asked, causes: Mapping[uuid.UUID, str], again: str, *, actor: Actor, at: dt.datetime
) -> ListSelection | None:
    """Keep what an action (at the address `again`) did not work with, by hold why; None where none is active."""
    rows = access.scoped(Hold.objects.all(), actor).filter(pk__in=list(causes), status=Hold.Status.ACTIVE)
    failed = selections.Failed({str(key): cause for key, cause in causes.items()}, again)
    return _freeze(rows, asked, actor=actor, at=at, everything=False, failed=failed) if rows.exists() else None


def _freeze(
    rows: QuerySet[Hold],
    asked: Asked,
    *,
    actor: Actor,
    at: dt.datetime,
    everything: bool,
    seen: Mapping[uuid.UUID, int] | None = None,
    failed: selections.Failed | None = None,
) -> ListSelection:
    known = seen or {}
    found = rows.order_by("held_at", "pk").values_list("pk", "version")[: MOST + 1]
    taken = ((str(key), known.get(key, version)) for key, version in found)
    query = selections.filter_of(HOLDS, asked.address.params)
    return selections.freeze(HOLDS, taken, query=query, everything=everything, actor=actor, at=at, failed=failed)
