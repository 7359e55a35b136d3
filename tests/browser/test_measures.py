"""Measures of `ux.md` 5 that count what a person does: 1, twenty holds with one reason; 7, rejecting by keys alone."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from customers import clock
from customers.models import Role
from holds.models import Hold
from holds.releases import release_hold
from tests.browser.test_hold_list import sign_in
from tests.factories_holds import a_user as an_actor
from tests.factories_holds import today
from tests.holds.pages.rows import TODAY, a_customer, a_hold, a_reason, a_user, an_entity, an_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
RELEASED = re.compile(r"^20 holds released\.")


@pytest.fixture
def page(settings: Any, open_page: Any) -> Page:
    """The list of twenty holds that share a reason, and five that have another; who looks released one before."""
    settings.CREDIT_TODAY = TODAY
    entity = an_entity()
    a_reason("PAID")
    a_user("mira", Role.CREDIT_MANAGER)
    customer = a_customer(entity)
    for number in range(26):
        reason = "limit_used" if number < 20 else "days_overdue"
        a_hold(an_order(customer, "10.00", number=f"SO-{number:02}"), reasons=(reason,))
    last = Hold.objects.get(order__number="SO-25")
    actor = an_actor("mira", Role.CREDIT_MANAGER)
    release_hold(id=last.pk, mode="without_posting", reason="PAID", actor=actor, at=clock.now(), today=today)
    page = open_page("/")
    sign_in(page, "/holds/?view=open")
    return page


def test_twenty_holds_that_share_a_reason_are_released_with_four_clicks(page):
    """Measure 1: facet, the box in the head, Release, confirm."""
    steps = (
        lambda: page.get_by_role("link", name=re.compile("^Limit used 20")),
        lambda: page.locator("[data-select-page]"),
        lambda: page.get_by_role("button", name=re.compile("^Release")),
        lambda: page.get_by_role("dialog", name="Release 20 holds").locator("[data-primary]"),
    )
    assert len(steps) <= 4
    for step in steps:
        step().click()
    expect(page.get_by_text(RELEASED)).to_be_visible()
    assert Hold.objects.filter(status="released").count() == 21


def test_or_with_eight_keys(page):
    """Measure 1: the filter, its first reason, apply; all, Release, confirm."""
    keys = ["f", "Space", "Enter", "Shift+A", "r", "Enter"]
    assert len(keys) <= 8
    page.locator("body").press("f")
    expect(page.locator(".filters .menu[open] input[type=checkbox]").first).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_text("20 holds", exact=True)).to_be_visible()
    page.keyboard.press("Shift+A")
    page.keyboard.press("r")
    expect(page.get_by_role("dialog", name="Release 20 holds").locator("[data-primary]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text(RELEASED)).to_be_visible()
    assert Hold.objects.filter(status="released").count() == 21


def test_a_hold_is_rejected_without_a_pointer(page):
    """Measure 7: the focus is in the dialog, and then on the row that took the place of the one that has gone."""
    page.locator("body").press("j")
    first = page.evaluate("document.activeElement.textContent").strip()
    page.keyboard.press("d")
    dialog = page.get_by_role("dialog", name=f"Reject {first}")
    expect(dialog).to_be_visible()
    assert page.evaluate("Boolean(document.activeElement.closest('#dialog'))")
    dialog.get_by_label("Reason").focus()
    page.keyboard.type("P")
    dialog.get_by_label("Note").focus()
    page.keyboard.type("no answer")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(f"{first} rejected.")).to_be_visible()
    assert Hold.objects.get(order__number=first).status == "rejected"
    assert page.evaluate("Boolean(document.activeElement.closest('[data-row]'))")
