"""What the tests of journal pages start from: a customer, and people who sign in."""

from typing import Any

import pytest
from django.test import Client

from customers.models import Customer, Role
from tests.credit_mgmt.pages.journals.desk import signed_in
from tests.factories_credit import TODAY, customer_with_limit


@pytest.fixture
def customer(settings: Any) -> Customer:
    """Adatum, with a limit of 1,000."""
    settings.CREDIT_TODAY = TODAY
    return customer_with_limit("1000", account="US-1", name="Adatum")


@pytest.fixture
def clerk(customer: Customer) -> Client:
    """A credit clerk of USMF."""
    return signed_in(Role.CREDIT_CLERK, "USMF")


@pytest.fixture
def manager(customer: Customer) -> Client:
    """A credit manager of USMF."""
    return signed_in(Role.CREDIT_MANAGER, "USMF")
