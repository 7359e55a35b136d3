"""The hold list as a file: what `customers.listing.exporting` asks of it."""

import datetime as dt
import functools
import uuid
from collections.abc import Sequence

from django.http import QueryDict

from credit_mgmt.masking import Mask
from customers import access, clock
from customers.access import Action, Actor
from customers.listing import exporting
from customers.listing.columns import Column, Value
from customers.listing.exporting import Export
from holds.lists import Asked, read_address
from holds.lists.columns import COLUMNS, Facts, chosen_columns, facts_of, related_of
from holds.models import Hold

Columns = Sequence[Column[Hold, Facts]]


def read(query: QueryDict, actor: Actor, now: dt.datetime) -> exporting.Asked:
    """The list that `query` asks for, with the columns of the page; days are those of `now`."""
    asked = read_address(query, actor=actor, now=now, today=clock.today)
    chosen = chosen_columns(asked.address, asked.arrangement.layout.get("cols", ()))
    columns, currency = exporting.known_currency(chosen, COLUMNS["currency"], currencies(asked))
    order = [
        key.expression.desc() if descending else key.expression.asc()
        for key, descending in asked.order.keys
    ]  # fmt: skip
    return exporting.Asked(asked.matching, order, columns, functools.partial(rows_of, actor, now), currency)


def currencies(asked: Asked) -> list[str]:
    """The accounting currencies of what is exported: those of the legal entities that the reader sees."""
    return sorted({entity.accounting_currency_id for entity in asked.entities})


def rows_of(actor: Actor, now: dt.datetime, keys: Sequence[str], columns: Columns) -> list[list[Value]]:
    """The cells of these holds, in the order of `keys`; what the actor does not see any more is left out."""
    ids = [uuid.UUID(key) for key in keys]
    visible = access.scoped(Hold.objects.filter(pk__in=ids), actor)
    found = {hold.pk: hold for hold in visible.select_related(*related_of(columns))}
    facts = facts_of(found.values(), columns, now, clock.today, Mask(actor))
    return [[column.value(found[key], facts) for column in columns] for key in ids if key in found]


EXPORT = Export("export_holds", "holds", "Export the hold list", Action.VIEW, read)
