"""Axe on every page and in every state, in both themes (`ux.md` 3.0 States, 5 measure 6); nothing goes sideways.

Each page is loaded once: all rules look at it in the light theme, and those that depend on colours again in the dark
one, since nothing else differs. A new page of the desk turns `test_every_page_is_looked_at` red until it is swept.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.urls import get_resolver, resolve
from playwright.sync_api import Page

from credit_mgmt.backtests.jobs import KIND as BACKTEST
from customers import clock
from customers.access import Actor
from customers.jobs import run_job, start_job
from customers.models import AccessGrant, Job, Role, SavedView
from holds.customer_list.columns import COLUMNS as CUSTOMER_COLUMNS
from holds.evaluation import KIND as EVALUATE
from holds.forced import force_hold
from holds.models import Hold
from holds.pages.orders import OrderListPage
from holds.rejections import reject_hold
from holds.releases import release_hold
from holds.snoozing import snooze_holds
from holds.standing_forces import force_new_orders
from holds.worklist import add_note
from tests.browser.conftest import AXE
from tests.browser.test_journey import PASSWORD, SIDEWAYS, sign_in
from tests.factories_holds import (
    DAY,
    NOW,
    SYSTEM,
    a_customer,
    a_rule,
    a_user,
    an_entity,
    an_invoice,
    an_order,
    held,
    paid,
    reasons,
    today,
)
from tests.holds.pages.test_reversibility import patterns

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

PAGES = (
    "/holds/", "/holds/?group=customer", "/holds/?view=closed", "/holds/?view=forced",
    "/holds/?view=mine-too&value_min=1", "/holds/?cols=order,value,terms,held_at,note,free,rule,level",
    "/holds/?peek={hold}", "/holds/views/", "/holds/views/new/?from=value_min%3D1",
    "/holds/columns/", "/holds/recent/", "/holds/absence/", "/holds/release/?hold={hold}&hold={forced}",
    "/holds/reject/?hold={hold}", "/holds/assign/?hold={hold}", "/holds/claim/?hold={hold}",
    "/holds/snooze/?hold={hold}", "/holds/wake/?hold={asleep}", "/holds/evaluate/?hold={hold}",
    "/holds/force/?customer=USMF:US-002", "/holds/fit/?customer=USMF:US-001", "/holds/undo/{moment}/",
    "/holds/undo/{acted}/",
    "/holds/{hold}/", "/holds/{forced}/", "/holds/{released}/", "/holds/{hold}/actions/", "/holds/{hold}/peek/",
    "/holds/{hold}/note/", "/holds/{hold}/review/", "/holds/{hold}/panels/timeline/", "/holds/{hold}/panels/notes/",
    "/holds/{hold}/panels/invoices/", "/orders/", "/orders/USMF/SO-1/", "/orders/USMF/SO-1/credit-panel/",
    "/orders/USMF/SO-1/ask/", "/orders/USMF/SO-1/force/", "/orders/USMF/SO-1/cancel/",
    "/orders/USMF/SO-REJECTED/reopen/", "/orders/USMF/SO-1/check/?document=confirmation", "/orders/USMF/SO-FREE/post/",
    "/customers/", "/customers/USMF/US-002/", "/customers/USMF/US-002/new-orders/",
    f"/customers/?cols={','.join(CUSTOMER_COLUMNS)}", "/customers/?view=over-limit",
    "/customers/views/", "/customers/columns/",
    "/customers/bulk/review/?customer=USMF:US-001", "/customers/bulk/status/?customer=USMF:US-001",
    "/customers/bulk/journal/?customer=USMF:US-001", "/groups/", "/groups/columns/", "/cover/",
    "/customers/USMF/US-002/panels/notes/",
    "/check/", "/rules/?for=USMF:US-001", "/rules/new/", "/rules/new/?type=overdue_amount", "/rules/health/",
    "/rules/test/?order=USMF:SO-1&if_amount=1", "/rules/import/", "/rules/retire/?rule=LU-01", "/rules/LU-01/",
    "/rules/LU-01/versions/", "/rules/LU-01/versions/1/", "/rules/LU-01/versions/1/restore/", "/rules/LU-01/retire/",
    "/rules/LU-01/activate/", "/rules/LU-01/shadow/", "/rules/LU-01/discard/", "/search/", "/setup/",
    "/setup/parameters/", "/setup/parameters/default/", "/setup/checkpoints/", "/setup/reasons/",
    "/setup/reasons/hold:DISPUTE/", "/setup/reasons/hold:DISPUTE/delete/", "/setup/account-statuses/",
    "/setup/credit-management-groups/", "/setup/payment-terms/", "/setup/payment-terms/N30/", "/setup/cash-discounts/",
    "/search/?q=SO-1", "/search/?q=zzz", "/preferences/", "/jobs/", "/jobs/schedules/",
    "/rules/LU-01/backtest/", "/backtests/{backtest}/", "/backtests/{backtest}/orders/",
    "/jobs/schedules/evaluate-all-holds/", "/jobs/{ended}/", "/jobs/{stuck}/", "/jobs/{stuck}/cancel/",
)  # fmt: skip
"""Every page with something on it."""

STATES = {
    "filtered out": "/holds/?value_min=9999999&owner=me",
    "good news": "/holds/?view=ready",
    "nothing yet": "/holds/?view=failed",
    "not understood": "/holds/?value_min=lots",
    "gone": "/holds/H-999999/",
    "runs that there are none of": "/jobs/?status=failed",
    "no open order": "/holds/force/?order=SO-NOPE",
}
"""States that an address leads to; those that take more are made in the test itself."""

NO_PAGES = {
    "home": "leads on to the list",
    "hold-changes": "a notice inside the list",
    "hold-group": "rows inside the grouped list",
    "hold-place": "steps inside the page of a hold",
    "hold-step": "leads on to the next hold",
    "hold-rule": "a part of the page of a hold",
    "hold-export": "a file, or leads on to its job",
    "hold-seen": "a part of the page of a hold",
    "hold-reinstate": "leads back to the hold",
    "preferences-theme": "leads back to where one was",
    "hold-selection": "leads back to the list",
    "job-badge": "a part of the top bar",
    "job-file": "a file",
    "rules-export": "a file",
    "rule-reads": "a part of the editor of a rule",
}
"""Addresses of the desk that answer GET with no page of their own."""


OF_THE_DESK = ("home", "hold-", "order", "search", "setup", "parameter", "preferences", "job", "rule")


def of_the_desk() -> Iterator[str]:
    """Names of the addresses of this room that answer GET."""
    for pattern in patterns(get_resolver().url_patterns):
        view = getattr(pattern.callback, "view_class", None)
        name = str(pattern.name)
        if hasattr(view, "get") and name.startswith(OF_THE_DESK):
            yield name


def test_every_page_is_looked_at():
    known = dict.fromkeys(("hold", "forced", "asleep", "released"), "H-1") | {"moment": "1"}
    job = "5f8f3a2f-2837-4fb5-b880-ad483e94fcc9"
    paths = [
        address.format(**known, ended=job, stuck=job, backtest=job, acted=job).partition("?")[0] for address in PAGES
    ]
    looked_at = {resolve(path).url_name for path in paths}
    assert set(of_the_desk()) - looked_at == set(NO_PAGES)


@pytest.fixture
def world(settings: Any) -> dict[str, Any]:
    """One of everything that the pages show."""
    settings.CREDIT_TODAY = DAY
    an_entity()
    reasons()
    a_rule(name="LU-01")
    mira = a_user("mira", Role.CREDIT_MANAGER)
    mira = a_user("mira", Role.CREDIT_ADMINISTRATOR)
    user = get_user_model().objects.get(username="mira")
    user.set_password(PASSWORD)
    user.save()
    first, second = a_customer("US-001", limit="1000"), a_customer("US-002", limit="1000")
    an_invoice(first, "500.00", due=DAY - dt.timedelta(days=67), number="INV-88120")
    hold, forced, asleep, released, rejected = (
        held(an_order(customer, "1400.00", number, requested_ship_date=DAY))
        for customer, number in (
            (first, "SO-1"), (second, "SO-2"), (first, "SO-3"), (second, "SO-4"), (second, "SO-REJECTED"),
        )
    )  # fmt: skip
    an_order(second, "80.00", "SO-FREE")
    now = clock.now()
    force_hold(order=forced.order_id, reason="DISPUTE", note="case 4411", actor=mira, at=now, today=today)
    said: dict[str, Any] = {"reason": "DISPUTE", "actor": mira, "at": now, "today": today}
    force_new_orders(customers=[second.pk], until=DAY + dt.timedelta(14), **said)
    snooze_holds(ids=[asleep.pk], until=DAY + dt.timedelta(3), actor=mira, at=now, today=today)
    release_hold(id=released.pk, mode="without_posting", reason="PAID", actor=mira, at=now, today=today)
    reject_hold(id=rejected.pk, actor=mira, at=now)
    SavedView.objects.create(
        list="holds", slug="mine-too", label="Mine too", owner=user, created_at=now, changed_at=now
    )
    return {
        "hold": hold.number, "forced": forced.number, "asleep": asleep.number, "released": released.number,
        "moment": round(now.timestamp() * 1_000_000), **_jobs(mira),
    }  # fmt: skip


def _jobs(mira: Actor) -> dict[str, str]:
    """A preview with an outcome, a backtest, a release of many, and a run that nobody is at work on."""
    customer = a_customer("US-003", limit="1000")
    invoice = an_invoice(customer, "995.00")
    held(an_order(customer, "10.00", "SO-LATE"))
    paid(invoice)
    ended = start_job(EVALUATE, {"preview": True}, actor=SYSTEM, now=clock.now())
    run_job(ended.pk)
    ago = clock.now() - dt.timedelta(minutes=5)
    backtest = start_job(BACKTEST, {"rule": "LU-01"}, actor=SYSTEM, now=clock.now())
    run_job(backtest.pk)
    many = [str(held(an_order(a_customer("US-004", limit="1"), "400", "SO-MANY")).pk)]
    given = {"holds": many, "mode": "without_posting", "reason": "PAID"}
    acted = start_job("release_holds", given, actor=mira, now=clock.now())
    run_job(acted.pk)
    stuck = Job.objects.create(kind=EVALUATE, actor="system:schedule", status="running", created_at=ago, parameters={})
    return {"ended": str(ended.pk), "stuck": str(stuck.pk), "backtest": str(backtest.pk), "acted": str(acted.pk)}


Look = Callable[[str], None]
EVERYTHING = "{resultTypes: ['violations']}"
COLOURS = "{resultTypes: ['violations'], runOnly: {type: 'rule', values: ['color-contrast', 'link-in-text-block']}}"


@pytest.fixture
def found() -> dict[str, list[str]]:
    """What axe found, by page."""
    return {}


def looking(page: Page, found: dict[str, list[str]]) -> Look:
    """Look at what the page shows now."""

    def violations(options: str) -> list[str]:
        run = f"axe.run(document, {options}).then((found) => found.violations.flatMap("
        # What fades or changes its colour has no contrast yet.
        page.evaluate("Promise.allSettled(document.getAnimations().map((each) => each.finished))")
        told: list[str] = page.evaluate(run + "(rule) => rule.nodes.map((node) => `${rule.id}: ${node.html}`)))")
        return told

    def look(name: str) -> None:
        page.evaluate(AXE)
        problems = violations(EVERYTHING) + page.evaluate(SIDEWAYS)
        page.emulate_media(color_scheme="dark")
        problems += [f"dark {problem}" for problem in violations(COLOURS)]
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 390, "height": 900})
        problems += [f"narrow {problem}" for problem in page.evaluate(SIDEWAYS)]
        page.set_viewport_size({"width": 1280, "height": 900})
        if problems:
            found[name] = problems

    return look


def test_axe_finds_nothing_on_any_page_in_any_state(world, open_page, found, monkeypatch):
    page = open_page("/")
    sign_in(page)
    look = looking(page, found)
    for address in PAGES:
        answer = page.goto(address.format(**world))
        assert answer.status == 200, address
        look(address)
    for state, address in STATES.items():
        page.goto(address)
        look(state)
    _errors(page, world, look)
    _conflict(page, world, look)
    _failure(page, look, monkeypatch)
    _no_access(page, look)
    assert found == {}


def _errors(page: Page, world: dict[str, Any], look: Look) -> None:
    page.goto(f"/holds/{world['hold']}/note/")
    page.get_by_role("button", name="Add note").click()
    assert page.title().startswith("Error:")
    look("a field error")
    page.goto("/holds/force/?customer=USMF:US-001")
    page.get_by_role("button", name="Force hold").click()
    look("errors of a form with rows")


def _conflict(page: Page, world: dict[str, Any], look: Look) -> None:
    page.goto(f"/holds/release/?hold={world['hold']}")
    add_note(ids=[Hold.objects.get(number=world["hold"]).pk], note="faster", actor=SYSTEM, at=NOW)
    page.get_by_label("Reason").select_option("PAID")
    page.get_by_role("button", name="Release").click()
    page.get_by_text("Note by").wait_for()
    look("a conflict")


def _failure(page: Page, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError("for the page that says so")

    monkeypatch.setattr(OrderListPage, "get", fails)
    assert page.goto("/orders/").status == 500
    look("a failure of the server")


def _no_access(page: Page, look: Look) -> None:
    AccessGrant.objects.filter(user__username="mira").delete()
    a_user("ada", Role.CREDIT_ADMINISTRATOR)
    a_user("mira", Role.SALES_VIEWER)
    assert page.goto("/jobs/").status == 403
    page.get_by_text("Ask ada, who gives roles.").wait_for()
    look("no access")
