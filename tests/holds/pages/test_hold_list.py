"""The hold list page: what it shows, what its address means, what it costs (`ux.md` 3.0, 3.1)."""

import datetime as dt
import gzip
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from customers.models import Role
from holds.lists.views import VIEWS
from tests.holds.pages.rows import CHIP, NOW, TODAY, a_customer, a_hold, a_user, an_entity, an_order

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


def numbers(answer) -> list[str]:
    return [row["hold"].number for row in answer.context["rows"]]


def shown(answer) -> str:
    return answer.content.decode()


def test_a_row_says_why_the_order_is_held_with_its_numbers(clerk, entity):
    hold = a_hold(
        an_order(a_customer(entity), number="SO-104233"),
        chips=[
            CHIP,
            {"type": "days_overdue", "text": "Overdue", "number": "67 d", "valid": True},
            {"type": "limit_expired", "text": "Limit expired", "number": "12 d", "valid": False},
        ],
    )
    page = shown(clerk.get("/holds/"))
    assert "SO-104233" in page
    assert hold.number in page
    assert "Limit <strong>109 %</strong>" in page
    assert "Overdue <strong>67 d</strong>" in page
    assert "<s>Limit expired <strong>12 d</strong></s>" in page
    assert "24,300.00" in page
    assert "18,050.00" in page
    assert "41,200.00" in page


def test_the_number_of_queries_does_not_depend_on_the_number_of_holds(clerk, entity, django_assert_num_queries):
    customer = a_customer(entity)
    a_hold(an_order(customer))
    clerk.get("/holds/")  # the first request of a session writes it
    with django_assert_num_queries(8):
        clerk.get("/holds/")
    for _ in range(30):
        a_hold(an_order(customer))
    with django_assert_num_queries(8):
        clerk.get("/holds/?reason=limit_used&q=Harbour&value_min=1&owner=none&sort=-value")


def test_holds_of_other_legal_entities_are_not_there(clerk, entity):
    other = an_entity("US01", "USD")
    a_hold(an_order(a_customer(entity), number="SO-MINE"))
    a_hold(an_order(a_customer(other), number="SO-THEIRS"))
    page = shown(clerk.get("/holds/"))
    assert "SO-MINE" in page
    assert "SO-THEIRS" not in page
    assert "USD" not in page


def test_the_default_order_is_ship_date_then_value_and_is_said(clerk, entity):
    customer = a_customer(entity)
    late = a_hold(an_order(customer, "10.00"), ship_date=dt.date(2026, 11, 30))
    small = a_hold(an_order(customer, "10.00"), ship_date=dt.date(2026, 11, 24))
    large = a_hold(an_order(customer, "99.00"), ship_date=dt.date(2026, 11, 24))
    never = a_hold(an_order(customer, "99.00"), ship_date=None)
    answer = clerk.get("/holds/")
    assert numbers(answer) == [large.number, small.number, late.number, never.number]
    assert "Sorted by ship date, then value, highest first" in shown(answer)


@pytest.mark.parametrize("sort", ["ship,-value", "-over", "customer", "-held", "used,-overdue"])
def test_cursors_walk_every_row_once_forwards_and_back(clerk, entity, sort):
    customer = a_customer(entity)
    made = [
        a_hold(
            an_order(customer, f"{number % 3 + 1}0.00"),
            over_limit=None if number % 4 == 0 else Decimal(number % 2),
            ship_date=None if number % 5 == 0 else dt.date(2026, 11, 20 + number % 3),
        ).number
        for number in range(60)
    ]
    seen, url, pages = [], f"/holds/?per=25&sort={sort}", []
    while url:
        answer = clerk.get(url)
        pages.append(numbers(answer))
        seen += pages[-1]
        last, older = answer, answer.context["pager"]["older_url"]
        url = f"/holds/{older}" if older else ""
    assert sorted(seen) == sorted(made)
    assert len(seen) == len(set(seen))
    back = clerk.get(f"/holds/{last.context['pager']['newer_url']}")
    assert numbers(back) == pages[-2]


def test_filters_that_repeat_mean_any_and_different_ones_mean_all(clerk, entity):
    customer = a_customer(entity)
    used = a_hold(an_order(customer, "100.00"), reasons=("limit_used",))
    late = a_hold(an_order(customer, "200.00"), reasons=("days_overdue",))
    both = a_hold(an_order(customer, "300.00"), reasons=("days_overdue", "limit_used"))
    a_hold(an_order(customer, "400.00"), reasons=("account_status",))
    assert set(numbers(clerk.get("/holds/?reason=limit_used&reason=days_overdue"))) == {
        used.number,
        late.number,
        both.number,
    }
    assert numbers(clerk.get("/holds/?reason=limit_used&value_min=200")) == [both.number]
    assert numbers(clerk.get("/holds/?reason=days_overdue&value_max=200")) == [late.number]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ship_max=2026-11-24", ["SO-A"]),
        ("ship_max=%2B4d", ["SO-A"]),
        ("ship_max=+4d", ["SO-A"]),
        ("ship_min=2026-11-25", ["SO-B"]),
        ("view=ships-soon", ["SO-A"]),
        ("q=brightwater", ["SO-B"]),
        ("q=SO-A", ["SO-A"]),
        ("customer=NL01:C-2", ["SO-B"]),
        ("checkpoint=packing_slip", ["SO-B"]),
        ("forced=no&checkpoint=confirmation", ["SO-A"]),
        ("owner=me", ["SO-B"]),
        ("owner=none", ["SO-A"]),
        ("view=mine", ["SO-B"]),
        ("entity=NL01&value_min=6000", ["SO-A"]),
        ("status=ready", ["SO-B"]),
        ("status=held", ["SO-A"]),
    ],
)
def test_the_address_says_what_is_listed(client, entity, query, expected):
    user = a_user(entity=entity)
    client.force_login(user)
    a_hold(an_order(a_customer(entity), "7000.00", number="SO-A"), ship_date=dt.date(2026, 11, 24))
    a_hold(
        an_order(a_customer(entity, "C-2", "Brightwater Dental"), "50.00", number="SO-B"),
        ship_date=dt.date(2026, 11, 27),
        checkpoint="packing_slip",
        assignee=user,
        ready_to_release=True,
    )
    answer = client.get(f"/holds/?{query}")
    assert [row["hold"].order.number for row in answer.context["rows"]] == expected


def test_a_filter_that_cannot_be_read_is_ignored_and_said(clerk, entity):
    a_hold(an_order(a_customer(entity)))
    page = shown(clerk.get("/holds/?value_min=lots&ship_max=soon&reason=nonsense&after=%FF"))
    assert "“lots” is not an amount" in page
    assert "“soon” is not a day" in page
    assert "“nonsense” is not a known reason" in page
    assert "1 hold" in page


def test_facets_count_reasons_within_the_other_filters(clerk, entity):
    customer = a_customer(entity)
    for _ in range(3):
        a_hold(an_order(customer, "100.00"), reasons=("limit_used",))
    a_hold(an_order(customer, "900.00"), reasons=("days_overdue", "limit_used"))
    answer = clerk.get("/holds/?reason=days_overdue")
    assert {item["label"]: item["count"] for item in answer.context["facets"]} == {"Limit used": 4, "Days overdue": 1}
    answer = clerk.get("/holds/?value_max=500")
    assert {item["label"]: item["count"] for item in answer.context["facets"]} == {"Limit used": 3}


def test_tabs_count_what_they_show(clerk, entity):
    customer = a_customer(entity)
    a_hold(an_order(customer), ship_date=dt.date(2026, 12, 24))
    a_hold(an_order(customer), ready_to_release=True, ship_date=dt.date(2026, 11, 23))
    a_hold(an_order(customer), review_date=TODAY, ship_date=None)
    page = clerk.get("/holds/")
    assert {tab["label"]: tab["count"] for tab in page.context["tabs"]} == {
        "Mine": 0, "Ready": 1, "Ships in 2 days": 1, "Forced": 0, "Snoozed": 0, "Unassigned": 3, "All open": 3,
    }  # fmt: skip
    assert {tab["label"]: tab["count"] for tab in page.context["more_tabs"]} == {
        "Due for review": 1, "Snoozed, due": 0, "Held again": 0, "In approval": 0, "Release failed": 0,
        "Closed last 7 days": 0,
    }  # fmt: skip


def test_sums_stand_by_currency_and_mixed_lists_name_the_currency_in_each_row(client):
    client.force_login(a_user(entity=None))
    a_hold(an_order(a_customer(an_entity("NL01", "EUR")), "100.00"), over_limit=None)
    page = shown(client.get("/holds/"))
    assert "100.00 EUR held" in page
    assert "Currency</th>" not in page
    a_hold(an_order(a_customer(an_entity("US01", "USD")), "70.00"), over_limit=Decimal("5.00"))
    page = shown(client.get("/holds/"))
    assert "100.00 EUR held" in page
    assert "70.00 USD held, 5.00 over limit" in page
    assert "Currency</th>" in page


def test_empty_lists_say_why_they_are_empty(clerk, entity):
    assert "No order is on hold." in shown(clerk.get("/holds/"))
    a_hold(an_order(a_customer(entity)))
    assert "Nothing is ready to release." in shown(clerk.get("/holds/?view=ready"))
    filtered = shown(clerk.get("/holds/?value_min=1000000&forced=yes"))
    assert "No holds match these 2 filters." in filtered
    assert "Remove filter: </span>Value from: 1000000" in filtered
    assert "All open (1)" in filtered


def test_what_a_role_may_never_do_is_not_drawn(client, entity):
    a_hold(an_order(a_customer(entity)))
    client.force_login(a_user("victor", Role.VIEWER, entity))
    page = shown(client.get("/holds/"))
    assert reverse("hold-release") not in page
    assert 'name="hold"' not in page
    client.force_login(a_user("carla", Role.CREDIT_CLERK, entity))
    page = shown(client.get("/holds/"))
    assert reverse("hold-release") in page
    assert 'name="hold"' in page


def test_strangers_sign_in_first_and_people_without_grants_are_told(client, entity):
    assert client.get("/holds/").headers["Location"].startswith("/login/")
    client.force_login(get_user_model().objects.create_user("nobody"))
    assert client.get("/holds/").status_code == 403


def test_closed_holds_of_the_last_week_have_a_view(clerk, entity):
    order = an_order(a_customer(entity), number="SO-OLD")
    a_hold(order)
    assert "SO-OLD" not in shown(clerk.get("/holds/?view=closed"))
    assert NOW.date() == TODAY


@pytest.mark.parametrize("view", [view.slug for view in VIEWS])
def test_no_shipped_view_takes_more_than_eight_queries(clerk, entity, django_assert_max_num_queries, view):
    customer = a_customer(entity)
    for _ in range(3):
        a_hold(an_order(customer))
    clerk.get("/holds/")
    with django_assert_max_num_queries(8):
        clerk.get(f"/holds/?view={view}&sort=-value")


def test_counting_stops_and_says_so_until_it_is_asked_to_count_exactly(clerk, entity, monkeypatch):
    customer = a_customer(entity)
    for number in range(5):
        a_hold(an_order(customer, f"{number + 1}.00"))
    monkeypatch.setattr("holds.lists.tallies.MOST", 3)
    page = clerk.get("/holds/")
    assert "<strong>3+ holds</strong>" in shown(page)
    assert "EUR held" not in shown(page)
    assert str({tab["label"]: tab["count"] for tab in page.context["tabs"]}["All open"]) == "3+"
    exact = clerk.get(f"/holds/{page.context['exact_url']}")
    assert "<strong>5 holds</strong>" in shown(exact)
    assert "15.00 EUR held" in shown(exact)
    a_hold(an_order(customer))  # an exact count of many is up to 30 seconds old, and says when it was made
    again = clerk.get(f"/holds/{page.context['exact_url']}")
    assert "<strong>5 holds</strong>" in shown(again)
    assert again.context["facets"][0]["title"].startswith("Counted at ")


@pytest.mark.parametrize("view", ["ready", "mine", "open"])
@pytest.mark.parametrize("sort", ["", "&sort=-over", "&sort=held", "&sort=customer"])
def test_more_than_are_counted_stand_in_their_order_on_every_page(clerk, entity, monkeypatch, view, sort):
    monkeypatch.setattr("holds.lists.tallies.MOST", 10)
    monkeypatch.setattr("holds.lists.FEW", 10)
    customers = [a_customer(entity, f"C-{number}", f"Customer {9 - number}") for number in range(3)]
    user = get_user_model().objects.get(username="marta")
    for number in range(30):
        a_hold(
            an_order(customers[number % 3], f"{number % 7 + 1}.00"),
            held_at=NOW - dt.timedelta(hours=number * 7 % 30),
            over_limit=None if number % 4 == 0 else Decimal(number % 5),
            ready_to_release=True,
            assignee=user,
        )
    address = f"/holds/?view={view}{sort}"
    whole = clerk.get(f"{address}&per=50").context["rows"]
    first = clerk.get(f"{address}&per=25")
    second = clerk.get(f"/holds/{first.context['pager']['older_url']}")
    paged = [row["hold"].pk for page in (first, second) for row in page.context["rows"]]
    assert paged == [row["hold"].pk for row in whole]
    assert len(set(paged)) == 30


def test_where_counting_stops_a_sample_tells_which_reasons_there_are(clerk, entity, monkeypatch):
    monkeypatch.setattr("holds.lists.tallies.MOST", 3)
    monkeypatch.setattr("holds.lists.tallies.SAMPLE", 2)
    customer = a_customer(entity)
    for _ in range(4):
        a_hold(an_order(customer))
    [facet] = clerk.get("/holds/").context["facets"]
    assert (str(facet["count"]), facet["title"]) == ("2+", "At least so many: counting stopped")


def test_a_page_of_fifty_is_small_enough_for_one_of_two_hundred_to_be_within_60_kb_compressed(clerk, entity):
    """`ux.md` 5, supporting budgets."""
    customers = [a_customer(entity, f"C-{number}", f"Customer {number} of some length") for number in range(5)]
    chips = [CHIP, {"type": "days_overdue", "text": "Overdue", "number": "67 d", "valid": True}]
    for number in range(50):
        a_hold(an_order(customers[number % 5], f"{number * 137 % 1000}.10"), chips=chips, reasons=("limit_used",))
    page = clerk.get("/holds/?per=50")
    assert len(page.context["rows"]) == 50
    assert len(gzip.compress(page.content, 6)) <= 60 * 1024 / 4
