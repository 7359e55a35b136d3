"""The list of customers as a file: what `customers.listing.exporting` asks of it."""

import datetime as dt
import functools
from collections.abc import Sequence

from django.http import QueryDict

from customers import access, clock
from customers.access import Action, Actor
from customers.listing import exporting
from customers.listing.columns import Column, Value, related_of
from customers.listing.exporting import Export
from customers.listing.paging import ordering_of
from customers.models import Customer, LegalEntity
from holds.customer_list import CUSTOMERS, RELATED, facts_of, read_address, rows_of
from holds.customer_list.columns import COLUMNS, Facts

Columns = Sequence[Column[Customer, Facts]]


def read(query: QueryDict, actor: Actor, now: dt.datetime) -> exporting.Asked:
    """The list that `query` asks for, with the columns of the page."""
    asked = read_address(query, actor=actor, now=now, today=clock.today, looks=CUSTOMERS.looks)
    visible = access.scoped(LegalEntity.objects.all(), actor, CUSTOMERS.looks, path="code").order_by()
    currencies = sorted(set(visible.values_list("accounting_currency_id", flat=True)))
    columns, currency = exporting.known_currency(asked.columns, COLUMNS["currency"], currencies)
    order = [ordering_of(key) for key in asked.keys]
    return exporting.Asked(asked.matching, order, columns, functools.partial(cells_of, actor), currency)


def cells_of(actor: Actor, keys: Sequence[str], columns: Columns) -> list[list[Value]]:
    """The cells of these customers, in the order of `keys`; what the actor does not see any more is left out."""
    ids = [int(key) for key in keys]
    rows = access.scoped(rows_of(columns, clock.today("UTC")).filter(pk__in=ids), actor, CUSTOMERS.looks)
    found = {customer.pk: customer for customer in rows.select_related(*related_of(columns, RELATED))}
    facts = facts_of(list(found.values()), clock.today("UTC"))
    return [[column.value(found[key], facts) for column in columns] for key in ids if key in found]


EXPORT = Export("export_customers", "customers", "Export the list of customers", Action.VIEW_EXPOSURE, read)
