"""What clerks do with holds, in a browser (`ux.md` 3.0, 3.1, 3.3, 3.4): by keyboard, without a script, before axe."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import Page, expect

from customers.models import CustomerTransaction, Role
from holds.models import Hold
from tests.browser.test_journey import PASSWORD, sign_in
from tests.factories_credit import give_limit
from tests.factories_holds import (
    DAY,
    a_customer,
    a_rule,
    a_user,
    an_entity,
    an_invoice,
    an_order,
    held,
    reasons,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture(autouse=True)
def _today(settings: Any) -> None:
    settings.CREDIT_TODAY = DAY


@pytest.fixture
def desk(_today: None) -> list[Hold]:
    """Five orders of one customer who has room for two again, and a colleague."""
    an_entity()
    reasons()
    a_rule(name="CLU-03")
    for name, first, last in (("mira", "Mira", "Visser"), ("jan", "Jan", "de Wit")):
        a_user(name, Role.CREDIT_MANAGER)
        user = get_user_model().objects.get(username=name)
        user.first_name, user.last_name = first, last
        user.set_password(PASSWORD)
        user.save()
    customer = a_customer("C-10427", limit="1")
    customer.name = "Harbour Lane Foods"
    customer.save()
    values = (("2140", 4), ("6900", 4), ("24300", 4), ("3900", 5), ("9400", 7))
    holds = [
        held(an_order(customer, value, f"SO-{n}", requested_ship_date=DAY + dt.timedelta(days)))
        for n, (value, days) in enumerate(values, start=1)
    ]
    invoice = an_invoice(customer, "203750")
    CustomerTransaction.objects.filter(pk=invoice.pk).update(
        promised_on=DAY + dt.timedelta(6), promised_amount=Decimal(18500)
    )
    give_limit(customer, Decimal(210000))
    an_order(customer, "120", "SO-FREE")
    return holds


def opened(open_page: Callable[..., Page], address: str, **options: Any) -> Page:
    page = open_page("/holds/", **options)
    sign_in(page)
    page.goto(address)
    return page


def test_by_keyboard_a_hold_is_snoozed_and_brought_back(desk, open_page):
    """`h`, Enter; then `z`, as the toast offers (`ux` 3.0, Keyboard and Reversibility)."""
    page = opened(open_page, f"/holds/{desk[0].number}/")
    page.keyboard.press("h")
    expect(page.get_by_role("dialog")).to_contain_text("Snooze SO-1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("SO-1 snoozed until 21 Nov 2026.")).to_be_visible()
    assert Hold.objects.get(pk=desk[0].pk).snoozed_until == dt.date(2026, 11, 21)
    page.keyboard.press("z")
    expect(page.get_by_text("1 hold taken back.")).to_be_visible()
    assert Hold.objects.get(pk=desk[0].pk).snoozed_until is None
    expect(page.get_by_role("heading", name=re.compile("SO-1"), level=1)).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("z")
    expect(page.get_by_role("heading", name="My recent actions")).to_be_visible()


def test_another_day_shows_its_field_only_when_it_is_meant(desk, open_page):
    page = opened(open_page, f"/holds/snooze/?hold={desk[0].number}")
    expect(page.locator("#id_until")).to_be_hidden()
    page.get_by_label("Another day").check()
    page.locator("#id_until").fill("2026-12-03")
    page.get_by_role("button", name="Snooze").click()
    expect(page.get_by_text("snoozed until 3 Dec 2026")).to_be_visible()


def test_what_fits_is_released_in_two_clicks(desk, open_page):
    page = opened(open_page, "/holds/fit/?customer=USMF:C-10427")
    expect(page.get_by_text("6,690.00 short")).to_be_visible()
    page.get_by_label("Highest value").check()
    expect(page.get_by_text("running total 3,900.00")).to_be_visible()
    page.get_by_label("Earliest ship date").check()
    expect(page.get_by_text("running total 6,040.00")).to_be_visible()
    page.get_by_role("button", name=re.compile("Release 2")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 customer within the limit")
    dialog.get_by_label("Reason").select_option("PAID")
    dialog.get_by_role("button", name="Release 2").click()
    expect(page.get_by_text("2 holds released.")).to_be_visible()
    released = Hold.objects.filter(status="released").order_by("number").values_list("order__number", flat=True)
    assert list(released) == ["SO-1", "SO-4"]


def test_without_a_script_clerks_snooze_share_fit_force_and_take_back(desk, open_page):
    page = opened(open_page, f"/holds/snooze/?hold={desk[0].number}&hold={desk[1].number}", scripts=False)
    page.get_by_label("Thursday").check()
    page.get_by_role("button", name="Snooze 2").click()
    expect(page.get_by_text("2 holds snoozed until 26 Nov 2026.")).to_be_visible()
    page.goto(f"/holds/assign/?hold={desk[2].number}&hold={desk[3].number}")
    page.get_by_label("Jan de Wit", exact=True).check()
    page.get_by_label("Mira Visser", exact=True).check()
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_text("2 holds assigned in turn to 2 people.")).to_be_visible()
    page.goto("/holds/force/?customer=USMF:C-10427")
    page.get_by_label("Hold reason").select_option("DISPUTE")
    for number in (1, 2, 3, 4, 5):
        page.get_by_label(f"Force SO-{number}", exact=True).uncheck()
    page.get_by_role("button", name="Force hold").click()
    expect(page.get_by_text("1 order forced on hold.")).to_be_visible()
    page.goto("/holds/recent/")
    expect(page.get_by_text("Forced")).to_be_visible()
    for words in ("2 holds taken back.", "2 holds taken back.", "1 hold taken back."):
        page.get_by_role("button", name=re.compile("Undo")).last.click()
        expect(page.locator("#toasts").get_by_text(words)).to_be_visible()
        page.goto("/holds/recent/")
    assert not Hold.objects.filter(forced=True, status="active").exists()
    assert not Hold.objects.filter(snoozed_until__isnull=False).exists()
    page.goto("/holds/fit/?customer=USMF:C-10427")
    page.get_by_label("Most orders").check()
    page.get_by_role("button", name="Fit again").click()
    page.get_by_role("button", name=re.compile("Release 2")).click()
    page.get_by_label("Reason").select_option("PAID")
    page.get_by_role("button", name="Release 2").click()
    assert Hold.objects.filter(status="released").count() == 2
