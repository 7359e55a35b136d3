"""What is in use keeps its meaning: refused with 409 `in_use`, and the answer names what uses it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from credit_mgmt.models import Parameters
from customers.imports.usage import users_of
from customers.models import Currency, LegalEntity, Reason
from tests.api_client import Answer, Api, everything

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]


@pytest.fixture
def api() -> Api:
    return everything()


def refused(answer: Answer, field: str, *names: str) -> None:
    answer.is_(409)
    assert (answer["code"], answer["field"]) == ("in_use", field)
    for name in names:
        assert name in answer["detail"]


@pytest.mark.parametrize("call", ["put", "patch"])
def test_the_decimals_of_a_currency_stay_once_amounts_are_kept_in_it(api: Api, call: str) -> None:
    answer = getattr(api, call)("currencies/EUR", {"minor_units": 3})
    refused(answer, "minor_units", "customers", "legal entities")
    assert "exchange rates" not in answer["detail"]
    assert Currency.objects.get(pk="EUR").minor_units == 2
    api.put("currencies/EUR", {"minor_units": 2}).is_(200)


def test_a_currency_that_has_only_rates_may_still_be_corrected(api: Api) -> None:
    rate = {"from_currency": "JPY", "to_currency": "USD", "rate": "0.0067", "valid_from": "2026-01-01"}
    api.post("exchange-rates", rate).is_(201)
    assert api.put("currencies/JPY", {"minor_units": 2}).is_(200)["minor_units"] == 2


def test_in_a_bulk_call_each_object_says_so_for_itself(api: Api) -> None:
    rows = [{"code": "EUR", "minor_units": 0}, {"code": "CHF", "minor_units": 2}]
    answer = api.post("currencies/bulk", rows).is_(200)
    assert [row["status"] for row in answer["results"]] == ["failed", "created"]
    assert [error["code"] for error in answer["results"][0]["errors"]] == ["in_use"]


def test_the_accounting_currency_stays_once_there_are_customers(api: Api) -> None:
    change = {"accounting_currency": "EUR"}
    api.put("sales-orders/USMF:SO-1", {"customer": "USMF:US-001", "lines": [{"quantity": 1, "unit_price": "5"}]})
    refused(api.patch("legal-entities/USMF", change), "accounting_currency", "customers", "sales orders")
    assert LegalEntity.objects.get(pk="USMF").accounting_currency_id == "USD"
    api.put("legal-entities/NEW", {"name": "New", "accounting_currency": "USD"}).is_(201)
    api.patch("legal-entities/NEW", change).is_(200)


def test_a_reason_stays_where_it_is_once_it_was_given(api: Api) -> None:
    api.put("reasons/release:PAID", {"legal_entity": None}).is_(201)
    api.put("reasons/release:FREE", {"legal_entity": None}).is_(201)
    Parameters.objects.update_or_create(
        legal_entity=None, defaults={"modified_order_reason": Reason.objects.get(code="PAID")}
    )
    refused(api.patch("reasons/release:PAID", {"legal_entity": "USMF"}), "legal_entity", "parameters", "empty")
    assert Reason.objects.get(code="PAID").legal_entity is None
    assert api.patch("reasons/release:PAID", {"description": "Paid by wire"}).is_(200)["legal_entity"] is None
    assert api.patch("reasons/release:FREE", {"legal_entity": "USMF"}).is_(200)["legal_entity"] == "USMF"


@pytest.mark.parametrize("path", ["account-statuses/STOP", "reasons/hold:CHECK"])
def test_a_code_is_never_renamed(api: Api, path: str) -> None:
    api.put(path, {}).is_(201)
    assert api.patch(path, {"code": "OTHER"}).is_(400).problem == [("code", "key_mismatch")]


def test_what_uses_many_codes_is_found_with_one_query() -> None:
    with CaptureQueriesContext(connection) as captured:
        found = users_of(Currency, ["USD", "EUR", "JPY"])
    assert len(captured) == 1
    assert found.keys() == {"USD", "EUR"}
