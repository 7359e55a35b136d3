"""Customers on pages (`ux.md` 3.6): limit, exposure, holds, and the change of a limit."""

import datetime as dt
from decimal import Decimal

import pytest

from credit_mgmt.models import CreditAccount, LimitHistory
from customers.models import Role
from tests.factories_credit import give_limit, give_temporary_limit
from tests.factories_holds import DAY, a_customer, a_group, an_entity, an_invoice, an_order, held, parameters, post

pytestmark = pytest.mark.django_db


def shown(answer) -> str:
    return answer.content.decode()


def test_the_list_shows_each_customers_credit(clerk):
    a_customer("US-001", limit="1000")
    late = a_customer("US-002", limit="1000")
    an_invoice(late, "1100.50", due=DAY - dt.timedelta(days=12))
    a_customer("US-ZERO", limit="0")
    a_customer("US-FREE", limit=None)
    page = shown(clerk.get("/customers/"))
    for words in (
        "1,100.50",
        "−100.50",
        "110\N{NO-BREAK SPACE}%",
        "12\N{NO-BREAK SPACE}d",
        "No credit (0.00)",
        "Unlimited",
    ):
        assert words in page, words


def test_the_number_of_queries_does_not_depend_on_the_number_of_customers(clerk, django_assert_max_num_queries):
    for number in range(3):
        a_customer(f"US-{number}")
    clerk.get("/customers/")
    with django_assert_max_num_queries(11) as few:
        clerk.get("/customers/")
    for number in range(3, 30):
        a_customer(f"US-{number}")
    with django_assert_max_num_queries(len(few)):
        clerk.get("/customers/")


@pytest.mark.parametrize(
    ("view", "expected"),
    [("with-holds", ["US-001"]), ("no-credit", ["US-ZERO"]), ("unlimited", ["US-FREE"]), ("excluded", ["US-OUT"])],
)
def test_views_of_the_list(clerk, view, expected):
    held(an_order(a_customer("US-001", limit="100"), "400"))
    a_customer("US-ZERO", limit="0")
    a_customer("US-FREE", limit=None)
    a_customer("US-OUT", excluded=True)
    rows = clerk.get(f"/customers/?view={view}").context["rows"]
    assert [row["customer"].account for row in rows] == expected


def test_what_ends_or_is_to_be_reviewed_soon_has_a_view(clerk):
    """ux 3.6: limit expires in 30 days, review due"""
    for number, days in enumerate((-1, 0, 30, 31)):
        customer = a_customer(f"US-{number}", next_review_date=DAY + dt.timedelta(days=days - 30))
        give_limit(customer, "1000", expires_on=DAY + dt.timedelta(days=days))
    give_limit(a_customer("US-FREE"), "0", unlimited=True, expires_on=DAY)
    give_temporary_limit(customer, "5", DAY, DAY)

    def seen(view):
        return [row["customer"].account for row in clerk.get(f"/customers/?view={view}").context["rows"]]

    assert seen("expiring") == ["US-1", "US-2"]
    assert seen("review-due") == ["US-0", "US-1", "US-2"]
    assert seen("temporary") == ["US-3"]


def test_the_card_answers_how_much_is_left_and_what_waits(clerk):
    customer = a_customer("US-001", limit="1000")
    an_invoice(customer, "300")
    post(an_order(customer, "200", "SO-PASSED"))
    held(an_order(customer, "900", "SO-STOPPED"))
    answer = clerk.get("/customers/USMF/US-001/")
    figures = {item["label"]: item["value"] for item in answer.context["figures"]}
    assert figures["Exposure"] == Decimal(500)
    assert figures["Free"] == Decimal(500)
    assert figures["Open holds"] == 1
    page = shown(answer)
    assert "SO-PASSED" in page
    assert "SO-STOPPED" in page
    assert "Limit history" in page
    assert "Opening" in page


def test_a_group_that_binds_is_said_in_words(clerk):
    a_customer("US-001", limit="1000", credit_group=a_group("G1", "1500"))
    assert "Credit group G1: 1,500.00 USD for all members" in shown(clerk.get("/customers/USMF/US-001/"))


def test_a_limit_changes_only_where_the_parameter_allows_it(clerk):
    a_customer("US-001", limit="1000")
    page = shown(clerk.get("/customers/USMF/US-001/"))
    assert "/journals/change/?customer=USMF:US-001" in page
    assert "/customers/USMF/US-001/limit/" not in page
    values = {"limit_amount": "2500.00", "note": "new annual accounts", "expires_on": "2027-12-31"}
    refused = clerk.post("/customers/USMF/US-001/limit/", values)
    assert refused.status_code in (409, 422)
    assert CreditAccount.objects.get().limit_amount == Decimal(1000)
    parameters(allow_manual_editing_of_credit_limits=True)
    answer = clerk.post("/customers/USMF/US-001/limit/", values, follow=True)
    assert "Limit of Customer US-001 changed." in shown(answer)
    assert "new annual accounts" in shown(answer)
    assert "2,500.00" in shown(answer)
    assert LimitHistory.objects.order_by("-sequence")[0].actor.startswith("user:")


@pytest.mark.parametrize("amount", ["NaN", "1e400", "-1", "", "a lot"])
def test_what_is_no_amount_is_refused_beside_the_field(clerk, amount):
    parameters(allow_manual_editing_of_credit_limits=True)
    a_customer("US-001", limit="1000")
    answer = clerk.post("/customers/USMF/US-001/limit/", {"limit_amount": amount, "note": "why not"})
    assert answer.status_code == 422
    assert "Credit limit:" in shown(answer)
    assert "why not" in shown(answer)
    assert CreditAccount.objects.get().limit_amount == Decimal(1000)


def test_other_legal_entities_are_not_listed(sign_in):
    a_customer("US-001")
    stranger = sign_in(Role.AUDITOR, an_entity("DE01", "EUR").code)
    assert "US-001" not in shown(stranger.get("/customers/"))
    assert stranger.get("/customers/USMF/US-001/").status_code == 404


def test_the_card_costs_the_same_whatever_the_history(clerk, django_assert_max_num_queries):
    customer = a_customer("US-001", limit="1000")
    held(an_order(customer, "2000"))
    clerk.get("/customers/USMF/US-001/")
    with django_assert_max_num_queries(18) as few:
        clerk.get("/customers/USMF/US-001/")
    for _ in range(8):
        an_invoice(customer, "10")
        held(an_order(customer, "2000"))
    with django_assert_max_num_queries(len(few)):
        clerk.get("/customers/USMF/US-001/")


def test_segments_and_buckets_of_the_card_open_their_documents(clerk):
    customer = a_customer("US-001", limit="1000")
    an_invoice(customer, "300", due=DAY - dt.timedelta(days=12))
    post(an_order(customer, "200", "SO-PASSED"))
    context = clerk.get("/customers/USMF/US-001/").context
    for part in ("overdue", "not_due", "delivered", "ordered"):
        total = clerk.get(context["exposure"]["urls"][part]).context["total"]
        assert total["amount"] == context["exposure"][part], part
    for bucket in context["ageing"]["buckets"]:
        assert clerk.get(bucket["url"]).context["total"]["amount"] == bucket["amount"], bucket["label"]
