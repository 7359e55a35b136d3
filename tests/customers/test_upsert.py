"""The one way in: what all resources have in common (`api.md` Conventions)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.access import Actor, Grant, NotAllowed
from customers.errors import InvalidInput, NotFound
from customers.imports import MOST_ROWS, upsert, upsert_one
from customers.models import Currency, Customer, ExchangeRate, LegalEntity, Reason
from tests.customers.conftest import Put

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]

FEEDER = Actor("client", 1, "ERP", (Grant("integration", "USMF"),))
CLERK = Actor("user", 1, "clerk", (Grant("credit_clerk", "USMF"), Grant("integration", "USMF")))
JANUARY = dt.date(2026, 1, 1)
NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def test_a_row_is_created_then_updated_then_unchanged(put: Put) -> None:
    row = {"key": "USMF:US-002", "name": "Adventure Works", "currency": "USD"}
    assert [put("customers", row)[0].status for _ in range(2)] == ["created", "unchanged"]
    [result] = put("customers", row | {"name": "Adventure Works Ltd", "country": "US"})
    assert (result.status, result.changed) == ("updated", {"name", "country"})
    assert Customer.objects.get(account="US-002").name == "Adventure Works Ltd"


def test_put_gives_fields_left_out_their_defaults_but_keeps_what_is_ours(put: Put) -> None:
    put("customers", {"key": "USMF:US-001", "sales_person": "Kim", "excluded": True, "notes": "careful"})
    put("customers", {"key": "USMF:US-001", "currency": "USD"})
    customer = Customer.objects.get(account="US-001")
    assert (customer.sales_person, customer.excluded, customer.notes) == ("", True, "careful")


def test_patch_changes_only_what_it_names(put: Put) -> None:
    put("customers", {"key": "USMF:US-001", "sales_person": "Kim", "country": "US"})
    put("customers", {"key": "USMF:US-001", "country": "CA"}, replace=False)
    customer = Customer.objects.get(account="US-001")
    assert (customer.sales_person, customer.country) == ("Kim", "CA")


def test_patch_of_what_does_not_exist_is_not_found(actor: Actor) -> None:
    with pytest.raises(NotFound, match="USMF:NOBODY"):
        upsert_one("customers", {"key": "USMF:NOBODY", "country": "CA"}, actor=actor, today=None, replace=False)


def test_the_key_may_be_given_in_parts_or_twice_and_must_then_agree(put: Put) -> None:
    put("customers", {"legal_entity": "USMF", "account": "US-009"})
    put("customers", {"key": "USMF:US-009", "legal_entity": "USMF", "account": "US-009"})
    [result] = put("customers", {"key": "USMF:US-009", "account": "US-010"}, fails=True)
    assert [(error.field, error.code) for error in result.errors] == [("account", "key_mismatch")]


@pytest.mark.parametrize("key", ["USMF", "USMF:", "USMF:A B", "USMF:A:B", "USMF:" + "X" * 21, 7, None, "USMF:Ä"])
def test_a_key_of_the_wrong_form_is_refused(put: Put, key: Any) -> None:
    [result] = put("customers", {"key": key}, fails=True)
    assert {error.code for error in result.errors} == {"invalid_key"}


@pytest.mark.parametrize(
    ("resource", "row", "field", "code"),
    [
        ("currencies", {"code": "usd"}, "code", "invalid_key"),
        ("currencies", {"code": "GBP", "minor_units": 5}, "minor_units", "out_of_range"),
        ("currencies", {"code": "GBP", "minor_units": True}, "minor_units", "invalid"),
        ("currencies", {"code": "GBP", "decimals": 2}, "decimals", "unknown_field"),
        ("currencies", {}, "code", "required"),
        ("legal-entities", {"code": "FRMF", "name": "FR"}, "accounting_currency", "required"),
        (
            "legal-entities", {"code": "FRMF", "name": "FR", "accounting_currency": "GBP"},
            "accounting_currency", "unknown_reference",
        ),
        (
            "legal-entities", {"code": "FRMF", "name": "FR", "accounting_currency": "EUR", "time_zone": "Paris"},
            "time_zone", "invalid_choice",
        ),
        ("cash-discounts", {"code": "D9", "percent": Decimal("100.01")}, "percent", "out_of_range"),
        ("cash-discounts", {"code": "D9", "percent": Decimal("NaN")}, "percent", "not_a_number"),
        ("cash-discounts", {"code": "D9", "percent": Decimal("1e400")}, "percent", "out_of_range"),
        ("cash-discounts", {"code": "D9", "percent": 2.5}, "percent", "invalid"),
        ("credit-management-groups", {"code": "ELEVENCHARS"}, "code", "invalid_key"),
        ("credit-management-groups", {"code": "A", "description": "x" * 61}, "description", "too_long"),
        ("account-statuses", {"code": "BAD", "processing_hold": "some"}, "processing_hold", "invalid_choice"),
        ("reasons", {"key": "stop:X"}, "type", "invalid_choice"),
        ("reasons", {"key": "hold:X", "legal_entity": "FRMF"}, "legal_entity", "unknown_reference"),
        ("parties", {"number": "P1", "name": ""}, "name", "blank"),
        ("parties", {"number": "P1", "name": "A\x00B"}, "name", "invalid"),
        ("customers", {"key": "USMF:A", "currency": "GBP"}, "currency", "unknown_reference"),
        ("customers", {"key": "FRMF:A", "currency": "USD"}, "legal_entity", "unknown_reference"),
        ("customers", {"key": "USMF:A", "credit_limit": Decimal(1)}, "credit_limit", "unknown_field"),
        ("customers", {"key": "USMF:A", "customer_since": dt.date(1066, 10, 14)}, "customer_since", "out_of_range"),
        ("customers", {"key": "USMF:A", "customer_since": NOON}, "customer_since", "invalid"),
        ("customers", {"key": "USMF:A", "excluded": "yes"}, "excluded", "invalid"),
        ("customers", {"key": "USMF:A", "annual_revenue": Decimal(-1)}, "annual_revenue", "out_of_range"),
        ("customers", {"key": "USMF:A", "annual_revenue": Decimal("1.001")}, "annual_revenue", "too_many_decimals"),
        ("customers", {"key": "USMF:A", "credit_controller": "nobody"}, "credit_controller", "unknown_reference"),
    ],
)  # fmt: skip
def test_bad_input_names_the_field_and_changes_nothing(
    put: Put, resource: str, row: dict[str, Any], field: str, code: str
) -> None:
    [result] = put(resource, row, fails=True)
    assert (field, code) in {(error.field, error.code) for error in result.errors}
    assert result.status == "failed"
    assert all(error.message for error in result.errors)


def test_a_bad_row_is_reported_and_the_good_ones_are_written(put: Put) -> None:
    results = put("currencies", {"code": "GBP"}, {"code": "gbp"}, {"code": "CHF"}, fails=True)
    assert [result.status for result in results] == ["created", "failed", "created"]
    assert Currency.objects.filter(code__in=["GBP", "CHF"]).count() == 2


def test_all_or_nothing_writes_nothing_if_a_row_fails(put: Put) -> None:
    results = put("currencies", {"code": "GBP"}, {"code": "gbp"}, fails=True, atomic=True)
    assert [(result.status, result.errors[0].code) for result in results] == [
        ("failed", "not_written"), ("failed", "invalid_key"),
    ]  # fmt: skip
    assert not Currency.objects.filter(code="GBP").exists()


def test_the_same_key_twice_in_a_call_is_refused(put: Put) -> None:
    results = put("currencies", {"code": "GBP"}, {"code": "GBP", "minor_units": 3}, fails=True)
    assert [result.status for result in results] == ["created", "failed"]
    assert results[1].errors[0].code == "duplicate"


def test_more_than_ten_thousand_rows_are_refused(actor: Actor) -> None:
    rows = [{"code": "GBP"}] * (MOST_ROWS + 1)
    with pytest.raises(InvalidInput) as refusal:
        upsert("currencies", rows, actor=actor, today=None)
    assert refusal.value.errors[0].code == "too_many"
    assert not Currency.objects.filter(code="GBP").exists()


def test_a_row_that_is_no_object_is_refused(put: Put) -> None:
    [result] = put("currencies", "GBP", fails=True)
    assert result.errors[0].code == "invalid"


class TestRights:
    def test_a_client_feeds_only_the_entities_granted_to_it(self) -> None:
        rows = [{"key": "USMF:US-002"}, {"key": "DEMF:DE-002"}]
        results = upsert("customers", rows, actor=FEEDER, today=None)
        assert [result.status for result in results] == ["created", "failed"]
        assert [error.code for error in results[1].errors] == ["not_found"]

    def test_out_of_scope_tells_nothing_about_what_is_there(self) -> None:
        there, absent = upsert(
            "customers", [{"key": "DEMF:DE-001", "nonsense": 1}, {"key": "DEMF:X"}], actor=FEEDER, today=None
        )
        assert [error.code for error in there.errors] == [error.code for error in absent.errors] == ["not_found"]

    def test_one_row_raises_what_the_edge_translates(self) -> None:
        viewer = Actor("user", 2, "viewer", (Grant("viewer", "USMF"),))
        with pytest.raises(NotAllowed):
            upsert_one("customers", {"key": "USMF:US-002"}, actor=viewer, today=None)
        with pytest.raises(NotFound):
            upsert_one("customers", {"key": "DEMF:DE-002"}, actor=viewer, today=None)
        with pytest.raises(InvalidInput):
            upsert_one("customers", {"key": "USMF:US-002", "country": 7}, actor=FEEDER, today=None)

    def test_what_all_entities_share_needs_the_right_in_all(self) -> None:
        [result] = upsert("currencies", [{"code": "GBP"}], actor=FEEDER, today=None)
        assert [error.code for error in result.errors] == ["not_allowed"]

    def test_a_reason_of_an_entity_needs_the_right_there_and_where_it_was(self, put: Put) -> None:
        put("reasons", {"key": "hold:SHARED"})
        own, shared, taken = upsert(
            "reasons",
            [
                {"key": "hold:OWN", "legal_entity": "USMF"}, {"key": "hold:ALL"},
                {"key": "hold:SHARED", "legal_entity": "USMF"},
            ],
            actor=FEEDER, today=None,
        )  # fmt: skip
        assert (own.status, shared.errors[0].code, taken.errors[0].code) == ("created", "not_allowed", "not_allowed")
        assert Reason.objects.get(code="SHARED").legal_entity is None

    def test_the_credit_profile_is_not_the_feeds_to_change(self) -> None:
        row = {"key": "USMF:US-001", "excluded": True}
        [result] = upsert("customers", [row], actor=FEEDER, today=None)
        assert [(error.field, error.code) for error in result.errors] == [("excluded", "not_allowed")]
        [repeated] = upsert("customers", [row | {"excluded": False}], actor=FEEDER, today=None)
        assert repeated.status == "unchanged"
        [result] = upsert("customers", [row], actor=CLERK, today=None)
        assert result.status == "updated"


class TestQueriesAreConstant:
    @pytest.mark.parametrize("again", [False, True])
    def test_of_customers(self, put: Put, again: bool) -> None:
        def rows(prefix: str, number: int, name: str) -> list[dict[str, Any]]:
            return [
                {"key": f"USMF:{prefix}{n}", "name": name, "currency": "USD", "payment_terms": "N30"}
                for n in range(number)
            ]

        counts = []
        for prefix, number in (("A", 10), ("B", 1000)):
            if again:
                put("customers", *rows(prefix, number, "Before"))
            with CaptureQueriesContext(connection) as queries:
                put("customers", *rows(prefix, number, "After"))
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 8

    def test_of_sales_orders_changed_in_all_ways(self, put: Put) -> None:
        counts = []
        for prefix, number in (("A", 10), ("B", 1000)):
            put("sales-orders", *(_order(f"{prefix}{n}", 1, 2) for n in range(number)))
            with CaptureQueriesContext(connection) as queries:
                put("sales-orders", *(_order(f"{prefix}{n}", 2, 3, quantity=5) for n in range(number)))
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 16


def _order(number: str, *lines: int, quantity: int = 1) -> dict[str, Any]:
    return {
        "key": f"USMF:{number}",
        "customer": "USMF:US-001",
        "lines": [{"number": n, "quantity": Decimal(quantity), "unit_price": Decimal(10)} for n in lines],
    }


class TestReferenceData:
    def test_the_accounting_currency_stays_once_there_are_customers(self, put: Put) -> None:
        put("legal-entities", {"code": "NEW", "name": "New", "accounting_currency": "USD"})
        put("legal-entities", {"code": "NEW", "name": "New", "accounting_currency": "EUR"})
        [result] = put("legal-entities", {"code": "USMF", "name": "US", "accounting_currency": "EUR"}, fails=True)
        assert result.errors[0].code == "in_use"
        assert LegalEntity.objects.get(code="USMF").accounting_currency_id == "USD"

    def test_the_same_rate_again_replaces(self, put: Put) -> None:
        row = {"from_currency": "EUR", "to_currency": "USD", "rate": Decimal("1.25"), "valid_from": JANUARY}
        put("exchange-rates", row)
        [result] = put("exchange-rates", row | {"rate": Decimal("1.30"), "rate_type": "default"})
        assert (result.status, ExchangeRate.objects.get().rate) == ("updated", Decimal("1.30"))

    @pytest.mark.parametrize("rate", [Decimal(0), Decimal(-1), Decimal("NaN"), Decimal("1e400")])
    def test_a_rate_is_a_positive_number(self, put: Put, rate: Decimal) -> None:
        row = {"from_currency": "EUR", "to_currency": "USD", "rate": rate, "valid_from": JANUARY}
        [result] = put("exchange-rates", row, fails=True)
        assert result.errors[0].field == "rate"

    def test_a_rate_leads_to_another_currency(self, put: Put) -> None:
        row = {"from_currency": "EUR", "to_currency": "EUR", "rate": Decimal(1), "valid_from": JANUARY}
        [result] = put("exchange-rates", row, fails=True)
        assert result.errors[0].code == "same_currency"
