"""The end of a session is said two minutes before (`ux` 3.0, Accessibility), also above an open dialog."""

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import expect

from customers.models import Role
from holds.models import Hold
from tests.browser.test_journey import PASSWORD, sign_in
from tests.factories_holds import DAY, a_customer, a_rule, a_user, an_entity, an_order, held, reasons

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def hold(settings: Any) -> Hold:
    settings.CREDIT_TODAY = DAY
    an_entity()
    reasons()
    a_rule()
    a_user("mira", Role.CREDIT_MANAGER)
    user = get_user_model().objects.get(username="mira")
    user.set_password(PASSWORD)
    user.save()
    return held(an_order(a_customer(limit="1"), "400"))


def test_it_is_said_above_an_open_dialog_and_put_off_there_with_what_was_typed(hold, open_page, settings, violations):
    page = open_page()
    sign_in(page)
    settings.SESSION_IDLE_SECONDS = 123
    page.goto(f"/holds/{hold.number}/")
    page.get_by_role("link", name=re.compile("Release…")).click()
    page.get_by_label(re.compile("Note")).fill("promised for Thursday")
    warning = page.get_by_text("You will be signed out at")
    expect(warning).to_be_visible()
    assert violations(page) == []
    settings.SESSION_IDLE_SECONDS = 1800
    page.get_by_role("button", name="Stay signed in").click()
    expect(warning).to_be_hidden()
    expect(page.get_by_label(re.compile("Note"))).to_have_value("promised for Thursday")
    page.keyboard.press("Escape")
    expect(page.locator("#session")).to_be_attached()
