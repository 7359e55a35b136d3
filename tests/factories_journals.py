"""Journals for tests, made by the services: `journal(lines=[line(customer, 200)])`, then `post(journal)`."""

import datetime as dt
from decimal import Decimal
from typing import Any

from credit_mgmt.journals import create_journal
from credit_mgmt.journals.lines import LineInput, add_lines
from credit_mgmt.journals.posting import post_journal
from credit_mgmt.models import LimitJournal
from customers.models import Customer, CustomerCreditGroup
from tests.factories import LegalEntityFactory
from tests.factories_credit import ACTOR, AT, TODAY

UNTIL = dt.date(2027, 12, 31)


def today(_: str) -> dt.date:
    """The business date in any legal entity."""
    return TODAY


def line(owner: Customer | CustomerCreditGroup, new_limit: str | int, **dates: Any) -> LineInput:
    """A line for a customer or a group, until the end of 2027 unless told otherwise."""
    dates.setdefault("new_to", UNTIL)
    amount = Decimal(str(new_limit))
    if isinstance(owner, Customer):
        return LineInput(customer=owner.key, new_limit=amount, **dates)
    return LineInput(credit_group=owner.pk, new_limit=amount, **dates)


def a_journal(*lines: LineInput, **fields: Any) -> LimitJournal:
    """A draft with these lines."""
    LegalEntityFactory()
    fields = {"legal_entity": "USMF", "type": "credit_limit", "actor": ACTOR, "at": AT, **fields}
    made = create_journal(**fields)
    if not lines:
        return made
    return add_lines(journal=made.number, lines=lines, actor=fields["actor"], at=AT, today=today)


def post(journal: LimitJournal, **options: Any) -> LimitJournal:
    """Post it, today."""
    return post_journal(journal=journal.number, **{"actor": ACTOR, "at": AT, "today": today, **options})
