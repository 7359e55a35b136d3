"""The factories make what they say."""

import pytest

from customers.models import DueItem
from tests import factories

pytestmark = pytest.mark.django_db


def test_every_factory_makes_a_record_that_the_database_accepts() -> None:
    factories.ExchangeRateFactory()
    customer = factories.CustomerFactory(invoice_account=factories.CustomerFactory())
    order = factories.SalesOrderFactory(customer=customer)
    assert (order.payer, order.lines.count()) == (customer.invoice_account, 1)
    factories.InvoiceFactory(customer=customer, amount=100)
    factories.PaymentFactory(customer=customer, amount=40)
    assert sum(item.open_amount for item in DueItem.objects.filter(customer=customer)) == 60
    user = factories.UserFactory(grants=[("viewer", "USMF")])
    client = factories.ApiClientFactory(grants=[("integration", None)])
    assert (user.access_grants.count(), client.access_grants.count()) == (1, 1)
    for label in (
        factories.PaymentTermsFactory, factories.CashDiscountFactory, factories.CreditManagementGroupFactory,
        factories.AccountStatusFactory, factories.ReasonFactory, factories.PartyFactory,
        factories.CustomerCreditGroupFactory,
    ):  # fmt: skip
        assert label().pk
