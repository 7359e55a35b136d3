"""The tab *Limits* of a customer's card (`ux.md` 3.6), limits in two currencies, and reviews."""

import datetime as dt
from decimal import Decimal

import pytest

from credit_mgmt.models import CreditAccount, LimitHistory
from customers.models import Currency, Customer, ExchangeRate, Role
from tests.factories_credit import give_temporary_limit
from tests.factories_holds import DAY, a_customer, parameters

pytestmark = pytest.mark.django_db
TAB = "/customers/USMF/US-001/panels/limits/"


def shown(answer) -> str:
    return answer.content.decode()


def days(number: int) -> dt.date:
    return DAY + dt.timedelta(days=number)


def in_euro(rate: str = "1.25") -> Customer:
    """A customer who trades in euro, at so many dollars each since ten days ago."""
    Currency.objects.get_or_create(code="EUR", defaults={"minor_units": 2})
    customer = a_customer("US-001", limit="1000")
    Customer.objects.filter(pk=customer.pk).update(currency="EUR")
    ExchangeRate.objects.create(
        rate_type="default", from_currency_id="EUR", to_currency_id="USD", rate=Decimal(rate), valid_from=days(-10)
    )
    return customer


def test_parts_that_are_not_in_force_stay_and_say_why(clerk):
    customer = a_customer("US-001", limit="1000")
    give_temporary_limit(customer, "2500", days(-5), days(5))
    give_temporary_limit(customer, "3000", days(20), days(30))
    give_temporary_limit(customer, "700", days(-20), days(-10))
    answer = clerk.get(TAB)
    words = [line["off"].split("\N{NARROW NO-BREAK SPACE}")[0] for line in answer.context["limit"]["lines"]]
    assert [word.rsplit(" ", 1)[0] for word in words] == [
        "a temporary limit replaces it until",
        "expired",
        "",
        "not before",
    ]
    assert answer.context["limit"]["total"] == 2500
    assert [row["status"]["off"] == "" for row in answer.context["temporary"]] == [False, True, False]
    assert "ADJ-1" in shown(answer)


def test_temporary_limits_are_shown_only_where_they_exist(clerk):
    a_customer("US-001", limit="1000")
    assert "Temporary limits" not in shown(clerk.get(TAB))


def test_the_tab_costs_the_same_whatever_there_is(clerk, django_assert_max_num_queries):
    customer = a_customer("US-001", limit="1000")
    give_temporary_limit(customer, "2500", days(0), days(1))
    clerk.get(TAB)
    with django_assert_max_num_queries(15) as few:
        clerk.get(TAB)
    for number in range(10, 40, 2):
        give_temporary_limit(customer, "2500", days(number), days(number + 1))
    with django_assert_max_num_queries(len(few)):
        clerk.get(TAB)


def test_the_history_is_paged(clerk):
    customer = a_customer("US-001", limit="1000")
    for number in range(0, 60, 2):
        give_temporary_limit(customer, str(2000 + number), days(number), days(number + 1))
    first = clerk.get(TAB)
    second = clerk.get(TAB + first.context["pager"]["older_url"])
    assert [len(answer.context["history"]) for answer in (first, second)] == [25, 6]


def test_the_limit_is_shown_in_the_customers_currency_with_rate_and_date(clerk):
    in_euro()
    converted = clerk.get(TAB).context["converted"]
    assert (converted["amount"], converted["conversion"].told) == (800, "0.8")
    assert converted["conversion"].valid_from == days(-10)


@pytest.mark.parametrize(
    ("rate", "entered", "kept"),
    [("1.25", "1000.00", "1250.00"), ("1.0849", "1000.01", "1084.91"), ("1.005", "1.00", "1.01")],
)
def test_a_limit_may_be_entered_in_the_customers_currency(clerk, rate, entered, kept):
    """domain 2; rounded half-up to the accounting currency's cent (domain 1)"""
    in_euro(rate)
    parameters(allow_manual_editing_of_credit_limits=True)
    values = {"limit_amount": entered, "currency": "EUR", "note": "as agreed"}
    clerk.post("/customers/USMF/US-001/limit/", values)
    assert CreditAccount.objects.get().limit_amount == Decimal(kept)
    entry = LimitHistory.objects.order_by("-sequence")[0]
    assert entry.note == f"as agreed ({entered} EUR at {rate} of {days(-10)})"


def test_without_a_rate_it_is_entered_in_the_accounting_currency_alone(clerk):
    in_euro()
    ExchangeRate.objects.all().delete()
    parameters(allow_manual_editing_of_credit_limits=True)
    refused = clerk.post("/customers/USMF/US-001/limit/", {"limit_amount": "5", "currency": "EUR", "note": "x"})
    assert refused.status_code == 422
    assert "enter the limit in USD" in shown(refused)
    assert CreditAccount.objects.get().limit_amount == 1000
    assert "cannot be shown in the customer’s currency" in shown(clerk.get(TAB))


class TestReview:
    ADDRESS = "/customers/USMF/US-001/review/"

    def test_a_limit_above_the_eligible_one_is_said_to_be(self, clerk):
        """domain 10: enforce eligible credit limit, warn"""
        a_customer("US-001", eligible_credit_limit=1500, eligible_credit_limit_currency_id="USD")
        parameters(allow_manual_editing_of_credit_limits=True, enforce_eligible_credit_limit="warn")
        assert "above the eligible" not in shown(clerk.get(TAB))
        values = {"limit_amount": "1500.01", "note": "as agreed"}
        answer = clerk.post("/customers/USMF/US-001/limit/", values, follow=True)
        words = "1,500.01 USD is above the eligible credit limit of 1,500.00 USD"
        assert words in shown(answer)
        assert words in shown(clerk.get(TAB))

    def test_eligible_limit_and_review_dates_are_edited(self, clerk):
        a_customer("US-001")
        values = {
            "eligible_credit_limit": "5000.00", "eligible_credit_limit_currency": "USD",
            "eligible_credit_limit_date": "2026-01-31", "last_review_date": "2026-02-01",
            "next_review_date": "2027-02-01",
        }  # fmt: skip
        assert "Review of Customer US-001 changed." in shown(clerk.post(self.ADDRESS, values, follow=True))
        customer = Customer.objects.get()
        assert (customer.eligible_credit_limit, customer.next_review_date) == (5000, dt.date(2027, 2, 1))
        clerk.post(self.ADDRESS, {})
        customer.refresh_from_db()
        assert (customer.eligible_credit_limit, customer.eligible_credit_limit_currency_id) == (None, None)

    @pytest.mark.parametrize(
        ("field", "value"),
        [("eligible_credit_limit", "-1"), ("eligible_credit_limit", "NaN"), ("next_review_date", "2025-12-31")],
    )
    def test_what_makes_no_sense_is_refused_beside_the_field(self, clerk, field, value):
        a_customer("US-001")
        values = {"last_review_date": "2026-01-01", "eligible_credit_limit_currency": "USD", field: value}
        answer = clerk.post(self.ADDRESS, values)
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
        assert Customer.objects.get().last_review_date is None

    def test_others_only_look(self, sign_in):
        a_customer("US-001")
        auditor = sign_in(Role.AUDITOR)
        assert auditor.get(self.ADDRESS).status_code == 403
        assert self.ADDRESS not in shown(auditor.get(TAB))
