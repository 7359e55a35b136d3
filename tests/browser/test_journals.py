"""A limit journal in a browser: the grid by keys, a pasted block, generation, posting; readable in both themes.

axe looks at every page on the way. The journey without a script is in `tests/credit_mgmt/pages/journals`.
"""

import datetime as dt
import os
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.test import Client
from playwright.sync_api import Page, expect

from credit_mgmt.journals.adjusting import LineAdjustment, adjust_lines
from credit_mgmt.journals.lines import LineInput, make_journal
from credit_mgmt.models import CreditAccount, LimitJournalLine
from customers import clock
from customers.models import Role
from tests.browser.test_journey import SIDEWAYS
from tests.factories_holds import DAY, a_customer, a_rule, a_user, an_entity, an_order, held, reasons

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
TO = "2027-12-31"


@pytest.fixture
def at(settings: Any, open_page: Callable[..., Page]) -> Callable[..., Page]:
    """A page, signed in as a credit manager, with three customers of whom one has an order on hold."""
    settings.CREDIT_TODAY = DAY
    an_entity()
    reasons()
    a_rule()
    for number in (1, 2, 3):
        a_customer(f"C-{number}", limit="1000")
    held(an_order(a_customer("C-4", limit="100"), "400", "SO-4"))
    mira = a_user("mira", Role.CREDIT_MANAGER)
    client = Client()
    client.force_login(get_user_model().objects.get(username=mira.name))
    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value

    def opened(address: str, **options: Any) -> Page:
        page = open_page("/login/", **options)
        page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": cookie, "url": page.url}])
        page.goto(address)
        return page

    return opened


def limits() -> dict[str, Decimal]:
    return dict(CreditAccount.objects.values_list("customer__account", "limit_amount"))


def test_a_journal_is_made_filled_and_posted(at: Callable[..., Page], violations: Callable[[Page], list[str]]) -> None:
    page = at("/journals/")
    page.keyboard.press("c")
    page.get_by_label("Description").fill("November review")
    page.get_by_label("Generated from existing limits").check()
    page.get_by_role("button", name="Make draft").click()
    page.get_by_label("Change by").fill("10")
    page.get_by_label("Which is").select_option("percentage")
    page.get_by_label("New to").fill(TO)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="Preview")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Add 4 lines").click()
    first, fourth = page.get_by_label("New limit of C-1"), page.get_by_label("New limit of C-4")

    first.fill("=1000*1.5")
    first.press("Enter")
    expect(page.get_by_label("New limit of C-2")).to_be_focused()
    page.get_by_label("New limit of C-2").press("ArrowDown")
    expect(first).to_have_value("1,500.00")
    expect(page.locator("#journal-figures")).to_contain_text("710.00")
    fourth.fill("x")
    page.get_by_label("New limit of C-3").focus()
    expect(page.locator("#line-4")).to_contain_text("is not an amount")
    fourth.fill("500")
    fourth.press("Tab")
    page.get_by_label("New limit of C-3").focus()
    expect(page.locator("#line-4")).to_contain_text("clears SO-4")
    assert violations(page) == []

    page.get_by_role("link", name="Post…").click()
    expect(page.get_by_role("dialog")).to_contain_text("Biggest increases")
    assert violations(page) == []
    page.get_by_role("button", name="Post journal").click()
    expect(page.locator(".badge").first).to_contain_text("Posted")
    assert limits() == {"C-1": 1500, "C-2": 1100, "C-3": 1100, "C-4": 500}


def test_a_block_pasted_into_the_grid_is_looked_at_first_in_the_dark_and_on_a_phone_nothing_goes_sideways(
    at: Callable[..., Page], violations: Callable[[Page], list[str]]
) -> None:
    page = at("/journals/change/?customer=USMF:C-1", theme="dark", width=390)
    page.get_by_label("New limit").fill("1300")
    page.get_by_label("To", exact=True).fill(TO)
    page.get_by_role("button", name="Add to journal").click()
    expect(page.get_by_label("New limit of C-1")).to_have_value("1,300.00")
    assert violations(page) == []
    assert page.evaluate(SIDEWAYS) == []
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.setData("text/plain", "C-2\\t1,234.50\\t31.12.2027\\nC-3\\t5\\t2027-12-31");
            const cell = document.querySelector("#new_limit-1");
            cell.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }"""
    )
    page.get_by_role("button", name="Add 2 lines").click()
    expect(page.get_by_label("New limit of C-2")).to_have_value("1,234.50")
    page.goto("/journals/")
    assert violations(page) == []
    assert page.evaluate(SIDEWAYS) == []
    assert LimitJournalLine.objects.count() == 3


PAGES = (
    "/journals/", "/journals/?status=draft&owner=me&cols=journal,valid_to,approver,status", "/journals/views/",
    "/journals/columns/", "/journals/many/post/?journal=USMF-000001&journal=USMF-000002",
    "/journals/cancel/?journal=USMF-000001", "/journals/USMF-000001/adjust/?line=1&line=2",
    "/journals/USMF-000001/adjust/?preview=1&adjustment=10&value_type=percentage&rounding_form=nearest",
    "/journals/USMF-000001/adjust/?preview=1&adjustment=-5000&value_type=fixed&rounding_form=nearest",
    "/journals/USMF-000001/effects/", "/journals/USMF-000001/post/", "/journals/USMF-000001/paste/",
    "/journals/USMF-000001/undo/", "/holds/recent/", "/customers/USMF/C-1/panels/limits/",
)  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_about_many_journals_and_many_lines_are_readable(
    at: Callable[..., Page], violations: Callable[[Page], list[str]], theme: str
) -> None:
    page = at("/journals/", theme=theme)
    mira = a_user("mira", Role.CREDIT_MANAGER)
    signed: dict[str, Any] = {"actor": mira, "at": clock.now(), "today": lambda _: DAY}
    until = dt.date.fromisoformat(TO)
    lines = [
        LineInput(customer=f"USMF:C-{number}", new_limit=Decimal(amount), new_to=until)
        for number, amount in ((1, 2500), (2, 10), (4, 900))
    ]
    for description in ("Changes of the day", "Reviews"):
        make_journal(legal_entity="USMF", type="credit_limit", description=description, lines=lines, **signed)
    adjust_lines(journal="USMF-000001", adjustment=LineAdjustment(Decimal(10)), **signed)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        for address in PAGES:
            page.goto(address)
            assert page.evaluate(SIDEWAYS) == [], address
            if width == 1280:
                assert violations(page) == [], address
            if folder := os.environ.get("SHOTS"):
                name = re.sub(r"\W+", "-", address).strip("-")[:60]
                page.screenshot(path=f"{folder}/{name}-{width}-{theme}.png", full_page=True)
