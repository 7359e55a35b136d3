"""Records for tests, made straight in the database. What is fed goes through `customers.imports`; here it only stands.

Defaults: legal entity USMF in USD, today's figures round. An `InvoiceFactory(amount=...)` comes with its due item, a
`SalesOrderFactory(amount=...)` with one line of that amount, nothing of it invoiced.
"""

import datetime as dt
import hashlib
from decimal import Decimal
from typing import Any

import factory
from django.contrib.auth import get_user_model
from factory.django import DjangoModelFactory

from customers import clock, models

FIRST_DAY = dt.date(2026, 1, 1)


class CurrencyFactory(DjangoModelFactory[models.Currency]):
    """A currency; the same code twice is the same currency."""

    class Meta:
        model = models.Currency
        django_get_or_create = ("code",)

    code = "USD"
    minor_units = 2


class LegalEntityFactory(DjangoModelFactory[models.LegalEntity]):
    """A legal entity; the same code twice is the same entity."""

    class Meta:
        model = models.LegalEntity
        django_get_or_create = ("code",)

    code = "USMF"
    name = factory.LazyAttribute(lambda entity: f"Company {entity.code}")
    accounting_currency = factory.SubFactory(CurrencyFactory)
    time_zone = "UTC"


class ExchangeRateFactory(DjangoModelFactory[models.ExchangeRate]):
    """One EUR is worth 1.25 USD from the first day on."""

    class Meta:
        model = models.ExchangeRate

    rate_type = "default"
    from_currency = factory.SubFactory(CurrencyFactory, code="EUR")
    to_currency = factory.SubFactory(CurrencyFactory, code="USD")
    rate = Decimal("1.25")
    valid_from = FIRST_DAY


class PaymentTermsFactory(DjangoModelFactory[models.PaymentTerms]):
    """Terms of payment."""

    class Meta:
        model = models.PaymentTerms
        django_get_or_create = ("code",)

    code = "N30"
    net_days = 30


class CashDiscountFactory(DjangoModelFactory[models.CashDiscount]):
    """A cash discount."""

    class Meta:
        model = models.CashDiscount
        django_get_or_create = ("code",)

    code = "D2"
    percent = Decimal(2)


class CreditManagementGroupFactory(DjangoModelFactory[models.CreditManagementGroup]):
    """A label that aims rules."""

    class Meta:
        model = models.CreditManagementGroup
        django_get_or_create = ("code",)

    code = "A"


class AccountStatusFactory(DjangoModelFactory[models.AccountStatus]):
    """A label for a customer's standing."""

    class Meta:
        model = models.AccountStatus
        django_get_or_create = ("code",)

    code = "GOOD"


class ReasonFactory(DjangoModelFactory[models.Reason]):
    """A release reason of all entities."""

    class Meta:
        model = models.Reason
        django_get_or_create = ("type", "code")

    type = models.Reason.Type.RELEASE
    code = "OK"


class PartyFactory(DjangoModelFactory[models.Party]):
    """An organisation."""

    class Meta:
        model = models.Party

    number = factory.Sequence(lambda n: f"P-{n:05d}")
    name = factory.LazyAttribute(lambda party: f"Party {party.number}")


class CustomerCreditGroupFactory(DjangoModelFactory[models.CustomerCreditGroup]):
    """A group without members."""

    class Meta:
        model = models.CustomerCreditGroup

    number = factory.Sequence(lambda n: f"G-{n:05d}")
    currency = factory.SubFactory(CurrencyFactory)


class CustomerFactory(DjangoModelFactory[models.Customer]):
    """A customer of USMF that pays for itself."""

    class Meta:
        model = models.Customer

    legal_entity = factory.SubFactory(LegalEntityFactory)
    account = factory.Sequence(lambda n: f"C-{n:05d}")
    name = factory.LazyAttribute(lambda customer: f"Customer {customer.account}")
    currency = factory.SelfAttribute("legal_entity.accounting_currency")


class SalesOrderFactory(DjangoModelFactory[models.SalesOrder]):
    """An open order with one line of its `amount`, paid by its customer's invoice account."""

    class Meta:
        model = models.SalesOrder
        skip_postgeneration_save = True

    customer = factory.SubFactory(CustomerFactory)
    legal_entity = factory.SelfAttribute("customer.legal_entity")
    payer = factory.LazyAttribute(lambda order: order.customer.invoice_account or order.customer)
    number = factory.Sequence(lambda n: f"SO-{n:06d}")
    currency = factory.SelfAttribute("customer.currency")
    payment_terms = factory.SelfAttribute("customer.payment_terms")
    cash_discount = factory.SelfAttribute("customer.cash_discount")
    amount = Decimal("1000.00")
    uninvoiced_amount = factory.SelfAttribute("amount")

    @factory.post_generation
    def lines(self: models.SalesOrder, create: bool, extracted: Any, **kwargs: Any) -> None:
        """One line that is worth the whole order, unless `lines=False`."""
        if create and extracted is not False:
            models.SalesOrderLine.objects.create(
                order=self, number=1, item="GOODS", quantity=Decimal(1), unit_price=self.amount
            )


class InvoiceFactory(DjangoModelFactory[models.CustomerTransaction]):
    """An open invoice, due on `due_date` or 30 days after its date, with its due item."""

    class Meta:
        model = models.CustomerTransaction
        skip_postgeneration_save = True

    customer = factory.SubFactory(CustomerFactory)
    legal_entity = factory.SelfAttribute("customer.legal_entity")
    series = models.CustomerTransaction.Series.INVOICE
    kind = models.CustomerTransaction.Kind.INVOICE
    number = factory.Sequence(lambda n: f"INV-{n:06d}")
    date = FIRST_DAY
    currency = factory.SelfAttribute("customer.currency")
    amount = Decimal("1000.00")

    @factory.post_generation
    def due_date(self: models.CustomerTransaction, create: bool, extracted: Any, **kwargs: Any) -> None:
        """The due item, due on `due_date` or 30 days after the invoice date."""
        if create:
            _due_item(self, extracted or self.date + dt.timedelta(days=30), self.amount)


class PaymentFactory(DjangoModelFactory[models.CustomerTransaction]):
    """A payment of which nothing is settled: unapplied credit."""

    class Meta:
        model = models.CustomerTransaction
        skip_postgeneration_save = True

    customer = factory.SubFactory(CustomerFactory)
    legal_entity = factory.SelfAttribute("customer.legal_entity")
    series = models.CustomerTransaction.Series.PAYMENT
    kind = models.CustomerTransaction.Kind.PAYMENT
    number = factory.Sequence(lambda n: f"PAY-{n:06d}")
    date = FIRST_DAY
    currency = factory.SelfAttribute("customer.currency")
    amount = Decimal("1000.00")

    @factory.post_generation
    def item(self: models.CustomerTransaction, create: bool, extracted: Any, **kwargs: Any) -> None:
        """The due item, negative: what is open is the customer's."""
        if create:
            _due_item(self, self.date, -self.amount)


def _due_item(transaction: models.CustomerTransaction, due_date: dt.date, amount: Decimal) -> models.DueItem:
    return models.DueItem.objects.create(
        transaction=transaction, customer=transaction.customer, currency=transaction.currency,
        date=transaction.date, due_date=due_date, amount=amount, open_amount=amount,
    )  # fmt: skip


class UserFactory(DjangoModelFactory[Any]):
    """A person; `grants=[("credit_clerk", "USMF"), ("viewer", None)]` gives roles in entities or in all."""

    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")

    @factory.post_generation
    def grants(self: Any, create: bool, extracted: Any, **kwargs: Any) -> None:
        """The grants asked for."""
        for role, entity in extracted or ():
            models.AccessGrant.objects.create(user=self, role=role, legal_entity_id=entity)


class ApiClientFactory(DjangoModelFactory[models.ApiClient]):
    """A machine with the token `token` and the grants asked for."""

    class Meta:
        model = models.ApiClient
        skip_postgeneration_save = True

    class Params:
        token = factory.Sequence(lambda n: f"token-{n}")

    name = factory.Sequence(lambda n: f"client{n}")
    token_digest = factory.LazyAttribute(lambda client: hashlib.sha256(client.token.encode()).hexdigest())
    created_at = factory.LazyFunction(clock.now)

    @factory.post_generation
    def grants(self: models.ApiClient, create: bool, extracted: Any, **kwargs: Any) -> None:
        """The grants asked for."""
        for role, entity in extracted or ():
            models.AccessGrant.objects.create(client=self, role=role, legal_entity_id=entity)
