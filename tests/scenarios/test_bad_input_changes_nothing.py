"""What must not happen is answered clearly, and leaves everything as it was."""

from typing import Any

import pytest
from django.apps import apps

from customers.models import Reason
from tests.api_client import Api, client
from tests.scenarios.company import customer, order, post, set_up

pytestmark = pytest.mark.django_db

ROOMS = ("customers", "credit_mgmt", "holds")


def everything_stored() -> dict[str, Any]:
    """All rows of all tables of the rooms; keys and clients apart, which calls leave behind."""
    models = [model for room in ROOMS for model in apps.get_app_config(room).get_models()]
    return {
        model.__name__: sorted(map(str, model._default_manager.values_list()))
        for model in models
        if model.__name__ not in {"ApiClient", "AccessGrant", "IdempotencyKey"}
    }


def held_order(admin: Api, erp: Api) -> str:
    adatum = customer(admin, limit="100.00")
    order(erp, "USMF:SO-1", adatum, "4000.00")
    hold: str = post(erp, "USMF:SO-1")["hold"]["id"]
    return hold


def test_documents_out_of_order_and_second_posts(settings):
    admin, erp = set_up(settings), client("erp", "integration")
    order(erp, "USMF:SO-1", customer(admin), "10.00")
    post(erp, "USMF:SO-1")
    before = everything_stored()
    for document, code in (("invoice", "out_of_order"), ("confirmation", "already_posted")):
        refused = erp.post("sales-orders/USMF:SO-1/post", {"document": document}).is_(409)
        assert refused["code"] == code
        assert refused["detail"]
    erp.post("sales-orders/USMF:SO-1/post", {"document": "poem"}).is_(400)
    erp.post("sales-orders/USMF:SO-1/post", {"document": "invoice", "colour": "red"}).is_(400)
    erp.post("sales-orders/USMF:SO-9/post", {"document": "confirmation"}).is_(404)
    assert everything_stored() == before


def test_the_same_request_repeated_is_one_posting(settings):
    admin, erp = set_up(settings), client("erp", "integration")
    order(erp, "USMF:SO-1", customer(admin), "10.00")
    first = erp.post("sales-orders/USMF:SO-1/post", {"document": "confirmation"}, key="post-1").is_(200)
    before = everything_stored()
    again = erp.post("sales-orders/USMF:SO-1/post", {"document": "confirmation"}, key="post-1").is_(200)
    assert again.body == first.body
    assert everything_stored() == before


def test_a_release_without_reason_or_with_that_of_another_entity(settings):
    admin, erp, clerk = set_up(settings), client("erp", "integration"), client("clerk", "credit_clerk")
    admin.put("currencies/EUR", {"minor_units": 2}).is_(201)
    admin.put("legal-entities/DEMF", {"name": "Contoso Germany", "accounting_currency": "EUR", "time_zone": "UTC"}).is_(
        201
    )
    Reason.objects.create(type="release", code="GERMAN", legal_entity_id="DEMF")
    hold = held_order(admin, erp)
    before = everything_stored()
    for body in ({}, {"reason": ""}, {"reason": "GERMAN"}, {"reason": "DISPUTE"}, {"reason": "NOPE"}):
        bad = clerk.post(f"holds/{hold}/release", {"mode": "with_posting", **body}).is_(400)
        assert "reason" in {error["field"] for error in bad["errors"]}, body
    assert everything_stored() == before


def test_a_currency_without_a_rate_is_held_because_it_cannot_be_evaluated(settings):
    """Domain 4.9: never let pass silently; the cause in words."""
    admin, erp = set_up(settings), client("erp", "integration")
    admin.put("currencies/JPY", {"minor_units": 0}).is_(201)
    order(erp, "USMF:SO-1", customer(admin), "1000", currency="JPY")
    answer = post(erp, "USMF:SO-1")
    assert answer["outcome"] == "held"
    [reason] = answer["hold"]["reasons"]
    assert reason["type"] == "cannot_be_evaluated"
    assert "JPY" in reason["message"]
    assert erp.get("sales-orders/USMF:SO-1").is_(200)["document_status"] == "open"
