"""*Enforce eligible credit limit = refuse* refuses the row that is above, and the others are written (`domain 10`)."""

from decimal import Decimal

import pytest

from credit_mgmt.credit_profiles import feed_customers
from credit_mgmt.models import CreditAccount
from customers.models import Customer
from tests.factories_holds import NOW, SYSTEM, a_customer, parameters, today

pytestmark = pytest.mark.django_db


@pytest.fixture
def customers():
    parameters(allow_manual_editing_of_credit_limits=True, enforce_eligible_credit_limit="refuse")
    for account in ("A", "B", "C"):
        a_customer(account, limit="100", eligible_credit_limit=150, eligible_credit_limit_currency_id="USD")


def feed(*rows, **options):
    return feed_customers(
        rows=[{"key": key, **values} for key, values in rows], actor=SYSTEM, today=today, at=NOW, replace=False,
        **options,
    )  # fmt: skip


def limits() -> dict[str, Decimal]:
    return dict(CreditAccount.objects.values_list("customer__account", "limit_amount"))


def test_the_row_that_is_above_names_its_field_and_leaves_nothing_behind(customers):
    rows = feed(
        ("USMF:A", {"credit_limit": Decimal(120)}),
        ("USMF:B", {"credit_limit": Decimal("150.01"), "name": "Renamed"}),
        ("USMF:C", {"credit_limit": Decimal(150)}),
    )
    assert [row.status for row in rows] == ["updated", "failed", "updated"]
    [error] = rows[1].errors
    assert (error.field, error.code) == ("credit_limit", "above_eligible")
    assert "above the eligible credit limit of 150.00 USD" in error.message
    assert limits() == {"A": Decimal(120), "B": Decimal(100), "C": Decimal(150)}
    assert Customer.objects.get(account="B").name == "Customer B"


def test_what_a_row_makes_eligible_counts_for_its_limit(customers):
    rows = feed(("USMF:A", {"credit_limit": Decimal(200), "eligible_credit_limit": Decimal(200)}))
    assert [row.status for row in rows] == ["updated"]


def test_a_new_customer_above_it_is_not_made_and_the_others_are(customers):
    new = {"credit_limit": Decimal(500), "eligible_credit_limit": Decimal(10), "currency": "USD", "name": "New"}
    rows = feed(("USMF:NEW", new), ("USMF:A", {"credit_limit": Decimal(110)}))
    assert [row.status for row in rows] == ["failed", "updated"]
    assert not Customer.objects.filter(account="NEW").exists()


def test_atomic_writes_none_of_them(customers):
    rows = feed(("USMF:A", {"credit_limit": Decimal(120)}), ("USMF:B", {"credit_limit": Decimal(999)}), atomic=True)
    assert [row.status for row in rows] == ["failed", "failed"]
    assert rows[1].errors[0].code == "above_eligible"
    assert limits()["A"] == Decimal(100)
