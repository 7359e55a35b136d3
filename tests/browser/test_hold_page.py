"""The page of a hold in a browser: readable in both themes and on a phone, peek, tabs, colleagues, typed text."""

import datetime as dt
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from playwright.sync_api import Page, expect

from customers import clock
from customers.models import CustomerTransaction, Role, Settlement
from holds import notes, worklist
from holds.models import Hold, HoldReason
from holds.releases import release_hold
from tests.browser.test_journey import SIDEWAYS
from tests.factories_holds import (
    DAY,
    NOW,
    a_customer,
    a_rule,
    a_user,
    an_entity,
    an_invoice,
    an_order,
    held,
    post,
    reasons,
    today,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
SHOTS = os.environ.get("SHOTS", "")
"""A folder for pictures of what the tests look at, for whoever wants to look too."""


@pytest.fixture(autouse=True)
def _today(settings: Any) -> None:
    settings.CREDIT_TODAY = DAY


@pytest.fixture
def hold(_today: None) -> Hold:
    """The worked example of the specification, nearly: a customer with a past and a limit used up, notes and a file."""
    an_entity()
    reasons()
    user = a_user("mira", Role.CREDIT_MANAGER)
    get_user_model().objects.filter(username="mira").update(first_name="Mira", last_name="Visser")
    customer = a_customer("C-10427", limit="210000")
    type(customer).objects.filter(pk=customer.pk).update(name="Harbour Lane Foods BV")
    customer.refresh_from_db()
    for nth, (amount, days) in enumerate((("111200", -20), ("22700", 12), ("9600", 40), ("8900", 67))):
        an_invoice(customer, amount, due=DAY - dt.timedelta(days=days), number=f"INV-88{120 + nth}")
    payment = CustomerTransaction.objects.get(number="INV-88120")
    entry = CustomerTransaction.objects.create(
        legal_entity_id="USMF", series="payment", kind="payment", customer=customer, date=DAY - dt.timedelta(days=1),
        number="P-55102", currency_id="USD", amount=Decimal(4000),
    )  # fmt: skip
    credit = entry.due_items.create(
        customer=customer, currency_id="USD", date=entry.date, due_date=entry.date, amount=-4000, open_amount=-1500
    )
    Settlement.objects.create(credit=credit, debit=payment.due_items.get(), date=DAY, amount=Decimal(2500))
    delivered = an_order(customer, "51350", "SO-104100", requested_ship_date=DAY)
    type(delivered).objects.filter(pk=delivered.pk).update(delivered_uninvoiced_amount=18750)
    post(delivered)
    a_rule(name="CLU-03")
    a_rule("days_overdue", days=45, name="DO-07")
    earlier = held(an_order(customer, "30000", "SO-104199", requested_ship_date=DAY))
    release_hold(id=earlier.pk, mode="without_posting", reason="PAID", actor=user, at=NOW, today=today)
    type(earlier.order).objects.filter(pk=earlier.order_id).update(uninvoiced_amount=0)
    hold = held(an_order(customer, "24300", "SO-104233", requested_ship_date=DAY + dt.timedelta(days=4)))
    for number, amount in (("SO-104251", "6900"), ("SO-104262", "2140")):
        held(an_order(customer, amount, number, requested_ship_date=DAY + dt.timedelta(days=5)))
    worklist.add_note(ids=[hold.pk], note="promised for Thursday", actor=user, at=NOW)
    notes.add_customer_note(customer=customer, text="Mr. Bakker pays on Fridays; ask him, not the office.", actor=user,
                            at=NOW, pin=True)  # fmt: skip
    notes.keep_file(customer=customer, hold=hold, name="promise.pdf", content=b"%PDF-1.7", actor=user, at=NOW)
    return Hold.objects.select_related("order", "payer").get(pk=hold.pk)


@pytest.fixture
def at(open_page: Callable[..., Page], hold: Hold) -> Callable[..., Page]:
    """A page, signed in as Mira."""

    def opened(address: str, **options: Any) -> Page:
        page = open_page("/login/", **options)
        client = Client()
        client.force_login(get_user_model().objects.get(username="mira"))
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": page.url}])
        page.goto(address)
        return page

    return opened


def picture(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def addresses(hold: Hold) -> dict[str, str]:
    own = f"/holds/{hold.number}/"
    card = f"/customers/{hold.payer.legal_entity_id}/{hold.payer.account}/"
    rule = HoldReason.objects.filter(hold=hold).exclude(rule="").order_by("pk")[0].rule
    return {
        "detail": f"{own}?from=view%3Dopen",
        "then": f"{own}?at=hold",
        "held": f"{own}?held=1",
        "invoices": f"{own}panels/invoices/",
        "payments": f"{own}panels/payments/",
        "orders": f"{own}panels/orders/",
        "timeline": f"{own}panels/timeline/",
        "notes": f"{own}panels/notes/",
        "audit": f"{own}panels/audit/",
        "rule": f"{own}rules/{rule}/",
        "peek": f"{own}peek/",
        "list": f"/holds/?peek={hold.number}",
        "card": card,
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_is_readable_and_never_wider_than_the_screen(
    at: Callable[..., Page], hold: Hold, violations: Callable[[Page], list[str]], theme: str, width: int
) -> None:
    page = at("/holds/", theme=theme, width=width)
    for name, address in addresses(hold).items():
        page.goto(address)
        page.wait_for_load_state("networkidle")
        picture(page, f"{name}-{theme}-{width}")
        assert violations(page) == [], name
        assert page.evaluate(SIDEWAYS) == [], name


def test_a_tab_is_swapped_in_place_by_its_key(at: Callable[..., Page], hold: Hold) -> None:
    page = at(f"/holds/{hold.number}/")
    page.keyboard.press("3")
    expect(page.get_by_role("rowheader", name="INV-88123")).to_be_visible()
    assert page.url.endswith(f"/holds/{hold.number}/")
    page.get_by_role("navigation", name="Show").get_by_role("link", name="Overdue", exact=True).click()
    expect(page.get_by_role("region", name="Invoices").get_by_role("row", name="Total")).to_contain_text("41,200.00")


def test_a_segment_opens_the_documents_that_add_up_to_it(at: Callable[..., Page], hold: Hold) -> None:
    page = at(f"/holds/{hold.number}/", scripts=False)
    page.get_by_role("region", name="Exposure").get_by_role("link", name="Overdue").click()
    expect(page.get_by_role("region", name="Invoices").get_by_role("row", name="Total")).to_contain_text("41,200.00")


def test_who_else_looks_is_said_and_a_decision_of_a_colleague_loses_no_typed_text(
    at: Callable[..., Page], hold: Hold
) -> None:
    page = at(f"/holds/{hold.number}/panels/notes/")
    page = at(f"/holds/{hold.number}/")
    page.keyboard.press("6")
    page.get_by_label("Note", exact=True).fill("I was just writing this")
    jan = a_user("jan", Role.CREDIT_MANAGER)
    visitor = Client()
    visitor.force_login(get_user_model().objects.get(username="jan"))
    visitor.post(f"/holds/{hold.number}/seen/", {"version": hold.version})
    release_hold(id=hold.pk, mode="without_posting", reason="PAID", actor=jan, at=clock.now(), today=today)
    page.evaluate("htmx.trigger(document.body, 'beat-tick')")
    expect(page.get_by_text("jan is viewing")).to_be_visible()
    expect(page.locator("#live").get_by_role("alert")).to_contain_text("Released by jan")
    expect(page.get_by_role("link", name="Release…")).to_have_count(0)
    expect(page.get_by_label("Note", exact=True)).to_have_value("I was just writing this")


def test_the_peek_leads_to_the_hold_and_closes_back_to_the_list(at: Callable[..., Page], hold: Hold) -> None:
    page = at(f"/holds/?peek={hold.number}")
    peek = page.get_by_role("complementary", name="Peek")
    expect(peek).to_contain_text("What would clear it")
    expect(page.get_by_role("table", name="Holds")).to_be_visible()
    page.keyboard.press("Escape")
    expect(peek.get_by_role("heading")).to_have_count(0)
    assert "peek" not in page.url
    page.goto(f"/holds/?peek={hold.number}")
    peek.get_by_role("link", name="Open H-").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("SO-104233")


def test_on_a_phone_the_peek_replaces_the_list(at: Callable[..., Page], hold: Hold) -> None:
    page = at(f"/holds/?peek={hold.number}", width=390)
    expect(page.get_by_role("heading", name="Why it is held")).to_be_visible()
    expect(page.get_by_label("Search holds")).to_be_hidden()


def test_next_and_previous_by_key(at: Callable[..., Page], hold: Hold) -> None:
    page = at(f"/holds/{hold.number}/?from=view%3Dopen")
    expect(page.get_by_text("1 of 3")).to_be_visible()
    page.keyboard.press("]")
    expect(page.get_by_text("2 of 3")).to_be_visible()
    page.keyboard.press("[")
    expect(page.get_by_role("heading", level=1)).to_contain_text("SO-104233")
