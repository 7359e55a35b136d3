"""The limits of a customer in a browser: readable in both themes and on a telephone."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from playwright.sync_api import Page, expect

from customers.models import Role
from tests.browser.test_journey import SIDEWAYS
from tests.factories_credit import give_temporary_limit
from tests.factories_holds import DAY, a_customer, a_user, an_entity, parameters, reasons

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
TAB = "/customers/USMF/C-10427/panels/limits/"


@pytest.fixture
def open_as_clerk(settings: Any, open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Open the tab of a customer with a past, a present and a future temporary limit."""
    settings.CREDIT_TODAY = DAY
    an_entity()
    reasons()
    parameters(allow_manual_editing_of_credit_limits=True)
    customer = a_customer("C-10427", limit="150000")
    for first, last, amount in ((-40, -10, "90000"), (-5, 9, "180000"), (30, 60, "200000")):
        give_temporary_limit(customer, amount, DAY + dt.timedelta(days=first), DAY + dt.timedelta(days=last))
    a_user("mira", Role.CREDIT_CLERK)

    def opened(**options: Any) -> Page:
        client = Client()
        client.force_login(get_user_model().objects.get(username="mira"))
        page = open_page("/login/", **options)
        value = client.cookies[cookie].value
        page.context.add_cookies([{"name": cookie, "value": value, "url": page.url}])
        page.goto(TAB)
        return page

    cookie = settings.SESSION_COOKIE_NAME
    return opened


def test_it_reads_in_both_themes_and_on_a_telephone(
    open_as_clerk: Callable[..., Page], violations: Callable[[Page], list[str]]
) -> None:
    for theme, width in (("light", 1280), ("dark", 390)):
        page = open_as_clerk(theme=theme, width=width)
        expect(page.get_by_role("img", name="Periods of the limit")).to_be_visible()
        assert violations(page) == []
        assert not page.evaluate(SIDEWAYS)
