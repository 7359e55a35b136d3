"""Axe on every page of customers, credit groups, cover and journals, and of what people are told; in both themes.

As `test_every_page`, which has those of holds. A new page turns `test_every_page_is_looked_at` red until it is swept.
"""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.urls import get_resolver, resolve

from credit_mgmt.models import CoverPolicy, PolicyType
from customers import clock
from customers.access import actor_of_user
from customers.models import CustomerCreditGroup, Notification, Role
from customers.notifications import Told, tell
from holds.standing_forces import force_new_orders
from tests.browser.test_every_page import found, looking
from tests.browser.test_journey import PASSWORD, sign_in
from tests.factories_credit import give_limit, give_temporary_limit
from tests.factories_holds import (
    DAY,
    a_customer,
    a_group,
    a_rule,
    a_user,
    an_entity,
    an_invoice,
    an_order,
    held,
    reasons,
    today,
)
from tests.factories_journals import a_journal, line
from tests.holds.pages.test_reversibility import patterns

__all__ = ["found"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

GENERATED = (
    "preview=1&source=customers&include_limits=on&adjustment=10&value_type=percentage&round_off=1000"
    "&rounding_form=up&dates=absolute&new_from=2027-01-01&new_to=2027-12-31"
)
PAGES = (
    "/me/notifications/", "/customers/", "/customers/columns/", "/customers/views/", "/customers/views/new/",
    "/customers/bulk/journal/?customer=USMF:US-001", "/customers/bulk/review/?customer=USMF:US-001",
    "/customers/bulk/group/?customer=USMF:US-001", "/customers/bulk/status/?customer=USMF:US-001",
    "/customers/bulk/reviewed/?customer=USMF:US-001",
    "/customers/USMF/US-001/", "/customers/USMF/US-001/panels/limits/", "/customers/USMF/US-001/panels/cover/",
    "/customers/USMF/US-001/panels/groups/", "/customers/USMF/US-001/panels/notes/",
    "/customers/USMF/US-001/new-orders/", "/customers/USMF/US-001/limit/", "/customers/USMF/US-001/review/",
    "/groups/", "/groups/views/", "/groups/views/new/", "/groups/columns/", "/groups/bulk/limit/?group=G1",
    "/groups/new/", "/groups/G1/", "/groups/G1/recheck/", "/groups/G1/edit/", "/groups/G1/limit/",
    "/groups/G1/members/add/", "/groups/G1/members/remove/?customer=USMF:US-002",
    "/cover/", "/cover/bulk/end/?policy={policy}", "/cover/bulk/dates/?policy={policy}",
    "/cover/new/?customer=USMF:US-001", "/cover/import/", "/cover/types/", "/cover/types/policy-types/new/",
    "/cover/types/policy-types/BANK/", "/cover/{policy}/", "/cover/{policy}/end/", "/cover/{policy}/remove/",
    "/journals/", "/journals/views/", "/journals/views/new/", "/journals/columns/", "/journals/new/",
    "/journals/many/submit/?journal={journal}", "/journals/many/post/?journal={journal}",
    "/journals/cancel/?journal={journal}", "/journals/change/?customer=USMF:US-001",
    "/journals/{journal}/", "/journals/{journal}/generate/",
    f"/journals/{{journal}}/generate/?{GENERATED}", "/journals/{journal}/paste/",
    "/journals/{journal}/description/", "/journals/{journal}/submit/", "/journals/{journal}/post/",
    "/journals/{journal}/adjust/?line=1",
)  # fmt: skip
"""Every page with something on it."""

STATES = {
    "no group matches": "/groups/?q=nothing-is-called-this",
    "no journal matches": "/journals/?q=nothing-is-called-this",
    "no cover matches": "/cover/?q=nothing-is-called-this",
    "no customer matches": "/customers/?q=nothing-is-called-this",
    "no such group": "/groups/NOPE/",
}

NO_PAGES = {
    "notification": "leads on to what it is about",
    "notifications-read": "leads back to the list",
    "customer-selection": "leads back to the list",
    "customer-export": "a file, or leads on to its job",
    "group-selection": "leads back to the list",
    "group-export": "a file, or leads on to its job",
    "group-members-file": "a file",
    "cover-worked": "a line inside the form of a policy",
    "journal-selection": "leads back to the list",
    "journal-changes": "a notice inside the list",
    "journal-export-chosen": "a file",
    "journal-lines-export": "a file",
    "journal-add": "leads to the draft, with the form below its lines",
    "journal-export": "a file, or leads on to its job",
    "journal-find": "suggestions for a cell",
    "journal-effects": "a part of the dialog that posts",
    "journal-recall": "leads back to the journal",
    "journal-reverse": "leads to the new journal",
    "journal-undo": "leads back to the journal",
}
"""Addresses that answer GET with no page of their own."""


def of_limits() -> Iterator[str]:
    """Names of the addresses of these pages that answer GET."""
    for pattern in patterns(get_resolver().url_patterns):
        view, name = getattr(pattern.callback, "view_class", None), str(pattern.name)
        gets = hasattr(view, "get") and "get" in view.http_method_names
        if gets and name.startswith(("customer", "group", "cover", "journal", "notification")):
            yield name


def test_every_page_is_looked_at():
    known = {"policy": "5f8f3a2f-2837-4fb5-b880-ad483e94fcc9", "journal": "CLJ-00001"}
    looked_at = {resolve(address.format(**known).partition("?")[0]).url_name for address in PAGES}
    assert set(of_limits()) - looked_at == set(NO_PAGES)


@pytest.fixture
def world(settings: Any) -> dict[str, Any]:
    """One of everything that the pages show."""
    settings.CREDIT_TODAY = DAY
    an_entity()
    reasons()
    a_rule(name="LU-01")
    a_user("mira", Role.CREDIT_MANAGER)
    a_user("mira", Role.CREDIT_ADMINISTRATOR)
    user = get_user_model().objects.get(username="mira")
    user.set_password(PASSWORD)
    user.save()
    first, second = a_customer("US-001", limit="1000"), a_customer("US-002", limit="1000")
    group: CustomerCreditGroup = a_group("G1", limit="1500")
    type(second).objects.filter(pk__in=[first.pk, second.pk]).update(credit_group=group)
    an_invoice(first, "500.00", due=DAY - dt.timedelta(days=67), number="INV-88120")
    said: dict[str, Any] = {"reason": "DISPUTE", "actor": actor_of_user(user), "at": clock.now(), "today": today}
    force_new_orders(customers=[first.pk], until=DAY + dt.timedelta(days=14), **said)
    hold = held(an_order(first, "1400.00", "SO-1", requested_ship_date=DAY))
    give_limit(second, "1200", expires_on=DAY + dt.timedelta(days=9))
    give_temporary_limit(first, "1250", DAY, DAY + dt.timedelta(days=7))
    kind, _ = PolicyType.objects.get_or_create(code="BANK", identifier="guarantee", description="Bank guarantee")
    policy = CoverPolicy.objects.create(
        customer=first, identifier="guarantee", type=kind, effective_on=DAY - dt.timedelta(days=99),
        expires_on=DAY + dt.timedelta(days=5), value=Decimal(500), currency_id="USD", update_percent=Decimal(100),
    )  # fmt: skip
    actor = actor_of_user(user)
    journal = a_journal(line(first, 1500), line(second, 900), actor=actor, at=clock.now())
    told = [Told(user.pk, Notification.Kind.ASSIGNED, "SO-1", hold.number, "jan")]
    told += [Told(user.pk, Notification.Kind.EXPIRES, first.name, first.key, "cover 2026-11-25")]
    tell(told, at=clock.now())
    return {"policy": policy.pk, "journal": journal.number}


def test_axe_finds_nothing_on_any_page(world, open_page, found):
    page = open_page("/")
    sign_in(page)
    look = looking(page, found)
    for address in PAGES:
        answer = page.goto(address.format(**world))
        if answer.status == 200:
            look(address)
        else:
            found[address] = [f"answers {answer.status}"]
    for state, address in STATES.items():
        page.goto(address)
        look(state)
    assert found == {}
