"""A customer's limit, entered by hand in its accounting currency or in the customer's own (`domain 2`, `8`)."""

import datetime as dt
from decimal import Decimal

from django.db import transaction

from credit_mgmt.accounts import open_accounts
from credit_mgmt.conversions import conversion_of
from credit_mgmt.limits import set_limit
from credit_mgmt.limits.history import AsOf, Entry
from credit_mgmt.models import CreditAccount, LimitHistory
from customers.access import Actor
from customers.errors import InvalidInput
from customers.models import Currency, Customer
from customers.money import amount_text


@transaction.atomic
def enter_limit(  # noqa: PLR0913 - the fields of a limit, keyword-only
    *,
    customer: Customer,
    amount: Decimal,
    currency: str,
    unlimited: bool,
    mandatory: bool,
    expires_on: dt.date | None,
    note: str,
    actor: Actor,
    at: dt.datetime,
    as_of: AsOf,
) -> Entry | None:
    """Set the limit of a customer by hand; `amount` in `currency`, kept in the accounting currency.

    What was entered in the customer's currency is converted as of today, and the entry in the history says with which
    rate. None where nothing changed. Raises `InvalidInput` without a rate or for another currency, and what
    `credit_mgmt.limits.set_limits` raises.
    """
    own = customer.legal_entity.accounting_currency_id
    if currency != own:
        amount, entered = _converted(customer, amount, currency, own, as_of)
        note = f"{note} ({entered})"
    open_accounts(customer_ids=[customer.pk])
    account = CreditAccount.objects.only("pk").get(customer=customer)
    return set_limit(
        account=account.pk,
        source=LimitHistory.Source.MANUAL,
        actor=actor,
        at=at,
        as_of=as_of,
        note=note,
        limit_amount=amount,
        unlimited=unlimited,
        mandatory=mandatory,
        expires_on=expires_on,
    )


def _converted(customer: Customer, amount: Decimal, currency: str, own: str, as_of: AsOf) -> tuple[Decimal, str]:
    """The amount in the accounting currency, and how it came about in words."""
    day = as_of if isinstance(as_of, dt.date) else as_of(customer.legal_entity_id)
    theirs = customer.currency
    return in_accounting_currency(amount, currency, theirs, own, legal_entity=customer.legal_entity_id, day=day)


def in_accounting_currency(
    amount: Decimal, currency: str, theirs: Currency, own: str, *, legal_entity: str, day: dt.date
) -> tuple[Decimal, str]:
    """What was entered in the customer's currency, `theirs`, in the accounting currency, `own`; and with which rate.

    Raises `InvalidInput` on `currency` for another currency, and without a rate.
    """
    if currency != theirs.code:
        message = f"Enter the limit in {own} or in the customer's currency, {theirs.code}."
        raise InvalidInput.of("currency", "invalid_choice", message)
    conversion = conversion_of(currency, own, legal_entity, day)
    if conversion is None:
        message = f"There is no exchange rate from {currency} to {own} on {day}: enter the limit in {own}."
        raise InvalidInput.of("currency", "missing_rate", message)
    said = amount_text(amount, theirs.minor_units)
    return conversion.of(amount), f"{said} {currency} at {conversion.told} of {conversion.valid_from}"
