"""Customers that were selected in their list, named by their keys; what was selected is kept by the server."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet
from django.http import QueryDict

from customers import access
from customers.access import Action, Actor
from customers.errors import Refused
from customers.listing import selections
from customers.models import Customer, ListSelection
from holds.customer_list import CUSTOMERS, Asked

SEPARATOR = ","
"""Between the keys of a page that were selected before; a key may have a point."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Customers in the order of their keys, and the fields that say it all in a form again."""

    customers: tuple[Customer, ...]
    kept: tuple[tuple[str, str], ...]

    @property
    def keys(self) -> list[str]:
        """`USMF:US-001` of each."""
        return [customer.key for customer in self.customers]

    @property
    def entities(self) -> list[str]:
        """Their legal entities."""
        return sorted({customer.legal_entity_id for customer in self.customers})


def named(keys: Iterable[str]) -> Q:
    """The customers of these keys."""
    by_entity: dict[str, list[str]] = {}
    for key in keys:
        entity, _, account = key.partition(":")
        by_entity.setdefault(entity, []).append(account)
    each = (Q(legal_entity=entity, account__in=accounts) for entity, accounts in by_entity.items())
    return reduce(or_, each, Q(pk__in=[]))


def visible(actor: Actor) -> QuerySet[Customer]:
    """The customers that may be selected."""
    return access.scoped(Customer.objects.all(), actor, Action.VIEW_EXPOSURE)


def chosen_of(params: QueryDict, actor: Actor, now: dt.datetime) -> Chosen:
    """The customers named by `customer`, and with `selected` those of that selection but what was unticked (`was`).

    Two queries at most. Raises `Refused` where a selection is forgotten.
    """
    keys, token = list(dict.fromkeys(params.getlist("customer"))), params.get("selected", "")
    selection = selections.find_selection(CUSTOMERS, token, actor, now) if token else None
    if token and selection is None and not keys:
        raise Refused("selection_expired", "What you had selected is forgotten after 12 hours: select it again.")
    condition = named(keys)
    if selection is not None:
        unticked = [key for key in params.get("was", "").split(SEPARATOR) if key and key not in set(keys)]
        condition |= Q(pk__in=selection.keys) & ~named(unticked)
    rows = visible(actor).filter(condition).select_related("legal_entity")
    return Chosen(tuple(rows.order_by("legal_entity", "account")), _kept(params, selection, keys))


def _kept(params: QueryDict, selection: ListSelection | None, keys: Sequence[str]) -> tuple[tuple[str, str], ...]:
    listed = [("customer", key) for key in keys]
    if selection is None:
        return tuple(listed)
    return (("selected", str(selection.pk)), ("was", params.get("was", "")), *listed)


def select_all(asked: Asked, *, actor: Actor, at: dt.datetime) -> ListSelection:
    """Take every customer that the address asks for. Raises `Refused` with `too_many`."""
    keys = asked.matching.order_by("pk").values_list("pk", flat=True)[: selections.MOST + 1]
    return _freeze(asked, [str(key) for key in keys], everything=True, actor=actor, at=at)


def select_rows(
    asked: Asked, before: ListSelection | None, params: Mapping[str, Collection[str]], *, actor: Actor, at: dt.datetime
) -> ListSelection | None:
    """What was selected `before`, with what is `put` now and without what was `taken`; None where nothing is left."""
    put, taken = set(params["put"]), [key for key in params["taken"] if key]
    gone = set(visible(actor).filter(named([key for key in taken if key not in put])).values_list("pk", flat=True))
    kept = [key for key in (before.keys if before else ()) if int(key) not in gone]
    new = [str(key) for key in visible(actor).filter(named(put)).values_list("pk", flat=True)]
    keys = list(dict.fromkeys([*kept, *new]))
    if not keys:
        return None
    return _freeze(asked, keys, everything=bool(before and before.everything and not gone), actor=actor, at=at)


def _freeze(asked: Asked, keys: Sequence[str], *, everything: bool, actor: Actor, at: dt.datetime) -> ListSelection:
    query = selections.filter_of(CUSTOMERS, asked.address.params)
    return selections.freeze(
        CUSTOMERS, [(key, None) for key in keys], query=query, everything=everything, actor=actor, at=at
    )


@dataclass(frozen=True, slots=True)
class Live:
    """A selection of the very list that is looked at."""

    selection: ListSelection
    ids: frozenset[int]


def live_selection(asked: Asked, token: str, actor: Actor, now: dt.datetime) -> Live | None:
    """The selection `token`, where it was taken from the list that is asked for."""
    found = selections.find_selection(CUSTOMERS, token, actor, now) if token else None
    if found is None or found.query != selections.filter_of(CUSTOMERS, asked.address.params):
        return None
    return Live(found, frozenset(int(key) for key in found.keys))
