"""A small world for tests of the room `holds`: a legal entity, customers with limits, orders, people with roles.

Everything unsaid is harmless: no rules, plenty of credit, all documents unchecked but those of domain 5.1.
"""

import datetime as dt
import itertools
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model

from credit_mgmt import limits
from credit_mgmt.accounts import open_accounts
from credit_mgmt.models import CheckpointSetting, CreditAccount, LimitHistory, Parameters, RuleVersion
from customers.access import Actor, Grant, actor_of_user, system_actor
from customers.models import (
    AccessGrant,
    Currency,
    Customer,
    CustomerCreditGroup,
    CustomerTransaction,
    DueItem,
    LegalEntity,
    PaymentTerms,
    Reason,
    Role,
    SalesOrder,
    SalesOrderLine,
)
from holds.models import Hold
from holds.posting import Posting, post_document
from tests.factories_credit import BlockingRuleFactory

NOW = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
DAY = NOW.date()
SYSTEM = system_actor("test")
_numbers = itertools.count(1001)


def today(legal_entity: str) -> dt.date:
    """The business date of these tests, everywhere."""
    return DAY


def on(day: dt.date) -> Any:
    """The business date `day`, everywhere."""
    return lambda legal_entity: day


def an_entity(code: str = "USMF", currency: str = "USD", zone: str = "UTC") -> LegalEntity:
    """A legal entity, made once."""
    Currency.objects.get_or_create(code=currency)
    entity, _ = LegalEntity.objects.get_or_create(
        code=code, defaults={"name": code, "accounting_currency_id": currency, "time_zone": zone}
    )
    PaymentTerms.objects.get_or_create(code="N30", defaults={"net_days": 30})
    return entity


def a_user(name: str = "clerk", role: str = Role.CREDIT_CLERK, entity: str | None = None) -> Actor:
    """A person with one role, in one legal entity or in all."""
    user, _ = get_user_model().objects.get_or_create(username=name)
    AccessGrant.objects.get_or_create(user=user, role=role, legal_entity_id=entity)
    return actor_of_user(user)


def stranger() -> Actor:
    """Somebody who was granted nothing."""
    return Actor(kind="user", id=0, name="nobody", grants=(Grant(Role.VIEWER, "NOWHERE"),))


def reasons(entity: str | None = None) -> None:
    """A hold reason and some release reasons."""
    for type_, code in (("hold", "DISPUTE"), ("release", "PAID"), ("release", "AUTO"), ("release", "GONE")):
        Reason.objects.get_or_create(type=type_, code=code, defaults={"legal_entity_id": entity})


def a_group(number: str = "G1", limit: str = "1000", currency: str = "USD") -> CustomerCreditGroup:
    """A customer credit group with a limit."""
    Currency.objects.get_or_create(code=currency)
    group = CustomerCreditGroup.objects.create(number=number, currency_id=currency)
    open_accounts(group_numbers=[number])
    _set_limit(CreditAccount.objects.get(group=group), Decimal(limit))
    return group


def a_customer(account: str = "US-001", limit: str | None = "1000", **fields: Any) -> Customer:
    """A customer of `entity` (USMF) with a limit; `limit=None` is unlimited."""
    entity = fields.pop("entity", None) or an_entity()
    unlimited, mandatory = limit is None, fields.pop("mandatory", False)
    customer = Customer.objects.create(
        legal_entity=entity, account=account, name=f"Customer {account}", currency=entity.accounting_currency, **fields
    )
    open_accounts(customer_ids=[customer.pk])
    _set_limit(CreditAccount.objects.get(customer=customer), Decimal(limit or 0), unlimited, mandatory)
    return customer


def _set_limit(account: CreditAccount, amount: Decimal, unlimited: bool = False, mandatory: bool = False) -> None:
    limits.set_limit(
        account=account.pk, limit_amount=amount, unlimited=unlimited, mandatory=mandatory,
        source=LimitHistory.Source.OPENING, actor=SYSTEM, at=NOW, as_of=DAY,
    )  # fmt: skip


def an_order(customer: Customer, amount: str = "400", number: str = "", **fields: Any) -> SalesOrder:
    """An open sales order with one line of `amount`, in its customer's currency unless told."""
    values = {"currency_id": customer.currency_id, "payment_terms_id": "N30", **fields}
    order = SalesOrder.objects.create(
        legal_entity_id=customer.legal_entity_id, number=number or f"SO-{next(_numbers)}", customer=customer,
        payer_id=customer.payer_id, amount=Decimal(amount), uninvoiced_amount=Decimal(amount), **values,
    )  # fmt: skip
    SalesOrderLine.objects.create(order=order, number=1, quantity=1, unit_price=Decimal(amount))
    return order


def an_invoice(customer: Customer, amount: str, due: dt.date | None = None, number: str = "") -> CustomerTransaction:
    """An open invoice, due on `due` (or in 30 days)."""
    invoice = CustomerTransaction.objects.create(
        legal_entity_id=customer.legal_entity_id, series="invoice", kind="invoice", customer=customer, date=DAY,
        number=number or f"INV-{next(_numbers)}", currency_id=customer.currency_id, amount=Decimal(amount),
    )  # fmt: skip
    DueItem.objects.create(
        transaction=invoice, customer=customer, currency_id=customer.currency_id, date=min(DAY, due or DAY),
        due_date=due or DAY + dt.timedelta(days=30), amount=Decimal(amount), open_amount=Decimal(amount),
    )  # fmt: skip
    return invoice


def paid(invoice: CustomerTransaction) -> None:
    """The invoice is settled in full, as of now and ever."""
    DueItem.objects.filter(transaction=invoice).update(open_amount=0)


def a_rule(type: str = "limit_used", **fields: Any) -> RuleVersion:
    """A blocking rule for everyone, in force; above 100 % of the limit unless told otherwise."""
    return BlockingRuleFactory(type=type, name=fields.pop("name", type), **fields)


def parameters(
    entity: str | None = None, checkpoints: Mapping[str, Mapping[str, Any]] | None = None, **values: Any
) -> Parameters:
    """Change the default parameter row, or make the row of an entity; `checkpoints` replaces the whole list."""
    row = Parameters.objects.filter(legal_entity=entity).first() or Parameters(legal_entity_id=entity)
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    if checkpoints is None and entity is not None and not row.checkpoints.exists():
        checkpoints = {document: {"posting": True} for document in ("confirmation", "packing_slip", "invoice")}
    if checkpoints is not None:
        row.checkpoints.all().delete()
        for document, settings in checkpoints.items():
            CheckpointSetting.objects.create(parameters=row, document=document, **settings)
    return row


def post(order: SalesOrder, document: str = "confirmation", **options: Any) -> Posting:
    """Post a document of the order now, as the system."""
    values = {"actor": SYSTEM, "at": NOW, "today": today, **options}
    posting = post_document(order=order.pk, document=document, **values)
    order.refresh_from_db()
    return posting


def held(order: SalesOrder, document: str = "confirmation", **options: Any) -> Hold:
    """Post a document of which it is known that it stops the order."""
    posting = post(order, document, **options)
    assert posting.hold is not None, posting
    return Hold.objects.get(pk=posting.hold.pk)


def without_right(actor: Actor, role: str) -> Actor:
    """The actor as it would be without a role."""
    return replace(actor, grants=tuple(grant for grant in actor.grants if grant.role != role))
