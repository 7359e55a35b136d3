"""The main story: an order is stopped, a clerk understands why, releases it, and it goes its way."""

import pytest

from tests.api_client import client
from tests.scenarios.company import customer, invoice, order, post, set_up

pytestmark = pytest.mark.django_db


def test_an_order_is_held_understood_and_released(settings):
    admin = set_up(settings)
    erp, clerk = client("erp", "integration"), client("clerk", "credit_clerk")
    adatum = customer(admin, limit="10000.00")
    invoice(admin, "USMF:INV-1", adatum, "7000.00")

    # A small order fits below the limit, and uses 1,000 of it.
    order(erp, "USMF:SO-1", adatum, "1000.00")
    assert post(erp, "USMF:SO-1")["outcome"] == "posted"

    # The next one does not: 7,000 owed + 1,000 ordered + 4,000 is above 10,000.
    order(erp, "USMF:SO-2", adatum, "4000.00")
    answer = post(erp, "USMF:SO-2")
    assert answer["outcome"] == "held"
    assert erp.get("sales-orders/USMF:SO-2").is_(200)["credit_status"] == "on_hold"

    # The clerk finds it on the list, and reads what was compared.
    [hold] = clerk.get("holds?status=active").is_(200)["results"]
    [reason] = hold["reasons"]
    assert (hold["amount"], hold["over_limit"], hold["used_percent"]) == ("4000.00", "2000.00", "120.00")
    compared = reason["evidence"]
    assert (reason["type"], compared["measured"], compared["limit"]) == ("limit_used", "12000.00", "10000.00")

    # What would clear it is answered by the check itself.
    question = clerk.post("sales-orders/USMF:SO-2/check", {"document": "confirmation"}).is_(200)
    assert {remedy["action"] for remedy in question["remedies"]}

    # She called the customer and releases it without posting: the confirmation may go once, unchecked.
    how = {"mode": "without_posting", "reason": "CALLED", "note": "pays on Thursday"}
    released = clerk.post(f"holds/{hold['id']}/release", how).is_(200)
    assert (released["status"], released["release_reason"]) == ("released", "CALLED")
    confirmed = post(erp, "USMF:SO-2")
    assert (confirmed["outcome"], confirmed["decision"]["not_checked_because"]) == ("posted", "cleared_by_release")

    # The packing slip is checked again, and what the release let through is owed: it stops.
    assert post(erp, "USMF:SO-2", "packing_slip")["outcome"] == "held"

    # The ERP is told everything, in order.
    told = [event["type"] for event in erp.get("events?after=0").is_(200)["results"] if "SO-2" in event["subject"]]
    assert told == ["hold_placed", "released", "hold_placed"]
