"""Customers as the API brings them: master data by `customers.imports`, limits by `limits`, in one transaction.

A customer may be created with an opening limit; later its limit changes by hand only where the parameter *allow manual
editing of credit limits* is on (`domain 8`). Limit fields that a row leaves out keep their values, so that an ERP's
master-data sync can't reset them.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q

from credit_mgmt import accounts, commitments
from credit_mgmt.limits import LimitChange, set_limits
from credit_mgmt.limits.eligibility import AboveEligible
from credit_mgmt.limits.entry import in_accounting_currency
from credit_mgmt.models import CreditAccount, LimitHistory
from credit_mgmt.policies import current_setup
from customers.access import Action, Actor, NotAllowed
from customers.errors import FieldError, InvalidInput
from customers.imports import RowResult, upsert
from customers.marks import gathered
from customers.models import Currency, Customer, LegalEntity, SalesOrder
from customers.money import LARGEST, ZERO, round_half_up

LIMIT_FIELDS = {
    "credit_limit": "limit_amount",
    "unlimited": "unlimited",
    "mandatory_limit": "mandatory",
    "credit_limit_expires_on": "expires_on",
}
"""The limit fields of `api.md` and the columns of the credit account."""

IN_CURRENCY = "credit_limit_currency"
"""In which currency `credit_limit` is given: the accounting currency, where it is missing, or the customer's."""

Row = Mapping[str, Any]


@dataclass(slots=True)
class _Line:
    """One row: its limit values, what there is, and what is wrong."""

    index: int
    row: Row
    limits: dict[str, Any]
    key: tuple[str, str]
    customer: Customer | None = None
    account: CreditAccount | None = None
    errors: tuple[FieldError, ...] = ()
    note: str = ""
    """How the limit was converted, where it came in the customer's currency."""

    @property
    def changes_limits(self) -> bool:
        """Whether the row asks for another limit than there is."""
        if self.account is None:
            return any(value not in (None, False) and value != ZERO for value in self.limits.values())
        return any(getattr(self.account, LIMIT_FIELDS[name]) != value for name, value in self.limits.items())


@transaction.atomic
def feed_customers(
    *,
    rows: Sequence[Row],
    actor: Actor,
    today: Callable[[str], dt.date],
    at: dt.datetime,
    replace: bool = True,
    atomic: bool = False,
) -> list[RowResult]:
    """`customers.imports.upsert` for customers with limits; amounts in the entity's accounting currency.

    A bad row is reported and the others are written, unless `atomic`. Raises `InvalidInput` for too many rows.
    """
    above: dict[str, str] = {}
    while True:
        try:
            with transaction.atomic():
                return _feed(rows, above, actor=actor, today=today, at=at, replace=replace, atomic=atomic)
        except AboveEligible as problem:
            # What a customer is eligible for may come in the very row: it is known once the row is written. So the
            # others are written again, without those that are above; each time there are fewer.
            if not problem.customers.keys() - above.keys():
                raise
            above |= problem.customers


@gathered()
def _feed(
    rows: Sequence[Row],
    above: Mapping[str, str],
    *,
    actor: Actor,
    today: Callable[[str], dt.date],
    at: dt.datetime,
    replace: bool,
    atomic: bool,
) -> list[RowResult]:
    """One attempt, without the customers in `above`, whose limit is more than they are eligible for."""
    lines = [_line(index, row) for index, row in enumerate(rows)]
    _find(lines)
    _convert(lines, today)
    _check(lines, actor)
    for line in lines:
        if not line.errors and (message := above.get(":".join(line.key))):
            line.errors = (FieldError("credit_limit", "above_eligible", message),)
    bad = [line for line in lines if line.errors]
    if atomic and bad:
        return [_refused(line) for line in lines]
    good = [line for line in lines if not line.errors]
    _lock_moving(good, replace=replace)
    fed = upsert(
        "customers", [_master_data(line.row) for line in good], actor=actor, today=today, replace=replace, atomic=atomic
    )
    results = {line.index: _refused(line) for line in bad}
    results |= dict(zip((line.index for line in good), _with_limits(good, fed, actor, today, at), strict=True))
    return [dataclasses.replace(results[line.index], index=line.index) for line in lines]


def change_profile(
    *, customer: str, values: Row, actor: Actor, today: Callable[[str], dt.date], at: dt.datetime
) -> frozenset[str]:
    """`feed_customers` of what a person changes of one customer (`USMF:US-001`); the names of what changed.

    Raises `InvalidInput` with everything that is wrong.
    """
    row = {"key": customer, **values}
    [result] = feed_customers(rows=[row], actor=actor, today=today, at=at, replace=False)
    if result.errors:
        raise InvalidInput(result.errors)
    return frozenset(result.changed)


def _line(index: int, row: Row) -> _Line:
    limits = {name: row[name] for name in LIMIT_FIELDS if name in row}
    entity, _, account = str(row.get("key", "")).partition(":")
    return _Line(index, row, limits, (str(row.get("legal_entity", entity)), str(row.get("account", account))))


def _master_data(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in LIMIT_FIELDS and name != IN_CURRENCY}


def _find(lines: Sequence[_Line]) -> None:
    """The customers that exist, with their accounts: one query."""
    entities = {line.key[0] for line in lines}
    names = {line.key[1] for line in lines}
    found = Customer.objects.filter(legal_entity__in=entities, account__in=names).select_related("credit_account")
    known = {(customer.legal_entity_id, customer.account): customer for customer in found}
    for line in lines:
        line.customer = known.get(line.key)
        line.account = getattr(line.customer, "credit_account", None) if line.customer else None


def _convert(lines: Iterable[_Line], today: Callable[[str], dt.date]) -> None:
    """Limits that are given in the customer's currency, in the accounting one: with the rate of the day."""
    asked = [line for line in lines if line.row.get(IN_CURRENCY)]
    if not asked:
        return
    companies = LegalEntity.objects.in_bulk()
    currencies = Currency.objects.in_bulk()
    for line in asked:
        company, amount = companies.get(line.key[0]), line.limits.get("credit_limit")
        currency = str(line.row[IN_CURRENCY])
        theirs = line.row.get("currency") or (line.customer.currency_id if line.customer else None)
        if company is None or not isinstance(amount, Decimal) or not amount.is_finite():
            if amount is None:
                message = "Give the limit, too, or leave its currency out."
                line.errors = (FieldError("credit_limit", "required", message),)
            continue
        own = company.accounting_currency_id
        known = currencies.get(str(theirs or own))
        if currency == own or known is None:
            continue
        try:
            line.limits["credit_limit"], line.note = in_accounting_currency(
                amount, currency, known, own, legal_entity=company.pk, day=today(company.pk)
            )
        except InvalidInput as problem:
            line.errors = tuple(FieldError(IN_CURRENCY, error.code, error.message) for error in problem.errors)


def _check(lines: Iterable[_Line], actor: Actor) -> None:
    """Refuse limits that are none, and changes that the actor or the parameters don't allow."""
    companies = LegalEntity.objects.select_related("accounting_currency").in_bulk()
    setup = current_setup()
    for line in lines:
        company = companies.get(line.key[0])
        if company is None:
            continue  # the import says so
        errors = [*line.errors, *_wrong_values(line.limits, company)]
        if not errors and line.customer is not None and line.changes_limits:
            if not actor.may(Action.EDIT_CREDIT_PROFILE, line.key[0]):
                because = NotAllowed(Action.EDIT_CREDIT_PROFILE, line.key[0])
                line.errors = (FieldError("", "not_allowed", str(because)),)
                continue
            parameters = setup.row(line.key[0])
            if parameters is None or not parameters.allow_manual_editing_of_credit_limits:
                errors.append(_manual_editing_off(line))
        line.errors = tuple(errors)


def _wrong_values(limits: Mapping[str, Any], company: LegalEntity) -> Iterable[FieldError]:
    amount = limits.get("credit_limit", ZERO)
    units = company.accounting_currency.minor_units
    if not isinstance(amount, Decimal) or not amount.is_finite() or not ZERO <= amount <= LARGEST:
        yield FieldError("credit_limit", "out_of_range", f"Give an amount from 0 to {LARGEST}; 0 means no credit.")
    elif amount != round_half_up(amount, units):
        message = f"{company.accounting_currency_id} has {units} decimals: use no more."
        yield FieldError("credit_limit", "too_many_decimals", message)
    for name in ("unlimited", "mandatory_limit"):
        if not isinstance(limits.get(name, False), bool):
            yield FieldError(name, "invalid", "Give true or false.")


def _manual_editing_off(line: _Line) -> FieldError:
    account = line.account
    different = [
        name
        for name, column in LIMIT_FIELDS.items()
        if name in line.limits and (account is None or getattr(account, column) != line.limits[name])
    ]
    message = (
        "Credit limits of existing customers change through limit adjustments only. Leave it out, make an adjustment, "
        "or switch on the parameter allow_manual_editing_of_credit_limits."
    )
    return FieldError(different[0] if different else "credit_limit", "manual_editing_off", message)


def _refused(line: _Line) -> RowResult:
    because = FieldError("", "not_written", "Nothing was written, because another object of this call failed.")
    return RowResult(line.index, ":".join(line.key), "failed", line.errors or (because,))


def _lock_moving(lines: Sequence[_Line], *, replace: bool) -> None:
    """Lock the accounts on both sides of every invoice account that changes (`domain 1`), before anything is read."""
    moving = [
        line.customer
        for line in lines
        if line.customer is not None
        and ("invoice_account" in line.row or (replace and line.customer.invoice_account_id))
    ]
    if not moving:
        return
    named = Q(pk__in=[])
    for line in lines:
        entity, _, account = str(line.row.get("invoice_account") or "").partition(":")
        if account:
            named |= Q(legal_entity=entity, account=account)
    payers = {customer.pk for customer in moving} | {customer.payer_id for customer in moving}
    payers |= set(Customer.objects.filter(named).values_list("pk", flat=True))
    held = accounts.accounts_of(payers)
    accounts.lock_accounts({account for owned in held.values() for account in owned})


def _with_limits(
    lines: Sequence[_Line], results: Sequence[RowResult], actor: Actor, today: Callable[[str], dt.date], at: dt.datetime
) -> list[RowResult]:
    """Open accounts, move commitments to new payers, write limits; the results with what that changed."""
    _find(lines)
    written = [line for line, result in zip(lines, results, strict=True) if not result.errors and line.customer]
    accounts.open_accounts(customer_ids=[line.customer.pk for line in written if line.customer and not line.account])
    _move_commitments(line for line, result in zip(lines, results, strict=True) if "invoice_account" in result.changed)
    opened = {line.index for line, result in zip(lines, results, strict=True) if result.status == "created"}
    changed: set[int] = set()
    for source, group in (
        (LimitHistory.Source.OPENING, [line for line in written if line.index in opened]),
        (LimitHistory.Source.MANUAL, [line for line in written if line.index not in opened]),
    ):
        changed |= _set_limits([line for line in group if line.changes_limits], source, actor, today, at)
    return [_updated(result) if line.index in changed else result for line, result in zip(lines, results, strict=True)]


def _updated(result: RowResult) -> RowResult:
    status = "updated" if result.status == "unchanged" else result.status
    return dataclasses.replace(result, status=status, changed=result.changed | {"credit_limit"})


def _set_limits(
    lines: Sequence[_Line], source: str, actor: Actor, today: Callable[[str], dt.date], at: dt.datetime
) -> set[int]:
    if not lines:
        return set()
    owners = [line.customer.pk for line in lines if line.customer]
    held = dict(CreditAccount.objects.filter(customer__in=owners).values_list("customer_id", "pk"))
    by_note: dict[str, list[LimitChange]] = {}
    for line in lines:
        if line.customer:
            values = {LIMIT_FIELDS[name]: value for name, value in line.limits.items()}
            by_note.setdefault(line.note, []).append(LimitChange(account=held[line.customer.pk], **values))
    for note, changes in by_note.items():
        set_limits(changes=changes, source=source, actor=actor, at=at, as_of=today, note=note)
    return {line.index for line in lines}


def _move_commitments(lines: Iterable[_Line]) -> None:
    customers = [line.customer.pk for line in lines if line.customer]
    if customers:
        orders = SalesOrder.objects.filter(customer__in=customers, commitment__isnull=False)
        commitments.move(orders.values_list("pk", flat=True))
