"""The main job in a browser: sign in, read why, release two, reject one, evaluate with progress, force a hold.

The same journey is made with JavaScript and without; axe looks at every page on the way, in light and dark.
"""

import datetime as dt
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import Page, expect

from customers import clock
from customers.jobs import run_job
from customers.models import Job, Role
from holds import evaluation
from holds.models import Hold
from tests.factories_holds import (
    DAY,
    a_customer,
    a_rule,
    a_user,
    an_entity,
    an_invoice,
    an_order,
    held,
    paid,
    reasons,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
SIDEWAYS = """[...document.querySelectorAll("main *")].filter((node) => {
    const box = node.getBoundingClientRect();
    return document.documentElement.scrollWidth > innerWidth && box.right > innerWidth + 1
        && !node.closest(".table-region, .tabs, .nav");
}).map((node) => `sideways: ${node.outerHTML.slice(0, 120)}`)"""
"""What makes a page scroll sideways: nothing may, but tables inside their own region."""
PASSWORD = "correct horse battery staple"
Sweep = Callable[[Page], None]


@pytest.fixture(autouse=True)
def _today(settings: Any) -> None:
    settings.CREDIT_TODAY = DAY


@pytest.fixture
def holds(_today: None) -> dict[str, Hold]:
    """Four held orders: three above the limit, one because of an overdue invoice that is about to be paid."""
    an_entity()
    reasons()
    a_rule(name="LU-01")
    a_rule("days_overdue", days=45, name="DO-07")
    a_user("mira", Role.CREDIT_MANAGER)
    user = get_user_model().objects.get(username="mira")
    user.first_name, user.last_name = "Mira", "Visser"
    user.set_password(PASSWORD)
    user.save()
    found = {}
    for number in (1, 2, 3):
        customer = a_customer(f"US-00{number}", limit="1000")
        found[f"SO-{number}"] = held(an_order(customer, "1400.00", f"SO-{number}", requested_ship_date=DAY))
    late = a_customer("US-009", limit="9000")
    invoice = an_invoice(late, "500.00", due=DAY - dt.timedelta(days=67), number="INV-88120")
    found["SO-9"] = held(an_order(late, "250.00", "SO-9"))
    an_order(late, "80.00", "SO-FREE")
    paid(invoice)
    return found


@pytest.fixture
def look(violations: Callable[[Page], list[str]]) -> Sweep:
    """Let axe look at a page."""

    def swept(page: Page) -> None:
        assert violations(page) == []

    return swept


def sign_in(page: Page) -> None:
    page.get_by_label("Username").fill("mira")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Holds", level=1)).to_be_visible()


def read_the_reasons(page: Page, look: Sweep) -> None:
    row = page.get_by_role("row", name=re.compile("SO-1 "))
    expect(row).to_contain_text("Limit 140 %")
    look(page)
    row.get_by_role("link", name="SO-1", exact=True).click()
    why = page.get_by_role("region", name="Why it is held")
    expect(why).to_contain_text("140 % of the limit of 1,000.00 USD")
    expect(why).to_contain_text("Rule LU-01 · Everyone")
    expect(page.get_by_role("region", name="What would clear it")).to_contain_text(
        "Order reduced to 1,000.00 USD or less"
    )
    expect(page.get_by_role("region", name="Exposure")).to_contain_text("over by 400.00")
    expect(page.get_by_role("region", name="Rule trace", exact=True)).to_contain_text("DO-07")
    look(page)


def release_two(page: Page, look: Sweep) -> None:
    page.goto("/holds/")
    page.get_by_label(re.compile("Select SO-1,")).check()
    page.get_by_label(re.compile("Select SO-2,")).check()
    page.get_by_role("button", name="Release…").click()
    expect(page.get_by_role("heading", name="Release 2 holds")).to_be_visible()
    page.get_by_label("Note").fill("paid, seen on the bank statement")
    page.get_by_role("button", name="Release 2").click()
    expect(page.get_by_role("link", name="Reason: This field is required.")).to_be_visible()
    expect(page.get_by_label("Note")).to_have_value("paid, seen on the bank statement")
    look(page)
    page.get_by_label("Reason", exact=True).select_option("PAID")
    page.get_by_role("button", name="Release 2").click()
    expect(page.get_by_text("2 holds released.")).to_be_visible()


def reject_one(page: Page, look: Sweep) -> None:
    page.get_by_role("link", name="SO-3", exact=True).click()
    page.get_by_role("link", name="Reject…").click()
    expect(page.get_by_role("heading", name="Reject SO-3")).to_be_visible()
    look(page)
    page.get_by_role("button", name="Reject", exact=True).click()
    expect(page.get_by_text("SO-3 rejected.")).to_be_visible()


def preview_everything(page: Page, look: Sweep) -> Job:
    page.goto("/holds/")
    page.get_by_role("link", name="Evaluate…").click()
    expect(page.get_by_role("heading", name="Evaluate for release")).to_be_visible()
    look(page)
    page.get_by_role("radio", name=re.compile("All open holds")).check()
    page.get_by_role("button", name="Evaluate", exact=True).click()
    expect(page.get_by_text("Waiting for a worker.")).to_be_visible()
    return Job.objects.get()


def apply(page: Page, preview: Job, *, scripts: bool, look: Sweep) -> Job:
    """What the preview showed is done for real; the page came by itself, or by its refresh link."""
    run_job(preview.pk)
    if not scripts:
        page.get_by_role("link", name="Refresh").click()
    expect(page.get_by_text("It can be applied for another 10 minutes.")).to_be_visible()
    look(page)
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Waiting for a worker.")).to_be_visible()
    return Job.objects.get(follows=preview)


def force(page: Page, look: Sweep) -> None:
    page.goto("/orders/?q=SO-FREE")
    look(page)
    page.get_by_role("link", name="SO-FREE", exact=True).click()
    look(page)
    page.get_by_role("link", name="Force hold…").click()
    page.get_by_label("Hold reason").select_option("DISPUTE")
    page.get_by_label("Note").fill("goods returned, case 4411")
    look(page)
    page.get_by_role("button", name="Force hold").click()
    expect(page.get_by_text("SO-FREE is on hold, forced.")).to_be_visible()
    page.goto("/holds/?view=forced")
    expect(page.get_by_role("row", name=re.compile("SO-FREE"))).to_contain_text("Forced: DISPUTE")


@pytest.fixture
def one_hold_an_item(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are cut so that progress can be seen between two holds."""
    monkeypatch.setattr(evaluation, "cut", partial(evaluation.cut, size=1))


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_an_order_is_understood_released_rejected_evaluated_and_forced(
    open_page, look, holds, one_hold_an_item, scripts
):
    """The issue's journey. Without scripts axe cannot run, so only the pages with scripts are swept here."""
    sweep = look if scripts else (lambda page: None)
    page = open_page("/", scripts=scripts)
    sign_in(page)
    read_the_reasons(page, sweep)
    release_two(page, sweep)
    reject_one(page, sweep)
    an_order_that_stays_held()
    job = apply(page, preview_everything(page, sweep), scripts=scripts, look=sweep)
    work_through(page, job, scripts=scripts, look=sweep)
    force(page, sweep)
    statuses = {hold.order.number: hold.status for hold in Hold.objects.select_related("order")}
    assert statuses == {
        "SO-1": "released", "SO-2": "released", "SO-3": "rejected", "SO-4": "active", "SO-9": "active",
        "SO-FREE": "active",
    }  # fmt: skip


def an_order_that_stays_held() -> None:
    held(an_order(a_customer("US-004", limit="1000"), "1400.00", "SO-4"))


def work_through(page: Page, job: Job, *, scripts: bool, look: Sweep) -> None:
    """The worker does one item at a time; the page follows by itself, or by its refresh link."""

    def refreshed() -> None:
        if not scripts:
            page.get_by_role("link", name="Refresh").click()

    assert run_job(job.pk, budget=dt.timedelta(0)) is True
    refreshed()
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "1")
    run_job(job.pk)
    refreshed()
    expect(page.get_by_text("Finished", exact=True)).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "2")
    changed = page.get_by_role("region", name="What changed")
    expect(changed.get_by_role("row", name=re.compile("SO-9"))).to_contain_text("Ready")
    look(page)
    page.get_by_role("link", name="Ready to release", exact=True).click()
    expect(page.get_by_role("row", name=re.compile("SO-9 "))).to_contain_text("Ready")


def test_an_hour_old_dialog_tells_who_was_faster_and_keeps_the_note(open_page, holds):
    """Reliability C03 in a browser, through the native dialog."""
    page = open_page("/")
    sign_in(page)
    page.get_by_label(re.compile("Select SO-1,")).check()
    page.get_by_role("button", name="Release…").click()
    dialog = page.get_by_role("dialog", name="Release SO-1")
    dialog.get_by_label("Reason").select_option("PAID")
    dialog.get_by_label("Note").fill("promised for Thursday")
    from holds.worklist import add_note

    add_note(ids=[holds["SO-1"].pk], note="called them", actor=a_user("jan"), at=clock.now())
    dialog.get_by_role("button", name="Release", exact=True).click()
    expect(dialog).to_contain_text("was changed since you looked at it")
    expect(dialog).to_contain_text("Note by jan")
    expect(dialog.get_by_label("Note")).to_have_value("promised for Thursday")
    dialog.get_by_role("button", name="Release", exact=True).click()
    expect(page.get_by_text("SO-1 released.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 hold taken back.")).to_be_visible()


def test_release_is_reached_and_confirmed_with_keys_alone(open_page, holds):
    """`ux.md` 3.1: x selects, r opens the dialog, Enter in the dialog confirms."""
    page = open_page("/")
    sign_in(page)
    page.keyboard.press("j")
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_limit_of_zero_reads_no_credit(open_page, holds):
    a_customer("US-ZERO", limit="0")
    page = open_page("/")
    sign_in(page)
    page.goto("/customers/?q=US-ZERO")
    expect(page.get_by_role("row", name=re.compile("US-ZERO"))).to_contain_text("No credit (0.00)")
