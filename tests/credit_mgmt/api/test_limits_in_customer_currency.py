"""A limit in the customer's own currency: entered with the rate of the day, shown with rate and date (`domain 2`)."""

from decimal import Decimal

import pytest

from credit_mgmt.credit_profiles import feed_customers
from credit_mgmt.models import CreditAccount, LimitHistory
from customers.models import Customer, ExchangeRate
from tests.factories_holds import DAY, NOW, SYSTEM, a_customer, an_entity, parameters, today

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer() -> Customer:
    """Of a company that counts in dollars, and buys in euros: 1 EUR is 1.25 USD."""
    parameters(allow_manual_editing_of_credit_limits=True)
    customer = a_customer("US-001", limit="1000")
    euro = an_entity("NLMF", "EUR").accounting_currency
    Customer.objects.filter(pk=customer.pk).update(currency=euro)
    ExchangeRate.objects.create(
        rate_type="default", from_currency=euro, to_currency_id="USD", rate=Decimal("1.25"), valid_from=DAY
    )
    return customer


def feed(**values):
    rows = [{"key": "USMF:US-001", **values}]
    [result] = feed_customers(rows=rows, actor=SYSTEM, today=today, at=NOW, replace=False)
    return result


def test_it_is_kept_in_the_accounting_currency_and_the_history_tells_the_rate(customer):
    assert feed(credit_limit=Decimal(2000), credit_limit_currency="EUR").status == "updated"
    assert CreditAccount.objects.get(customer=customer).limit_amount == Decimal(2500)
    entry = LimitHistory.objects.filter(account__customer=customer).latest("sequence")
    assert entry.note == f"2000.00 EUR at 1.25 of {DAY}"


def test_the_accounting_currency_may_be_named_too(customer):
    feed(credit_limit=Decimal(2000), credit_limit_currency="USD")
    assert CreditAccount.objects.get(customer=customer).limit_amount == Decimal(2000)


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"credit_limit": Decimal(5), "credit_limit_currency": "JPY"}, "credit_limit_currency", "invalid_choice"),
        ({"credit_limit_currency": "EUR"}, "credit_limit", "required"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_changes(customer, values, field, code):
    result = feed(**values)
    assert [(error.field, error.code) for error in result.errors] == [(field, code)]
    assert CreditAccount.objects.get(customer=customer).limit_amount == Decimal(1000)


def test_without_a_rate_nothing_is_guessed(customer):
    ExchangeRate.objects.all().delete()
    result = feed(credit_limit=Decimal(5), credit_limit_currency="EUR")
    assert [(error.field, error.code) for error in result.errors] == [("credit_limit_currency", "missing_rate")]


def test_the_position_tells_the_limit_in_both_with_rate_and_date(customer):
    from credit_mgmt.api.serializers import position_data
    from credit_mgmt.exposure import position_of
    from credit_mgmt.masking import Mask

    told = position_data(position_of(Customer.objects.get(pk=customer.pk), DAY), Mask(SYSTEM))
    assert (told["total_limit"], told["total_limit_in_customer_currency"]) == ("1000.00", "800.00")
    assert (told["customer_currency_rate"], told["customer_currency_rate_date"]) == ("0.8", DAY.isoformat())
