"""The components in a browser: accessibility, phones, keys, dialogs, selection, and life without JavaScript."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESSES = ["/_design/", "/_design/dialog/", "/login/", "/no-such-page/"]
FOCUSED = "document.activeElement"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("address", ADDRESSES)
def test_axe_finds_nothing(open_page, violations, address, theme, width):
    assert violations(open_page(address, theme=theme, width=width)) == []


@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_scrolls_sideways_on_the_narrowest_phone(open_page, address):
    page = open_page(address, width=320)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_dialog_takes_the_focus_shows_its_errors_and_gives_the_focus_back(open_page, violations):
    page = open_page("/_design/")
    opener = page.locator("#objects").get_by_role("link", name="Release…")
    opener.click()
    dialog = page.get_by_role("dialog", name="Release 20 holds")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("Reason")).to_be_focused()
    dialog.get_by_label("Note").fill("promised for Thursday")
    dialog.get_by_role("button", name="Release 20").click()
    expect(dialog.get_by_role("link", name="Reason: This field is required.")).to_be_visible()
    expect(dialog.locator(".error-summary")).to_be_focused()
    expect(dialog.get_by_label("Note")).to_have_value("promised for Thursday")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_a_selection_is_counted_and_summed_in_cents(open_page):
    page = open_page("/_design/")
    bar = page.get_by_role("group", name="Actions on the selection")
    expect(bar).to_contain_text("1 selected · 24,300.00 EUR")
    page.get_by_label("Select SO-104160").check()
    expect(bar).to_contain_text("2 selected · 34,275.50 EUR")
    page.get_by_label("Select all rows of this page").check()
    expect(bar).to_contain_text("7 selected")
    # What that does is the server's, which freezes the set: see test_hold_list.
    expect(bar.get_by_role("button", name="Select all 312 that match")).to_be_visible()
    bar.get_by_role("button", name="Clear").click()
    expect(bar).to_be_hidden()


def test_keys_move_the_focus_through_rows_and_act_on_the_row(open_page):
    page = open_page("/_design/")
    page.get_by_role("button", name="Clear").click()
    page.evaluate(f"{FOCUSED}.blur()")
    for key in "jjk":
        page.keyboard.press(key)
    assert page.evaluate(f"{FOCUSED}.textContent") == "SO-104233"
    page.keyboard.press("x")
    expect(page.get_by_label("Select SO-104233")).to_be_checked()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("j")
    expect(page.get_by_role("searchbox")).to_have_value("j")


def test_the_list_of_keys_is_one_key_away(open_page, violations):
    page = open_page("/_design/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Next row")
    assert violations(page) == []


@pytest.mark.parametrize("density", ["compact", "comfortable", "touch"])
def test_targets_are_at_least_24_pixels_in_every_density(open_page, density):
    page = open_page(f"/_design/?density={density}")
    small = page.evaluate(
        """[...document.querySelectorAll(".btn, summary, .select label, .tabs a, .nav a, .filter-chip, .pager a")]
        .filter((node) => node.checkVisibility())
        .map((node) => [node.outerHTML.slice(0, 80), node.getBoundingClientRect()])
        .filter(([, box]) => box.width < 24 || box.height < 24)
        .map(([html]) => html)"""
    )
    assert small == []


def test_everything_is_reachable_without_javascript(open_page):
    page = open_page("/_design/", scripts=False)
    page.locator("#objects").get_by_role("link", name="Release…").click()
    expect(page.get_by_role("heading", name="Release 20 holds")).to_be_visible()
    page.get_by_role("button", name="Release 20").click()
    expect(page.get_by_role("link", name="Reason: This field is required.")).to_be_visible()


def test_the_bulk_actions_are_there_without_javascript(open_page):
    page = open_page("/_design/", scripts=False)
    page.get_by_label("Select SO-104251").check()
    page.locator(".selection-bar").get_by_role("button", name="Release…").click()
    assert page.url.endswith("/_design/dialog/?hold=SO-104233&hold=SO-104251")
