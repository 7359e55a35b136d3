"""Credit limits change here and nowhere else (`domain 8`): the account and its history together, under its lock.

The plural is the implementation: thousands of changes cost as many statements as one.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import Max

from credit_mgmt.accounts import Patience, account_key, lock_accounts
from credit_mgmt.models import CreditAccount, LimitHistory
from credit_mgmt.policies import current_setup
from customers import outbox
from customers.access import Action, Actor, authorize_each
from customers.errors import InvalidInput, NotFound, Refused
from customers.marks import Cause, CauseKind, mark_each
from customers.models import Customer
from customers.money import LARGEST, ZERO, amount_text


class _Keep:
    """The value stays as it is."""


KEEP: Final = _Keep()

AsOf = dt.date | Callable[[str], dt.date]
"""The business date, or how to ask for it by legal entity."""


@dataclass(frozen=True, slots=True)
class LimitChange:
    """What is to change of one account; amounts in the account's currency, `KEEP` for what stays."""

    account: int
    limit_amount: Decimal | _Keep = KEEP
    unlimited: bool | _Keep = KEEP
    mandatory: bool | _Keep = KEEP
    expires_on: dt.date | _Keep | None = KEEP

    def values(self, account: CreditAccount) -> dict[str, Any]:
        """All four values as they will be."""
        wanted = {name: getattr(self, name) for name in _FIELDS}
        return {name: getattr(account, name) if value is KEEP else value for name, value in wanted.items()}

    def differs(self, account: CreditAccount) -> bool:
        """Whether anything would change: repeating the current values is no change (`domain 8`)."""
        return any(getattr(account, name) != value for name, value in self.values(account).items())


_FIELDS = ("limit_amount", "unlimited", "mandatory", "expires_on")
_RIGHT = {
    LimitHistory.Source.OPENING: Action.FEED,
    LimitHistory.Source.FEED: Action.FEED,
    LimitHistory.Source.MANUAL: Action.EDIT_CREDIT_PROFILE,
    LimitHistory.Source.GROUP: Action.FEED,
}
"""Who brings customers and groups in may bring their opening limits; to change a limit is credit management's."""


@dataclass(frozen=True, slots=True)
class _Signature:
    """Who, when and why: what every entry of one call has in common."""

    actor: Actor
    at: dt.datetime
    as_of: AsOf
    note: str

    def day(self, account: CreditAccount) -> dt.date:
        """The business date where the account is at home; a group is at home in none, and takes the first member's."""
        if isinstance(self.as_of, dt.date):
            return self.as_of
        if account.customer is not None:
            return self.as_of(account.customer.legal_entity_id)
        members = Customer.objects.filter(credit_group=account.group_id).order_by("pk")
        entity = members.values_list("legal_entity_id", flat=True).first()
        return self.as_of(entity) if entity else self.at.date()


def set_limit(  # noqa: PLR0913 - the fields of a limit, keyword-only
    *,
    account: int,
    source: str,
    actor: Actor,
    at: dt.datetime,
    as_of: AsOf,
    note: str = "",
    limit_amount: Decimal | _Keep = KEEP,
    unlimited: bool | _Keep = KEEP,
    mandatory: bool | _Keep = KEEP,
    expires_on: dt.date | _Keep | None = KEEP,
) -> LimitHistory | None:
    """`set_limits` of one; None when the values were these already."""
    change = LimitChange(account, limit_amount, unlimited, mandatory, expires_on)
    [entry] = set_limits(changes=[change], source=source, actor=actor, at=at, as_of=as_of, note=note)
    return entry


@transaction.atomic
def set_limits(
    *, changes: Sequence[LimitChange], source: str, actor: Actor, at: dt.datetime, as_of: AsOf, note: str = ""
) -> list[LimitHistory | None]:
    """Change limits, flags and expiries; for each change its entry in the history, or None if nothing changed.

    A new expiry of a group becomes its members' (`domain 3.4`). Raises `InvalidInput` for an amount that is no limit,
    `Refused` where the parameter *allow manual editing of credit limits* forbids it, `NotFound`, `NotAllowed`.
    """
    _refuse_bad_values(changes)
    inherited = _changes_of_members(changes)
    accounts = _locked_accounts([change.account for change in (*changes, *inherited)])
    authorize_each(actor, _RIGHT[LimitHistory.Source(source)], _entities(accounts.values()))
    if source == LimitHistory.Source.MANUAL:
        _refuse_manual_editing(changes, accounts)
    if source == LimitHistory.Source.OPENING:
        _refuse_second_opening([accounts[change.account] for change in changes])
    last = _last_numbers(accounts)
    signed = _Signature(actor, at, as_of, note)
    entries = [_apply(change, accounts, last, source, signed) for change in changes]
    followers = [_apply(change, accounts, last, LimitHistory.Source.GROUP, signed) for change in inherited]
    _write([entry for entry in (*entries, *followers) if entry is not None], accounts)
    return entries


def _refuse_bad_values(changes: Iterable[LimitChange]) -> None:
    for change in changes:
        amount = change.limit_amount
        if isinstance(amount, Decimal) and not (amount.is_finite() and ZERO <= amount <= LARGEST):
            raise InvalidInput.of("credit_limit", "out_of_range", f"Give an amount from 0 to {LARGEST}.")


def _changes_of_members(changes: Sequence[LimitChange]) -> list[LimitChange]:
    """A group's date is its members' (`domain 3.4`)."""
    dates = {change.account: change.expires_on for change in changes if change.expires_on is not KEEP}
    if not dates:
        return []
    members = CreditAccount.objects.filter(customer__credit_group__credit_account__in=dates).order_by("pk")
    rows = members.values_list("pk", "customer__credit_group__credit_account")
    return [LimitChange(member, expires_on=dates[group]) for member, group in rows if member not in dates]


def _locked_accounts(ids: Sequence[int]) -> dict[int, CreditAccount]:
    lock_accounts(ids, patience=Patience.WORK)
    accounts = CreditAccount.objects.select_related("customer", "currency").in_bulk(set(ids))
    missing = sorted(set(ids) - accounts.keys())
    if missing:
        raise NotFound(f"There is no credit account {missing[0]}.")
    return accounts


def _entities(accounts: Iterable[CreditAccount]) -> set[str]:
    """The legal entities concerned: the customer's, or those of all members of a group."""
    owners = list(accounts)
    groups = [account.group_id for account in owners if account.group_id is not None]
    entities = {account.customer.legal_entity_id for account in owners if account.customer is not None}
    if groups:
        members = Customer.objects.filter(credit_group__in=groups)
        entities |= set(members.values_list("legal_entity_id", flat=True))
    return entities


def _refuse_manual_editing(changes: Iterable[LimitChange], accounts: Mapping[int, CreditAccount]) -> None:
    """Where the parameter says no, limits change through journals only; a group follows the default row."""
    setup = current_setup()
    for change in changes:
        account = accounts[change.account]
        row = setup.row(account.customer.legal_entity_id) if account.customer else setup.rows.get(None)
        if change.differs(account) and not (row and row.allow_manual_editing_of_credit_limits):
            raise Refused(
                "manual_editing_off",
                f"The credit limit of {account_key(account)} changes through limit adjustments only. Make an "
                "adjustment, or switch on the parameter 'allow manual editing of credit limits'.",
            )


def _refuse_second_opening(accounts: Sequence[CreditAccount]) -> None:
    opened = LimitHistory.objects.filter(account__in=accounts).order_by("account_id")
    first = opened.values_list("account_id", flat=True).first()
    if first is not None:
        opened_already = next(account for account in accounts if account.pk == first)
        raise Refused(
            "limit_already_opened",
            f"{account_key(opened_already)} has a limit history already: an opening limit is the first of it.",
        )


def _last_numbers(accounts: Mapping[int, CreditAccount]) -> dict[int, int]:
    rows = LimitHistory.objects.filter(account__in=accounts).order_by("account_id").values_list("account_id")
    return dict(rows.annotate(last=Max("sequence")))


def _apply(
    change: LimitChange, accounts: Mapping[int, CreditAccount], last: dict[int, int], source: str, signed: _Signature
) -> LimitHistory | None:
    """Apply the change to the account in memory and write its entry; None if nothing differs."""
    account = accounts[change.account]
    if not change.differs(account):
        return None
    values, day = change.values(account), signed.day(account)
    number = last[account.pk] = last.get(account.pk, 0) + 1
    entry = LimitHistory(
        account=account,
        sequence=number,
        source=source,
        previous_limit=account.limit_amount,
        previous_unlimited=account.unlimited,
        previous_mandatory=account.mandatory,
        previous_expires_on=account.expires_on,
        effective_on=day,
        actor=signed.actor.reference,
        at=signed.at,
        note=signed.note,
        **values,
    )
    if values["limit_amount"] != account.limit_amount:
        account.limit_date = day
    for name, value in values.items():
        setattr(account, name, value)
    return entry


def _write(entries: Sequence[LimitHistory], accounts: Mapping[int, CreditAccount]) -> None:
    """The entries, the accounts as they are now, and an event for each (`domain 12`)."""
    LimitHistory.objects.bulk_create(entries, batch_size=2_000)
    changed = [accounts[account] for account in sorted({entry.account_id for entry in entries})]
    CreditAccount.objects.bulk_update(changed, [*_FIELDS, "limit_date"], batch_size=2_000)
    outbox.record_all([_event(entry, accounts[entry.account_id]) for entry in entries])
    _mark(entries, accounts)


def _mark(entries: Iterable[LimitHistory], accounts: Mapping[int, CreditAccount]) -> None:
    """Orders of whoever draws on the accounts are looked at again: the customer, or all members of the group."""
    owners = [(entry, accounts[entry.account_id]) for entry in entries]
    groups = {account.group_id for _, account in owners if account.group_id is not None}
    members: dict[str | None, list[int]] = {group: [] for group in groups}
    if groups:
        for pk, group in Customer.objects.filter(credit_group__in=groups).values_list("pk", "credit_group_id"):
            members[group].append(pk)
    mark_each(
        (customer_id, _cause(entry, account))
        for entry, account in owners
        for customer_id in ([account.customer_id] if account.customer_id else members[account.group_id])
    )


def _cause(entry: LimitHistory, account: CreditAccount) -> Cause:
    raised = entry.limit_amount > entry.previous_limit or (entry.unlimited and not entry.previous_unlimited)
    return Cause(CauseKind.LIMIT_RAISED if raised else CauseKind.LIMIT, account_key(account))


def _event(entry: LimitHistory, account: CreditAccount) -> outbox.Event:
    units = account.currency.minor_units
    return outbox.Event(
        type="limit_changed",
        key=f"limit:{entry.account_id}:{entry.sequence}",
        legal_entity=account.customer.legal_entity_id if account.customer else None,
        subject=account_key(account),
        at=entry.at,
        data={
            "limit": amount_text(entry.limit_amount, units),
            "previous_limit": amount_text(entry.previous_limit, units),
            "unlimited": entry.unlimited,
            "mandatory_limit": entry.mandatory,
            "expires_on": entry.expires_on.isoformat() if entry.expires_on else None,
            "currency": account.currency_id,
            "source": entry.source,
        },
    )
