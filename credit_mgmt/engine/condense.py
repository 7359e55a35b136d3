"""The facts of one decision, taken out of a book: few, and such that the same decision follows from them.

A group of thousands becomes its payer, the member with the most days overdue, and one line for all the others. The
order itself is taken out of what is owed, so that what is stored or varied counts it exactly once.
"""

from dataclasses import dataclass, replace
from itertools import permutations

from credit_mgmt.engine.exposure import Book, counts
from credit_mgmt.engine.facts import (
    CustomerPosition,
    GroupPosition,
    LimitType,
    OrderFacts,
    Part,
    Question,
    Setting,
)
from customers.money import ZERO, Rates


@dataclass(frozen=True, slots=True)
class Facts:
    """All that one decision was made of, besides the policy."""

    order: OrderFacts
    question: Question
    setting: Setting
    position: CustomerPosition | None = None
    group: GroupPosition | None = None

    def book(self) -> Book:
        """A book of these facts alone."""
        groups = () if self.group is None else (self.group,)
        return Book(() if self.position is None else (self.position,), groups)


def condense(
    book: Book, order: OrderFacts, question: Question, setting: Setting, *, currencies: frozenset[str] | None = None
) -> Facts:
    """What the decision on `order` needs of the book as it stands now.

    With `currencies`, the rates between other currencies than these and the facts' own are left out.
    """
    alone = replace(order, counted=False) if order.counted else order
    position = book.positions.get(order.payer)
    if position is None:
        return Facts(alone, question, _fewer_rates(setting, currencies, {order.currency}))
    payer = _payer(book, order, position)
    known = book.groups.get(position.group) if position.group else None
    group = None if known is None else _group(book, order, position, known, payer)
    used = {order.currency, position.currency, *(part.currency for part in payer.parts)}
    used.update(cover.currency for cover in payer.cover)
    if group is not None:
        used.add(group.currency)
        used.update(part.currency for member in group.members for part in member.parts)
        used.update(member.currency for member in group.members)
    return Facts(alone, question, _fewer_rates(setting, currencies, used), payer, group)


def _payer(book: Book, order: OrderFacts, position: CustomerPosition) -> CustomerPosition:
    """The payer's parts as the book has them now, without the order."""
    owed, delivered = dict(book.owed(position)), book.delivered(order, position)
    counted = book.counted(order, position)
    if counted is not None and counted[1]:
        owed[counted[0]] -= counted[1]
    parts: dict[str, Part] = {}
    for part in position.parts:
        same = parts.get(part.currency)
        parts[part.currency] = part if same is None else _together(same, part)
    for currency, amount in owed.items():
        part = parts.get(currency, Part(currency))
        if position.limit_type is LimitType.BALANCE_PACKING_SLIP:
            parts[currency] = replace(part, delivered=amount - part.balance)
        elif position.limit_type is not LimitType.BALANCE:
            moved = delivered.get(currency, ZERO)
            parts[currency] = replace(part, delivered=moved, ordered=amount - part.balance - moved)
    return replace(position, parts=tuple(parts.values()))


def _together(one: Part, other: Part) -> Part:
    return Part(
        one.currency,
        one.balance + other.balance,
        one.delivered + other.delivered,
        one.ordered + other.ordered,
        one.overdue + other.overdue,
    )


def _group(
    book: Book, order: OrderFacts, position: CustomerPosition, group: GroupPosition, payer: CustomerPosition
) -> GroupPosition:
    """The group as its payer and one line for the other members, with the worst payer's days overdue."""
    owed = dict(book.group_owed(group))
    counted = book.counted(order, position)
    if counted is not None and counted[1]:
        owed[position.currency, counted[0]] -= counted[1]
    for part in payer.parts:
        owed[payer.currency, part.currency] -= counts(part, payer.limit_type)
    others: dict[str, list[Part]] = {}
    for (accounting, currency), amount in owed.items():
        if amount:
            others.setdefault(accounting, []).append(Part(currency, balance=amount))
    members = [payer] if any(member.account == payer.account for member in group.members) else []
    members += [_others(group, accounting, tuple(parts)) for accounting, parts in others.items()]
    worst = book.worst_of(group)
    if worst is not None and worst.account != payer.account and worst.days_overdue > payer.days_overdue:
        members.append(replace(worst, parts=(), cover=()))
    return replace(group, members=tuple(members))


def _others(group: GroupPosition, currency: str, parts: tuple[Part, ...]) -> CustomerPosition:
    name = f"{group.account}/others/{currency}"
    return CustomerPosition(name, 0, "", currency, parts=parts, limit_type=LimitType.BALANCE, group=group.account)


def _fewer_rates(setting: Setting, currencies: frozenset[str] | None, used: set[str]) -> Setting:
    if currencies is None:
        return setting
    wanted = used | currencies
    known = setting.rates
    rates = {pair: known.rates[pair] for pair in permutations(sorted(wanted), 2) if pair in known.rates}
    units = {code: known.minor_units[code] for code in sorted(wanted) if code in known.minor_units}
    return Setting(setting.legal_entity, setting.as_of, Rates(rates, units))
