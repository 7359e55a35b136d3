"""No lost work (`ux` 5, measure 11): what was typed survives the end of a session, whatever form it was typed into."""

import html
import json
import re

import pytest
from django.test import Client

from holds.models import Hold
from tests.factories_holds import NOW, a_customer, a_user, an_order, held
from tests.holds.pages.test_reversibility import address

NOTE = 'Ms. "Ruiz" <promised> it,\nfor Thursday & Friday'


@pytest.fixture
def hold(world) -> Hold:
    return held(an_order(a_customer(limit="100"), "400"))


@pytest.fixture
def credentials(sign_in) -> dict[str, str]:
    from django.contrib.auth import get_user_model

    sign_in(name="mira")
    user = get_user_model().objects.get(username="mira")
    user.set_password("correct horse battery")
    user.save()
    return {"username": "mira", "password": "correct horse battery"}


def carried(page: str) -> str:
    [value] = re.findall(r'name="carried" value="([^"]*)"', page)
    return html.unescape(value)


def hidden(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def action(page: str) -> str:
    [path] = re.findall(r'<form class="form" method="post" action="([^"]+)">', page)
    return html.unescape(path)


TYPED = {
    "hold-note": {"note": NOTE},
    "hold-reject": {"reason": "", "note": NOTE},
    "hold-snooze": {"until": "2026-12-01", "note": NOTE},
    "order-force": {"reason": "DISPUTE", "note": NOTE},
    "customer-note": {"text": NOTE},
}


@pytest.mark.parametrize("route", TYPED)
def test_a_form_sent_after_the_session_ended_goes_on_after_signing_in(route, hold, credentials):
    from django.urls import reverse

    if route == "hold-note":
        target = reverse(route, args=[hold.number])
    elif route == "customer-note":
        target = reverse(route, args=[hold.legal_entity_id, hold.payer.account])
    else:
        target = address(route, hold)
    version = Hold.objects.get().version
    browser = Client()
    asked = browser.post(target, TYPED[route])
    assert asked.status_code == 401
    assert "What you typed is kept" in asked.content.decode()

    wrong = browser.post("/login/", {**credentials, "password": "no", "carried": carried(asked.content.decode())})
    assert carried(wrong.content.decode()) == carried(asked.content.decode())

    back = browser.post("/login/", {**credentials, "carried": carried(wrong.content.decode())}).content.decode()
    assert action(back) == target
    assert {name: value.replace("\r\n", "\n") for name, value in hidden(back).items()} == TYPED[route]
    assert Hold.objects.get().version == version


def test_going_on_does_what_was_typed(hold, credentials):
    browser = Client()
    asked = browser.post(f"/holds/{hold.number}/note/", {"note": NOTE}).content.decode()
    back = browser.post("/login/", {**credentials, "carried": carried(asked)}).content.decode()
    browser.post(action(back), hidden(back))
    assert Hold.objects.get().note.replace("\r\n", "\n") == NOTE


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "{",
        "[]",
        json.dumps({"path": "https://elsewhere.example/", "fields": []}),
        json.dumps({"path": "//elsewhere.example/", "fields": []}),
        json.dumps({"path": "/holds/", "fields": [["note"]]}),
    ],
)
def test_what_leads_elsewhere_or_is_broken_is_not_carried(sent, credentials):
    answer = Client().post("/login/", {**credentials, "carried": sent})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_passwords_and_tokens_are_never_carried(hold):
    asked = Client().post(
        f"/holds/{hold.number}/note/", {"note": "x", "password": "secret", "csrfmiddlewaretoken": "t"}
    )
    assert json.loads(carried(asked.content.decode()))["fields"] == [["note", "x"]]


# --- a wrong field, and a colleague who was faster -------------------------------------------------------------------

WRONG: dict[str, tuple[dict[str, str], str]] = {
    "hold-release": ({"mode": "without_posting", "reason": "NOPE", "note": NOTE}, "note"),
    "hold-reject": ({"reason": "NOPE", "order": "keep", "note": NOTE}, "note"),
    "hold-snooze": ({"when": "date", "until": "2020-01-01", "note": NOTE}, "until"),
    "hold-review": ({"review_date": "soon"}, "review_date"),
    "order-force": ({"reason": "NOPE", "note": NOTE}, "note"),
    "preferences": ({"theme": "pink", "time_zone": "Europe/Amsterdam"}, "time_zone"),
}
"""Something wrong beside something that was typed, which must be there again."""


@pytest.mark.parametrize("route", WRONG)
def test_a_wrong_field_loses_nothing_that_was_typed(route, hold, sign_in):
    from customers.models import Role

    typed, kept = WRONG[route]
    answer = sign_in(Role.CREDIT_MANAGER, name="mira").post(target_of(route, hold), named(route, hold) | typed)
    assert answer.status_code == 422
    assert answer.context["form"][kept].value() == typed[kept]
    assert html.escape(typed[kept]) in answer.content.decode().replace("&#x27;", "'").replace("&#39;", "'")


FASTER: dict[str, dict[str, str]] = {
    "hold-release": {"mode": "without_posting", "reason": "PAID", "note": NOTE},
    "hold-reject": {"reason": "PAID", "order": "keep", "note": NOTE},
}


@pytest.mark.parametrize("route", FASTER)
@pytest.mark.parametrize("script", [{}, {"HX-Request": "true"}], ids=["page", "dialog"])
def test_a_colleague_who_was_faster_loses_nothing_that_was_typed(route, script, hold, clerk):
    from holds.worklist import add_note

    add_note(ids=[hold.pk], note="they called", actor=a_user("jan"), at=NOW)
    seen = {"hold": hold.number, "version": f"{hold.number}:{hold.version}"}
    answer = clerk.post(target_of(route, hold), {**seen, **FASTER[route]}, headers=script)
    assert answer.status_code == 422
    assert html.escape(NOTE) in answer.content.decode()
    assert "Note by jan" in answer.content.decode()
    assert Hold.objects.get().note == "they called"


def target_of(route: str, hold: Hold) -> str:
    from django.urls import reverse

    if route == "preferences":
        return reverse(route)
    return reverse(route, args=[hold.number]) if route == "hold-review" else address(route, hold)


def named(route: str, hold: Hold) -> dict[str, str]:
    return {"hold": hold.number} if route.startswith("hold-") else {}
