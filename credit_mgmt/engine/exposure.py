"""Limits and exposure, and the book that carries drawn credit from one order to the next (`domain 3`).

Note [Converted once]. Amounts are added up by currency and each total is converted once, with the rates of the checked
order's legal entity. So the exposure *after* an order is, to the cent, the exposure that the next order finds, and
orders that passed a limit test together never exceed it (law 2). Currencies are looked at in the order of their codes,
so that of several missing rates the same one is always named.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from credit_mgmt.engine.facts import CoverPart, CustomerPosition, GroupPosition, LimitType, OrderFacts, Part
from customers.money import ZERO, MissingRate, Rates, percent_of, round_half_up

CountedOrder = tuple[str, Decimal, Decimal]
"""Currency and amount with which an order is part of its payer's exposure, and what of it was delivered."""


class MissingFact(Exception):
    """Something that the check needs was not there; the text says what and how to mend it (`domain 4.9`)."""


class Exposure(NamedTuple):
    """Exposure without the order and after it, in the account's currency (`domain 3.2`)."""

    without: Decimal
    after: Decimal


def base_limit(position: CustomerPosition | GroupPosition) -> Decimal:
    """The limit in force: a temporary limit instead of the base limit (`domain 3.1`), in the account's currency."""
    return position.limit if position.temporary_limit is None else position.temporary_limit


def cover_counted(part: CoverPart, minor_units: int) -> Decimal:
    """What a policy in force adds to the limit, in its currency: its update amount, less its whole value where that is
    included in exposure (`domain 3.1`). A percentage is rounded half-up to the currency's minor unit."""
    update = part.amount
    if update is None:
        update = round_half_up(percent_of(part.percent or ZERO, part.value), minor_units)
    return update - part.value if part.in_exposure else update


def cover_of(position: CustomerPosition, rates: Rates) -> Decimal:
    """What all policies in force add to the limit, in the account's currency; below zero where more is included in
    exposure than counts (`domain 3.1`). Raises `MissingRate`."""
    counted = ((part.currency, cover_counted(part, rates.minor_units.get(part.currency, 2))) for part in position.cover)
    return converted(rates, total_by_currency(counted), position.currency)


def total_limit(position: CustomerPosition, rates: Rates) -> Decimal:
    """Base or temporary limit, plus cover, never below zero (`domain 3.1`), in the account's currency.

    Raises `MissingRate` where cover is in a currency without a rate: it is neither nothing nor all of it.
    """
    limit = base_limit(position)
    return max(ZERO, limit + cover_of(position, rates) if position.cover else limit)


def group_limit(group: GroupPosition) -> Decimal:
    """The group's own or temporary limit; cover never raises it (`domain 3.1`, `3.4`), in the group's currency."""
    return max(ZERO, base_limit(group))


def convert(rates: Rates, amount: Decimal, source: str, target: str, via: str) -> Decimal:
    """`amount` in `target`: directly, or where there is no such rate through the accounting currency `via`.

    Raises `MissingRate`, which names the leg that is missing. Nothing needs no rate: zero stays zero.
    """
    if source == target or not amount:
        return amount
    try:
        return rates.convert(amount, source, target)
    except MissingRate:
        if via in (source, target):
            raise
        return rates.convert(rates.convert(amount, source, via), via, target)


def total_by_currency(amounts: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """Amounts added up by currency, so that each total is converted once (Note [Converted once])."""
    totals: dict[str, Decimal] = {}
    for currency, amount in amounts:
        totals[currency] = totals.get(currency, ZERO) + amount
    return totals


def converted(rates: Rates, totals: Mapping[str, Decimal], target: str) -> Decimal:
    """The sum of totals by currency in `target`, the customer's accounting currency. Raises `MissingRate`."""
    return sum((convert(rates, amount, currency, target, target) for currency, amount in sorted(totals.items())), ZERO)


def counts(part: Part, limit_type: LimitType) -> Decimal:
    """What of `part` counts by the credit limit type (`domain 3.2`); type none counts as all: fail closed."""
    if limit_type is LimitType.BALANCE:
        return part.balance
    if limit_type is LimitType.BALANCE_PACKING_SLIP:
        return part.balance + part.delivered
    return part.balance + part.delivered + part.ordered


def share_of(order: OrderFacts, limit_type: LimitType) -> Decimal:
    """What of an order that counts is part of the exposure by the credit limit type (`domain 3.2`)."""
    if not order.uses_credit or limit_type is LimitType.BALANCE:
        return ZERO
    return order.delivered if limit_type is LimitType.BALANCE_PACKING_SLIP else order.uninvoiced


def _as_counted(order: OrderFacts, position: CustomerPosition) -> CountedOrder:
    delivered = order.delivered if order.uses_credit else ZERO
    return order.currency, share_of(order, position.limit_type), delivered


def will_use(order: OrderFacts) -> Decimal:
    """The credit that the order uses if it is posted, in its own currency: nothing on terms that use none."""
    return order.uninvoiced if order.uses_credit else ZERO


@dataclass(slots=True)
class _GroupAccount:
    """A group's running totals, by (accounting currency of the member, currency), and its worst payer."""

    owed: dict[tuple[str, str], Decimal]
    members: frozenset[str]
    worst: CustomerPosition | None


def _must_be_finite(account: CustomerPosition | GroupPosition) -> None:
    """No sum and no comparison is ever made with NaN or Infinity: they would let orders pass, or stop a whole queue."""
    amounts = [account.limit, account.temporary_limit]
    if isinstance(account, CustomerPosition):
        for policy in account.cover:
            amounts += (policy.value, policy.percent, policy.amount)
        for part in account.parts:
            amounts += (part.balance, part.delivered, part.ordered, part.overdue)
    if not all(amount is None or amount.is_finite() for amount in amounts):
        raise MissingFact(f"an amount of {account.account} is not a number")


def _open_group(group: GroupPosition) -> _GroupAccount:
    owed: dict[tuple[str, str], Decimal] = {}
    _must_be_finite(group)
    for member in group.members:
        _must_be_finite(member)
        for part in member.parts:
            key = (member.currency, part.currency)
            owed[key] = owed.get(key, ZERO) + counts(part, member.limit_type)
    worst = max(group.members, key=lambda member: member.days_overdue, default=None)
    return _GroupAccount(owed, frozenset(member.account for member in group.members), worst)


class Book:
    """The accounts of a check, and what the orders decided so far have drawn on them.

    Sums are made once per account and moved by deltas, so that an order of a group with thousands of members costs
    what any other order costs.
    """

    __slots__ = ("_counted", "_delivered", "_groups", "_owed", "groups", "positions")

    def __init__(self, positions: Iterable[CustomerPosition], groups: Iterable[GroupPosition] = ()) -> None:
        self.groups = {group.account: group for group in groups}
        self.positions = {member.account: member for group in self.groups.values() for member in group.members}
        self.positions.update((position.account, position) for position in positions)
        self._owed: dict[str, dict[str, Decimal]] = {}
        self._groups: dict[str, _GroupAccount] = {}
        self._counted: dict[int, CountedOrder | None] = {}
        self._delivered: dict[str, dict[str, Decimal]] = {}

    def position_of(self, account: str) -> CustomerPosition:
        """The position of a customer. Raises `MissingFact` if it was not loaded, or one of its amounts is no number."""
        position = self.positions.get(account)
        if position is None:
            raise MissingFact(f"the credit position of customer {account} was not loaded")
        if account not in self._owed:
            _must_be_finite(position)
            self.owed(position)
        return position

    def owed(self, position: CustomerPosition) -> dict[str, Decimal]:
        """What counts as the customer's exposure now, by currency, with the orders taken so far (`domain 3.2`)."""
        owed = self._owed.get(position.account)
        if owed is None:
            amounts = ((part.currency, counts(part, position.limit_type)) for part in position.parts)
            owed = self._owed[position.account] = total_by_currency(amounts)
        return owed

    def group_of(self, position: CustomerPosition) -> GroupPosition | None:
        """The customer's credit group. Raises `MissingFact` if it was not loaded with this member in it."""
        if position.group is None:
            return None
        group = self.groups.get(position.group)
        if group is None:
            raise MissingFact(f"credit group {position.group} of customer {position.account} was not loaded")
        if position.account not in self._group_account(group).members:
            raise MissingFact(f"credit group {position.group} was loaded without its member {position.account}")
        return group

    def group_owed(self, group: GroupPosition) -> dict[tuple[str, str], Decimal]:
        """What counts as the group's exposure, by (accounting currency of the members, currency)."""
        return self._group_account(group).owed

    def worst_of(self, group: GroupPosition) -> CustomerPosition | None:
        """The member with the most days overdue (`domain 3.4`)."""
        return self._group_account(group).worst

    def _group_account(self, group: GroupPosition) -> _GroupAccount:
        account = self._groups.get(group.account)
        if account is None:
            account = self._groups[group.account] = _open_group(group)
        return account

    def counted(self, order: OrderFacts, position: CustomerPosition) -> CountedOrder | None:
        """With what the order itself is part of the exposure now, if it is."""
        if order.id in self._counted:
            return self._counted[order.id]
        return _as_counted(order, position) if order.counted else None

    def delivered(self, order: OrderFacts, position: CustomerPosition) -> dict[str, Decimal]:
        """What other orders of the customer delivered and did not invoice, by currency."""
        amounts = total_by_currency((part.currency, part.delivered) for part in position.parts)
        for currency, amount in self._delivered.get(position.account, {}).items():
            amounts[currency] = amounts.get(currency, ZERO) + amount
        counted = self.counted(order, position)
        if counted is not None and counted[2]:
            amounts[counted[0]] -= counted[2]
        return amounts

    def exposure(self, order: OrderFacts, position: CustomerPosition, rates: Rates) -> Exposure:
        """The customer's exposure without and after the order, in its currency. Raises `MissingRate`."""
        owed, own = self.owed(position), position.currency
        counted, used = self.counted(order, position), will_use(order)
        if len(owed) <= 1 and order.currency == own and (not owed or own in owed):
            without = owed.get(own, ZERO) - (counted[1] if counted and counted[0] == own else ZERO)
            return Exposure(without, without + used)
        amounts = ((own, currency, amount) for currency, amount in sorted(owed.items()))
        return _exposure(amounts, order, counted, rates=rates, target=own, via=own)

    def group_exposure(
        self, order: OrderFacts, position: CustomerPosition, group: GroupPosition, rates: Rates
    ) -> Exposure:
        """The group's exposure without and after the order, in its currency (`domain 3.4`). Raises `MissingRate`."""
        amounts = ((via, currency, amount) for (via, currency), amount in sorted(self.group_owed(group).items()))
        counted = self.counted(order, position)
        return _exposure(amounts, order, counted, rates=rates, target=group.currency, via=position.currency)

    def take(self, order: OrderFacts, *, held: bool, all_open: bool = False) -> None:
        """Carry the order forward: from now on it uses credit, or, held again, no longer does (`domain 3.2`, law 3).

        With `all_open` every open order uses credit, held ones too, so that a held one stays as it is.
        """
        position = self.positions.get(order.payer)
        if position is None or (held and all_open):
            return
        before = self.counted(order, position)
        after = None if held else _as_counted(order, position)
        if before == after:
            return
        self._counted[order.id] = after
        for change, sign in ((before, -1), (after, 1)):
            if change is not None and change[1]:
                self._move(position, change[0], sign * change[1])
            if change is not None and change[2]:
                delivered = self._delivered.setdefault(position.account, {})
                delivered[change[0]] = delivered.get(change[0], ZERO) + sign * change[2]

    def _move(self, position: CustomerPosition, currency: str, amount: Decimal) -> None:
        owed = self.owed(position)
        owed[currency] = owed.get(currency, ZERO) + amount
        group = self.groups.get(position.group) if position.group else None
        if group is not None:
            owed_by_group, key = self.group_owed(group), (position.currency, currency)
            owed_by_group[key] = owed_by_group.get(key, ZERO) + amount


def _exposure(
    amounts: Iterator[tuple[str, str, Decimal]],
    order: OrderFacts,
    counted: CountedOrder | None,
    *,
    rates: Rates,
    target: str,
    via: str,
) -> Exposure:
    """Convert every total once; only the total that the order is part of differs between without and after.

    `via` is the accounting currency of the order's payer; `amounts` are (accounting currency, currency, total).
    """
    others, mine = ZERO, ZERO
    for through, currency, total in amounts:
        is_counted = counted is not None and through == via and currency == counted[0]
        amount = total - counted[1] if counted is not None and is_counted else total
        if through == via and currency == order.currency:
            mine = amount
        else:
            others += convert(rates, amount, currency, target, through)
    without = others + convert(rates, mine, order.currency, target, via)
    return Exposure(without, others + convert(rates, mine + will_use(order), order.currency, target, via))
