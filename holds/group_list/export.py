"""The list of credit groups, and the members of one, as files."""

import datetime as dt
import functools
from collections.abc import Sequence

from django.http import QueryDict

from customers import clock
from customers.access import Action, Actor
from customers.listing import exporting
from customers.listing.columns import Column, Value
from customers.listing.exporting import Export
from customers.listing.paging import ordering_of
from customers.models import CustomerCreditGroup
from holds.group_list import facts_of, read_address, shown_rows, visible_groups
from holds.group_list.columns import COLUMNS, Facts

Columns = Sequence[Column[CustomerCreditGroup, Facts]]


def read(query: QueryDict, actor: Actor, now: dt.datetime) -> exporting.Asked:
    """The list that `query` asks for, with the columns of the page; amounts are in each group's currency."""
    asked = read_address(query, actor=actor, today=clock.today)
    order = [ordering_of(key) for key in asked.keys]
    currencies = sorted(set(visible_groups(actor).order_by().values_list("currency", flat=True)))
    columns, currency = exporting.known_currency(asked.columns, COLUMNS["currency"], currencies)
    return exporting.Asked(asked.matching, order, columns, functools.partial(cells_of, actor), currency)


def cells_of(actor: Actor, keys: Sequence[str], columns: Columns) -> list[list[Value]]:
    """The cells of these groups, in the order of `keys`; what the actor does not see any more is left out."""
    today = clock.today("UTC")
    rows = shown_rows(actor, today).filter(pk__in=list(keys)).select_related("credit_account")
    found = {group.pk: group for group in rows}
    facts = facts_of(list(found.values()), today)
    return [[column.value(found[key], facts) for column in columns] for key in keys if key in found]


EXPORT = Export("export_groups", "credit-groups", "Export the list of credit groups", Action.VIEW_EXPOSURE, read)
