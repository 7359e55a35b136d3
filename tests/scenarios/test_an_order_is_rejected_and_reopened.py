"""No: an order is rejected, cannot be posted, is reopened by a manager, and is checked again."""

import pytest

from tests.api_client import client
from tests.scenarios.company import customer, order, post, set_up

pytestmark = pytest.mark.django_db


def test_an_order_is_rejected_and_reopened(settings):
    admin = set_up(settings)
    erp, clerk, manager = (
        client("erp", "integration"),
        client("clerk", "credit_clerk"),
        client("boss", "credit_manager"),
    )
    adatum = customer(admin, limit="100.00")
    order(erp, "USMF:SO-1", adatum, "4000.00")
    hold = post(erp, "USMF:SO-1")["hold"]

    assert clerk.post(f"holds/{hold['id']}/reject", {"note": "no more chairs"}).is_(200)["status"] == "rejected"
    assert clerk.get("holds?status=active").is_(200)["results"] == []
    refused = erp.post("sales-orders/USMF:SO-1/post", {"document": "confirmation"})
    assert refused.is_(409)["code"] == "rejected"

    # A clerk may not take that back; a manager may, and then it is checked as any other.
    clerk.post("sales-orders/USMF:SO-1/reopen", {}).is_(403)
    assert manager.post("sales-orders/USMF:SO-1/reopen", {"note": "sorry"}).is_(200)["credit_status"] == "not_checked"
    assert post(erp, "USMF:SO-1")["outcome"] == "held"

    # The customer gives up: the order is cancelled, and its hold closes.
    assert erp.post("sales-orders/USMF:SO-1/cancel", {}).is_(200)["credit_status"] == "cancelled"
    assert [row["status"] for row in clerk.get("holds?ordering=held_at").is_(200)["results"]] == [
        "rejected",
        "cancelled",
    ]
