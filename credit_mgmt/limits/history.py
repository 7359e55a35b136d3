"""What every change of a limit has in common (`domain 8`): the accounts under their lock, the entries, who is told.

An entry is numbered per account, without a gap: the feed's `limit:ID:NUMBER` counts with it. Base limits
(`credit_mgmt.limits`) and temporary limits (`credit_mgmt.limits.temporary`) are numbered together, as they are one
story.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.db.models import Max, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from credit_mgmt.accounts import Patience, account_key, lock_accounts
from credit_mgmt.models import CreditAccount, LimitHistory, LimitJournal, TemporaryLimit
from customers import outbox
from customers.access import Actor
from customers.bulk import copy_rows
from customers.errors import NotFound
from customers.marks import Cause, CauseKind, mark_each
from customers.models import Customer
from customers.money import amount_text

AsOf = dt.date | Callable[[str], dt.date]
"""The business date, or how to ask for it by legal entity."""

LIMIT_COLUMNS = ("limit_amount", "unlimited", "mandatory", "expires_on")
"""What is repeated of the account in every entry: the last one says what is in force."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who, when and why: what every entry of one call has in common; the business date of each account."""

    actor: Actor
    at: dt.datetime
    note: str
    days: Mapping[int, dt.date]


def business_days(accounts: Iterable[CreditAccount], *, as_of: AsOf, at: dt.datetime) -> dict[int, dt.date]:
    """The business date where each account is at home; a group is at home in none, and takes its first member's."""
    owners = list(accounts)
    if isinstance(as_of, dt.date):
        return {account.pk: as_of for account in owners}
    homes = {account.pk: account.customer.legal_entity_id for account in owners if account.customer is not None}
    groups = {account.group_id: account.pk for account in owners if account.group_id is not None}
    if groups:
        members = Customer.objects.filter(credit_group__in=groups).order_by("credit_group_id", "pk")
        first = members.distinct("credit_group_id").values_list("credit_group_id", "legal_entity_id")
        homes |= {groups[group]: entity for group, entity in first}
    todays = {entity: as_of(entity) for entity in sorted(set(homes.values()))}
    return {account.pk: todays[homes[account.pk]] if account.pk in homes else at.date() for account in owners}


_READ = (
    "group_id", "currency_id", *LIMIT_COLUMNS, "limit_date", "version", "customer__legal_entity_id",
    "customer__account",
)  # fmt: skip


def read_accounts(ids: Iterable[int]) -> dict[int, CreditAccount]:
    """The accounts with their customers and currencies. Raises `NotFound` for one that isn't there."""
    wanted = set(ids)
    # Of each customer its key alone, and currencies once: a journal reads fifty thousand accounts.
    rows = CreditAccount.objects.filter(pk__any_of=list(wanted)).select_related("customer").prefetch_related("currency")
    accounts = {account.pk: account for account in rows.only(*_READ).order_by("pk")}
    missing = sorted(wanted - accounts.keys())
    if missing:
        raise NotFound(f"There is no credit account {missing[0]}.")
    return accounts


def locked_accounts(ids: Iterable[int]) -> dict[int, CreditAccount]:
    """`read_accounts` under their lock. Raises `NotDecided` when it is not to be had."""
    wanted = set(ids)
    lock_accounts(wanted, patience=Patience.WORK)
    return read_accounts(wanted)


def entities_of(accounts: Iterable[CreditAccount]) -> set[str]:
    """The legal entities concerned: the customer's, or those of all members of a group."""
    owners = list(accounts)
    groups = [account.group_id for account in owners if account.group_id is not None]
    entities = {account.customer.legal_entity_id for account in owners if account.customer is not None}
    if groups:
        members = Customer.objects.filter(credit_group__in=groups)
        entities |= set(members.values_list("legal_entity_id", flat=True))
    return entities


def last_numbers(accounts: Mapping[int, CreditAccount]) -> dict[int, int]:
    """The number of the last entry of each account that has one."""
    rows = LimitHistory.objects.filter(account__any_of=list(accounts)).order_by("account_id").values_list("account_id")
    return dict(rows.annotate(last=Max("sequence")))


def with_approver(entries: QuerySet[LimitHistory]) -> QuerySet[Any]:
    """The entries with `approved_by`: who approved the journal, as a reference; empty where nobody had to."""
    approvals = LimitJournal.objects.filter(number=OuterRef("journal")).values("decided_by")
    return entries.annotate(approved_by=Coalesce(Subquery(approvals), Value("")))


def people_in(entries: Iterable[Any]) -> set[str]:
    """Who made and who approved the entries (of `with_approver`), as references."""
    return {reference for entry in entries for reference in (entry.actor, entry.approved_by) if reference}


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the history as it is written: the columns of `LimitHistory`. A journal makes fifty thousand of them,
    and a model instance costs thirty times as much."""

    account_id: int
    sequence: int
    previous_limit: Decimal
    limit_amount: Decimal
    previous_unlimited: bool
    unlimited: bool
    previous_mandatory: bool
    mandatory: bool
    previous_expires_on: dt.date | None
    expires_on: dt.date | None
    effective_on: dt.date
    actor: str
    at: dt.datetime
    note: str
    source: str
    journal: str = ""
    journal_line: int | None = None
    kind: str = LimitHistory.Kind.LIMIT
    temporary_limit: TemporaryLimit | None = None

    @property
    def temporary_limit_id(self) -> int | None:
        """The temporary limit that it tells of."""
        return None if self.temporary_limit is None else self.temporary_limit.pk


def new_entry(account: CreditAccount, last: dict[int, int], signed: Signature, **values: Any) -> Entry:
    """The next entry of the account, which is as it was before; `last` counts on. What changes is in `values`."""
    number = last[account.pk] = last.get(account.pk, 0) + 1
    as_it_is: dict[str, Any] = {name: getattr(account, name) for name in LIMIT_COLUMNS}
    return Entry(
        account_id=account.pk,
        sequence=number,
        previous_limit=account.limit_amount,
        previous_unlimited=account.unlimited,
        previous_mandatory=account.mandatory,
        previous_expires_on=account.expires_on,
        effective_on=signed.days[account.pk],
        actor=signed.actor.reference,
        at=signed.at,
        note=signed.note,
        **(as_it_is | values),
    )


_COLUMNS = (
    "account_id", "sequence", "kind", "temporary_limit_id", "source", "journal", "journal_line", "previous_limit",
    "limit_amount", "previous_unlimited", "unlimited", "previous_mandatory", "mandatory", "previous_expires_on",
    "expires_on", "effective_on", "actor", "at", "note",
)  # fmt: skip


def write_entries(
    entries: Sequence[Entry], accounts: Mapping[int, CreditAccount], *, raising: Callable[[Entry], bool]
) -> None:
    """Write the entries, an event for each (`domain 12`), and let the orders concerned be looked at again.

    `raising` says of an entry whether it gives more credit than there was.
    """
    copy_rows(LimitHistory._meta.db_table, _COLUMNS, map(attrgetter(*_COLUMNS), entries))
    outbox.record_all([_event(entry, accounts[entry.account_id]) for entry in entries])
    _mark(entries, accounts, raising)


def _mark(entries: Iterable[Entry], accounts: Mapping[int, CreditAccount], raising: Callable[[Entry], bool]) -> None:
    """Orders of whoever draws on the accounts are looked at again: the customer, or all members of the group."""
    owners = [(entry, accounts[entry.account_id]) for entry in entries]
    groups = {account.group_id for _, account in owners if account.group_id is not None}
    members: dict[str | None, list[int]] = {group: [] for group in groups}
    if groups:
        for pk, group in Customer.objects.filter(credit_group__in=groups).values_list("pk", "credit_group_id"):
            members[group].append(pk)
    mark_each(
        (customer_id, Cause(CauseKind.LIMIT_RAISED if raising(entry) else CauseKind.LIMIT, account_key(account)))
        for entry, account in owners
        for customer_id in ([account.customer_id] if account.customer_id else members[account.group_id])
    )


def _event(entry: Entry, account: CreditAccount) -> outbox.Event:
    units = account.currency.minor_units
    return outbox.Event(
        type="limit_changed",
        key=f"limit:{entry.account_id}:{entry.sequence}",
        legal_entity=account.customer.legal_entity_id if account.customer else None,
        subject=account_key(account),
        at=entry.at,
        data={
            "kind": entry.kind,
            "limit": amount_text(entry.limit_amount, units),
            "previous_limit": amount_text(entry.previous_limit, units),
            "unlimited": entry.unlimited,
            "mandatory_limit": entry.mandatory,
            "expires_on": entry.expires_on.isoformat() if entry.expires_on else None,
            "currency": account.currency_id,
            "source": entry.source,
            "journal": entry.journal or None,
            "temporary_limit": _temporary(entry, units),
        },
    )


def _temporary(entry: Entry, units: int) -> dict[str, Any] | None:
    limit = entry.temporary_limit
    if limit is None:
        return None
    return {
        "amount": amount_text(Decimal(limit.amount), units),
        "valid_from": limit.valid_from.isoformat(),
        "valid_to": limit.valid_to.isoformat(),
        "withdrawn_from": limit.withdrawn_from.isoformat() if limit.withdrawn_from else None,
    }
