"""The facts of a check, loaded in bulk: orders, and the book of the accounts that they draw on.

Three statements whatever the number of orders: the orders; the accounts, with the groups concerned and all their
members; and what those customers owe. Nothing is scoped: the engine sees everything (`reliability.md` finding 8).
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from django.db.models import Case, F, OuterRef, Q, Subquery, Value, When

from credit_mgmt.compiled import DAY, IDS, Statement, slotted
from credit_mgmt.cover.facts import Told, cover_in_force, cover_parts
from credit_mgmt.engine.exposure import Book
from credit_mgmt.engine.facts import CustomerPosition, GroupPosition, LimitType, OrderFacts, Standing
from credit_mgmt.models import Commitment, LimitHistory, TemporaryLimit
from credit_mgmt.owed import USES_CREDIT, Counting, Owed, counting_of, owed_by_all
from credit_mgmt.policies import Clock, Ranks, Setup, current_setup, read_clock, setting_for
from customers.models import Customer, SalesOrder


class OrderRow(NamedTuple):
    """One order with everything of `OrderFacts`; the names follow the columns below."""

    id: int
    number: str
    legal_entity: str
    customer: str
    payer_id: int
    payer: str
    currency: str
    amount: Decimal
    uninvoiced: Decimal
    delivered: Decimal
    order_type: str
    credit_status: str
    document_status: str
    intercompany: bool
    excluded: bool
    terms: str | None
    terms_rank: int | None
    terms_use_credit: bool | None
    default_terms_rank: int | None
    discount: str | None
    discount_rank: int | None
    default_discount_rank: int | None
    customer_excluded: bool
    payer_excluded: bool
    customer_ignored_until: dt.date | None
    payer_ignored_until: dt.date | None
    counts_open: bool
    commitment: int | None
    clearance: int | None
    cleared_amount: Decimal
    cleared_terms_rank: int | None
    cleared_discount_rank: int | None
    released: bool
    grace_until: dt.date | None
    pro_forma_grace_until: dt.date | None
    cleared_document: str
    cleared_pro_forma: bool
    default_terms: str | None
    default_discount: str | None
    cleared_terms: str | None
    cleared_discount: str | None
    discount_percent: Decimal | None
    default_discount_percent: Decimal | None
    cleared_discount_percent: Decimal | None
    payer_name: str
    ship_date: dt.date | None

    @property
    def key(self) -> str:
        """`USMF:SO-1001`."""
        return f"{self.legal_entity}:{self.number}"

    @property
    def payer_key(self) -> str:
        """`USMF:US-001`, of the invoice account."""
        return f"{self.legal_entity}:{self.payer}"

    @property
    def customer_key(self) -> str:
        """`USMF:US-001`, of who ordered."""
        return f"{self.legal_entity}:{self.customer}"


_ORDER_COLUMNS = (
    "id", "number", "legal_entity_id", "customer__account", "payer_id", "payer__account", "currency_id", "amount",
    "uninvoiced_amount", "delivered_uninvoiced_amount", "order_type", "credit_status", "document_status",
    "intercompany", "exclude_from_credit_management", "payment_terms_id", "payment_terms__rank",
    "payment_terms__uses_credit", "customer__payment_terms__rank", "cash_discount_id", "cash_discount__rank",
    "customer__cash_discount__rank", "customer__excluded", "payer__excluded", "customer__ignore_until",
    "payer__ignore_until", "counts_open", "commitment_id", "clearance__id", "clearance__amount",
    "clearance__payment_terms__rank", "clearance__cash_discount__rank", "clearance__released",
    "clearance__grace_until", "clearance__pro_forma_grace_until", "clearance__cleared_document",
    "clearance__cleared_pro_forma", "customer__payment_terms_id", "customer__cash_discount_id",
    "clearance__payment_terms_id", "clearance__cash_discount_id", "cash_discount__percent",
    "customer__cash_discount__percent", "clearance__cash_discount__percent", "payer__name",
    "requested_ship_date",
)  # fmt: skip


@lru_cache(maxsize=1)
def _orders_statement() -> Statement:
    # A scalar, not EXISTS: for many orders the planner would read all commitments instead of looking these up.
    commitment = Commitment.objects.filter(order=OuterRef("pk")).order_by().values("pk")[:1]
    orders = SalesOrder.objects.filter(pk__any_of=IDS).annotate(
        counts_open=Case(When(USES_CREDIT, then=Value(True)), default=Value(False)), commitment_id=Subquery(commitment)
    )
    return Statement(slotted(orders.order_by("pk").values_list(*_ORDER_COLUMNS)))


def read_orders(order_ids: Collection[int]) -> dict[int, OrderRow]:
    """The orders as they are now; one query."""
    rows = (OrderRow(*row) for row in _orders_statement().rows(ids=sorted(set(order_ids))))
    return {row.id: row for row in rows}


def with_ranks(row: OrderRow, ranks: Ranks) -> OrderRow:
    """The order with ranks that were pinned in place of today's; terms made since have none and are not compared."""
    terms, discounts = ranks
    return row._replace(
        terms_rank=terms.get(row.terms or ""),
        default_terms_rank=terms.get(row.default_terms or ""),
        cleared_terms_rank=terms.get(row.cleared_terms or ""),
        discount_rank=discounts.get(row.discount or ""),
        default_discount_rank=discounts.get(row.default_discount or ""),
        cleared_discount_rank=discounts.get(row.cleared_discount or ""),
    )


def order_facts(row: OrderRow, setup: Setup) -> OrderFacts:
    """An order as the engine sees it; whether it is already part of exposure by its own entity's parameter."""
    parameters = setup.policy.parameters_of(row.legal_entity)
    all_open = parameters is not None and parameters.all_open_orders_use_credit
    ignored = [day for day in (row.customer_ignored_until, row.payer_ignored_until) if day is not None]
    return OrderFacts(
        id=row.id,
        key=row.key,
        legal_entity=row.legal_entity,
        customer=row.customer_key,
        payer=row.payer_key,
        currency=row.currency,
        amount=row.amount,
        uninvoiced=row.uninvoiced,
        delivered=row.delivered,
        payment_terms=row.terms,
        terms_rank=row.terms_rank,
        default_terms_rank=row.default_terms_rank,
        uses_credit=row.terms_use_credit is not False,
        cash_discount=row.discount,
        discount_rank=row.discount_rank,
        default_discount_rank=row.default_discount_rank,
        intercompany=row.intercompany,
        excluded=row.excluded,
        customer_excluded=row.customer_excluded or row.payer_excluded,
        ignore_until=max(ignored, default=None),
        counted=row.counts_open and (all_open or row.commitment is not None),
        standing=_standing(row),
        default_payment_terms=row.default_terms,
        default_cash_discount=row.default_discount,
        discount_percent=row.discount_percent,
        default_discount_percent=row.default_discount_percent,
    )


def _standing(row: OrderRow) -> Standing | None:
    if row.clearance is None:
        return None
    return Standing(
        amount=row.cleared_amount,
        terms_rank=row.cleared_terms_rank,
        discount_rank=row.cleared_discount_rank,
        released=row.released,
        grace_until=row.grace_until,
        pro_forma_grace_until=row.pro_forma_grace_until,
        cleared_document=row.cleared_document or None,
        cleared_pro_forma=row.cleared_pro_forma,
        payment_terms=row.cleared_terms,
        cash_discount=row.cleared_discount,
        discount_percent=row.cleared_discount_percent,
    )


class AccountRow(NamedTuple):
    """One customer with its credit account, its labels and its group; the names follow the columns below."""

    id: int
    account: str
    legal_entity: str
    currency: str
    account_id: int | None
    limit: Decimal | None
    unlimited: bool | None
    mandatory: bool | None
    expires_on: dt.date | None
    status: str | None
    processing_hold: str | None
    credit_management_group: str | None
    excluded: bool
    ignore_until: dt.date | None
    group: str | None
    group_currency: str | None
    group_uses_days: bool | None
    group_account_id: int | None
    group_limit: Decimal | None
    group_expires_on: dt.date | None
    temporary_limit: Decimal | None
    group_temporary_limit: Decimal | None
    cover: Told

    @property
    def key(self) -> str:
        """`USMF:US-001`."""
        return f"{self.legal_entity}:{self.account}"


_LIMIT_COLUMNS = ("limit_amount", "unlimited", "mandatory", "expires_on")
_ACCOUNT_COLUMNS = (
    "id", "account", "legal_entity_id", "legal_entity__accounting_currency_id", "credit_account__id",
    "own_limit_amount", "own_unlimited", "own_mandatory", "own_expires_on", "account_status_id",
    "account_status__processing_hold", "credit_management_group_id", "excluded", "ignore_until", "credit_group_id",
    "credit_group__currency_id", "credit_group__use_member_days_overdue", "credit_group__credit_account__id",
    "group_limit_amount", "group_expires_on", "own_temporary", "group_temporary", "cover_told",
)  # fmt: skip


def _limits_on(day: dt.date, account: str) -> dict[str, Subquery]:
    """The limit columns of an account as they were on a day: of the last entry up to it.

    An opening limit is what there was when the books were opened here: it holds for the days before it too.
    """
    then = Q(effective_on__lte=day) | Q(source=LimitHistory.Source.OPENING)
    entries = LimitHistory.objects.filter(then, account=OuterRef(account)).order_by("-sequence")
    return {name: Subquery(entries.values(name)[:1]) for name in _LIMIT_COLUMNS}


@lru_cache(maxsize=2)
def _accounts_statement(*, as_it_was: bool) -> Statement:
    payers = Customer.objects.filter(pk__any_of=IDS)
    groups = payers.filter(credit_group__isnull=False).values("credit_group")
    members = Customer.objects.filter(credit_group__in=groups)
    concerned = payers.values("pk").union(members.values("pk"))
    customers = Customer.objects.filter(pk__in=concerned)
    for prefix, account in (("own", "credit_account"), ("group", "credit_group__credit_account")):
        # A scalar: one more join is one too many for the planner, which then reads all customers for one.
        temporary = TemporaryLimit.objects.filter(TemporaryLimit.in_force(DAY), account=OuterRef(account)).order_by()
        customers = customers.annotate(**{f"{prefix}_temporary": Subquery(temporary.values("amount")[:1])})
        columns = _limits_on(DAY, account) if as_it_was else {name: F(f"{account}__{name}") for name in _LIMIT_COLUMNS}
        customers = customers.annotate(**{f"{prefix}_{name}": column for name, column in columns.items()})
    customers = customers.annotate(cover_told=cover_in_force(DAY))
    return Statement(slotted(customers.order_by("pk").values_list(*_ACCOUNT_COLUMNS)))


def read_accounts(payer_ids: Collection[int], as_of: dt.date, clock: Clock) -> list[AccountRow]:
    """The payers' accounts, the groups they belong to, and all members of those groups; one query.

    Limits are those in force on `as_of` (`domain 1`): where none changed since, the accounts' own.
    """
    as_it_was = clock.last_limit is not None and clock.last_limit > as_of
    statement = _accounts_statement(as_it_was=as_it_was)
    return [AccountRow(*row) for row in statement.rows(ids=sorted(set(payer_ids)), day=as_of)]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The book of some payers on a day, with how each legal entity concerned counted."""

    book: Book
    countings: Mapping[str, Counting]


def load_book(
    *, payer_ids: Collection[int], as_of: dt.date, setup: Setup | None = None, clock: Clock | None = None
) -> Book:
    """The accounts that the payers draw on, with what is owed on `as_of` (`domain 3`); two queries, and the clock's."""
    return load_accounts(payer_ids=payer_ids, as_of=as_of, setup=setup, clock=clock).book


def load_accounts(
    *, payer_ids: Collection[int], as_of: dt.date, setup: Setup | None = None, clock: Clock | None = None
) -> Loaded:
    """`load_book`, with how it was counted."""
    clock = clock or read_clock()
    setup = setup or current_setup(clock)
    rows = read_accounts(payer_ids, as_of, clock)
    counting = _countings(rows, as_of, setup, clock)
    owed = owed_by_all({row.id: counting[row.legal_entity] for row in rows})
    positions = [customer_position(row, owed.get(row.id), setup) for row in rows]
    return Loaded(Book(positions, _groups(rows, positions)), counting)


def _countings(rows: Iterable[AccountRow], as_of: dt.date, setup: Setup, clock: Clock) -> dict[str, Counting]:
    """How each legal entity concerned counts on the day."""
    countings: dict[str, Counting] = {}
    for row in rows:
        if row.legal_entity not in countings:
            rates = setting_for(row.legal_entity, as_of, setup=setup, clock=clock).rates
            countings[row.legal_entity] = counting_of(
                setup.row(row.legal_entity),
                currency=row.currency,
                rates=rates,
                as_of=as_of,
                last_settlement=clock.last_settlement,
            )
    return countings


def customer_position(row: AccountRow, owed: Owed | None, setup: Setup) -> CustomerPosition:
    """A customer's account as the engine sees it; without a credit account there is no credit."""
    parameters = setup.policy.parameters_of(row.legal_entity)
    return CustomerPosition(
        account=row.key,
        account_id=row.account_id or 0,
        legal_entity=row.legal_entity,
        currency=row.currency,
        limit=row.limit or Decimal(0),
        unlimited=bool(row.unlimited),
        mandatory=bool(row.mandatory),
        expires_on=row.expires_on,
        temporary_limit=row.temporary_limit,
        cover=cover_parts(row.cover) if row.cover else (),
        parts=tuple(owed.parts) if owed else (),
        days_overdue=owed.days_overdue if owed else 0,
        oldest_overdue=owed.oldest_overdue if owed else None,
        limit_type=parameters.limit_type if parameters else LimitType.BALANCE_ALL,
        account_status=row.status,
        processing_hold=row.processing_hold or "none",
        credit_management_group=row.credit_management_group,
        excluded=row.excluded,
        ignore_until=row.ignore_until,
        group=f"group:{row.group}" if row.group else None,
    )


def _groups(rows: Sequence[AccountRow], positions: Sequence[CustomerPosition]) -> list[GroupPosition]:
    members: dict[str, list[CustomerPosition]] = {}
    first: dict[str, AccountRow] = {}
    for row, position in zip(rows, positions, strict=True):
        if row.group:
            members.setdefault(row.group, []).append(position)
            first.setdefault(row.group, row)
    return [_group(number, first[number], members[number]) for number in members]


def _group(number: str, row: AccountRow, members: Iterable[CustomerPosition]) -> GroupPosition:
    return GroupPosition(
        account=f"group:{number}",
        account_id=row.group_account_id or 0,
        currency=row.group_currency or row.currency,
        limit=row.group_limit or Decimal(0),
        expires_on=row.group_expires_on,
        temporary_limit=row.group_temporary_limit,
        use_member_days_overdue=bool(row.group_uses_days),
        members=tuple(members),
    )
