"""Check a document in a browser (`domain 4.8`): asked and answered, with and without scripts."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from customers.models import Role
from tests.browser.test_journey import PASSWORD, SIDEWAYS, sign_in
from tests.factories_credit import TODAY, customer_with_limit
from tests.factories_holds import a_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture(autouse=True)
def _somebody(settings: Any) -> None:
    settings.CREDIT_TODAY = TODAY
    customer_with_limit("100000", account="C-1", name="Harbour Lane Foods")
    a_user("mira", Role.CREDIT_CLERK)
    user = get_user_model().objects.get(username="mira")
    user.set_password(PASSWORD)
    user.save()


@pytest.mark.parametrize(
    ("width", "scripts", "theme"), [(1280, True, "light"), (1280, True, "dark"), (390, False, "light")]
)
def test_a_quotation_is_checked_and_axe_finds_nothing(open_page, violations, width, scripts, theme):
    page = open_page("/holds/", width=width, scripts=scripts, theme=theme)
    sign_in(page)
    page.goto("/check/")
    page.get_by_label("Customer").fill("USMF:C-1")
    page.get_by_label("Document").select_option("quotation")
    page.get_by_label("Amount").fill("120000")
    page.get_by_label("Currency").select_option("USD")
    page.get_by_role("button", name="Check").click()
    page.get_by_role("heading", name="Warning: it may be posted").wait_for()
    if scripts:
        assert violations(page) == []
        assert not page.evaluate(SIDEWAYS)
