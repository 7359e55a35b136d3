"""An order changes: while it is held, after its release, and when the customer gives up (`domain 4.6`, `5.2`, `6`)."""

import datetime as dt
from typing import Any

import pytest

from tests.api_client import Api, client
from tests.scenarios.company import TODAY, customer, order, post, set_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(settings: Any) -> Api:
    """Contoso USA, with reasons for what happens by itself."""
    return set_up(settings)


def held_and_released(admin: Api, amount: str = "4000.00", **fields: Any) -> tuple[Api, Api, str]:
    """An order above its customer's limit, stopped at the confirmation and released without posting."""
    erp, clerk = client("erp", "integration"), client("clerk", "credit_clerk")
    order(erp, "USMF:SO-1", customer(admin, limit="1000.00"), amount, **fields)
    hold = post(erp, "USMF:SO-1")["hold"]
    clerk.post(f"holds/{hold['id']}/release", {"mode": "without_posting", "reason": "CALLED"}).is_(200)
    return erp, clerk, hold["id"]


def resent(erp: Api, amount: str, **fields: Any) -> None:
    """The ERP sends the order again."""
    lines = [{"number": 1, "item": "chairs", "quantity": "1", "unit_price": amount}]
    body = {"customer": "USMF:US-001", "currency": "USD", "lines": lines, **fields}
    erp.put("sales-orders/USMF:SO-1", body).is_(200)


@pytest.mark.parametrize(
    ("tolerance", "allowed", "amount", "outcome"),
    [
        # What was released is 4,000.
        ("0", False, "4000.00", "posted"),
        ("0", False, "3999.99", "posted"),
        ("0", False, "4000.01", "held"),
        ("5", False, "4200.00", "posted"),
        ("5", False, "4200.01", "held"),
        ("0", True, "9999.00", "posted"),
    ],
)
def test_what_was_released_is_posted_once_unless_it_grew_beyond_the_tolerance(
    admin: Api, tolerance: str, allowed: bool, amount: str, outcome: str
) -> None:
    """domain 5.2: release tolerance, and *allow edit of sales order value after order hold is released*."""
    parameters = {"release_tolerance_percent": tolerance, "allow_edit_of_order_value_after_release": allowed}
    admin.patch("parameters/default", parameters).is_(200)
    erp, _, _ = held_and_released(admin)
    resent(erp, amount)
    assert post(erp, "USMF:SO-1")["outcome"] == outcome
    if outcome == "posted":
        # Once: the next document is checked as usual.
        assert post(erp, "USMF:SO-1", "packing_slip")["outcome"] == "held"


@pytest.mark.parametrize(
    ("checked", "terms", "outcome"),
    [
        (True, "N14", "posted"),  # a lower rank is harder for the customer
        (True, "N30", "posted"),
        (True, "N60", "held"),
        (True, "CASH", "posted"),  # a term without a rank is not compared
        (False, "N60", "posted"),
    ],
)
def test_what_was_released_is_checked_again_when_its_terms_got_easier(
    admin: Api, checked: bool, terms: str, outcome: str
) -> None:
    """domain 4.6: a higher rank than at the release, where the parameter asks."""
    for code, rank in (("N14", 1), ("N30", 2), ("N60", 3), ("CASH", None)):
        admin.put(f"payment-terms/{code}", {"description": code, "net_days": 30, "rank": rank})
    admin.patch("parameters/default", {"check_when_payment_terms_are_increased": checked}).is_(200)
    erp, clerk, _ = held_and_released(admin, payment_terms="N30")
    resent(erp, "4000.00", payment_terms=terms)
    assert post(erp, "USMF:SO-1")["outcome"] == outcome
    if outcome == "held":
        [hold] = clerk.get("holds?status=active").is_(200)["results"]
        changed = next(reason for reason in hold["reasons"] if reason["type"] == "payment_terms_changed")
        # Against the terms at the release, not against the customer's.
        assert (changed["evidence"]["measured"], changed["evidence"]["threshold"]) == ("3", "2")


def test_a_held_order_that_is_made_smaller_is_released_with_the_parameters_reason(admin: Api) -> None:
    """domain 6, modified order: looked at at once; without a reason it would only be ready."""
    admin.put("reasons/release:MODIFIED", {"description": "The order was changed"}).is_(201)
    admin.patch("parameters/default", {"modified_order_reason": "MODIFIED"}).is_(200)
    erp, clerk = client("erp", "integration"), client("clerk", "credit_clerk")
    order(erp, "USMF:SO-1", customer(admin, limit="1000.00"), "4000.00")
    hold = post(erp, "USMF:SO-1")["hold"]
    resent(erp, "2000.00")
    assert clerk.get(f"holds/{hold['id']}").is_(200)["status"] == "active"
    resent(erp, "1000.00")
    shown = clerk.get(f"holds/{hold['id']}").is_(200)
    assert (shown["status"], shown["release_reason"], shown["release_mode"]) == (
        "released", "MODIFIED", "without_posting",
    )  # fmt: skip
    posted = post(erp, "USMF:SO-1")
    assert (posted["outcome"], posted["decision"]["not_checked_because"]) == ("posted", "cleared_by_release")


def test_a_forced_hold_is_never_released_by_a_change_of_its_order(admin: Api) -> None:
    """domain 6: it becomes ready at most."""
    admin.put("reasons/release:MODIFIED", {"description": "The order was changed"}).is_(201)
    admin.patch("parameters/default", {"modified_order_reason": "MODIFIED"}).is_(200)
    erp, clerk = client("erp", "integration"), client("clerk", "credit_clerk")
    order(erp, "USMF:SO-1", customer(admin, limit="1000.00"), "4000.00")
    hold = post(erp, "USMF:SO-1")["hold"]
    clerk.post("sales-orders/USMF:SO-1/force-hold", {"reason": "DISPUTE"}).is_(200)
    resent(erp, "1000.00")
    shown = clerk.get(f"holds/{hold['id']}").is_(200)
    assert (shown["status"], shown["ready_to_release"]) == ("active", True)


def test_the_hold_of_a_cancelled_order_closes_with_the_parameters_reason(admin: Api) -> None:
    """domain 6, cancelled order; its credit was never used."""
    admin.put("reasons/release:GONE", {"description": "Cancelled by the customer"}).is_(201)
    admin.patch("parameters/default", {"cancelled_order_reason": "GONE"}).is_(200)
    erp, clerk = client("erp", "integration"), client("clerk", "credit_clerk")
    order(erp, "USMF:SO-1", customer(admin, limit="1000.00"), "4000.00")
    hold = post(erp, "USMF:SO-1")["hold"]
    erp.post("sales-orders/USMF:SO-1/cancel", {}).is_(200)
    shown = clerk.get(f"holds/{hold['id']}").is_(200)
    assert (shown["status"], shown["release_reason"]) == ("cancelled", "GONE")
    order(erp, "USMF:SO-2", "USMF:US-001", "1000.00")
    assert post(erp, "USMF:SO-2")["outcome"] == "posted"
    refused = erp.post("sales-orders/USMF:SO-1/post", {"document": "confirmation"}).is_(409)
    assert refused["code"] == "order_cancelled"


def test_a_customer_that_is_ignored_until_a_day_is_checked_from_the_next_day_on(admin: Api, settings: Any) -> None:
    """domain 4.1: that day still counts."""
    erp = client("erp", "integration")
    customer(admin, limit="1.00", ignore_until=TODAY.isoformat())
    order(erp, "USMF:SO-1", "USMF:US-001", "4000.00")
    order(erp, "USMF:SO-2", "USMF:US-001", "4000.00")
    first = post(erp, "USMF:SO-1")
    assert (first["outcome"], first["decision"]["not_checked_because"]) == ("posted", "ignored_until")
    settings.CREDIT_TODAY = TODAY + dt.timedelta(days=1)
    assert post(erp, "USMF:SO-2")["outcome"] == "held"


@pytest.mark.parametrize(("intercompany", "outcome"), [(True, "posted"), (False, "held")])
def test_an_intercompany_order_is_not_checked_until_the_flag_is_cleared(
    admin: Api, intercompany: bool, outcome: str
) -> None:
    """domain 4.1: excluded by default, the flag can be cleared on the order."""
    erp = client("erp", "integration")
    order(erp, "USMF:SO-1", customer(admin, limit="1.00"), "4000.00", intercompany=intercompany)
    assert post(erp, "USMF:SO-1")["outcome"] == outcome


def test_an_order_on_prepayment_terms_takes_no_credit_and_meets_the_other_rules(admin: Api) -> None:
    """domain 2: it is not tested against the limit, nor does it use it up for others."""
    admin.put("payment-terms/PREPAY", {"description": "In advance", "net_days": 0, "uses_credit": False}).is_(201)
    erp = client("erp", "integration")
    payer = customer(admin, limit="1000.00")
    order(erp, "USMF:SO-1", payer, "4000.00", payment_terms="PREPAY")
    assert post(erp, "USMF:SO-1")["outcome"] == "posted"
    order(erp, "USMF:SO-2", payer, "1000.00")
    assert post(erp, "USMF:SO-2")["outcome"] == "posted"
    admin.post(
        "blocking-rules", {"type": "sales_order", "name": "SO", "valid_for": "all", "amount": "100", "currency": "USD"}
    ).is_(201)
    assert post(erp, "USMF:SO-1", "packing_slip")["outcome"] == "held"
