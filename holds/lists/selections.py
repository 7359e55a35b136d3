"""Selected holds, kept on the server (`ux.md` 3.0, Select): they survive paging; all that match can be taken at once.

A selection is frozen: the holds with the versions that were seen when they were taken. What happens to them afterwards
does not change the selection; whoever decides on it is told which of its holds were changed since.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict

from customers import access
from customers.access import Actor
from customers.errors import Refused
from holds.lists import Asked
from holds.lists.filters import FILTERS
from holds.models import Hold, HoldSelection

MOST = 10_000
"""As many holds as one selection has."""
LIVES = dt.timedelta(hours=12)
KEPT_PER_PERSON = 20
"""Older selections of the same person are forgotten: each step through a list makes one."""


def find_selection(token: str, actor: Actor, now: dt.datetime) -> HoldSelection | None:
    """The selection of an address, if it is the actor's own and has not expired."""
    try:
        key = uuid.UUID(token)
    except ValueError:
        return None
    return HoldSelection.objects.filter(pk=key, user=actor.user_id, expires_at__gt=now).first()


@dataclass(frozen=True, slots=True)
class Live:
    """What is left of a selection: those of its holds that are still active, and their sum by currency."""

    selection: HoldSelection
    ids: frozenset[uuid.UUID]
    sums: Mapping[str, Decimal]


def live_selection(asked: Asked, token: str, actor: Actor, now: dt.datetime) -> Live | None:
    """The selection `token`, where it was taken from the list that is asked for and something is left of it."""
    found = find_selection(token, actor, now) if token else None
    if found is None or found.query != filter_of(asked.address.params):
        return None
    rows = asked.holds.filter(pk__in=found.hold_ids, status=Hold.Status.ACTIVE)
    left = list(rows.order_by().values_list("pk", "currency", "amount"))
    sums: dict[str, Decimal] = {}
    for _, currency, amount in left:
        sums[currency] = sums.get(currency, Decimal(0)) + amount
    return Live(found, frozenset(key for key, *_ in left), dict(sorted(sums.items()))) if left else None


def filter_of(params: Mapping[str, Sequence[str]] | QueryDict) -> str:
    """What a selection belongs to: the filters of a list, whatever its order, its columns and its page."""
    pairs = params.lists() if isinstance(params, QueryDict) else params.items()
    kept = {key: [str(value) for value in values] for key, values in pairs if key in FILTERS or key == "view"}
    query = QueryDict(mutable=True)
    for key in sorted(kept):
        query.setlist(key, sorted(kept[key]))
    return query.urlencode()


def select_all(asked: Asked, *, actor: Actor, at: dt.datetime) -> HoldSelection:
    """Take every active hold that the address asks for. Raises `Refused` with `too_many` above `MOST`."""
    rows = asked.matching.filter(status=Hold.Status.ACTIVE)
    return _freeze(rows, asked, actor=actor, at=at, everything=True)


def select_rows(
    asked: Asked,
    before: HoldSelection | None,
    *,
    put: Iterable[str],
    taken: Collection[str],
    actor: Actor,
    at: dt.datetime,
) -> HoldSelection | None:
    """What was selected `before`, without the numbers in `taken`, with those in `put`; None where nothing is left.

    What was selected before keeps the version that was seen then.
    """
    visible = access.scoped(Hold.objects.all(), actor)
    added = set(put)
    gone = set(
        visible.filter(number__in=[number for number in taken if number not in added]).values_list("pk", flat=True)
    )
    seen = dict(zip(before.hold_ids, before.versions, strict=True)) if before else {}
    kept = {key: version for key, version in seen.items() if key not in gone}
    new = visible.filter(number__in=added, status=Hold.Status.ACTIVE).values_list("pk", flat=True)
    keys = {*kept, *new}
    if not keys:
        return None
    everything = bool(before and before.everything and not gone)
    return _freeze(visible.filter(pk__in=keys), asked, actor=actor, at=at, everything=everything, seen=kept)


def _freeze(
    rows: QuerySet[Hold],
    asked: Asked,
    *,
    actor: Actor,
    at: dt.datetime,
    everything: bool,
    seen: Mapping[uuid.UUID, int] | None = None,
) -> HoldSelection:
    found = list(rows.order_by("held_at", "pk").values_list("pk", "version")[: MOST + 1])
    if len(found) > MOST:
        raise Refused("too_many", f"More than {MOST:,} holds match: narrow the list, then select all.")
    known = seen or {}
    with transaction.atomic():
        _forget(actor, at)
        return HoldSelection.objects.create(
            user_id=actor.user_id or 0,
            query=filter_of(asked.address.params),
            everything=everything,
            hold_ids=[key for key, _ in found],
            versions=[known.get(key, version) for key, version in found],
            taken_at=at,
            expires_at=at + LIVES,
        )


def _forget(actor: Actor, at: dt.datetime) -> None:
    """Drop what has expired, and all but the newest of the person's own."""
    HoldSelection.objects.filter(expires_at__lte=at).delete()
    mine = HoldSelection.objects.filter(user=actor.user_id).order_by("-taken_at", "pk")
    HoldSelection.objects.filter(pk__in=list(mine.values_list("pk", flat=True)[KEPT_PER_PERSON - 1 :])).delete()
