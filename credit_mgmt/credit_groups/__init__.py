"""Customer credit groups are fed and changed: members by `customers.imports`, limits by `limits` (`domain 3.4`).

Whoever joins or leaves a group moves exposure from one limit to another: the accounts of the groups and of all members,
before and after, are locked in one statement before anything is read.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q

from credit_mgmt import accounts
from credit_mgmt.limits import LimitChange, set_limits
from credit_mgmt.models import CreditAccount, LimitHistory
from credit_mgmt.policies import current_setup
from customers.access import Actor
from customers.errors import FieldError, InvalidInput, NotFound
from customers.imports import RowResult, upsert
from customers.imports.engine import raise_failure
from customers.marks import gathered
from customers.models import Customer, CustomerCreditGroup
from customers.money import LARGEST, ZERO

LIMIT_FIELDS = {"credit_limit": "limit_amount", "credit_limit_to": "expires_on"}
"""The limit fields of `api.md` and the columns of the credit account."""

Row = Mapping[str, Any]
Today = Callable[[str], dt.date]


@dataclass(slots=True)
class _Line:
    """One row: its limit values, what there is, and what is wrong."""

    index: int
    row: Row
    number: str
    limits: dict[str, Any]
    group: CustomerCreditGroup | None = None
    account: CreditAccount | None = None
    errors: tuple[FieldError, ...] = ()

    @property
    def changes_limits(self) -> bool:
        """Whether the row asks for another limit or date than there is."""
        return any(getattr(self.account, LIMIT_FIELDS[name], None) != value for name, value in self.limits.items())


@transaction.atomic
@gathered()
def feed_groups(
    *,
    rows: Sequence[Row],
    actor: Actor,
    today: Today,
    at: dt.datetime,
    replace: bool = True,
    atomic: bool = False,
) -> list[RowResult]:
    """Create or change groups with members and limits; amounts in the group's currency.

    Who joins takes over the group's date as the expiration of its own limit. A bad row is reported and the others are
    written, unless `atomic`. Raises `InvalidInput` for too many rows, `NotDecided` when a lock was not to be had.
    """
    lines = [_line(index, row) for index, row in enumerate(rows)]
    _find(lines)
    for line in lines:
        line.errors = tuple(_wrong(line))
    bad = [line for line in lines if line.errors]
    if atomic and bad:
        return [_refused(line) for line in lines]
    good = [line for line in lines if not line.errors]
    before = _lock(good)
    master_data = [{name: value for name, value in line.row.items() if name not in LIMIT_FIELDS} for line in good]
    fed = upsert("credit-groups", master_data, actor=actor, today=today, replace=replace, atomic=atomic)
    results = {line.index: _refused(line) for line in bad}
    results |= {line.index: result for line, result in zip(good, fed, strict=True)}
    changed = _set_limits([line for line in good if not results[line.index].errors], results, actor, today, at)
    _hand_on_dates(good, before, actor, today, at)
    for index in changed:
        results[index] = _updated(results[index])
    return [dataclasses.replace(results[line.index], index=line.index) for line in lines]


def feed_group(*, row: Row, actor: Actor, today: Today, at: dt.datetime, replace: bool = False) -> RowResult:
    """`feed_groups` of one. Raises what is wrong with it: `InvalidInput`, `NotAllowed`, `NotFound`, `Refused`."""
    [result] = feed_groups(rows=[row], actor=actor, today=today, at=at, replace=replace, atomic=True)
    raise_failure("credit-groups", result)
    return result


@transaction.atomic
@gathered()
def change_members(
    *,
    group: str,
    join: Sequence[str] = (),
    leave: Sequence[str] = (),
    actor: Actor,
    today: Today,
    at: dt.datetime,
) -> tuple[str, ...]:
    """Customers, by key, join a group or leave it; who is not named stays. Returns the members as they are then.

    Who joins takes over the group's date as the expiration of its own limit. Raises `InvalidInput` on `join` or `leave`
    for a customer that isn't there, is in another group, or is no member; `NotFound`; `NotAllowed` without the right in
    all entities of the members; `NotDecided` when a lock was not to be had.
    """
    line = _line(0, {"number": group, "members": [*join, *leave]})
    _find([line])
    if line.group is None:
        raise NotFound(f"Credit group {group} was not found.")
    before = _lock([line])
    members = [customer.key for customer in Customer.objects.filter(credit_group=group).order_by("pk")]
    strangers = [key for key in leave if key not in members]
    if strangers:
        raise InvalidInput.of("leave", "not_a_member", f"{', '.join(strangers)}: not in credit group {group}.")
    wanted = [key for key in dict.fromkeys((*members, *join)) if key not in leave]
    row = {"number": group, "members": wanted}
    [result] = upsert("credit-groups", [row], actor=actor, today=today, replace=False, atomic=True)
    raise_failure("credit-groups", _said_of(result, "join"))
    _hand_on_dates([line], before, actor, today, at)
    return tuple(wanted)


def _said_of(result: RowResult, field: str) -> RowResult:
    """What was wrong with one of the members, said of the field in which it was named."""
    errors = tuple(
        FieldError(field, error.code, error.message) if error.field.startswith("members[") else error
        for error in result.errors
    )
    return dataclasses.replace(result, errors=errors)


def _line(index: int, row: Row) -> _Line:
    limits = {name: row[name] for name in LIMIT_FIELDS if name in row}
    return _Line(index, row, str(row.get("number", row.get("key", ""))), limits)


def _find(lines: Iterable[_Line]) -> None:
    wanted = {line.number: line for line in lines}
    for group in CustomerCreditGroup.objects.filter(pk__in=wanted).select_related("credit_account"):
        wanted[group.pk].group = group
        wanted[group.pk].account = getattr(group, "credit_account", None)


def _wrong(line: _Line) -> Iterator[FieldError]:
    """What is wrong with the limit; a group has a date, and by hand it changes where the default row allows it."""
    amount = line.limits.get("credit_limit", ZERO)
    if not isinstance(amount, Decimal) or not amount.is_finite() or not ZERO <= amount <= LARGEST:
        yield FieldError("credit_limit", "out_of_range", f"Give an amount from 0 to {LARGEST}; 0 means no credit.")
    known = line.account.expires_on if line.account else None
    says_limit = bool(line.limits) or line.group is None
    if says_limit and line.limits.get("credit_limit_to", known) is None:
        yield FieldError("credit_limit_to", "required", "Give the last day of the group's credit limit.")
    currency = line.row.get("currency")
    if line.account is not None and currency is not None and currency != line.account.currency_id:
        message = f"The limit of the group is in {line.account.currency_id}: make another group for {currency}."
        yield FieldError("currency", "fixed", message)
    parameters = current_setup().rows.get(None)
    by_hand = parameters is not None and parameters.allow_manual_editing_of_credit_limits
    if line.account is not None and line.changes_limits and not by_hand:
        message = (
            "Credit limits of existing groups change through limit adjustments only. Leave it out, make an adjustment, "
            "or switch on the parameter allow_manual_editing_of_credit_limits of the default row."
        )
        yield FieldError(next(iter(line.limits)), "manual_editing_off", message)


def _refused(line: _Line) -> RowResult:
    because = FieldError("", "not_written", "Nothing was written, because another object of this call failed.")
    return RowResult(line.index, line.number, "failed", line.errors or (because,))


def _updated(result: RowResult) -> RowResult:
    status = "updated" if result.status == "unchanged" else result.status
    return dataclasses.replace(result, status=status, changed=result.changed | {"credit_limit"})


def _lock(lines: Sequence[_Line]) -> dict[int, str | None]:
    """Lock the groups, and everybody who is or will be a member with the group that they are in now.

    Returns the members' groups as they are under the lock.
    """
    concerned = Q(credit_group__in=[line.number for line in lines])
    for line in lines:
        for key in line.row.get("members", ()):
            entity, _, account = str(key).partition(":")
            concerned |= Q(legal_entity=entity, account=account)
    members = list(Customer.objects.filter(concerned).values_list("pk", flat=True))
    held = {account for own in accounts.accounts_of(members).values() for account in own}
    held |= {line.account.pk for line in lines if line.account is not None}
    accounts.lock_accounts(held)
    return dict(Customer.objects.filter(pk__in=members).values_list("pk", "credit_group_id"))


def _set_limits(
    lines: Sequence[_Line], results: Mapping[int, RowResult], actor: Actor, today: Today, at: dt.datetime
) -> set[int]:
    """Opening limits of new groups, manual changes of the others; the indexes of rows that changed something."""
    accounts.open_accounts(group_numbers=[line.number for line in lines])
    held = dict(CreditAccount.objects.filter(group__in=[line.number for line in lines]).values_list("group_id", "pk"))
    changed = set()
    for source, created in ((LimitHistory.Source.OPENING, True), (LimitHistory.Source.MANUAL, False)):
        chosen = [
            line
            for line in lines
            if (results[line.index].status == "created") is created and line.limits and line.changes_limits
        ]
        changes = [
            LimitChange(held[line.number], **{LIMIT_FIELDS[name]: value for name, value in line.limits.items()})
            for line in chosen
        ]
        if changes:
            set_limits(changes=changes, source=source, actor=actor, at=at, as_of=today)
            changed |= {line.index for line in chosen}
    return changed


def _hand_on_dates(
    lines: Sequence[_Line], before: Mapping[int, str | None], actor: Actor, today: Today, at: dt.datetime
) -> None:
    """Adding a customer sets its limit's expiration to the group's (`domain 3.4`)."""
    members = Customer.objects.filter(credit_group__in=[line.number for line in lines]).order_by("pk")
    rows = members.values_list("pk", "credit_group_id", "credit_group__credit_account__expires_on")
    joined = {customer: until for customer, group, until in rows if before.get(customer) != group and until is not None}
    if not joined:
        return
    accounts.open_accounts(customer_ids=joined)
    held = CreditAccount.objects.filter(customer__in=joined).values_list("pk", "customer_id")
    changes = [LimitChange(account, expires_on=joined[customer]) for account, customer in held]
    set_limits(changes=changes, source=LimitHistory.Source.GROUP, actor=actor, at=at, as_of=today)
