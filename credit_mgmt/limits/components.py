"""The parts of a customer's total limit, as the limit stack and the calendar show them (ux 3.2, 3.6).

The engine says which of them are in force on a day (`credit_mgmt.engine.stack`); here they are only read.
"""

import datetime as dt
from collections.abc import Iterable

from credit_mgmt.cover import amount_counted
from credit_mgmt.engine.stack import Component, Kind
from credit_mgmt.exposure import Position
from credit_mgmt.models import CoverPolicy, TemporaryLimit
from customers.models import Customer
from customers.money import Rates

LOOK_BACK = dt.timedelta(days=30)
"""What ended up to so long ago is still told, with the reason why it no longer counts."""


def components_of(
    customer: Customer, position: Position, rates: Rates, *, since: dt.date | None = None
) -> list[Component]:
    """Base limit, temporary limits, policies and guarantees, amounts in the position's currency; two queries.

    `rates` are those of the customer's legal entity on the position's date. What had ended before `since` is left out;
    unless told, thirty days before that date.
    """
    since = since or position.as_of - LOOK_BACK
    return [_base(position), *_temporary(customer, since), *_cover(customer, position, rates, since)]


def still_told(components: Iterable[Component], since: dt.date) -> list[Component]:
    """Those of the components that had not ended before `since`; the base limit always."""
    return [part for part in components if part.kind is Kind.BASE or part.last is None or part.last >= since]


def _base(position: Position) -> Component:
    remark = "mandatory" if position.mandatory else ""
    return Component(Kind.BASE, position.base_limit, last=position.expires_on, remark=remark)


def _temporary(customer: Customer, since: dt.date) -> list[Component]:
    limits = TemporaryLimit.objects.filter(account__customer=customer, valid_to__gte=since).order_by("valid_from", "pk")
    return [temporary_component(limit) for limit in limits]


def _cover(customer: Customer, position: Position, rates: Rates, since: dt.date) -> list[Component]:
    policies = CoverPolicy.objects.filter(customer=customer, expires_on__gte=since).order_by("effective_on", "pk")
    return [cover_component(policy, position.currency, rates) for policy in policies]


def cover_component(policy: CoverPolicy, currency: str, rates: Rates) -> Component:
    """A policy or guarantee as a part of the stack, with what it counts in `currency`, the account's."""
    percent = policy.update_percent
    return Component(
        Kind.COVER,
        amount_counted(policy, currency, rates),
        policy.effective_on,
        policy.expires_on,
        label=f"{policy.get_identifier_display()} {'fixed' if percent is None else f'{percent.normalize():f} %'}",
        source=policy.identification,
        remark="included in exposure" if policy.included_in_exposure else "",
    )


def temporary_component(limit: TemporaryLimit) -> Component:
    """A temporary limit as a part of the stack."""
    return Component(
        Kind.TEMPORARY, limit.amount, limit.valid_from, limit.valid_to, limit.withdrawn_from, source=limit.journal
    )
