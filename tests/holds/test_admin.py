"""The admin lists holds, and its buttons can do nothing that a service refuses (`style.md` 33)."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from customers.models import AccessGrant, Job, Role
from holds.models import Hold
from tests.factories_holds import a_customer, a_rule, an_entity, an_order, held, reasons

pytestmark = pytest.mark.django_db
LIST = "/admin/holds/hold/"


@pytest.fixture(autouse=True)
def _world():
    an_entity()
    reasons()
    a_rule()


def staff(name: str, role: str | None = None, **options) -> Client:
    user = get_user_model().objects.create_user(name, password="a long password", is_staff=True, **options)
    if role:
        AccessGrant.objects.create(user=user, role=role)
    browser = Client()
    browser.force_login(user)
    return browser


def act(browser: Client, action: str, hold: Hold, **fields) -> str:
    answer = browser.post(LIST, {"action": action, "_selected_action": [str(hold.pk)], **fields}, follow=True)
    return answer.content.decode()


def a_hold() -> Hold:
    return held(an_order(a_customer(limit="1")))


def test_everything_is_listed_and_nothing_can_be_edited():
    hold = a_hold()
    browser = staff("clerk", Role.CREDIT_CLERK)
    for address in (LIST, f"{LIST}{hold.pk}/change/", "/admin/holds/holdreason/", "/admin/holds/holdevent/"):
        assert browser.get(address).status_code == 200, address
    assert browser.post(f"{LIST}{hold.pk}/change/", {"note": "x"}).status_code == 403
    assert browser.post(f"{LIST}{hold.pk}/delete/", {"post": "yes"}).status_code == 403
    assert browser.get(f"{LIST}add/").status_code == 403


def test_releasing_needs_a_reason():
    hold, browser = a_hold(), staff("clerk", Role.CREDIT_CLERK)
    assert "Give a reason of type release" in act(browser, "release", hold)
    assert Hold.objects.get(pk=hold.pk).status == "active"
    assert "1 released" in act(browser, "release", hold, reason="PAID", mode="without_posting")
    assert Hold.objects.get(pk=hold.pk).status == "released"


def test_the_admin_refuses_what_the_service_refuses():
    hold = a_hold()
    assert "needs one of these roles" in act(staff("v", Role.VIEWER), "release", hold, reason="PAID")
    root = staff("root", is_superuser=True)
    assert root.get(LIST).status_code == 403
    assert Hold.objects.get(pk=hold.pk).status == "active"


def test_an_evaluation_is_started_in_the_background():
    hold = a_hold()
    assert "in the background" in act(staff("clerk", Role.CREDIT_CLERK), "evaluate", hold)
    assert Job.objects.get().parameters == {"holds": [str(hold.pk)]}
    assert "Evaluate needs" in act(staff("v", Role.VIEWER), "evaluate", hold)
