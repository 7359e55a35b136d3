"""The change notice of the hold list: counts since the page was drawn, rows that somebody else decided."""

import datetime as dt
import json

import pytest
from django.test import Client

from customers import clock
from holds.releases import release_hold
from holds.worklist import add_note
from tests.factories_holds import a_user as an_actor
from tests.holds.pages.rows import TODAY, a_customer, a_hold, a_reason, a_user, an_entity, an_order

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(settings):
    settings.CREDIT_TODAY = TODAY


@pytest.fixture
def entity():
    return an_entity()


@pytest.fixture
def clerk(client: Client, entity) -> Client:
    client.force_login(a_user(entity=entity))
    return client


def asked(client: Client, page):
    return client.get(page.context["changes_url"], headers={"HX-Request": "true"})


def test_nothing_happened_and_nothing_is_said(clerk, entity):
    a_hold(an_order(a_customer(entity)))
    assert asked(clerk, clerk.get("/holds/")).status_code == 204


def test_new_and_changed_holds_are_counted_since_the_page_was_drawn(clerk, entity):
    customer = a_customer(entity)
    seen = a_hold(an_order(customer, "100.00"))
    page = clerk.get("/holds/?value_min=50")
    later = clock.now() + dt.timedelta(minutes=1)
    for amount in ("60.00", "70.00", "10.00"):  # the last one does not match
        a_hold(an_order(customer, amount), held_at=later)
    add_note(ids=[seen.pk], note="called", actor=an_actor("jan"), at=later).only()
    answer = asked(clerk, page)
    assert answer.content.decode().startswith("2 new, 1 changed since ")
    assert 'href="/holds/?value_min=50"' in answer.content.decode()
    assert "rows-decided" not in json.loads(answer.headers["HX-Trigger"])


def test_a_row_that_somebody_else_decided_is_named_with_who_and_when(clerk, entity):
    hold = a_hold(an_order(a_customer(entity)))
    a_reason("PAID")
    page = clerk.get("/holds/")
    release_hold(
        id=hold.pk, mode="without_posting", reason="PAID", actor=an_actor("jan"), at=clock.now(),
        today=lambda entity: TODAY,
    )  # fmt: skip
    (row,) = json.loads(asked(clerk, page).headers["HX-Trigger"])["rows-decided"]
    assert row["number"] == hold.number
    assert row["words"].startswith("Released by jan ")


def test_what_the_reader_may_not_see_is_not_counted(clerk, entity):
    page = clerk.get("/holds/")
    other = an_entity("US01", "USD")
    a_hold(an_order(a_customer(other, "C-9")), held_at=clock.now() + dt.timedelta(minutes=1))
    assert asked(clerk, page).status_code == 204


@pytest.mark.parametrize(
    "query", ["", "since=yesterday", "since=2026-11-20T09:00:00", "since=2026-11-20T09:00:00%2B00:00&rows=x:y.:"]
)
def test_an_address_that_cannot_be_read_says_nothing(clerk, query):
    assert clerk.get(f"/holds/changes/?{query}").status_code == 204


def test_it_costs_few_queries_whatever_the_page(clerk, entity, django_assert_max_num_queries):
    customer = a_customer(entity)
    for _ in range(30):
        a_hold(an_order(customer))
    page = clerk.get("/holds/")
    with django_assert_max_num_queries(7):
        asked(clerk, page)
