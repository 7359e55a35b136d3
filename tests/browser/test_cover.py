"""Insurance and guarantees in a browser (`ux.md` 3.6, 3.11): entered with the sum beside it, ended from the card."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import expect

from credit_mgmt.models import CoverPolicy, PolicyType
from customers.models import Role
from tests.browser.test_journey import PASSWORD, SIDEWAYS, sign_in
from tests.factories_credit import TODAY, customer_with_limit
from tests.factories_holds import a_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def card(settings: Any) -> str:
    """The tab of a customer's card, and somebody who may change it."""
    settings.CREDIT_TODAY = TODAY
    customer_with_limit("100000", account="C-1", name="Harbour Lane Foods")
    PolicyType.objects.create(code="BANK", identifier="guarantee", description="Bank guarantee")
    a_user("mira", Role.CREDIT_MANAGER)
    user = get_user_model().objects.get(username="mira")
    user.set_password(PASSWORD)
    user.save()
    return "/customers/USMF/C-1/panels/cover/"


def test_a_guarantee_is_entered_and_ended_and_axe_finds_nothing(open_page, card, violations):
    page = open_page("/holds/")
    sign_in(page)
    page.goto(card)
    page.get_by_role("link", name="New policy…").click()
    page.get_by_label("Type", exact=True).select_option("BANK")
    page.get_by_label("Number").fill("BG-17")
    page.get_by_label("From").fill("2026-01-01")
    page.get_by_label("To", exact=True).fill("2026-12-31")
    page.get_by_label("Value", exact=True).fill("50000")
    page.get_by_label("Counts, % of the value").fill("50")
    expect(page.locator("#worked")).to_contain_text("25,000.00 USD counts")
    assert violations(page) == []
    page.get_by_role("button", name="Save").click()
    row = page.get_by_role("row").filter(has_text="BG-17")
    expect(row).to_contain_text("25,000.00")
    assert violations(page) == []
    row.get_by_role("link", name="End…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Last day").fill("2026-02-28")
    assert violations(page) == []
    dialog.get_by_role("button", name="End policy").click()
    expect(page.get_by_role("row").filter(has_text="BG-17")).to_contain_text("Expired")
    page.goto("/cover/?view=expired")
    assert violations(page) == []
    assert not page.evaluate(SIDEWAYS)


def test_on_a_phone_without_a_script_the_same_is_done(open_page, card):
    page = open_page("/holds/", width=390, scripts=False)
    sign_in(page)
    page.goto("/cover/new/?customer=USMF:C-1")
    page.get_by_label("Type", exact=True).select_option("BANK")
    page.get_by_label("From").fill("2026-01-01")
    page.get_by_label("To", exact=True).fill("2026-12-31")
    page.get_by_label("Value", exact=True).fill("50000")
    page.get_by_label("Counts, % of the value").fill("101")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("from 0 to 100").first).to_be_visible()
    page.get_by_label("Counts, % of the value").fill("100")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="End…").click()
    page.get_by_label("Last day").fill("2026-03-01")
    page.get_by_role("button", name="End policy").click()
    assert str(CoverPolicy.objects.get().expires_on) == "2026-03-01"
