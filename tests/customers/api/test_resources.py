"""The resources of the room as a client of `api.md` meets them."""

from decimal import Decimal
from typing import Any

import pytest

from credit_mgmt.conf.api import assembled
from customers.edge.fields import KeyField
from customers.models import Customer, ExchangeRate, Party
from tests.api_client import Api, client, everything

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]


@pytest.fixture
def api() -> Api:
    return everything()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("currencies/CHF", {"minor_units": 2}),
        ("legal-entities/CHMF", {"name": "Contoso CH", "accounting_currency": "EUR", "time_zone": "Europe/Zurich"}),
        ("payment-terms/N14", {"description": "14 days", "net_days": 14, "rank": None, "uses_credit": False}),
        ("cash-discounts/D3", {"description": "", "percent": "3", "rank": 2}),
        ("credit-management-groups/A", {"description": "Large"}),
        ("account-statuses/STOP", {"description": "Stopped", "processing_hold": "all"}),
        ("reasons/hold:CHECK", {"description": "To be checked", "legal_entity": "USMF"}),
        ("parties/P-1", {"name": "Adatum", "country": "US"}),
        ("customers/USMF:US-9", {"name": "Adatum", "currency": "EUR", "annual_revenue": "120.50", "excluded": True}),
        (
            "invoices/USMF:INV-1",
            {
                "customer": "USMF:US-001", "kind": "invoice", "invoice_date": "2026-01-05", "due_date": "2026-02-04",
                "currency": "USD", "amount": "1250.00",
            },
        ),
        (
            "payments/USMF:PAY-1",
            {"customer": "USMF:US-001", "date": "2026-01-05", "currency": "USD", "amount": "50.00"},
        ),
        (
            "sales-orders/USMF:SO-1",
            {
                "customer": "USMF:US-001", "currency": "USD", "order_type": "sales", "tax_amount": "10.00",
                "lines": [
                    {"number": 1, "item": "A", "quantity": "2", "unit_price": "12.3450", "discount_percent": "10"}
                ],
            },
        ),
    ],
)  # fmt: skip
def test_put_creates_get_shows_put_again_changes_nothing(api: Api, path: str, body: dict[str, Any]) -> None:
    created = api.put(path, body).is_(201)
    again = api.put(path, body).is_(200)
    shown = api.get(path).is_(200)
    assert created.body == again.body == shown.body
    for name, value in body.items():
        if name == "lines":
            continue
        assert shown[name] == value
    assert shown.body in api.get(f"{path.split('/', maxsplit=1)[0]}?page_size=500").is_(200)["results"]


def test_amounts_have_their_currencys_decimals(api: Api) -> None:
    yen = {"customer": "USMF:US-001", "date": "2026-01-05", "currency": "JPY", "amount": "5000"}
    assert api.put("payments/USMF:YEN", yen).is_(201)["amount"] == "5000"
    refused = api.put("payments/USMF:YEN", {**yen, "amount": "5000.50"}).is_(400)
    assert refused.problem == [("amount", "too_many_decimals")]


def test_prices_show_the_decimals_that_they_need(api: Api) -> None:
    line = {"quantity": 3, "unit_price": "0.1250"}
    order = {"customer": "USMF:US-001", "lines": [line, {**line, "unit_price": "5"}]}
    shown = api.put("sales-orders/USMF:SO-1", order).is_(201)
    assert [each["unit_price"] for each in shown["lines"]] == ["0.125", "5.00"]
    assert [each["quantity"] for each in shown["lines"]] == ["3", "3"]
    assert shown["amount"] == "15.38"


def test_patch_changes_what_it_names(api: Api) -> None:
    api.put("customers/USMF:US-9", {"name": "Adatum", "country": "US"}).is_(201)
    assert api.patch("customers/USMF:US-9", {"country": "CA"}).is_(200)["name"] == "Adatum"
    assert api.patch("customers/USMF:US-77", {"country": "CA"}).is_(404)["code"] == "not_found"


def test_a_sync_of_master_data_keeps_the_credit_profile(api: Api) -> None:
    api.put("credit-management-groups/A", {})
    api.patch("customers/USMF:US-001", {"credit_management_group": "A", "notes": "Pays late", "country": "US"}).is_(200)
    shown = api.put("customers/USMF:US-001", {"name": "Adatum"}).is_(200)
    assert (shown["credit_management_group"], shown["notes"]) == ("A", "Pays late")
    assert shown["country"] == ""  # a left-out field that is not ours has its default


def test_a_body_may_repeat_its_key_and_must_then_agree(api: Api) -> None:
    body = {"key": "USMF:US-9", "legal_entity": "USMF", "account": "US-9", "name": "Adatum"}
    assert api.put("customers/USMF:US-9", body).is_(201)["key"] == "USMF:US-9"
    for wrong in ({"key": "USMF:US-8"}, {"account": "US-8"}, {"legal_entity": "DEMF"}):
        assert [code for _, code in api.put("customers/USMF:US-9", {**body, **wrong}).is_(400).problem] == [
            "key_mismatch"
        ]


def test_a_trailing_slash_is_accepted(api: Api) -> None:
    assert api.get("customers/USMF:US-001/").is_(200).body == api.get("customers/USMF:US-001").is_(200).body
    assert api.get("customers/").is_(200).keys == api.get("customers").is_(200).keys


def test_the_same_rate_posted_again_replaces(api: Api) -> None:
    rate = {"from_currency": "EUR", "to_currency": "USD", "rate": "1.1", "valid_from": "2026-01-01"}
    assert api.post("exchange-rates", rate).is_(201)["rate_type"] == "default"
    assert api.post("exchange-rates", {**rate, "rate": 1.25}).is_(200)["rate"] == "1.25"
    assert ExchangeRate.objects.get().rate == Decimal("1.25")
    api.get("exchange-rates/1").is_(404)


def test_settlements_are_shown_and_a_bounced_payment_opens_them_again(api: Api) -> None:
    invoice = {"customer": "USMF:US-001", "invoice_date": "2026-01-05", "due_date": "2026-02-04", "amount": "100.00"}
    api.put("invoices/USMF:I-1", invoice).is_(201)
    settled = [{"invoice": "USMF:I-1", "amount": "60.00", "date": "2026-01-20"}]
    payment = {"customer": "USMF:US-001", "date": "2026-01-20", "amount": "80.00", "settlements": settled}
    shown = api.put("payments/USMF:P-1", payment).is_(201)
    assert (shown["open_amount"], shown["settlements"]) == ("20.00", settled)
    assert api.get("invoices/USMF:I-1")["open_amount"] == "40.00"
    bounced = api.post("payments/USMF:P-1/reverse", {"date": "2026-02-01"}).is_(200)
    assert (bounced["reversed_on"], bounced["settlements"]) == ("2026-02-01", [])
    assert api.get("invoices/USMF:I-1")["open_amount"] == "100.00"


@pytest.mark.parametrize("kind", ["credit_note", "write_off"])
def test_only_invoices_have_instalments(api: Api, kind: str) -> None:
    bill = {"customer": "USMF:US-001", "invoice_date": "2026-01-05", "due_date": "2026-02-04", "amount": "100.00"}
    invoice = api.put("invoices/USMF:I-1", bill).is_(201)
    assert invoice["instalments"] == [{"due_date": "2026-02-04", "amount": "100.00"}]
    less = {"customer": "USMF:US-001", "kind": kind, "invoice_date": "2026-01-06", "amount": "30.00",
            "settlements": [{"invoice": "USMF:I-1", "amount": "30.00"}]}  # fmt: skip
    credit = api.put("invoices/USMF:C-1", less).is_(201)
    assert (credit["instalments"], credit["amount"], credit["open_amount"]) == ([], "30.00", "0.00")
    assert api.get("invoices?kind=" + kind).is_(200)["results"] == [credit.body]
    assert api.get("invoices/USMF:I-1")["open_amount"] == "70.00"


def test_a_payment_and_an_invoice_may_carry_the_same_number(api: Api) -> None:
    invoice = {"customer": "USMF:US-001", "invoice_date": "2026-01-05", "due_date": "2026-02-04", "amount": "100.00"}
    api.put("invoices/USMF:1", invoice).is_(201)
    api.put("payments/USMF:1", {"customer": "USMF:US-001", "date": "2026-01-20", "amount": "80.00"}).is_(201)
    assert api.get("invoices").keys == api.get("payments").keys == ["USMF:1"]


def test_pages_are_walked_forward_and_back(api: Api) -> None:
    Party.objects.bulk_create(Party(number=f"P-{n:03d}", name=f"Party {n % 7}") for n in range(45))
    seen, address, back = [], "parties?page_size=20&ordering=name,-number", None
    while address:
        page = api.get(address).is_(200)
        seen.append(page.keys)
        address, back = page["next"], page["previous"]
    everyone = list(Party.objects.order_by("name", "-number").values_list("number", flat=True))
    assert [number for keys in seen for number in keys] == everyone
    assert [len(keys) for keys in seen] == [20, 20, 5]
    assert api.get(back or "").is_(200).keys == seen[1]


def test_every_documented_filter_is_answered(api: Api) -> None:
    samples = {
        "date": "2026-01-31", "date-time": "2026-01-31T12:00:00Z", "uuid": "0" * 32, "boolean": "true",
        "integer": "1", "string": "USD",
    }  # fmt: skip
    resources: list[tuple[str, Any, str]] = assembled().registry
    for prefix, viewset, _ in resources:
        if not hasattr(viewset, "list") or not hasattr(viewset, "filters"):  # some lists are short, and are given whole
            continue
        for name, each in viewset.filters.items():
            shape = each.schema
            value = shape.get("enum", [samples[shape.get("format", shape["type"])]])[0]
            if "pattern" in shape:
                value = "1.00"
            elif isinstance(each.field, KeyField):
                value = "USMF:US-001"
            for side in ("", "_min", "_max") if each.is_range else ("",):
                api.get(f"{prefix}?{name}{side}={value}").is_(200)
            if each.nullable:
                api.get(f"{prefix}?{name}=").is_(200)
        for name in viewset.orderings:
            api.get(f"{prefix}?ordering=-{name}").is_(200)


def test_filters_narrow_down_and_several_values_mean_any_of(api: Api) -> None:
    assert api.get("customers?legal_entity=USMF").keys == ["USMF:US-001"]
    assert api.get("customers?currency=USD&currency=EUR").keys == ["DEMF:DE-001", "USMF:US-001"]
    assert api.get("customers?currency=USD&legal_entity=DEMF").keys == []
    assert api.get("payment-terms?net_days_min=31").keys == ["N60"]


def test_a_list_makes_the_same_queries_for_ten_rows_and_for_a_hundred(
    api: Api, django_assert_max_num_queries: Any, put: Any
) -> None:
    def feed(numbers: range) -> None:
        put("sales-orders", *[
            {"key": f"USMF:{n}", "customer": "USMF:US-001",
             "lines": [{"quantity": Decimal(1), "unit_price": Decimal(n)}]} for n in numbers
        ])  # fmt: skip

    feed(range(1, 11))
    with django_assert_max_num_queries(12) as few:
        api.get("sales-orders?page_size=500").is_(200)
    feed(range(11, 111))
    with django_assert_max_num_queries(12) as many:
        assert len(api.get("sales-orders?page_size=500").is_(200)["results"]) == 110
    assert len(few) == len(many)


def test_bulk_reports_per_object_and_writes_the_good_ones(api: Api) -> None:
    rows = [
        {"key": "USMF:B-1", "name": "One"},
        {"key": "USMF:B-2", "name": "Two", "currency": "XXX"},
        {"key": "USMF:B-3", "name": 3},
        {"key": "USMF:US-001", "name": "Adatum"},
        "nonsense",
    ]
    answer = api.post("customers/bulk", rows).is_(200)
    assert [(row["key"], row["status"]) for row in answer["results"]] == [
        ("USMF:B-1", "created"),
        ("USMF:B-2", "failed"),
        ("USMF:B-3", "failed"),
        ("USMF:US-001", "updated"),
        (None, "failed"),
    ]
    assert [row["errors"][0]["field"] for row in answer["results"] if row["errors"]] == ["currency", "name", ""]
    assert (answer["created"], answer["updated"], answer["failed"]) == (1, 1, 3)


@pytest.mark.parametrize("wrong", [{"key": "USMF:B-2", "currency": "XXX"}, {"key": "USMF:B-2", "name": 3}])
def test_an_atomic_bulk_call_writes_all_or_nothing(api: Api, wrong: dict[str, Any]) -> None:
    before = Customer.objects.count()
    refused = api.post("customers/bulk?atomic=true", [{"key": "USMF:B-1", "name": "One"}, wrong]).is_(400)
    assert refused.problem[0][0].startswith("[1].")
    assert Customer.objects.count() == before
    good = [{"key": f"USMF:B-{n}", "name": "Good"} for n in range(3)]
    assert api.post("customers/bulk?atomic=true", good).is_(200)["created"] == 3


def test_only_json_is_taken_and_given(api: Api) -> None:
    answer = api.http.post(
        "/api/v1/exchange-rates", "a=1", content_type="text/plain", headers={"Authorization": f"Bearer {api.token}"}
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_an_unknown_address_and_an_unknown_method_are_problems_too(api: Api) -> None:
    assert api.get("nonsense").is_(404)["code"] == "not_found"
    assert api.post("customers", {}).is_(405)["code"] == "method_not_allowed"
    assert api.call("DELETE", "customers/USMF:US-001").is_(405)["code"] == "method_not_allowed"


def test_health_needs_no_token() -> None:
    assert Api().get("health/live").is_(200)["status"] == "ok"


def test_a_reader_may_not_write() -> None:
    viewer = client("viewer", "viewer")
    viewer.get("customers/USMF:US-001").is_(200)
    assert viewer.patch("customers/USMF:US-001", {"name": "X"}).is_(403)["code"] == "not_allowed"
