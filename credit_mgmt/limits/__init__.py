"""Credit limits change here and nowhere else (`domain 8`): the account and its history together, under its lock.

The plural is the implementation: thousands of changes cost as many statements as one.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db import transaction

from credit_mgmt.accounts import account_key
from credit_mgmt.limits.eligibility import refuse_above_eligible
from credit_mgmt.limits.history import (
    LIMIT_COLUMNS,
    AsOf,
    Entry,
    Signature,
    business_days,
    entities_of,
    last_numbers,
    locked_accounts,
    new_entry,
    write_entries,
)
from credit_mgmt.models import CreditAccount, LimitHistory
from credit_mgmt.policies import current_setup
from customers.access import Action, Actor, authorize_each
from customers.bulk import update_rows
from customers.errors import InvalidInput, NotDecided, Refused
from customers.money import LARGEST, ZERO


class _Keep:
    """The value stays as it is."""


KEEP: Final = _Keep()


@dataclass(frozen=True, slots=True)
class LimitChange:
    """What is to change of one account; amounts in the account's currency, `KEEP` for what stays.

    `journal` and its line are named by the source *journal*, and by no other.
    """

    account: int
    limit_amount: Decimal | _Keep = KEEP
    unlimited: bool | _Keep = KEEP
    mandatory: bool | _Keep = KEEP
    expires_on: dt.date | _Keep | None = KEEP
    journal: str = ""
    journal_line: int | None = None

    def values(self, account: CreditAccount) -> dict[str, Any]:
        """All four values as they will be."""
        wanted = {name: getattr(self, name) for name in LIMIT_COLUMNS}
        return {name: getattr(account, name) if value is KEEP else value for name, value in wanted.items()}

    def differs(self, account: CreditAccount) -> bool:
        """Whether anything would change: repeating the current values is no change (`domain 8`)."""
        return any(getattr(account, name) != value for name, value in self.values(account).items())


_RIGHT = {
    LimitHistory.Source.OPENING: Action.FEED,
    LimitHistory.Source.FEED: Action.FEED,
    LimitHistory.Source.MANUAL: Action.EDIT_CREDIT_PROFILE,
    LimitHistory.Source.GROUP: Action.MANAGE_CREDIT_GROUPS,
    LimitHistory.Source.JOURNAL: Action.POST_JOURNALS,
}
"""Who brings customers and groups in may bring their opening limits; to change a limit is credit management's."""


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
) -> Entry | None:
    """`set_limits` of one; None when the values were these already."""
    change = LimitChange(account, limit_amount, unlimited, mandatory, expires_on)
    [entry] = set_limits(changes=[change], source=source, actor=actor, at=at, as_of=as_of, note=note)
    return entry


@transaction.atomic
def set_limits(
    *, changes: Sequence[LimitChange], source: str, actor: Actor, at: dt.datetime, as_of: AsOf, note: str = ""
) -> list[Entry | None]:
    """Change limits, flags and expiries; for each change its entry in the history, or None if nothing changed.

    A new expiry of a group becomes its members' (`domain 3.4`), whom it reads again under the lock. Raises
    `InvalidInput` for an amount that is no limit, `Refused` where the parameters *allow manual editing of credit
    limits* or *enforce eligible credit limit* forbid it, `NotFound`, `NotAllowed`, `NotDecided`.
    """
    _refuse_bad_values(changes)
    inherited = _changes_of_members(changes)
    accounts = locked_accounts([change.account for change in (*changes, *inherited)])
    if _changes_of_members(changes) != inherited:
        raise NotDecided("Members joined or left the credit group meanwhile; nothing was changed. Ask again.")
    for right in _rights(source, accounts.values()):
        authorize_each(actor, right, entities_of(accounts.values()))
    days = business_days(accounts.values(), as_of=as_of, at=at)
    if source == LimitHistory.Source.MANUAL:
        _refuse_manual_editing(changes, accounts)
        refuse_above_eligible(_raised(changes, accounts), list(accounts.values()), days)
    if source == LimitHistory.Source.OPENING:
        _refuse_second_opening([accounts[change.account] for change in changes])
    last = last_numbers(accounts)
    signed = Signature(actor, at, note, days)
    entries = [_apply(change, accounts, last, source, signed) for change in changes]
    followers = [_apply(change, accounts, last, LimitHistory.Source.GROUP, signed) for change in inherited]
    _write([entry for entry in (*entries, *followers) if entry is not None], accounts)
    return entries


def _rights(source: str, accounts: Iterable[CreditAccount]) -> set[Action]:
    """What the change takes; where a group's limit is opened or changed by hand, also the right to manage groups."""
    if all(account.group_id is None for account in accounts):
        return {_RIGHT[LimitHistory.Source(source)]}
    if source == LimitHistory.Source.OPENING:
        return {Action.MANAGE_CREDIT_GROUPS}
    of_groups = {Action.MANAGE_CREDIT_GROUPS} if source == LimitHistory.Source.MANUAL else set()
    return {_RIGHT[LimitHistory.Source(source)], *of_groups}


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


def _raised(changes: Iterable[LimitChange], accounts: Mapping[int, CreditAccount]) -> dict[int, Decimal]:
    """The amounts that are more than they were, by account; more than everything is the largest there is."""
    wanted = {}
    for change in changes:
        account = accounts[change.account]
        now = change.values(account)
        if now["unlimited"] and not account.unlimited:
            wanted[account.pk] = LARGEST
        elif now["limit_amount"] > account.limit_amount:
            wanted[account.pk] = now["limit_amount"]
    return wanted


def _refuse_second_opening(accounts: Sequence[CreditAccount]) -> None:
    opened = LimitHistory.objects.filter(account__in=accounts).order_by("account_id")
    first = opened.values_list("account_id", flat=True).first()
    if first is not None:
        opened_already = next(account for account in accounts if account.pk == first)
        raise Refused(
            "limit_already_opened",
            f"{account_key(opened_already)} has a limit history already: an opening limit is the first of it.",
        )


def _apply(
    change: LimitChange, accounts: Mapping[int, CreditAccount], last: dict[int, int], source: str, signed: Signature
) -> Entry | None:
    """Apply the change to the account in memory and make its entry; None if nothing differs."""
    account = accounts[change.account]
    if not change.differs(account):
        return None
    values = change.values(account)
    entry = new_entry(
        account, last, signed, source=source, journal=change.journal, journal_line=change.journal_line, **values
    )
    if values["limit_amount"] != account.limit_amount:
        account.limit_date = entry.effective_on
    for name, value in values.items():
        setattr(account, name, value)
    return entry


def _write(entries: Sequence[Entry], accounts: Mapping[int, CreditAccount]) -> None:
    """The accounts as they are now, and their entries."""
    changed = [accounts[account] for account in sorted({entry.account_id for entry in entries})]
    rows = [
        {"id": account.pk, **{name: getattr(account, name) for name in (*LIMIT_COLUMNS, "limit_date")}}
        for account in changed
    ]
    update_rows(CreditAccount._meta.db_table, _COLUMNS, rows, keys={"id": "bigint"})
    write_entries(entries, accounts, raising=_raises)


_COLUMNS = {
    "limit_amount": "numeric",
    "unlimited": "boolean",
    "mandatory": "boolean",
    "expires_on": "date",
    "limit_date": "date",
}


def _raises(entry: Entry) -> bool:
    return entry.limit_amount > entry.previous_limit or (entry.unlimited and not entry.previous_unlimited)
