"""The command palette in real Chromium (`ux.md` 3.16): a number, a verb and its dialog, and life without a script."""

import re

import pytest
from playwright.sync_api import expect

from customers.preferences import set_preferences
from holds.models import Hold
from tests.browser.test_keys import FOCUSED, PASSWORD, holds, press, sign_in  # noqa: F401 - a fixture
from tests.factories_holds import DAY, a_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture(autouse=True)
def _today(settings):
    settings.CREDIT_TODAY = DAY


def test_a_pasted_number_and_enter_lead_to_the_hold(open_page, holds):  # noqa: F811
    page = open_page("/rules/")
    sign_in_anywhere(page)
    press(page, "Control+k")
    field = page.get_by_role("combobox", name="Search and commands")
    expect(field).to_be_focused()
    page.keyboard.type("SO-3")
    option = page.locator("#palette").get_by_role("option", name=re.compile(r"SO-3.*H-\d"))
    expect(option).to_have_attribute("aria-selected", "true")
    expect(page.locator("#say")).to_contain_text("result")
    press(page, "Enter")
    expect(page.get_by_role("heading", name=re.compile("SO-3"), level=1)).to_be_visible()


def test_a_verb_opens_its_dialog_and_escape_changes_nothing(open_page, holds, violations):  # noqa: F811
    page = open_page("/")
    sign_in(page)
    press(page, "Control+k")
    page.keyboard.type("release SO-2")
    option = page.locator("#palette").get_by_role("option", name=re.compile("Release SO-2…"))
    expect(option).to_have_attribute("aria-selected", "true")
    assert violations(page) == []
    press(page, "Enter")
    expect(page.get_by_role("dialog", name="Release SO-2")).to_be_visible()
    expect(page.get_by_role("combobox", name="Search and commands")).to_be_hidden()
    press(page, "Escape")
    assert Hold.objects.get(order__number="SO-2").status == "active"
    page.wait_for_function(f"{FOCUSED} !== document.body")


def test_arrows_walk_through_what_was_found_and_escape_gives_the_focus_back(open_page, holds):  # noqa: F811
    page = open_page("/")
    sign_in(page)
    press(page, "j", "Control+k")
    page.keyboard.type("SO-1")
    options = page.locator("#palette").get_by_role("option")
    expect(options.first).to_have_attribute("aria-selected", "true")
    press(page, "ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    press(page, "ArrowUp", "ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    press(page, "Escape")
    expect(page.get_by_role("link", name="SO-1", exact=True)).to_be_focused()


def test_the_slash_opens_it_where_a_page_has_no_search_box(open_page, holds):  # noqa: F811
    page = open_page("/preferences/")
    sign_in_anywhere(page)
    press(page, "/")
    expect(page.get_by_role("combobox", name="Search and commands")).to_be_focused()


def test_without_a_script_the_same_is_a_page(open_page, holds):  # noqa: F811
    page = open_page("/", scripts=False)
    sign_in_anywhere(page)
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_role("searchbox", name="Search everything").fill("SO-4")
    page.get_by_role("button", name="Search").click()
    row = page.get_by_role("row", name=re.compile("Hold SO-4"))
    expect(row).to_contain_text("On hold")
    row.get_by_role("link", name="SO-4").click()
    expect(page.get_by_role("heading", name=re.compile("SO-4"), level=1)).to_be_visible()


def test_preferences_are_saved_without_a_script(open_page, holds):  # noqa: F811
    page = open_page("/preferences/", scripts=False)
    sign_in_anywhere(page)
    page.get_by_role("radio", name=re.compile("^Dark")).check()
    page.get_by_label("Time zone").select_option("Europe/Amsterdam")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Preferences saved.")).to_be_visible()
    expect(page.get_by_text("Times in Europe/Amsterdam")).to_be_visible()
    assert page.locator("html").get_attribute("data-theme") == "dark"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_that_was_chosen_is_the_one_that_is_drawn(open_page, holds, theme):  # noqa: F811
    page = open_page("/")
    sign_in_anywhere(page)
    set_preferences(actor=a_user("mira"), theme=theme)
    page.goto("/search/")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == theme


def sign_in_anywhere(page) -> None:
    """Sign in with the form that every address leads to."""
    page.get_by_label("Username").fill("mira")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/login/" not in address)
