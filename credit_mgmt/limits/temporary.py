"""Temporary limits are set and taken back here and nowhere else: for a period, not the base limit (`domain 3.1`).

They only ever change through journals (`domain 8`), so every call names the journal and its line. A period is from its
first to its last day, both included; two of one account share no day. That is refused here with a sentence for each
row, under the account's lock, and by the constraint `one_temporary_limit_per_day` whoever asks.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import F

from credit_mgmt.limits.history import (
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
from credit_mgmt.models import CreditAccount, LimitHistory, TemporaryLimit
from customers.access import Action, Actor, authorize_each
from customers.bulk import update_rows
from customers.errors import FieldError, InvalidInput, NotFound, Refused
from customers.money import LARGEST, ZERO, amount_text, round_half_up

EARLIEST = dt.date(1900, 1, 1)
"""No period begins before: what a wrong century looks like."""


@dataclass(frozen=True, slots=True)
class NewTemporaryLimit:
    """What a line of a journal asks for: `amount` in the account's currency, from the first to the last day."""

    account: int
    amount: Decimal
    valid_from: dt.date
    valid_to: dt.date
    journal: str
    journal_line: int | None = None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A line of a journal takes a temporary limit back, from the day of posting or from its own first day on."""

    temporary_limit: int
    journal: str
    journal_line: int | None = None


@transaction.atomic
def set_temporary_limits(
    *, limits: Sequence[NewTemporaryLimit], actor: Actor, at: dt.datetime, as_of: AsOf, note: str = ""
) -> list[TemporaryLimit]:
    """Give accounts temporary limits, all or none, each with its entry in the history.

    Raises `InvalidInput` with fields like `limits[3].valid_from` for an amount that is no limit, a period that ends
    before it starts or is over, days that another temporary limit has; `NotFound`, `NotAllowed`.
    """
    accounts = locked_accounts([limit.account for limit in limits])
    authorize_each(actor, Action.POST_JOURNALS, entities_of(accounts.values()))
    days = business_days(accounts.values(), as_of=as_of, at=at)
    wrong = _wrong(limits, accounts, days)
    if wrong:
        raise InvalidInput(
            FieldError(f"limits[{position}].{error.field}", error.code, error.message)
            for position, errors in sorted(wrong.items())
            for error in errors
        )
    rows = [_row(limit, actor, at) for limit in limits]
    made = TemporaryLimit.objects.bulk_create(rows, batch_size=2_000)
    signed = Signature(actor, at, note, days)
    _write(
        made, accounts, [(limit.journal, limit.journal_line) for limit in limits], LimitHistory.Kind.TEMPORARY, signed
    )
    return made


@transaction.atomic
def withdraw_temporary_limits(
    *, withdrawals: Sequence[Withdrawal], actor: Actor, at: dt.datetime, as_of: AsOf, note: str = ""
) -> list[TemporaryLimit]:
    """Take temporary limits back, all or none: from today on, or altogether where they have not begun.

    Raises `Refused` for one that is over or was taken back already, `NotFound`, `NotAllowed`.
    """
    wanted = [withdrawal.temporary_limit for withdrawal in withdrawals]
    held = TemporaryLimit.objects.filter(pk__in=wanted).values_list("account_id", flat=True)
    accounts = locked_accounts(sorted(set(held)))
    authorize_each(actor, Action.POST_JOURNALS, entities_of(accounts.values()))
    found = TemporaryLimit.objects.in_bulk(wanted)
    signed = Signature(actor, at, note, business_days(accounts.values(), as_of=as_of, at=at))
    taken = [_withdrawn(pk, found.get(pk), signed) for pk in wanted]
    rows = [{"id": limit.pk, "withdrawn_from": limit.withdrawn_from} for limit in taken]
    update_rows(TemporaryLimit._meta.db_table, {"withdrawn_from": "date"}, rows, keys={"id": "bigint"})
    _write(
        taken,
        accounts,
        [(withdrawal.journal, withdrawal.journal_line) for withdrawal in withdrawals],
        LimitHistory.Kind.WITHDRAWN,
        signed,
    )
    return taken


def _wrong(
    limits: Sequence[NewTemporaryLimit], accounts: Mapping[int, CreditAccount], days: Mapping[int, dt.date]
) -> dict[int, tuple[FieldError, ...]]:
    """What is wrong, by position in what was given."""
    wrong: dict[int, tuple[FieldError, ...]] = {}
    for position, limit in enumerate(limits):
        errors = tuple(_wrong_values(limit, accounts[limit.account], days[limit.account]))
        if errors:
            wrong[position] = errors
    sound = {position: limit for position, limit in enumerate(limits) if position not in wrong}
    for position, message in _overlaps(sound, accounts):
        wrong[position] = (FieldError("valid_from", "overlaps", message),)
    return wrong


def _wrong_values(limit: NewTemporaryLimit, account: CreditAccount, today: dt.date) -> Iterator[FieldError]:
    units = account.currency.minor_units
    if not (limit.amount.is_finite() and ZERO <= limit.amount <= LARGEST):
        yield FieldError("amount", "out_of_range", f"Give an amount from 0 to {LARGEST}; 0 means no credit.")
    elif limit.amount != round_half_up(limit.amount, units):
        yield FieldError("amount", "too_many_decimals", f"{account.currency_id} has {units} decimals: use no more.")
    if limit.valid_from < EARLIEST:
        yield FieldError("valid_from", "out_of_range", f"Give a day from {EARLIEST} on.")
    if limit.valid_to < limit.valid_from:
        message = f"The last day, {limit.valid_to}, is before the first, {limit.valid_from}: exchange or correct them."
        yield FieldError("valid_to", "before_start", message)
    elif limit.valid_to < today:
        yield FieldError("valid_to", "in_the_past", f"{limit.valid_to} is over: give a last day from {today} on.")


@dataclass(frozen=True, slots=True)
class _Taken:
    """Days of an account that a temporary limit has; `position` where it is one of those given."""

    first: dt.date
    last: dt.date
    position: int
    said: str


_STORED = -1
"""The position of what stands in the database."""


def _overlaps(
    limits: Mapping[int, NewTemporaryLimit], accounts: Mapping[int, CreditAccount]
) -> Iterator[tuple[int, str]]:
    """Who shares a day with a stored limit of the account or with another one given, and what to do about it.

    Sorted by first day, whoever begins before the one before has ended shares a day with it. Of two that were given
    the later one is named; a stored limit was there before.
    """
    taken: dict[int, list[_Taken]] = {}
    for stored in _stored({limit.account for limit in limits.values()}):
        account = accounts[stored.account_id]
        amount = amount_text(stored.amount, account.currency.minor_units)
        said = f"the temporary limit of {amount} {account.currency_id} of {stored.journal}"
        taken.setdefault(account.pk, []).append(_Taken(stored.valid_from, stored.last_day, _STORED, said))
    for position, limit in limits.items():
        said = f"line {limit.journal_line or position + 1}"
        taken.setdefault(limit.account, []).append(_Taken(limit.valid_from, limit.valid_to, position, said))
    for days in taken.values():
        yield from _sharing(sorted(days, key=lambda one: (one.first, one.position)))


def _stored(account_ids: Iterable[int]) -> Iterable[TemporaryLimit]:
    return TemporaryLimit.objects.filter(account__in=account_ids).exclude(withdrawn_from=F("valid_from"))


def _sharing(days: Sequence[_Taken]) -> Iterator[tuple[int, str]]:
    longest = days[0]
    for one in days[1:]:
        if one.first <= longest.last:
            named, other = (longest, one) if one.position == _STORED else (one, longest)
            if named.position != _STORED:
                message = f"{other.first} to {other.last} belongs to {other.said}: choose other days, or take it back."
                yield named.position, message
        if one.last > longest.last:
            longest = one


def _row(limit: NewTemporaryLimit, actor: Actor, at: dt.datetime) -> TemporaryLimit:
    return TemporaryLimit(
        account_id=limit.account,
        amount=limit.amount,
        valid_from=limit.valid_from,
        valid_to=limit.valid_to,
        journal=limit.journal,
        journal_line=limit.journal_line,
        actor=actor.reference,
        at=at,
    )


def _withdrawn(pk: int, limit: TemporaryLimit | None, signed: Signature) -> TemporaryLimit:
    """The limit as it is when it has been taken back; what is over stays what it was."""
    if limit is None:
        raise NotFound(f"There is no temporary limit {pk}.")
    if limit.withdrawn_from is not None:
        message = f"The temporary limit of {limit.journal} was taken back from {limit.withdrawn_from} on already."
        raise Refused("temporary_limit_withdrawn", message)
    today = signed.days[limit.account_id]
    if limit.valid_to < today:
        message = f"The temporary limit of {limit.journal} ended on {limit.valid_to}: there is nothing to take back."
        raise Refused("temporary_limit_over", message)
    limit.withdrawn_from = max(limit.valid_from, today)
    return limit


def _write(
    limits: Sequence[TemporaryLimit],
    accounts: Mapping[int, CreditAccount],
    lines: Iterable[tuple[str, int | None]],
    kind: LimitHistory.Kind,
    signed: Signature,
) -> None:
    """An entry for each: the base limit as it is, and what was set or taken back."""
    last = last_numbers(accounts)
    entries = [
        new_entry(
            accounts[limit.account_id],
            last,
            signed,
            kind=kind,
            temporary_limit=limit,
            source=LimitHistory.Source.JOURNAL,
            journal=journal,
            journal_line=line,
        )
        for limit, (journal, line) in zip(limits, lines, strict=True)
    ]
    write_entries(entries, accounts, raising=_raises)


def _raises(entry: Entry) -> bool:
    """Whether there is more credit today than there was."""
    limit, today = entry.temporary_limit, entry.effective_on
    if limit is None or entry.unlimited or not limit.valid_from <= today <= limit.valid_to:
        return False
    before, now = entry.limit_amount, limit.amount
    return bool(now > before if entry.kind == LimitHistory.Kind.TEMPORARY else before > now)
