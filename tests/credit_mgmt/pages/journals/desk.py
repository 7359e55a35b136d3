"""How the tests of journal pages look at pages and fill them in."""

import re
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from credit_mgmt.models import CreditAccount
from customers.access import Actor
from customers.models import Customer
from tests.factories_holds import a_user
from tests.factories_journals import UNTIL

LAST = UNTIL.isoformat()


def signed_in(role: str, entity: str | None = None) -> Client:
    """A browser in which somebody with a role has signed in."""
    client = Client()
    client.force_login(get_user_model().objects.get(username=someone(role, entity).name))
    return client


def someone(role: str, entity: str | None = None) -> Actor:
    """Who has that role, the same person each time."""
    return a_user(f"{role}-{entity or 'all'}", role, entity)


def shown(answer: Any) -> str:
    """The text of a page, its white space as one."""
    text: str = answer.content.decode()
    return re.sub(r"\s+", " ", text)


def limit_of(customer: Customer) -> Decimal:
    """The limit in force."""
    return CreditAccount.objects.get(customer=customer).limit_amount


def cells(number: int, new_limit: str, new_to: str = LAST, was: tuple[str, str] = ("1,500.00", LAST)) -> dict[str, Any]:
    """The fields of one row of the grid, as the page sends them."""
    return {
        "row": str(number),
        f"was-{number}": list(was),
        f"new_limit-{number}": new_limit,
        f"new_to-{number}": new_to,
    }


def queries(client: Client, address: str) -> int:
    """How many a page takes, the second time."""
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)
