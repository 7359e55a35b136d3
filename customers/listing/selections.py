"""Selected rows of a list, kept on the server (`ux.md` 3.0, Select): they survive paging; all that match can be taken.

A selection is frozen: the rows, with the versions that were seen where rows have one. What happens to them afterwards
does not change it.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.http import QueryDict

from customers.access import Actor
from customers.errors import Refused
from customers.listing.kinds import ListKind
from customers.models import ListSelection

MOST = 10_000
"""As many rows as one selection has."""
LIVES = dt.timedelta(hours=12)
KEPT_PER_PERSON = 20
"""Older selections of the same person are forgotten: each step through a list makes one."""


@dataclass(frozen=True, slots=True)
class Failed:
    """What an action did not work with: `causes` in words by primary key as text, and its address, to try it again."""

    causes: Mapping[str, str]
    again: str


def find_selection(kind: ListKind, token: str, actor: Actor, now: dt.datetime) -> ListSelection | None:
    """The selection of an address, if it is the actor's own, of this list, and has not expired."""
    try:
        key = uuid.UUID(token)
    except ValueError:
        return None
    mine = ListSelection.objects.filter(list=kind.name, user=actor.user_id)
    return mine.filter(pk=key, expires_at__gt=now).first()


def filter_of(kind: ListKind, params: Mapping[str, Sequence[str]] | QueryDict) -> str:
    """What a selection belongs to: the filters of a list, whatever its order, its columns and its page."""
    pairs = params.lists() if isinstance(params, QueryDict) else params.items()
    known = {*kind.filters(), "view"}
    kept = {key: [str(value) for value in values] for key, values in pairs if key in known}
    query = QueryDict(mutable=True)
    for key in sorted(kept):
        query.setlist(key, sorted(kept[key]))
    return query.urlencode()


def freeze(
    kind: ListKind,
    rows: Iterable[tuple[str, int | None]],
    *,
    query: str,
    everything: bool,
    actor: Actor,
    at: dt.datetime,
    failed: Failed | None = None,
) -> ListSelection:
    """Keep rows (primary key as text, version or None), and what did not work with them, where that is why.

    Raises `Refused` with `too_many` above `MOST`.
    """
    found = list(rows)
    if len(found) > MOST:
        raise Refused("too_many", f"More than {MOST:,} {kind.noun}s match: narrow the list, then select all.")
    with transaction.atomic():
        _forget(actor, at)
        return ListSelection.objects.create(
            list=kind.name,
            user_id=actor.user_id or 0,
            query=query,
            everything=everything,
            keys=[key for key, _ in found],
            versions=[version for _, version in found if version is not None],
            causes=dict(failed.causes) if failed else {},
            again=failed.again if failed else "",
            taken_at=at,
            expires_at=at + LIVES,
        )


def _forget(actor: Actor, at: dt.datetime) -> None:
    """Drop what has expired, and all but the newest of the person's own."""
    ListSelection.objects.filter(expires_at__lte=at).delete()
    mine = ListSelection.objects.filter(user=actor.user_id).order_by("-taken_at", "pk")
    ListSelection.objects.filter(pk__in=list(mine.values_list("pk", flat=True)[KEPT_PER_PERSON - 1 :])).delete()
