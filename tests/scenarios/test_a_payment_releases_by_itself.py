"""In the afternoon: a payment comes in, and the order goes on its way; nobody pressed a button."""

import datetime as dt

import pytest

from customers import clock, marks
from holds.evaluation import BusinessDates
from holds.reevaluation import recheck_marked
from tests.api_client import client
from tests.scenarios.company import customer, invoice, order, payment, post, set_up

pytestmark = pytest.mark.django_db(transaction=True)


def a_moment_later() -> None:
    """What the worker does that the commit of the payment woke."""
    recheck_marked(at=clock.now, today=BusinessDates())


def test_a_payment_releases_by_itself(settings, monkeypatch):
    monkeypatch.setattr(marks, "QUIET", dt.timedelta(0))
    admin = set_up(settings)
    admin.post(
        "blocking-rules", {"type": "days_overdue", "action": "blocking", "valid_for": "all", "days": 10, "name": "OD"}
    ).is_(201)
    erp, clerk = client("erp", "integration"), client("clerk", "credit_clerk")
    adatum = customer(admin, limit="90000.00")
    invoice(admin, "USMF:INV-1", adatum, "9500.00", due="2026-10-30")
    order(erp, "USMF:SO-1", adatum, "6000.00")
    hold = post(erp, "USMF:SO-1")["hold"]["id"]
    a_moment_later()
    assert clerk.get(f"holds/{hold}").is_(200)["ready_to_release"] is False

    # The invoice is paid: the hold is ready, and says why. The parameter says that a person releases.
    payment(admin, "USMF:P-55102", adatum, "9500.00", "USMF:INV-1")
    a_moment_later()
    assert clerk.get(f"holds/{hold}").is_(200)["reason"] == "ready_to_release"
    *_, told = erp.get("events").is_(200)["results"]
    assert (told["type"], told["subject"]) == ("ready_to_release", "USMF:SO-1")
    assert told["data"]["causes"] == [{"kind": "payment", "subject": "USMF:P-55102"}]

    # The payment bounces: the reason is back, without anybody looking.
    admin.post("payments/USMF:P-55102/reverse").is_(200)
    a_moment_later()
    assert clerk.get(f"holds/{hold}").is_(200)["reason"] == "days_overdue"

    # From now on what is ready is released and posted by itself; another payment is enough.
    admin.patch(
        "parameters/default", {"automatically_release": "with_posting", "automatic_release_reason": "PAID"}
    ).is_(200)
    payment(admin, "USMF:P-55103", adatum, "9500.00", "USMF:INV-1")
    a_moment_later()
    assert clerk.get(f"holds/{hold}").is_(200)["status"] == "released"
    state = erp.get("sales-orders/USMF:SO-1").is_(200)
    assert (state["credit_status"], state["document_status"]) == ("released", "confirmation")
