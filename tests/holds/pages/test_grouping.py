"""The hold list by customer (`ux.md` 3.1): sums, order, cursors, the rows of one customer in place."""

import datetime as dt

import pytest
from django.test import Client

from tests.factories_holds import a_customer as a_credit_customer
from tests.factories_holds import a_rule, held, reasons
from tests.factories_holds import an_entity as a_credit_entity
from tests.factories_holds import an_order as a_credit_order
from tests.holds.pages.rows import NOW, TODAY, a_customer, a_hold, a_user, an_entity, an_order

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


def names(answer) -> list[str]:
    return [row["group"].payer.name for row in answer.context["groups"]]


def test_a_line_sums_up_the_holds_of_a_customer_that_match(clerk, entity):
    harbour, bright = a_customer(entity), a_customer(entity, "C-2", "Brightwater Dental")
    a_hold(an_order(harbour, "100.00"), held_at=NOW - dt.timedelta(days=9), ship_date=dt.date(2026, 11, 30))
    a_hold(an_order(harbour, "50.00"), held_at=NOW - dt.timedelta(days=2), ship_date=dt.date(2026, 11, 24))
    a_hold(an_order(harbour, "7.00"), ship_date=None)
    a_hold(an_order(bright, "900.00"), ship_date=None)
    answer = clerk.get("/holds/?group=customer&value_min=10")
    assert names(answer) == ["Brightwater Dental", "Harbour Lane Foods BV"]
    group = answer.context["groups"][1]["group"]
    assert (group.count, str(group.value), group.oldest) == (2, "150.0000", NOW - dt.timedelta(days=9))
    assert group.ships == dt.date(2026, 11, 24)
    assert answer.context["groups"][0]["group"].ships is None
    assert "By customer, sorted by value, highest first" in answer.content.decode()


@pytest.mark.parametrize("sort", ["-value", "value", "customer", "-count", "held", "ship", "-ship"])
def test_cursors_walk_every_customer_once_and_back(clerk, entity, sort):
    for number in range(30):
        customer = a_customer(entity, f"C-{number:02}", f"Customer {number % 7}")
        for _ in range(1 + number % 2):
            a_hold(an_order(customer, f"{number % 5 + 1}.00"), ship_date=None if number % 3 else TODAY)
    first = clerk.get(f"/holds/?group=customer&per=25&sort={sort}")
    second = clerk.get(f"/holds/{first.context['pager']['older_url']}")
    keys = [row["key"] for page in (first, second) for row in page.context["groups"]]
    assert len(keys) == len(set(keys)) == 30
    assert second.context["pager"]["older_url"] == ""
    back = clerk.get(f"/holds/{second.context['pager']['newer_url']}")
    assert [row["key"] for row in back.context["groups"]] == keys[:25]


def test_limit_and_exposure_are_those_of_the_last_decision(client):
    a_credit_entity()
    reasons()
    a_rule()
    customer = a_credit_customer(limit="1000")
    held(a_credit_order(customer, "1400.00"))
    client.force_login(a_user("all"))
    row = client.get("/holds/?group=customer").context["groups"][0]
    assert (str(row["limit"]), str(row["exposure"]), str(row["group"].free)) == ("1000.00", "0.00", "1000.00")


def test_it_costs_one_query_more_than_the_list(clerk, entity, django_assert_num_queries):
    for number in range(5):
        a_hold(an_order(a_customer(entity, f"C-{number}", f"Customer {number}")))
    clerk.get("/holds/")
    with django_assert_num_queries(9):
        clerk.get("/holds/?group=customer")


def test_the_rows_of_a_customer_open_in_place_and_as_a_page_without_a_script(clerk, entity):
    harbour, bright = a_customer(entity), a_customer(entity, "C-2", "Brightwater Dental")
    a_hold(an_order(harbour, "100.00", number="SO-1"))
    a_hold(an_order(harbour, "5.00", number="SO-SMALL"))
    a_hold(an_order(bright, "100.00", number="SO-2"))
    row = clerk.get("/holds/?group=customer&value_min=10&sort=customer").context["groups"][1]
    part = clerk.get(row["rows_url"], headers={"HX-Request": "true"}).content.decode()
    assert "SO-1" in part
    assert 'name="hold"' in part
    assert "SO-SMALL" not in part
    assert "SO-2" not in part
    assert "<html" not in part
    page = clerk.get(row["rows_url"], follow=True)
    assert [item["hold"].order_number for item in page.context["rows"]] == ["SO-1"]


def test_all_holds_of_a_customer_can_be_decided_at_once(clerk, entity):
    harbour = a_customer(entity)
    for number in range(3):
        a_hold(an_order(harbour, "100.00", number=f"SO-{number}"))
    a_hold(an_order(a_customer(entity, "C-2", "Other"), "1.00"))
    row = clerk.get("/holds/?group=customer").context["groups"][0]
    page = clerk.get(row["decide_url"], follow=True)
    assert page.context["picked"]["count"] == 3
    assert {item["hold"].order_number for item in page.context["rows"]} == {"SO-0", "SO-1", "SO-2"}


@pytest.mark.parametrize(("sort", "backward"), [("", False), ("&sort=-customer", True)])
def test_where_very_many_match_customers_stand_by_name_and_the_page_says_so(clerk, entity, monkeypatch, sort, backward):
    """Note [Many by name] of `holds/grouping.py`: nobody knows who has most before all were added up."""
    monkeypatch.setattr("holds.lists.tallies.MOST", 3)
    monkeypatch.setattr("holds.pages.group_parts.MOST", 3)
    for number in range(30):
        customer = a_customer(entity, f"C-{number:02}", f"Customer {number:02}")
        a_hold(an_order(customer, f"{number % 5 + 1}.00"))
        a_hold(an_order(customer, "0.50"))
    first = clerk.get(f"/holds/?group=customer&per=25&value_min=1{sort}")
    second = clerk.get(f"/holds/{first.context['pager']['older_url']}")
    shown = [row["group"] for page in (first, second) for row in page.context["groups"]]
    assert [group.payer.name for group in shown] == sorted((f"Customer {n:02}" for n in range(30)), reverse=backward)
    assert {group.count for group in shown} == {1}
    back = clerk.get(f"/holds/{second.context['pager']['newer_url']}")
    assert [row["group"] for row in back.context["groups"]] == shown[:25]
    assert "in the order of names, as more than 3 holds match" in first.content.decode()
    assert [head["label"] for head in first.context["heads"] if head.get("sort_url")] == ["Customer"]
