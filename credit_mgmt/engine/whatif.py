"""Facts as they would be if something were done: a payment, a higher limit, a smaller order (ux 3.2).

Each step returns other facts; nothing here judges. Whether a step helps is asked of the very same `decide`.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal

from credit_mgmt.engine.condense import Facts
from credit_mgmt.engine.exposure import convert
from credit_mgmt.engine.facts import CustomerPosition, DueItem, Part
from customers.money import HUNDRED, ZERO


def minor_unit(facts: Facts, currency: str) -> Decimal:
    """The smallest amount of a currency."""
    return Decimal(1).scaleb(-facts.setting.rates.minor_units.get(currency, 2))


def with_position(facts: Facts, position: CustomerPosition) -> Facts:
    """The facts with another position of the payer, in its group too."""
    group = facts.group
    if group is not None:
        members = (position if member.account == position.account else member for member in group.members)
        group = replace(group, members=tuple(members))
    return replace(facts, position=position, group=group)


def open_items(facts: Facts, known: Sequence[DueItem]) -> tuple[DueItem, ...]:
    """The payer's overdue items, oldest first. What the known ones don't explain is one item without a document."""
    position = facts.position
    if position is None:
        return ()
    items = list(known)
    for part in position.parts:
        unknown = part.overdue - sum((item.amount for item in known if item.currency == part.currency), ZERO)
        if unknown > 0:
            items.append(DueItem("", position.days_overdue, part.currency, unknown))
    return tuple(sorted(items, key=lambda item: (-item.days_overdue, item.document)))


def cost_of(facts: Facts, items: Sequence[DueItem], currency: str) -> Decimal:
    """What paying these items takes, in `currency`, the payer's accounting currency. Raises `MissingRate`."""
    return sum((convert(facts.setting.rates, item.amount, item.currency, currency, currency) for item in items), ZERO)


def after_payment(facts: Facts, items: Sequence[DueItem], amount: Decimal) -> Facts:
    """The facts after the payer paid `amount` in its accounting currency, oldest overdue item first.

    What exceeds the overdue items pays what is not due yet. Raises `MissingRate`.
    """
    position = facts.position
    if position is None:
        return facts
    own, rates, left = position.currency, facts.setting.rates, amount
    paid: dict[str, Decimal] = {}
    still_open = []
    for item in items:
        cost = convert(rates, item.amount, item.currency, own, own)
        settled = item.amount if cost <= left else convert(rates, left, own, item.currency, own)
        left -= min(cost, left)
        paid[item.currency] = paid.get(item.currency, ZERO) + settled
        if settled < item.amount:
            still_open.append(item)
    parts = [_paid(part, paid.get(part.currency, ZERO)) for part in position.parts]
    if left:
        parts.append(Part(own, balance=-left))
    oldest = still_open[0] if still_open else None
    days, document = (0, None) if oldest is None else (oldest.days_overdue, oldest.document or None)
    return with_position(facts, replace(position, parts=tuple(parts), days_overdue=days, oldest_overdue=document))


def _paid(part: Part, amount: Decimal) -> Part:
    return replace(part, balance=part.balance - amount, overdue=max(ZERO, part.overdue - amount))


def without_member_overdue(facts: Facts) -> Facts:
    """The facts after the other members of the group paid what they have overdue."""
    group, payer = facts.group, facts.position
    if group is None:
        return facts
    members = tuple(
        member if payer is not None and member.account == payer.account else replace(member, days_overdue=0)
        for member in group.members
    )
    return replace(facts, group=replace(group, members=members))


def with_own_limit(facts: Facts, limit: Decimal) -> Facts:
    """The facts with the payer's limit in force, base or temporary, at `limit` (`domain 3.1`)."""
    position = facts.position
    if position is None:
        return facts
    in_force = position.temporary_limit is not None
    raised = replace(position, temporary_limit=limit) if in_force else replace(position, limit=limit)
    return with_position(facts, raised)


def with_group_limit(facts: Facts, total: Decimal) -> Facts:
    """The facts with the group's limit in force, base or temporary, at `total`."""
    group = facts.group
    if group is None:
        return facts
    in_force = group.temporary_limit is not None
    raised = replace(group, temporary_limit=total) if in_force else replace(group, limit=total)
    return replace(facts, group=raised)


def with_expiry(facts: Facts, account: str, on: dt.date) -> Facts:
    """The facts with a new expiration date of the payer's limit, or of its group's."""
    if facts.group is not None and facts.group.account == account:
        return replace(facts, group=replace(facts.group, expires_on=on))
    if facts.position is None:
        return facts
    return with_position(facts, replace(facts.position, expires_on=on))


def with_order_amount(facts: Facts, amount: Decimal) -> Facts:
    """The facts with the order's whole amount at `amount`; what was invoiced and delivered stays."""
    order = facts.order
    uninvoiced = max(ZERO, order.uninvoiced - (order.amount - amount))
    delivered = min(order.delivered, uninvoiced)
    return replace(facts, order=replace(order, amount=amount, uninvoiced=uninvoiced, delivered=delivered))


def with_terms(facts: Facts, name: str | None, rank: int | None) -> Facts:
    """The facts with other terms of payment on the order."""
    return replace(facts, order=replace(facts.order, payment_terms=name, terms_rank=rank))


def with_discount(facts: Facts, name: str | None, rank: int | None) -> Facts:
    """The facts with another cash discount on the order."""
    return replace(facts, order=replace(facts.order, cash_discount=name, discount_rank=rank))


def with_free_status(facts: Facts) -> Facts:
    """The facts with an account status that no rule and no processing hold stops."""
    if facts.position is None:
        return facts
    return with_position(facts, replace(facts.position, account_status=None, processing_hold="none"))


def limit_for(exposure: Decimal, percent: Decimal, unit: Decimal) -> Decimal | None:
    """The smallest limit, in whole units, of which `exposure` is not above `percent`; None if there is none."""
    if percent <= 0:
        return None if exposure > 0 else ZERO
    limit = exposure * HUNDRED / percent
    whole = (limit / unit).to_integral_value(rounding=ROUND_CEILING) * unit
    return max(ZERO, whole)


def with_days_overdue(facts: Facts, days: int) -> Facts:
    """The facts with the payer's oldest overdue item `days` past due; 0 for none."""
    if facts.position is None:
        return facts
    document = facts.position.oldest_overdue if days else None
    return with_position(facts, replace(facts.position, days_overdue=days, oldest_overdue=document))


def with_overdue(facts: Facts, amount: Decimal) -> Facts:
    """The facts with `amount`, in the payer's accounting currency, of what it owes overdue; what it owes stays."""
    position = facts.position
    if position is None:
        return facts
    parts = [replace(part, overdue=ZERO) for part in position.parts]
    return with_position(facts, replace(position, parts=(*parts, Part(position.currency, overdue=amount))))
