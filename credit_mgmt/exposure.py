"""The credit position of customers on a date: limit, exposure by part, overdue, ageing, group (`domain 3`).

What a page or the API shows is worked out by the same book and the same engine as a check; nothing is restated here.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, Sum, Value, When

from credit_mgmt.engine.exposure import Book, convert, cover_of, group_limit, total_limit
from credit_mgmt.engine.facts import CustomerPosition, GroupPosition, LimitType, OrderFacts
from credit_mgmt.loading import Loaded, load_accounts, load_book
from credit_mgmt.owed import Counting, receivables_on
from credit_mgmt.policies import Clock, current_setup, read_clock, setting_for
from customers.errors import NotFound
from customers.models import Customer
from customers.money import ZERO, MissingRate, Rates

__all__ = [
    "Bucket",
    "GroupStanding",
    "Position",
    "bucket_of",
    "load_book",
    "no_order",
    "open_by_bucket",
    "position_in",
    "position_of",
    "positions",
    "positions_of",
]

NOT_DUE, OVER_90, UNAPPLIED = "not due", "over 90", "unapplied"
BUCKETS = (NOT_DUE, "1-30", "31-60", "61-90", OVER_90, UNAPPLIED)
"""Ageing buckets in days past due (`domain 3.3`)."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is open in one ageing bucket, in the position's currency; None where a rate is missing."""

    label: str
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class GroupStanding:
    """The customer's credit group, in the position's currency; `available` None where a rate is missing."""

    number: str
    limit: Decimal | None
    exposure: Decimal | None
    available: Decimal | None
    currency: str
    expires_on: dt.date | None
    withheld: bool = False
    """The amounts are not the reader's to see (`credit_mgmt.masking`)."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a customer stands on `as_of`, in `currency`, its legal entity's accounting currency.

    An amount that needs a missing rate is None, and `missing_rate` says which (`domain 4.9`). `total_limit` and
    `available` are None for an unlimited customer too. `available` is negative by what exceeds the limit.
    """

    customer: str
    as_of: dt.date
    currency: str
    base_limit: Decimal
    temporary_limit: Decimal | None
    insurance_and_guarantees: Decimal | None
    total_limit: Decimal | None
    unlimited: bool
    mandatory: bool
    expires_on: dt.date | None
    total: Decimal | None
    balance: Decimal | None
    delivered: Decimal | None
    ordered: Decimal | None
    available: Decimal | None
    overdue_amount: Decimal | None
    days_overdue: int
    oldest_overdue: str | None
    ageing: tuple[Bucket, ...]
    """Empty where it was not asked for."""
    group: GroupStanding | None
    customer_currency: str
    total_limit_in_customer_currency: Decimal | None
    limit_tested: bool
    missing_rate: str | None = None

    def bar(self) -> dict[str, Any] | None:
        """The parts of the exposure bar (ux 4), without an order; None where a rate is missing."""
        if self.total is None or self.balance is None or self.overdue_amount is None:
            return None
        if self.total_limit is None and not self.unlimited:
            return None
        return {
            "overdue": self.overdue_amount,
            "not_due": self.balance - self.overdue_amount,
            "delivered": self.delivered,
            "ordered": self.ordered,
            "this_order": ZERO,
            "unapplied": next((bucket.amount for bucket in self.ageing if bucket.label == UNAPPLIED), None),
            "limit": self.total_limit if self.limit_tested else None,
            "unlimited": self.unlimited,
            "currency": self.currency,
            "urls": {},
        }


def position_of(customer: Customer, as_of: dt.date) -> Position:
    """The position of one customer on a date."""
    return positions([customer.pk], as_of)[customer.pk]


def positions(customer_ids: Collection[int], as_of: dt.date) -> dict[int, Position]:
    """The positions of customers on a date, by id; the number of queries does not depend on how many they are.

    Asked about another day: transactions, settlements and limits of that day, orders as they are now (`domain 1`).
    Raises `NotFound` for a customer that isn't there.
    """
    clock = read_clock()
    setup = current_setup(clock)
    customers = Customer.objects.in_bulk(list(customer_ids))
    missing = sorted(set(customer_ids) - customers.keys())
    if missing:
        raise NotFound(f"There is no customer with id {missing[0]}.")
    loaded = load_accounts(payer_ids=customer_ids, as_of=as_of, setup=setup, clock=clock)
    ageing = open_by_bucket(customers.values(), loaded.countings)
    made = {}
    for customer in customers.values():
        rates = setting_for(customer.legal_entity_id, as_of, setup=setup, clock=clock).rates
        made[customer.pk] = _position(customer, as_of, loaded, ageing.get(customer.pk, {}), rates)
    return made


def positions_of(customers: Iterable[Customer], as_of: dt.date, clock: Clock) -> dict[int, Position]:
    """`positions` of customers at hand, for lists: without ageing, with a clock that was just read. Two queries."""
    rows = {customer.pk: customer for customer in customers}
    if not rows:
        return {}
    setup = current_setup(clock)
    loaded = load_accounts(payer_ids=rows, as_of=as_of, setup=setup, clock=clock)
    return {
        pk: _position(
            customer, as_of, loaded, None, setting_for(customer.legal_entity_id, as_of, setup=setup, clock=clock).rates
        )
        for pk, customer in rows.items()
    }


def position_in(loaded: Loaded, customer: Customer, as_of: dt.date, rates: Rates) -> Position:
    """The position of a customer whose accounts were loaded for `as_of`; one query, for the ageing."""
    ageing = open_by_bucket([customer], loaded.countings)
    return _position(customer, as_of, loaded, ageing.get(customer.pk, {}), rates)


def _position(
    customer: Customer, as_of: dt.date, loaded: Loaded, ageing: Mapping[tuple[str, str], Decimal] | None, rates: Rates
) -> Position:
    book = loaded.book
    position = book.positions[customer.key]
    own = position.currency
    cover, total, cover_rate = _limits(position, rates)
    figures, missing_rate = _exposure(book, position, rates)
    group = book.group_of(position)
    exposure = figures["total"]
    return Position(
        customer=customer.key,
        as_of=as_of,
        currency=own,
        base_limit=position.limit,
        temporary_limit=position.temporary_limit,
        insurance_and_guarantees=cover,
        total_limit=total,
        unlimited=position.unlimited,
        mandatory=position.mandatory,
        expires_on=position.expires_on,
        **figures,
        available=None if total is None or exposure is None else total - exposure,
        days_overdue=position.days_overdue,
        oldest_overdue=position.oldest_overdue,
        ageing=_aged(ageing, own, rates),
        group=_standing(book, position, group, rates) if group else None,
        customer_currency=customer.currency_id,
        total_limit_in_customer_currency=_limit_in(total, own, customer.currency_id, rates),
        limit_tested=position.limit_type is not LimitType.NONE,
        missing_rate=missing_rate or cover_rate,
    )


def _aged(known: Mapping[tuple[str, str], Decimal] | None, own: str, rates: Rates) -> tuple[Bucket, ...]:
    if known is None:
        return ()
    return tuple(Bucket(label, _converted(_of_bucket(known, label), own, rates)) for label in BUCKETS)


def _limits(position: CustomerPosition, rates: Rates) -> tuple[Decimal | None, Decimal | None, str | None]:
    """Cover and total limit in the position's currency, or the rate that is missing for them (`domain 3.1`, `4.9`)."""
    try:
        cover = cover_of(position, rates)
        return cover, None if position.unlimited else total_limit(position, rates), None
    except MissingRate as missing:
        return None, None, f"{missing.from_currency}>{missing.to_currency}"


def no_order(position: CustomerPosition) -> OrderFacts:
    """An order of nothing: the exposure without it is the exposure."""
    return OrderFacts(
        id=0, key="", legal_entity=position.legal_entity, customer=position.account, payer=position.account,
        currency=position.currency, amount=ZERO, uninvoiced=ZERO, delivered=ZERO,
    )  # fmt: skip


_FIGURES = ("total", "balance", "delivered", "ordered", "overdue_amount")


def _exposure(book: Book, position: CustomerPosition, rates: Rates) -> tuple[dict[str, Any], str | None]:
    """Exposure and its parts in the position's currency; the parts that count add up to the total."""
    own = position.currency
    try:
        total = book.exposure(no_order(position), position, rates).without
        balance, delivered, overdue = (
            sum((convert(rates, getattr(part, name), part.currency, own, own) for part in position.parts), ZERO)
            for name in ("balance", "delivered", "overdue")
        )
    except MissingRate as missing:
        return dict.fromkeys(_FIGURES), f"{missing.from_currency}>{missing.to_currency}"
    if position.limit_type is LimitType.BALANCE:
        delivered = ZERO
    ordered = total - balance - delivered
    if position.limit_type is LimitType.BALANCE_PACKING_SLIP:
        delivered, ordered = total - balance, ZERO
    return dict(zip(_FIGURES, (total, balance, delivered, ordered, overdue), strict=True)), None


def _standing(book: Book, position: CustomerPosition, group: GroupPosition, rates: Rates) -> GroupStanding:
    """The group's own figures, seen from the customer's legal entity (`domain 3.4`)."""
    own, limit = position.currency, group_limit(group)
    try:
        exposure = book.group_exposure(no_order(position), position, group, rates).without
        amounts = [convert(rates, amount, group.currency, own, own) for amount in (limit, exposure)]
    except MissingRate:
        amounts = []
    number = group.account.removeprefix("group:")
    if not amounts:
        return GroupStanding(number, None, None, None, own, group.expires_on)
    return GroupStanding(number, amounts[0], amounts[1], amounts[0] - amounts[1], own, group.expires_on)


def _limit_in(total: Decimal | None, own: str, currency: str, rates: Rates) -> Decimal | None:
    if total is None:
        return None
    try:
        return rates.convert(total, own, currency)
    except MissingRate:
        return None


def open_by_bucket(
    customers: Collection[Customer], countings: Mapping[str, Counting]
) -> dict[int, dict[tuple[str, str], Decimal]]:
    """What is open by customer id, then by ageing bucket and currency: one query for each way of counting."""
    found: dict[int, dict[tuple[str, str], Decimal]] = {}
    ids: dict[Counting, list[int]] = {}
    for customer in customers:
        ids.setdefault(countings[customer.legal_entity_id], []).append(customer.pk)
    for counting, members in ids.items():
        items = receivables_on(counting).filter(customer__any_of=members).annotate(bucket=bucket_of(counting.as_of))
        rows = items.order_by().values_list("customer_id", "bucket", "currency_id").annotate(amount=Sum("open"))
        for customer_id, bucket, currency, amount in rows:
            found.setdefault(customer_id, {})[bucket, currency] = amount
    return found


def bucket_of(as_of: dt.date) -> Case:
    """The ageing bucket of an open item by its days past due; credit that is not settled is unapplied."""
    return Case(
        When(open__lt=0, then=Value(UNAPPLIED)),
        When(due_date__gte=as_of, then=Value(NOT_DUE)),
        *(
            When(due_date__gte=as_of - dt.timedelta(days=days), then=Value(label))
            for days, label in ((30, "1-30"), (60, "31-60"), (90, "61-90"))
        ),
        default=Value(OVER_90),
    )


def _of_bucket(ageing: Mapping[tuple[str, str], Decimal], label: str) -> dict[str, Decimal]:
    return {currency: amount for (bucket, currency), amount in ageing.items() if bucket == label}


def _converted(amounts: Mapping[str, Decimal], own: str, rates: Rates) -> Decimal | None:
    try:
        return sum((convert(rates, amount, currency, own, own) for currency, amount in amounts.items()), ZERO)
    except MissingRate:
        return None
