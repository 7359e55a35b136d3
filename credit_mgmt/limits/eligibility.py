"""Limits that are entered by hand, held against what customers are eligible for (parameter *enforce eligible credit
limit*). Journals look at their lines themselves, by the same rule (`credit_mgmt.engine.eligibility`).
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from credit_mgmt.engine.eligibility import above_eligible
from credit_mgmt.messages.phrases import amount as spoken
from credit_mgmt.models import CreditAccount, Parameters
from credit_mgmt.policies import Setup, current_setup, read_clock, setting_for
from customers.errors import Refused
from customers.models import Customer
from customers.money import LARGEST, MissingRate, Rates, amount_text

Enforced = Parameters.EligibleLimit


@dataclass(frozen=True, slots=True)
class Excess:
    """A limit that is above the eligible one, in words; `enforced` is what the parameter makes of it."""

    message: str
    enforced: str
    customer: str = ""
    """Whose limit, by key."""


class AboveEligible(Refused):
    """Limits that the parameter forbids; `customers` says of each, by key, why."""

    def __init__(self, customers: Mapping[str, str]) -> None:
        self.customers = customers
        super().__init__("above_eligible", next(iter(customers.values())))


def excesses(
    wanted: Mapping[int, Decimal], accounts: Collection[CreditAccount], days: Mapping[int, dt.date]
) -> Iterator[Excess]:
    """What of the limits wanted by account, in its currency, is more than its customer is eligible for.

    Converted on the account's day; a missing rate is said to be one, as nobody knows then. One query, or none where no
    legal entity enforces it.
    """
    clock = read_clock()
    setup = current_setup(clock)
    mine = {
        account.customer_id: account
        for account in accounts
        if account.customer_id is not None and account.pk in wanted and _enforced(account, setup)
    }
    if not mine:
        return
    eligible = Customer.objects.filter(pk__in=mine, eligible_credit_limit__isnull=False).order_by("pk")
    columns = ("pk", "eligible_credit_limit", "eligible_credit_limit_currency_id")
    for customer, amount, currency in eligible.values_list(*columns):
        account = mine[customer]
        entity = account.customer.legal_entity_id if account.customer else ""
        rates = setting_for(entity, days[account.pk], setup=setup, clock=clock).rates
        message = _message(account, wanted[account.pk], (amount, currency or account.currency_id), rates)
        if message:
            yield Excess(message, _enforced(account, setup), account.customer.key if account.customer else "")


def refuse_above_eligible(
    wanted: Mapping[int, Decimal], accounts: Collection[CreditAccount], days: Mapping[int, dt.date]
) -> None:
    """Raise `AboveEligible` for the limits that the parameter forbids."""
    found = excesses(wanted, accounts, days)
    forbidden = {excess.customer: excess.message for excess in found if excess.enforced == Enforced.REFUSE}
    if forbidden:
        raise AboveEligible(forbidden)


def warning_of(account: CreditAccount, as_of: dt.date) -> str:
    """That the limit is above the eligible one, where the parameter asks; else nothing."""
    limit = LARGEST if account.unlimited else account.limit_amount
    found = excesses({account.pk: limit}, [account], {account.pk: as_of})
    return next((excess.message for excess in found), "")


def _enforced(account: CreditAccount, setup: Setup) -> str:
    """What the parameter of the customer's legal entity says, empty for no; groups are eligible for anything."""
    row = setup.row(account.customer.legal_entity_id) if account.customer else None
    return row.enforce_eligible_credit_limit if row and row.enforce_eligible_credit_limit != Enforced.NO else ""


def _message(account: CreditAccount, limit: Decimal, eligible: tuple[Decimal, str], rates: Rates) -> str:
    """Why the limit is too much, or nothing."""
    own, (amount, currency) = account.currency_id, eligible
    try:
        most = rates.convert(amount, currency, own)
    except MissingRate:
        return f"The eligible credit limit is in {currency}, which has no exchange rate to {own}: bring in the rate."
    if not above_eligible(limit, most):
        return ""
    units = account.currency.minor_units
    told, told_most = (spoken(amount_text(each, units), own) for each in (limit, most))
    told = "Unlimited" if limit == LARGEST else told
    return f"{told} is above the eligible credit limit of {told_most}: lower it, or review what is eligible."
