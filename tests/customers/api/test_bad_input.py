"""Bad input: a clear error that names the field, and nothing changed (`reliability.md` D05, S03, S08)."""

from typing import Any

import pytest

from customers.models import Customer, CustomerTransaction, ExchangeRate, Party, SalesOrder
from tests.api_client import Api, everything

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]

PAYMENT = {"customer": "USMF:US-001", "date": "2026-01-05", "currency": "USD", "amount": "50.00"}


@pytest.fixture
def api() -> Api:
    return everything()


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("NaN", "not_a_number"),
        ("sNaN", "not_a_number"),
        ("Infinity", "not_a_number"),
        ("-inf", "not_a_number"),
        ("1e400", "exponent"),
        ("1E5", "exponent"),
        ("1e-7", "exponent"),
        ("1,000.00", "invalid"),
        ("1 000", "invalid"),
        ("１２", "invalid"),
        ("0x10", "invalid"),
        ("", "invalid"),
        (" 5", "invalid"),
        ("5.", "invalid"),
        ("1" * 30, "invalid"),
        ("9" * 16, "out_of_range"),
        ("-5.00", "out_of_range"),
        ("0", "out_of_range"),
        ("1.005", "too_many_decimals"),
        (12.5, "float"),
        (True, "invalid"),
        (["5"], "invalid"),
        (None, "null"),
    ],
)
def test_an_amount_that_is_none_is_refused_with_its_reason(api: Api, amount: Any, code: str) -> None:
    refused = api.put("payments/USMF:P-1", {**PAYMENT, "amount": amount}).is_(400)
    assert refused.problem == [("amount", code)]
    assert not CustomerTransaction.objects.exists()


@pytest.mark.parametrize("amount", ["50", "50.00", "50.000", 50])
def test_an_amount_may_be_written_in_several_good_ways(api: Api, amount: Any) -> None:
    assert api.put("payments/USMF:P-1", {**PAYMENT, "amount": amount}).is_(201)["amount"] == "50.00"


@pytest.mark.parametrize("rate", ["NaN", "Infinity", "1e400", "0", "-1", "99999999999999"])
def test_a_rate_that_is_none_is_refused(api: Api, rate: str) -> None:
    body = {"from_currency": "EUR", "to_currency": "USD", "rate": rate, "valid_from": "2026-01-01"}
    assert [field for field, _ in api.post("exchange-rates", body).is_(400).problem] == ["rate"]
    assert not ExchangeRate.objects.exists()


@pytest.mark.parametrize(
    "raw",
    [
        '{"rate": NaN}',
        '{"rate": Infinity}',
        '{"name": "a", "name": "b"}',
        '{"name": "a"',
        "",
        "[" * 100_000,
        '{"name": "\\u0000"}',
        '{"name": "\\ud800"}',
        "\ufeff{}",
    ],
)
def test_a_body_that_is_not_json_is_refused(api: Api, raw: str) -> None:
    assert api.call("PUT", "parties/P-1", raw=raw or " ").is_(400)["code"] == "malformed"


def test_a_number_with_a_huge_exponent_is_refused_where_numbers_are_taken(api: Api) -> None:
    raw = '{"from_currency": "EUR", "to_currency": "USD", "valid_from": "2026-01-01", "rate": 1e400}'
    assert api.call("POST", "exchange-rates", raw=raw).is_(400).problem == [("rate", "exponent")]


@pytest.mark.parametrize(
    ("path", "body", "problem"),
    [
        ("parties/P-1", {"name": "A", "nmae": "B"}, ("nmae", "unknown_field")),
        ("parties/P-1", {}, ("name", "required")),
        ("parties/P-1", {"name": 5}, ("name", "invalid")),
        ("parties/P-1", {"name": "A", "country": "usa"}, ("country", "invalid_key")),
        ("parties/P-1", ["name"], ("", "invalid")),
        ("customers/USMF:US-9", {"credit_group": "G"}, ("credit_group", "read_only")),
        ("customers/USMF:US-9", {"excluded": "yes"}, ("excluded", "invalid")),
        ("customers/USMF:US-9", {"excluded": 1}, ("excluded", "invalid")),
        ("customers/USMF:US-9", {"customer_since": "01/02/2026"}, ("customer_since", "invalid")),
        ("customers/USMF:US-9", {"customer_since": "2026-02-30"}, ("customer_since", "invalid")),
        ("customers/USMF:US-9", {"invoice_account": "US-001"}, ("invoice_account", "invalid_key")),
        ("customers/USMF:US-9", {"currency": "XXX"}, ("currency", "unknown_reference")),
        ("customers/US-9", {"name": "A"}, ("key", "invalid_key")),
        ("customers/USMF:US:9", {"name": "A"}, ("key", "invalid_key")),
        ("customers/USMF:" + "9" * 21, {"name": "A"}, ("key", "invalid_key")),
        ("reasons/wrong:X", {}, ("type", "invalid_choice")),
        ("sales-orders/USMF:S-1", {"customer": "USMF:US-001", "amount": "5.00"}, ("amount", "read_only")),
        ("sales-orders/USMF:S-1", {"customer": "USMF:US-001", "order_type": "gift"}, ("order_type", "invalid_choice")),
        (
            "sales-orders/USMF:S-1",
            {"customer": "USMF:US-001", "lines": [{"quantity": "1", "unit_price": "1"}, {"quantity": "NaN"}]},
            ("lines[1].quantity", "not_a_number"),
        ),
        (
            "sales-orders/USMF:S-1",
            {"customer": "USMF:US-001", "lines": [{"quantity": "1", "unit_price": "1", "colour": "red"}]},
            ("lines[0].colour", "unknown_field"),
        ),
        ("sales-orders/USMF:S-1", {"customer": "USMF:US-001", "lines": {}}, ("lines", "not_a_list")),
    ],
)  # fmt: skip
def test_bad_bodies(api: Api, path: str, body: Any, problem: tuple[str, str]) -> None:
    before = Customer.objects.count()
    assert problem in api.put(path, body).is_(400).problem
    assert Customer.objects.count() == before
    assert not Party.objects.exists()
    assert not SalesOrder.objects.exists()


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("colour=red", ("colour", "unknown_parameter")),
        ("name__icontains=x", ("name__icontains", "unknown_parameter")),
        ("_connector=OR", ("_connector", "unknown_parameter")),
        ("account_min=1", ("account_min", "unknown_parameter")),
        ("ordering=password", ("ordering", "unknown_ordering")),
        ("ordering=name;drop", ("ordering", "unknown_ordering")),
        ("page_size=501", ("page_size", "out_of_range")),
        ("page_size=0", ("page_size", "out_of_range")),
        ("page_size=ten", ("page_size", "out_of_range")),
        ("cursor=nonsense", ("cursor", "invalid_cursor")),
        ("cursor=x", ("cursor", "invalid_cursor")),
        ("excluded=maybe", ("excluded", "invalid")),
        ("customer_since_min=tomorrow", ("customer_since_min", "invalid")),
        ("annual_revenue_max=NaN", ("annual_revenue_max", "not_a_number")),
        ("invoice_account=US-001", ("invoice_account", "invalid_key")),
        ("name=%00", ("name", "null_characters_not_allowed")),
    ],
)
def test_bad_queries(api: Api, query: str, problem: tuple[str, str]) -> None:
    assert problem in api.get(f"customers?{query}").is_(400).problem


def test_a_bulk_call_takes_ten_thousand_objects_and_not_one_more(api: Api) -> None:
    rows = [{"number": f"P-{n}", "name": "A"} for n in range(10_001)]
    refused = api.post("parties/bulk", rows).is_(400)
    assert refused.problem == [("", "too_many")]
    assert "10,000" in refused["detail"]
    assert not Party.objects.exists()


def test_a_bulk_call_is_a_list_and_knows_one_parameter(api: Api) -> None:
    assert api.post("parties/bulk", {"number": "P-1"}).is_(400).problem == [("", "invalid")]
    assert api.post("parties/bulk?atomic=maybe", []).is_(400).problem == [("atomic", "invalid")]
    assert api.post("parties/bulk?atom=true", []).is_(400).problem == [("atom", "unknown_parameter")]


def test_a_settlement_above_the_open_amount_is_refused(api: Api) -> None:
    invoice = {"customer": "USMF:US-001", "invoice_date": "2026-01-05", "due_date": "2026-02-04", "amount": "100.00"}
    api.put("invoices/USMF:I-1", invoice).is_(201)
    body = {**PAYMENT, "amount": "200.00", "settlements": [{"invoice": "USMF:I-1", "amount": "100.01"}]}
    assert api.put("payments/USMF:P-1", body).is_(400).problem == [("settlements[0].amount", "above_open_amount")]
