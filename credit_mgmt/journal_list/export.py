"""The list of journals as a file: what `customers.listing.exporting` asks of it."""

import datetime as dt
import functools
from collections.abc import Sequence

from django.http import QueryDict

from credit_mgmt.journal_list import JOURNALS, RELATED, facts_of, read_address
from credit_mgmt.journal_list.columns import COLUMNS, Facts
from credit_mgmt.models import LimitJournal
from customers import access, clock
from customers.access import Action, Actor
from customers.listing import exporting
from customers.listing.columns import Column, Value, related_of
from customers.listing.exporting import Export
from customers.listing.paging import ordering_of
from customers.models import LegalEntity

Columns = Sequence[Column[LimitJournal, Facts]]


def read(query: QueryDict, actor: Actor, now: dt.datetime) -> exporting.Asked:
    """The list that `query` asks for, with the columns of the page."""
    asked = read_address(query, actor=actor, today=clock.today)
    visible = access.scoped(LegalEntity.objects.all(), actor, JOURNALS.looks, path="code").order_by()
    currencies = sorted(set(visible.values_list("accounting_currency_id", flat=True)))
    columns, currency = exporting.known_currency(asked.columns, COLUMNS["currency"], currencies)
    order = [ordering_of(key) for key in asked.keys]
    return exporting.Asked(asked.matching, order, columns, functools.partial(cells_of, actor), currency)


def cells_of(actor: Actor, keys: Sequence[str], columns: Columns) -> list[list[Value]]:
    """The cells of these journals, in the order of `keys`; what the actor does not see any more is left out."""
    ids = [int(key) for key in keys]
    rows = access.scoped(LimitJournal.objects.filter(pk__in=ids), actor, JOURNALS.looks)
    found = {journal.pk: journal for journal in rows.select_related(*related_of(columns, RELATED))}
    facts = facts_of(list(found.values()), columns)
    return [[column.value(found[key], facts) for column in columns] for key in ids if key in found]


EXPORT = Export("export_journals", "journals", "Export the list of limit journals", Action.VIEW_EXPOSURE, read)
