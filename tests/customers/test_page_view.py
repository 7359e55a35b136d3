"""What every page has in common (`customers.views`): who may look, and refusals in the reader's words."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from customers.access import Action, NotAllowed, OutOfScope
from customers.errors import InvalidInput, NotDecided, NotFound, Refused
from customers.views import PageView
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def answer(problem: Exception | None = None, *, grants=(("viewer", None),), user=None, **headers: str) -> Any:
    """What a page answers when its service raises `problem`."""

    class Page(PageView):
        looks = Action.VIEW

        def get(self, request):
            if problem is not None:
                raise problem
            return HttpResponse(self.actor.name)

    request = RequestFactory().get("/page/", headers=headers)
    request.user = user or UserFactory(username="mira", grants=grants)
    request.session = SessionStore()  # a page says how long it lasts
    return Page.as_view()(request)


def test_a_page_knows_who_asks():
    assert answer().content == b"mira"


def test_strangers_are_sent_to_sign_in_and_come_back():
    redirect = answer(user=AnonymousUser())
    assert (redirect.status_code, redirect.headers["Location"]) == (302, "/login/?next=/page/")


@pytest.mark.parametrize("grants", [(), (("integration", "USMF"),)])
def test_people_without_a_role_that_looks_are_told_so(grants):
    from tests.factories_holds import an_entity

    an_entity()
    expected = 200 if grants else 403  # integration may look; a person without grants may not
    assert answer(grants=grants).status_code == expected


@pytest.mark.parametrize(
    ("problem", "status", "words"),
    [
        (NotAllowed(Action.RELEASE, "USMF"), 403, "Release needs one of these roles in legal entity USMF"),
        (Refused("already_posted", "The invoice is posted already."), 409, "The invoice is posted already."),
        (InvalidInput.of("amount", "invalid", "Give a positive amount."), 400, "Give a positive amount."),
        (NotDecided("The account was busy.", retry_after=2), 503, "Nothing was changed; try again."),
    ],
)
def test_refusals_of_services_become_pages_in_words(problem, status, words):
    refused = answer(problem)
    assert refused.status_code == status
    assert words in refused.content.decode()


def test_being_busy_says_when_to_come_back():
    assert answer(NotDecided("The account was busy.", retry_after=2)).headers["Retry-After"] == "2"


@pytest.mark.parametrize("problem", [OutOfScope("Hold H-1"), NotFound("There is no hold H-1.")])
def test_what_is_out_of_scope_does_not_exist(problem):
    with pytest.raises(Http404):
        answer(problem)


def test_htmx_is_told_in_a_toast_and_swaps_nothing():
    told = answer(Refused("stale", "Look again."), **{"HX-Request": "true"})
    assert told.status_code == 204
    assert json.loads(told.headers["HX-Trigger"])["toast"] == {
        "text": "This cannot be done now: Look again.",
        "tone": "error",
    }
