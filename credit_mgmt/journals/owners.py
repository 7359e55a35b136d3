"""Whose limit a line of a journal changes: a customer of the journal's legal entity, or a customer credit group with
members in legal entities of which the maker may change all (`domain 8`); and what is in force of it."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from credit_mgmt.accounts import open_accounts
from credit_mgmt.engine.examining import Period
from credit_mgmt.models import CreditAccount, LimitJournal, TemporaryLimit
from customers.access import Action, Actor
from customers.errors import FieldError
from customers.models import Customer, CustomerCreditGroup
from customers.money import amount_text
from customers.rates import minor_units

Named = tuple[str | None, str | None]
"""Whom a line names: a customer by its key, and a group by its number."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose limit it is, and what is in force, in the currency of its credit account.

    `temporary` is the temporary limit of today, or else the next one that will be.
    """

    customer_id: int | None
    group_id: str | None
    currency: str
    minor_units: int
    limit: Decimal
    expires_on: dt.date | None
    unlimited: bool
    temporary: Period | None

    def told(self, amount: Decimal) -> str:
        """An amount in the account's currency, as it is told to others."""
        return amount_text(amount, self.minor_units)

    def snapshot(self) -> dict[str, Any]:
        """What a line keeps of it, to know later whether it changed."""
        temporary = self.temporary
        return {
            "current_limit": self.limit,
            "current_expires_on": self.expires_on,
            "current_temporary": temporary.amount if temporary else None,
            "current_temporary_from": temporary.first if temporary else None,
            "current_temporary_to": temporary.last if temporary else None,
        }


def find_owners(
    journal: LimitJournal, named: Sequence[Named], *, actor: Actor, today: dt.date
) -> tuple[dict[int, Owner], list[FieldError]]:
    """Whom each line means, by its place; and an error for each that means nobody, two, or somebody out of reach.

    The number of queries does not depend on the number of lines.
    """
    errors: list[FieldError] = []
    for index, (customer, group) in enumerate(named):
        errors += _wrong_name(journal, f"lines[{index}]", customer, group)
    accounts = {str(key).partition(":")[2] for key, group in named if key and not group}
    customers = _customers(journal, accounts)
    numbers = {group for key, group in named if group and not key}
    closed = closed_groups(numbers, actor)
    groups = set(CustomerCreditGroup.objects.filter(pk__in=numbers).values_list("pk", flat=True))
    owners = owners_of(journal, customers=customers.values(), groups=groups - closed, today=today)
    found: dict[int, Owner] = {}
    wrong_already = {error.field.partition(".")[0] for error in errors}
    for index, (customer, group) in enumerate(named):
        if f"lines[{index}]" in wrong_already:
            continue
        owner = owners.get(group) if group else owners.get(customers.get(str(customer), 0))
        if owner is None:
            errors.append(_nobody(f"lines[{index}]", customer, group, closed))
        else:
            found[index] = owner
    return found, errors


def _wrong_name(journal: LimitJournal, path: str, customer: str | None, group: str | None) -> Iterable[FieldError]:
    if customer and group:
        message = "A line is for a customer or for a customer credit group, not for both: leave one out."
        yield FieldError(f"{path}.customer", "customer_and_group", message)
    elif not customer and not group:
        yield FieldError(f"{path}.customer", "required", "Name a customer, or a customer credit group.")
    elif customer and customer.partition(":")[0] != journal.legal_entity_id:
        message = f"The journal is of {journal.legal_entity_id}: name one of its customers, or make another journal."
        yield FieldError(f"{path}.customer", "other_entity", message)


def _nobody(path: str, customer: str | None, group: str | None, closed: Collection[str]) -> FieldError:
    if group in closed:
        message = (
            f"Group {group} has members in legal entities in which you may not change limits: ask somebody who may."
        )
        return FieldError(f"{path}.credit_group", "not_allowed", message)
    if group:
        return FieldError(f"{path}.credit_group", "unknown_reference", f"There is no customer credit group {group}.")
    return FieldError(f"{path}.customer", "unknown_reference", f"There is no customer {customer}.")


def _customers(journal: LimitJournal, accounts: Collection[str]) -> dict[str, int]:
    rows = Customer.objects.filter(legal_entity=journal.legal_entity_id, account__in=accounts)
    return {f"{journal.legal_entity_id}:{account}": pk for pk, account in rows.values_list("pk", "account")}


def closed_groups(numbers: Collection[str], actor: Actor, action: Action = Action.MAKE_JOURNALS) -> set[str]:
    """Those of the groups of which some member is in a legal entity where `actor` may not do `action`."""
    entities = actor.entities(action)
    if entities is None or not numbers:
        return set()
    others = Customer.objects.filter(credit_group__in=numbers).exclude(legal_entity__in=sorted(entities))
    return {group for group in others.values_list("credit_group_id", flat=True) if group}


def owners_of(
    journal: LimitJournal, *, customers: Collection[int], groups: Collection[str], today: dt.date
) -> dict[int | str, Owner]:
    """Customers by id and groups by number, with what is in force; opens the accounts that are missing."""
    accounts = _accounts(customers, groups)
    if len(accounts) < len(set(customers)) + len(set(groups)):
        open_accounts(customer_ids=customers, group_numbers=groups)
        accounts = _accounts(customers, groups)
    temporary = temporary_of([account.pk for account in accounts], today)
    units = minor_units()
    return {
        account.customer_id or str(account.group_id): Owner(
            customer_id=account.customer_id,
            group_id=account.group_id,
            currency=account.currency,
            minor_units=units[account.currency],
            limit=account.limit,
            expires_on=account.expires_on,
            unlimited=account.unlimited,
            temporary=temporary.get(account.pk),
        )
        for account in accounts
    }


class _Account(NamedTuple):
    """A credit account; the names follow the columns below."""

    pk: int
    customer_id: int | None
    group_id: str | None
    currency: str
    limit: Decimal
    expires_on: dt.date | None
    unlimited: bool


_COLUMNS = ("pk", "customer_id", "group_id", "currency_id", "limit_amount", "expires_on", "unlimited")


def _accounts(customers: Collection[int], groups: Collection[str]) -> list[_Account]:
    rows: list[tuple[Any, ...]] = []
    for path, owners in (("customer__any_of", customers), ("group__any_of", groups)):
        if owners:
            found = CreditAccount.objects.filter(**{path: list(owners)}).order_by("pk")
            rows += found.values_list(*_COLUMNS)
    return [_Account._make(row) for row in rows]


def temporary_of(accounts: Collection[int], today: dt.date) -> Mapping[int, Period]:
    """The temporary limit of each account that is in force today, or the next one; one query."""
    found: dict[int, Period] = {}
    limits = TemporaryLimit.objects.filter(account__any_of=list(accounts), valid_to__gte=today).order_by(
        "account_id", "valid_from"
    )
    for limit in limits:
        if limit.last_day >= max(today, limit.valid_from):
            found.setdefault(limit.account_id, Period(limit.amount, limit.valid_from, limit.last_day))
    return found
