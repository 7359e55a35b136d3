"""Records of the room `credit_mgmt` for tests, and the services that make them where a constraint wants evidence."""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import factory
from factory.django import DjangoModelFactory

from credit_mgmt import accounts, models
from credit_mgmt.limits import set_limit
from credit_mgmt.limits.temporary import NewTemporaryLimit, set_temporary_limits
from customers.access import system_actor
from customers.models import Customer, CustomerCreditGroup, SalesOrder
from tests.factories import CustomerFactory

ACTOR = system_actor("tests")
AT = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
TODAY = dt.date(2026, 3, 1)


def account_of(owner: Customer | CustomerCreditGroup) -> models.CreditAccount:
    """The owner's credit account, opened if need be."""
    if isinstance(owner, Customer):
        accounts.open_accounts(customer_ids=[owner.pk])
        return models.CreditAccount.objects.get(customer=owner)
    accounts.open_accounts(group_numbers=[owner.pk])
    return models.CreditAccount.objects.get(group=owner)


def give_limit(
    owner: Customer | CustomerCreditGroup, amount: str | Decimal = "0", **changes: Any
) -> models.CreditAccount:
    """Give the owner a limit, in its account's currency, with its entry in the limit history."""
    account = account_of(owner)
    set_limit(
        account=account.pk, limit_amount=Decimal(amount), source=models.LimitHistory.Source.FEED,
        actor=ACTOR, at=AT, as_of=TODAY, **changes,
    )  # fmt: skip
    account.refresh_from_db()
    return account


def give_temporary_limit(
    owner: Customer | CustomerCreditGroup, amount: str, first: dt.date, last: dt.date
) -> models.TemporaryLimit:
    """Give the owner a temporary limit, in its account's currency, as a journal does."""
    limit = NewTemporaryLimit(account_of(owner).pk, Decimal(amount), first, last, journal="ADJ-1", journal_line=1)
    [made] = set_temporary_limits(limits=[limit], actor=ACTOR, at=AT, as_of=min(first, TODAY))
    return made


def customer_with_limit(amount: str | Decimal, /, **customer: Any) -> Customer:
    """A customer with a limit in its entity's accounting currency."""
    made = CustomerFactory(**customer)
    give_limit(made, amount)
    return made


def approve(order: SalesOrder) -> models.Commitment:
    """Let the order use credit, as if it had passed."""
    return models.Commitment.objects.create(
        order=order, account=account_of(order.payer), amount=order.uninvoiced_amount, currency=order.currency,
        approved_at=AT,
    )  # fmt: skip


class BlockingRuleFactory(DjangoModelFactory[models.RuleVersion]):
    """A version of a rule of its own, in force: blocks everyone above 100 % of the limit."""

    class Meta:
        model = models.RuleVersion
        exclude = ("type", "code")

    name = factory.Sequence(lambda n: f"R-{n:03d}")
    code = factory.LazyAttribute(lambda version: re.sub(r"[^A-Za-z0-9._-]+", "-", version.name)[:20])
    type = models.BlockingRule.Type.LIMIT_USED
    rule = factory.LazyAttribute(
        lambda version: models.BlockingRule.objects.create(code=version.code, type=version.type)
    )
    number = 1
    state = models.RuleState.ACTIVE
    changed_by = ACTOR.reference
    changed_at = AT
    threshold_percent = factory.LazyAttribute(
        lambda version: Decimal(100) if version.type == models.BlockingRule.Type.LIMIT_USED else None
    )


def insure(customer: Customer, value: str = "50000", **values: Any) -> models.CoverPolicy:
    """A policy of the customer in force all year, which counts with half of its value unless told otherwise."""
    kind = values.setdefault("identifier", "insurance")
    code = f"ANY-{kind}"
    models.PolicyType.objects.get_or_create(code=code, defaults={"identifier": kind})
    if "update_amount" not in values:
        values.setdefault("update_percent", Decimal(50))
    for name in ("update_percent", "update_amount"):
        if values.get(name) is not None:
            values[name] = Decimal(values[name])
    values.setdefault("currency_id", customer.legal_entity.accounting_currency_id)
    values.setdefault("effective_on", TODAY.replace(month=1, day=1))
    values.setdefault("expires_on", TODAY.replace(month=12, day=31))
    return models.CoverPolicy.objects.create(customer=customer, type_id=code, value=Decimal(value), **values)
