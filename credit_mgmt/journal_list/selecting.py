"""Journals that were selected in their list, named by their numbers; what was selected is kept by the server."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.http import QueryDict

from credit_mgmt.journal_list import JOURNALS, Asked
from credit_mgmt.models import LimitJournal
from customers import access
from customers.access import Actor
from customers.errors import Refused
from customers.listing import selections
from customers.models import ListSelection

SEPARATOR = ","
"""Between the numbers of a page that were selected before."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Journals in the order of their numbers, and the fields that say it all in a form again."""

    journals: tuple[LimitJournal, ...]
    kept: tuple[tuple[str, str], ...]

    @property
    def numbers(self) -> list[str]:
        """The number of each."""
        return [journal.number for journal in self.journals]


def chosen_of(params: QueryDict, actor: Actor, now: dt.datetime) -> Chosen:
    """The journals named by `journal`, and with `selected` those of that selection but what was unticked (`was`).

    Two queries at most. Raises `Refused` where a selection is forgotten.
    """
    numbers, token = list(dict.fromkeys(params.getlist("journal"))), params.get("selected", "")
    selection = selections.find_selection(JOURNALS, token, actor, now) if token else None
    if token and selection is None and not numbers:
        raise Refused("selection_expired", "What you had selected is forgotten after 12 hours: select it again.")
    condition = Q(number__in=numbers)
    kept = [("journal", number) for number in numbers]
    if selection is not None:
        unticked = {number for number in params.get("was", "").split(SEPARATOR) if number} - set(numbers)
        condition |= Q(pk__in=selection.keys) & ~Q(number__in=unticked)
        kept = [("selected", str(selection.pk)), ("was", params.get("was", "")), *kept]
    rows = access.scoped(LimitJournal.objects.filter(condition), actor, JOURNALS.looks)
    return Chosen(tuple(rows.select_related("legal_entity").order_by("number")), tuple(kept))


def select_all(asked: Asked, *, actor: Actor, at: dt.datetime) -> ListSelection:
    """Take every journal that the address asks for. Raises `Refused` with `too_many`."""
    keys = asked.matching.order_by("pk").values_list("pk", flat=True)[: selections.MOST + 1]
    return _freeze(asked, [str(key) for key in keys], everything=True, actor=actor, at=at)


def select_rows(
    asked: Asked, before: ListSelection | None, *, put: Collection[str], taken: Collection[str], actor: Actor,
    at: dt.datetime,
) -> ListSelection | None:  # fmt: skip
    """What was selected `before`, with what is `put` now and without what was `taken`; None where nothing is left."""
    ids = dict(asked.visible.filter(number__in={*put, *taken}).order_by().values_list("number", "pk"))
    gone = {ids[number] for number in taken if number in ids and number not in put}
    kept = [key for key in (before.keys if before else ()) if int(key) not in gone]
    keys = list(dict.fromkeys([*kept, *(str(ids[number]) for number in put if number in ids)]))
    if not keys:
        return None
    return _freeze(asked, keys, everything=bool(before and before.everything and not gone), actor=actor, at=at)


def _freeze(asked: Asked, keys: Sequence[str], *, everything: bool, actor: Actor, at: dt.datetime) -> ListSelection:
    query = selections.filter_of(JOURNALS, asked.address.params)
    rows = [(key, None) for key in keys]
    return selections.freeze(JOURNALS, rows, query=query, everything=everything, actor=actor, at=at)


def live_selection(asked: Asked, token: str, actor: Actor, now: dt.datetime) -> ListSelection | None:
    """The selection `token`, where it was taken from the list that is asked for."""
    found = selections.find_selection(JOURNALS, token, actor, now) if token else None
    if found is None or found.query != selections.filter_of(JOURNALS, asked.address.params):
        return None
    return found
