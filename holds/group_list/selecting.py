"""Credit groups that were selected in their list, named by their numbers; what was selected is kept by the server."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q
from django.http import QueryDict

from customers.access import Actor
from customers.errors import Refused
from customers.listing import selections
from customers.models import CustomerCreditGroup, ListSelection
from holds.group_list import GROUPS, Asked, visible_groups

SEPARATOR = ","


@dataclass(frozen=True, slots=True)
class Chosen:
    """Groups in the order of their numbers, and the fields that say it all in a form again."""

    groups: tuple[CustomerCreditGroup, ...]
    kept: tuple[tuple[str, str], ...]

    @property
    def numbers(self) -> list[str]:
        """The number of each."""
        return [group.number for group in self.groups]


def chosen_of(params: QueryDict, actor: Actor, now: dt.datetime) -> Chosen:
    """The groups named by `group`, and with `selected` those of that selection but what was unticked (`was`).

    Raises `Refused` where a selection is forgotten.
    """
    numbers, token = list(dict.fromkeys(params.getlist("group"))), params.get("selected", "")
    selection = selections.find_selection(GROUPS, token, actor, now) if token else None
    if token and selection is None and not numbers:
        raise Refused("selection_expired", "What you had selected is forgotten after 12 hours: select it again.")
    condition = Q(pk__in=numbers)
    kept = [("group", number) for number in numbers]
    if selection is not None:
        unticked = [key for key in params.get("was", "").split(SEPARATOR) if key and key not in set(numbers)]
        condition |= Q(pk__in=selection.keys) & ~Q(pk__in=unticked)
        kept = [("selected", str(selection.pk)), ("was", params.get("was", "")), *kept]
    found = visible_groups(actor).filter(condition).distinct().order_by("number")
    return Chosen(tuple(found), tuple(kept))


def keep(
    asked: Asked, before: ListSelection | None, *, put: Collection[str], taken: Collection[str], at: dt.datetime
) -> ListSelection | None:
    """What was selected `before`, with what is `put` now and without what was `taken`; None where nothing is left."""
    gone = set(taken) - set(put)
    visible = visible_groups(asked.actor).filter(pk__in=list(put)).values_list("pk", flat=True)
    keys = list(dict.fromkeys([*(key for key in (before.keys if before else ()) if key not in gone), *visible]))
    if not keys:
        return None
    return _freeze(asked, keys, everything=bool(before and before.everything and not gone), at=at)


def keep_all(asked: Asked, *, at: dt.datetime) -> ListSelection:
    """Take every group that the address asks for. Raises `Refused` with `too_many`."""
    keys = asked.matching.order_by("pk").values_list("pk", flat=True)[: selections.MOST + 1]
    return _freeze(asked, list(keys), everything=True, at=at)


def _freeze(asked: Asked, keys: Collection[str], *, everything: bool, at: dt.datetime) -> ListSelection:
    query = selections.filter_of(GROUPS, asked.address.params)
    rows = [(key, None) for key in keys]
    return selections.freeze(GROUPS, rows, query=query, everything=everything, actor=asked.actor, at=at)


def live_selection(asked: Asked, token: str, now: dt.datetime) -> ListSelection | None:
    """The selection `token`, where it was taken from the list that is asked for."""
    found = selections.find_selection(GROUPS, token, asked.actor, now) if token else None
    return found if found is not None and found.query == selections.filter_of(GROUPS, asked.address.params) else None
