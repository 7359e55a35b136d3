"""Where the ERP posts (`domain 5.3`): it asks, is cleared or held, posts, and reports; what fails comes back."""

import pytest

from tests.api_client import client
from tests.scenarios.company import customer, order, post, set_up

pytestmark = pytest.mark.django_db


def test_the_erp_posts_and_reports(settings):
    admin = set_up(settings)
    admin.patch("parameters/USMF", {"posting": "external"}).is_(200)
    erp, clerk = client("erp", "integration"), client("clerk", "credit_clerk")
    adatum = customer(admin, limit="5000.00")
    order(erp, "USMF:SO-1", adatum, "4000.00")
    order(erp, "USMF:SO-2", adatum, "3000.00")

    # Cleared: the credit is taken, the ERP posts and tells.
    assert post(erp, "USMF:SO-1")["outcome"] == "cleared"
    assert erp.get("sales-orders/USMF:SO-1").is_(200)["document_status"] == "open"
    reported = erp.post("sales-orders/USMF:SO-1/posted", {"document": "confirmation"}).is_(200)
    assert reported["document_status"] == "confirmation"

    # Held: a clerk releases it with posting, and the ERP is asked to post.
    hold = post(erp, "USMF:SO-2")["hold"]
    clerk.post(f"holds/{hold['id']}/release", {"mode": "with_posting", "reason": "CALLED"}).is_(200)
    events = erp.get("events?after=0").is_(200)["results"]
    [request] = [event for event in events if event["type"] == "posting_requested"]
    assert (request["subject"], request["data"]["document"]) == ("USMF:SO-2", "confirmation")

    # It could not: the order is on hold again, and says so.
    erp.post("sales-orders/USMF:SO-2/posting-failed", {"document": "confirmation", "message": "no stock"}).is_(200)
    [again] = clerk.get("holds?status=active").is_(200)["results"]
    assert (again["sales_order"], again["reason"]) == ("USMF:SO-2", "posting_failed")
    assert "no stock" in again["reasons"][0]["message"]

    # We never make its invoices: those come with its feed.
    assert erp.get("invoices").is_(200)["results"] == []
