"""Customers with limits, and their credit position, as a client of `api.md` meets them."""

import pytest

from credit_mgmt.models import LimitHistory, Parameters
from tests import factories as make
from tests import factories_credit as credit
from tests.api_client import Api, client, everything

pytestmark = pytest.mark.django_db

CUSTOMER = {"name": "Contoso Retail", "currency": "USD", "credit_limit": "10000.00"}


@pytest.fixture
def api(settings: object) -> Api:
    settings.CREDIT_TODAY = credit.TODAY  # type: ignore[attr-defined]
    make.LegalEntityFactory()
    return everything()


def allow_manual_editing() -> None:
    Parameters.objects.update(allow_manual_editing_of_credit_limits=True)


def test_a_customer_is_created_with_an_opening_limit(api: Api) -> None:
    made = api.put("customers/USMF:US-1", CUSTOMER).is_(201)
    assert made["credit_limit"] == "10000.00"
    assert (made["unlimited"], made["mandatory_limit"], made["credit_limit_expires_on"]) == (False, False, None)
    entry = LimitHistory.objects.get()
    assert (entry.source, entry.sequence, entry.previous_limit, entry.limit_amount) == ("opening", 1, 0, 10000)


def test_putting_the_same_again_writes_no_history(api: Api) -> None:
    api.put("customers/USMF:US-1", CUSTOMER).is_(201)
    api.put("customers/USMF:US-1", CUSTOMER).is_(200)
    assert LimitHistory.objects.count() == 1


def test_a_feed_that_leaves_the_limit_out_keeps_it(api: Api) -> None:
    api.put("customers/USMF:US-1", CUSTOMER).is_(201)
    again = api.put("customers/USMF:US-1", {"name": "Contoso Retail", "currency": "USD"}).is_(200)
    assert again["credit_limit"] == "10000.00"


def test_a_limit_changes_by_hand_only_where_the_parameter_allows_it(api: Api) -> None:
    api.put("customers/USMF:US-1", CUSTOMER).is_(201)
    refused = api.patch("customers/USMF:US-1", {"credit_limit": "20000.00", "country": "US"}).is_(400)
    assert refused.problem == [("credit_limit", "manual_editing_off")]
    assert api.get("customers/USMF:US-1").is_(200)["country"] == ""
    allow_manual_editing()
    changed = api.patch("customers/USMF:US-1", {"credit_limit": "20000.00", "unlimited": True}).is_(200)
    assert (changed["credit_limit"], changed["unlimited"]) == ("20000.00", True)
    assert list(LimitHistory.objects.order_by("sequence").values_list("source", flat=True)) == ["opening", "manual"]


def test_the_next_review_does_not_come_before_the_last(api: Api) -> None:
    api.put("customers/USMF:US-1", CUSTOMER).is_(201)
    api.patch("customers/USMF:US-1", {"last_review_date": "2026-03-01", "next_review_date": "2026-03-01"}).is_(200)
    refused = api.patch("customers/USMF:US-1", {"next_review_date": "2026-02-28"}).is_(400)
    assert refused.problem == [("next_review_date", "before_last_review")]
    assert api.get("customers?next_review_date_max=2026-03-01").is_(200)["results"][0]["key"] == "USMF:US-1"


def test_only_credit_management_changes_limits(api: Api) -> None:
    allow_manual_editing()
    erp = client("erp", "integration")
    erp.put("customers/USMF:US-1", CUSTOMER).is_(201)
    erp.put("customers/USMF:US-1", CUSTOMER).is_(200)
    erp.patch("customers/USMF:US-1", {"credit_limit": "1.00"}).is_(403)


@pytest.mark.parametrize("amount", ["-1.00", "NaN", "1e400", "10.005", "9999999999999999999"])
def test_what_is_no_limit_is_refused_and_nothing_is_written(api: Api, amount: str) -> None:
    refused = api.put("customers/USMF:US-1", {**CUSTOMER, "credit_limit": amount}).is_(400)
    assert [field for field, _ in refused.problem] == ["credit_limit"]
    api.get("customers/USMF:US-1").is_(404)


def test_in_a_bulk_call_each_row_succeeds_or_fails_on_its_own(api: Api) -> None:
    api.put("customers/USMF:US-1", CUSTOMER).is_(201)
    rows = [
        {"key": "USMF:US-1", **CUSTOMER, "credit_limit": "5.00"},
        {"key": "USMF:US-2", **CUSTOMER},
        {"key": "USMF:US-3", **CUSTOMER, "currency": "XXX"},
    ]
    report = api.post("customers/bulk", rows).is_(200)
    assert [row["status"] for row in report["results"]] == ["failed", "created", "failed"]
    assert api.get("customers/USMF:US-2").is_(200)["credit_limit"] == "10000.00"
    api.post("customers/bulk?atomic=true", [{"key": "USMF:US-4", **CUSTOMER}, rows[0]]).is_(400)
    api.get("customers/USMF:US-4").is_(404)


def test_the_credit_position_names_every_figure(api: Api) -> None:
    customer = credit.customer_with_limit("10000", legal_entity=make.LegalEntityFactory(), account="US-1")
    make.InvoiceFactory(customer=customer, amount="3000.00", number="INV-1")
    credit.approve(make.SalesOrderFactory(customer=customer, amount="2500.00"))
    shown = api.get("customers/USMF:US-1/credit").is_(200).body
    assert shown["total_limit"] == shown["base_limit"] == "10000.00"
    assert shown["temporary_limit"] is None
    assert shown["insurance_and_guarantees"] == "0.00"
    assert shown["exposure"] == {
        "total": "5500.00", "balance": "3000.00", "delivered": "0.00", "ordered": "2500.00",
    }  # fmt: skip
    assert (shown["available"], shown["overdue_amount"], shown["days_overdue"]) == ("4500.00", "3000.00", 29)
    assert {"label": "1-30", "amount": "3000.00"} in shown["ageing"]
    assert (shown["group"], shown["currency"], shown["total_limit_in_customer_currency"]) == (None, "USD", "10000.00")


def test_the_position_of_another_day_is_that_days(api: Api) -> None:
    customer = credit.customer_with_limit("10000", legal_entity=make.LegalEntityFactory(), account="US-1")
    make.InvoiceFactory(customer=customer, amount="3000.00")
    shown = api.get("customers/USMF:US-1/credit?date=2025-12-31").is_(200)
    assert shown["exposure"]["balance"] == "0.00"
    assert shown["total_limit"] == "0.00"  # the limit was given later, and is no opening limit
    api.get("customers/USMF:US-1/credit?date=tomorrow").is_(400)
    api.get("customers/USMF:US-1/credit?day=2026-01-01").is_(400)


def test_an_unlimited_customer_has_no_total_limit(api: Api) -> None:
    api.put("customers/USMF:US-1", {**CUSTOMER, "unlimited": True}).is_(201)
    shown = api.get("customers/USMF:US-1/credit").is_(200)
    assert (shown["unlimited"], shown["total_limit"], shown["available"]) == (True, None, None)
    assert shown["base_limit"] == "10000.00"


def test_the_limit_history_says_who_changed_what(api: Api) -> None:
    api.put("customers/USMF:US-1", CUSTOMER).is_(201)
    [entry] = api.get("limit-history?customer=USMF:US-1").is_(200)["results"]
    assert (entry["source"], entry["previous_limit"], entry["limit"]) == ("opening", "0.00", "10000.00")
    assert entry["actor"].startswith("client:")


def test_customers_of_other_legal_entities_do_not_exist(api: Api) -> None:
    credit.customer_with_limit("10000", legal_entity=make.LegalEntityFactory(), account="US-1")
    make.LegalEntityFactory(code="DEMF")
    stranger = client("de", "auditor", "DEMF")
    stranger.get("customers/USMF:US-1/credit").is_(404)
    assert stranger.get("limit-history").is_(200)["results"] == []
