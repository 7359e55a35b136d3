"""The parts of a customer's total limit, as the limit stack and the calendar show them (ux 3.2, 3.6).

The engine says which of them are in force on a day (`credit_mgmt.engine.stack`); here they are only read.
"""

import datetime as dt

from credit_mgmt.engine.stack import Component, Kind
from credit_mgmt.exposure import Position
from credit_mgmt.models import TemporaryLimit
from customers.models import Customer

LOOK_BACK = dt.timedelta(days=30)
"""What ended up to so long ago is still told, with the reason why it no longer counts."""


def components_of(customer: Customer, position: Position, *, since: dt.date | None = None) -> list[Component]:
    """Base limit and temporary limits, amounts in the position's currency; one query.

    What had ended before `since` is left out; unless told, thirty days before the position's date.
    """
    since = since or position.as_of - LOOK_BACK
    return [_base(position), *_temporary(customer, since), *_cover(position)]


def _base(position: Position) -> Component:
    remark = "mandatory" if position.mandatory else ""
    return Component(Kind.BASE, position.base_limit, last=position.expires_on, remark=remark)


def _temporary(customer: Customer, since: dt.date) -> list[Component]:
    limits = TemporaryLimit.objects.filter(account__customer=customer, valid_to__gte=since).order_by("valid_from", "pk")
    return [temporary_component(limit) for limit in limits]


def _cover(position: Position) -> list[Component]:
    """All policies in force, as one sum."""
    amount = position.insurance_and_guarantees
    return [Component(Kind.COVER, amount, label="Insurance and guarantees")] if amount else []


def temporary_component(limit: TemporaryLimit) -> Component:
    """A temporary limit as a part of the stack."""
    return Component(
        Kind.TEMPORARY, limit.amount, limit.valid_from, limit.valid_to, limit.withdrawn_from, source=limit.journal
    )
