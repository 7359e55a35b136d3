"""The hold list in a browser: selecting across pages, arranging, grouping, exporting; the same without JavaScript."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from customers import clock
from customers.models import Role
from holds.models import Hold
from holds.releases import release_hold
from tests.factories_holds import a_user as an_actor
from tests.holds.pages.rows import PASSWORD, TODAY, a_customer, a_hold, a_reason, a_user, an_entity, an_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture(autouse=True)
def _today(settings: Any) -> None:
    settings.CREDIT_TODAY = TODAY


@pytest.fixture
def holds(_today: None) -> list[Hold]:
    """Thirty holds of 10.00 of two customers: two pages of 25."""
    entity = an_entity()
    a_reason("PAID")
    a_user("mira", Role.CREDIT_MANAGER)
    customers = [a_customer(entity), a_customer(entity, "C-2", "Brightwater Dental")]
    return [a_hold(an_order(customers[n % 2], "10.00", number=f"SO-{n:02}")) for n in range(30)]


def sign_in(page: Page, address: str) -> None:
    page.get_by_label("Username").fill("mira")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Holds", level=1)).to_be_visible()
    page.goto(address)


def bar(page: Page) -> Any:
    return page.get_by_role("group", name="Actions on the selection")


def test_what_is_ticked_survives_paging_and_is_released_together(open_page, holds):
    page = open_page("/")
    sign_in(page, "/holds/?per=25&sort=order")
    page.get_by_label(re.compile("Select SO-00,")).check()
    page.get_by_label(re.compile("Select SO-03,")).check()
    expect(bar(page)).to_contain_text("2 selected · 20.00 EUR")
    page.get_by_role("link", name="Next").click()
    expect(bar(page)).to_contain_text("2 selected · 20.00 EUR")
    page.get_by_label(re.compile("Select SO-28,")).check()
    expect(bar(page)).to_contain_text("3 selected · 30.00 EUR")
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_label(re.compile("Select SO-03,"))).to_be_checked()
    page.get_by_label(re.compile("Select SO-03,")).uncheck()
    expect(bar(page)).to_contain_text("2 selected")
    page.get_by_role("button", name=re.compile("Release…")).click()
    dialog = page.get_by_role("dialog", name="Release 2 holds")
    dialog.get_by_label("Reason").select_option("PAID")
    dialog.get_by_role("button", name="Release 2").click()
    expect(page.get_by_text("2 holds released.")).to_be_visible()
    released = Hold.objects.filter(status="released").values_list("order_number", flat=True)
    assert sorted(released) == ["SO-00", "SO-28"]


def test_all_that_match_are_selected_beyond_the_page(open_page, holds):
    page = open_page("/")
    sign_in(page, "/holds/?per=25&value_max=10")
    offer = page.get_by_role("button", name="Select all 30 that match")
    expect(offer).to_be_hidden()
    page.get_by_label("Select all rows of this page").check()
    offer.click()
    expect(bar(page)).to_contain_text("30 selected · 300.00 EUR")
    expect(bar(page)).to_contain_text("all that matched")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_label(re.compile("Select SO-29,"))).to_be_checked()
    bar(page).get_by_role("link", name="Clear").click()
    expect(page.get_by_label(re.compile("Select SO-29,"))).not_to_be_checked()


def test_a_row_that_somebody_else_decides_greys_in_its_place_and_the_notice_counts(open_page, holds):
    page = open_page("/")
    sign_in(page, "/holds/?per=25&sort=order")
    page.get_by_label(re.compile("Select SO-01,")).check()
    release_hold(
        id=holds[1].pk, mode="without_posting", reason="PAID", actor=an_actor("jan", Role.CREDIT_MANAGER),
        at=clock.now(), today=lambda entity: TODAY,
    )  # fmt: skip
    page.evaluate("htmx.trigger(document.body, 'tick')")
    row = page.locator(f"#row-{holds[1].number}")
    expect(row).to_contain_text("Released by jan")
    expect(row).to_have_attribute("data-state", "greyed")
    expect(row.get_by_role("checkbox")).to_be_disabled()
    expect(page.locator("tbody tr").nth(1)).to_contain_text("SO-01")
    expect(page.locator("#list-notice")).to_contain_text("1 changed since")
    page.get_by_role("link", name="Show", exact=True).click()
    expect(page.get_by_role("link", name="SO-01", exact=True)).to_have_count(0)


def test_customers_open_in_place_and_columns_move_with_buttons(open_page, violations, holds):
    page = open_page("/")
    sign_in(page, "/holds/?group=customer")
    page.get_by_role("link", name="Holds of Brightwater Dental").click()
    expect(page.get_by_role("link", name="SO-01", exact=True)).to_be_visible()
    page.get_by_label(re.compile("Select SO-01,")).check()
    expect(bar(page)).to_contain_text("1 selected")
    assert violations(page) == []
    page.goto("/holds/")
    page.get_by_role("link", name="Columns").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Checkpoint").check()
    dialog.get_by_role("button", name="Down Customer").click()
    expect(dialog.get_by_label("Checkpoint")).to_be_checked()
    dialog.get_by_role("button", name="Show these").click()
    heads = page.get_by_role("columnheader")
    expect(heads.nth(2)).to_contain_text("Why held")
    expect(heads.nth(3)).to_contain_text("Customer")
    expect(page.get_by_role("columnheader", name="Checkpoint")).to_be_visible()
    assert violations(page) == []


def test_axe_finds_nothing_in_an_open_filter(open_page, violations, holds):
    page = open_page("/")
    sign_in(page, "/holds/")
    page.locator("#filter-more summary").click()
    assert violations(page) == []


def test_the_whole_journey_works_without_javascript(open_page, holds):
    """`ux.md` measure 8: filter, page, select, take all, release, group, arrange, save a view."""
    page = open_page("/", scripts=False)
    sign_in(page, "/holds/?per=25&sort=order")
    page.get_by_label(re.compile("Select SO-02,")).check()
    page.get_by_role("button", name="Next, keep selection").click()
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.get_by_label(re.compile("Select SO-27,")).check()
    page.get_by_role("button", name="Release…").click()
    expect(page.get_by_role("heading", name="Release 2 holds")).to_be_visible()
    page.get_by_label("Reason").select_option("PAID")
    page.get_by_role("button", name="Release 2").click()
    expect(page.get_by_text("2 holds released.")).to_be_visible()

    page.goto("/holds/?per=25")
    page.get_by_role("button", name="Select all 28 that match").click()
    expect(page.get_by_text("28 selected")).to_be_visible()

    page.goto("/holds/")
    page.locator("#filter-value summary").click()
    page.get_by_label("From", exact=True).fill("5")
    page.locator("#filter-value").get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile(r"/holds/\?value_min=5$"))
    page.get_by_role("link", name="Save as…").click()
    page.get_by_label("Name").fill("Above five")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("link", name=re.compile("Above five"))).to_be_visible()

    page.get_by_role("link", name="Group by customer").click()
    page.get_by_role("link", name="Holds of Brightwater Dental").click()
    expect(page.get_by_role("link", name="SO-01", exact=True)).to_be_visible()

    page.goto("/holds/columns/")
    page.get_by_role("button", name="Down Customer").click()
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_role("columnheader").nth(3)).to_contain_text("Customer")
