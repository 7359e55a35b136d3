"""The keyboard contract (`ux.md` 3.0) in real Chromium: journeys without a pointer, the overlay, Alt, and off."""

import re

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import Page, expect

from customers.access import actor_of_user
from customers.models import Role
from customers.preferences import set_preferences
from holds.models import Hold
from tests.factories_holds import DAY, a_customer, a_rule, a_user, an_entity, an_order, held, reasons

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
PASSWORD = "correct horse battery staple"
FOCUSED = "document.activeElement"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.CREDIT_TODAY = DAY


@pytest.fixture
def holds(_today) -> dict[str, Hold]:
    """Four held orders above the limit, and a manager who signs in."""
    an_entity()
    reasons()
    a_rule(name="LU-01")
    a_user("mira", Role.CREDIT_MANAGER)
    user = get_user_model().objects.get(username="mira")
    user.set_password(PASSWORD)
    user.save()
    return {
        f"SO-{number}": held(an_order(a_customer(f"US-00{number}"), f"{1900 - number * 100}.00", f"SO-{number}"))
        for number in (1, 2, 3, 4)
    }


def prefer(**values: str) -> None:
    set_preferences(actor=actor_of_user(get_user_model().objects.get(username="mira")), **values)


def sign_in(page: Page) -> None:
    """With the keyboard, too: the first field has the focus."""
    page.keyboard.type("mira")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Holds", level=1)).to_be_visible()


def focused_text(page: Page) -> str:
    return page.evaluate(f"{FOCUSED}.textContent").strip()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_hold_is_found_understood_and_released_without_a_pointer(open_page, holds):
    """Measure 7: the focus is somewhere sensible after every step, and `r` opens the dialog, it releases nothing."""
    page = open_page("/")
    sign_in(page)
    press(page, "j", "j")
    assert focused_text(page) == "SO-2"
    press(page, "k")
    assert focused_text(page) == "SO-1"
    press(page, "j", "Enter")
    expect(page.get_by_role("heading", name=re.compile("SO-2"), level=1)).to_be_visible()
    expect(page.get_by_role("region", name="Why it is held")).to_contain_text("of the limit")
    press(page, "u")
    expect(page.get_by_role("heading", name="Holds", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="SO-2", exact=True)).to_be_focused()
    press(page, "r")
    dialog = page.get_by_role("dialog", name="Release SO-2")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    assert Hold.objects.get(order__number="SO-2").status == "active"
    page.keyboard.type("P")
    press(page, "Enter")
    expect(page.get_by_text("SO-2 released.")).to_be_visible()
    # Its row has gone: the one that took its place has the focus, so the next decision is one key away.
    expect(page.get_by_role("link", name="SO-3", exact=True)).to_be_focused()
    assert Hold.objects.get(order__number="SO-2").status == "released"


def test_p_peeks_at_the_row_and_escape_closes_the_panel(open_page, holds):
    page = open_page("/")
    sign_in(page)
    press(page, "j", "j", "p")
    panel = page.locator("#peek")
    expect(panel.get_by_role("region", name="Why it is held")).to_contain_text("of the limit")
    press(page, "r")
    expect(page.get_by_role("dialog", name="Release SO-2")).to_be_visible()
    press(page, "Escape")
    expect(page.get_by_role("dialog", name="Release SO-2")).to_be_hidden()
    press(page, "Escape")
    expect(panel.get_by_role("region", name="Why it is held")).to_have_count(0)
    expect(page.locator("[data-row]").nth(1).get_by_role("link").first).to_be_focused()


def test_escape_gives_the_focus_back_to_where_it_was(open_page, holds):
    page = open_page("/")
    sign_in(page)
    press(page, "j", "j", "j", "d")
    expect(page.get_by_role("dialog", name="Reject SO-3")).to_be_visible()
    press(page, "Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.wait_for_function(f"{FOCUSED} !== document.body")


def test_rows_are_selected_extended_and_cleared(open_page, holds):
    page = open_page("/")
    sign_in(page)
    bar = page.get_by_role("group", name="Actions on the selection")
    press(page, "j", "x", "Shift+J")
    expect(bar).to_contain_text("2 selected")
    assert focused_text(page) == "SO-2"
    press(page, "Shift+X")
    expect(bar).to_be_hidden()
    press(page, "Shift+A")
    expect(bar).to_contain_text("4 selected")
    press(page, "Shift+X")
    expect(bar).to_be_hidden()


def test_a_row_has_a_menu_of_its_actions(open_page, holds, violations):
    page = open_page("/")
    sign_in(page)
    press(page, "j", "j", ".")
    menu = page.get_by_role("dialog", name="SO-2")
    expect(menu.get_by_role("link", name="Release…")).to_be_focused()
    assert violations(page) == []
    press(page, "Enter")
    expect(page.get_by_role("dialog", name="Release SO-2")).to_be_visible()
    press(page, "Escape")
    page.wait_for_function(f"{FOCUSED}?.textContent.includes('SO-2')")
    page.get_by_role("link", name="Actions on SO-1").click()
    page.get_by_role("dialog", name="SO-1").get_by_role("link", name="Open the hold").click()
    expect(page.get_by_role("heading", name=re.compile("SO-1"), level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")


def test_filters_and_views_are_one_key_away(open_page, holds):
    page = open_page("/")
    sign_in(page)
    press(page, "f")
    expect(page.get_by_role("checkbox", name=re.compile("Limit used"))).to_be_focused()
    press(page, "Escape")
    assert focused_text(page).startswith("Reason")
    page.evaluate(f"{FOCUSED}.blur()")
    press(page, "v")
    assert focused_text(page).startswith("All open")


def test_a_letter_in_a_field_is_a_letter(open_page, holds):
    page = open_page("/")
    sign_in(page)
    press(page, "/")
    expect(page.get_by_role("searchbox", name="Search holds")).to_be_focused()
    page.keyboard.type("jrx")
    expect(page.get_by_role("searchbox", name="Search holds")).to_have_value("jrx")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_g_and_a_letter_go_to_the_pages_of_the_bar(open_page, holds):
    page = open_page("/")
    sign_in(page)
    for letter, heading in (("o", "Orders"), ("c", "Customers"), ("r", "[Rr]ules"), ("b", "Jobs"), ("h", "Holds")):
        press(page, "g", letter)
        expect(page.get_by_role("heading", name=re.compile(heading), level=1)).to_be_visible()


def test_the_overlay_lists_what_the_page_has_and_nothing_else(open_page, holds, violations):
    page = open_page("/")
    sign_in(page)
    press(page, "?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    for words in ("Next row", "Select all that match", "Release…", "Filters", "Customers", "Search and commands"):
        expect(sheet).to_contain_text(words)
    assert violations(page) == []
    press(page, "Escape")
    offered = page.evaluate("[...document.querySelectorAll('[data-key]')].map((node) => node.dataset.key)")
    assert {"r", "d", "h", "e", "a"} <= set(offered)
    page.goto("/preferences/")
    press(page, "?")
    expect(sheet).to_contain_text("Save the form")
    expect(sheet).not_to_contain_text("Next row")
    expect(sheet).not_to_contain_text("Release…")


def test_with_alt_a_letter_alone_does_nothing(open_page, holds):
    """Success criterion 2.1.4: single letters can be remapped."""
    prefer(shortcuts="alt")
    page = open_page("/")
    sign_in(page)
    press(page, "j")
    assert page.evaluate(f"{FOCUSED} === document.body")
    press(page, "Alt+j", "Alt+j")
    assert focused_text(page) == "SO-2"
    assert page.locator(".selection-bar [data-key=r]").get_attribute("aria-keyshortcuts") == "Alt+r"
    press(page, "Alt+r")
    expect(page.get_by_role("dialog", name="Release SO-2")).to_be_visible()
    press(page, "Escape", "Alt+Shift+?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Alt")


def test_switched_off_no_letter_is_a_key(open_page, holds):
    prefer(shortcuts="off")
    page = open_page("/")
    sign_in(page)
    press(page, "j", "r", "?", "g", "o")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("heading", name="Holds", level=1)).to_be_visible()
    assert page.locator(".selection-bar [data-key=r]").get_attribute("aria-keyshortcuts") is None
    page.get_by_role("link", name="Keyboard shortcuts").click()
    expect(page.get_by_role("dialog")).not_to_contain_text("Next row")


def test_control_s_saves_the_form_of_the_page(open_page, holds):
    page = open_page("/preferences/")
    sign_in_here = page.get_by_label("Username")
    sign_in_here.fill("mira")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Enter")
    page.get_by_role("radio", name=re.compile("^Dark")).check()
    press(page, "Control+s")
    expect(page.get_by_text("Preferences saved.")).to_be_visible()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_no_key_presses_a_control_that_releases_at_once(open_page, holds):
    """Every control with a key that leads to a release is a link or a button to the dialog, never a form's own POST."""
    page = open_page("/")
    sign_in(page)
    for address in ("/holds/", f"/holds/{holds['SO-1'].number}/"):
        page.goto(address)
        posting = page.evaluate(
            """[...document.querySelectorAll("[data-key]")].filter((node) => node.tagName === "BUTTON"
            && node.form?.method === "post" && !node.hasAttribute("data-dialog")).map((node) => node.textContent)"""
        )
        assert posting == []
