"""Without a connection (`ux` 3.0, States): a note, actions that wait and say why, and nothing typed is lost."""

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import Page, expect

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


@pytest.fixture
def page(hold, open_page) -> Page:
    page = open_page()
    sign_in(page)
    page.goto(f"/holds/{hold.number}/")
    return page


def cut(page: Page, off: bool = True) -> None:
    page.context.set_offline(off)


def test_a_dialog_waits_with_what_was_typed_and_goes_on_when_the_connection_is_back(page, hold, violations):
    page.get_by_role("link", name=re.compile("Release…")).click()
    page.get_by_label(re.compile("Note")).fill("promised for Thursday")
    page.get_by_label(re.compile("^Reason")).select_option("PAID")
    cut(page)
    note = page.get_by_text("You are offline. Actions wait")
    expect(note).to_be_visible()
    release = page.locator("#dialog [data-primary]")
    expect(release).to_be_disabled()
    expect(release).to_have_attribute("title", "You are offline")
    page.keyboard.press("Control+Enter")
    assert violations(page) == []
    expect(page.get_by_label(re.compile("Note"))).to_have_value("promised for Thursday")
    cut(page, off=False)
    expect(note).to_be_hidden()
    expect(release).to_be_enabled()
    assert release.get_attribute("title") == ""
    release.click()
    expect(page.get_by_text(f"{hold.order.number} released.")).to_be_visible()
    assert Hold.objects.get(pk=hold.pk).note == "promised for Thursday"


def test_a_link_does_not_leave_for_the_browsers_error_page(page, hold):
    cut(page)
    page.get_by_role("link", name="Customers").first.click()
    page.get_by_role("link", name=re.compile("Release…")).click()
    expect(page).to_have_url(re.compile(f"/holds/{hold.number}/"))
    cut(page, off=False)
    page.get_by_role("link", name="Customers").first.click()
    expect(page).to_have_url(re.compile("/customers/"))


def test_what_the_server_had_disabled_stays_disabled(page):
    page.evaluate("document.querySelector('#user-menu button').disabled = true")
    cut(page)
    cut(page, off=False)
    expect(page.locator("#offline")).to_be_hidden()
    expect(page.locator("#user-menu button").first).to_be_disabled()
