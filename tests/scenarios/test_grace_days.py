"""Grace days: from a pass on, for so many days, nothing is checked again (`domain 5.1`, `5.2`)."""

import datetime as dt
from typing import Any

import pytest

from tests.api_client import Api, client
from tests.scenarios.company import TODAY, customer, invoice, order, post, set_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(settings: Any) -> Api:
    """Contoso USA."""
    return set_up(settings)


def checkpoints(admin: Api, status: int = 200, **settings: Any) -> Any:
    """Set up what is checked: `confirmation={"posting": True, "grace_days": 2}`."""
    rows = [{"document": document, **values} for document, values in settings.items()]
    return admin.patch("parameters/default", {"checkpoints": rows}).is_(status)


def wait(settings: Any, days: int) -> None:
    """So many days go by."""
    settings.CREDIT_TODAY = settings.CREDIT_TODAY + dt.timedelta(days=days)


def owing_more_than_the_limit(admin: Api, erp: Api, amount: str = "400.00") -> None:
    """An order that passed its confirmation; then its customer owes much more."""
    order(erp, "USMF:SO-1", customer(admin, limit="1000.00"), amount)
    assert post(erp, "USMF:SO-1")["outcome"] == "posted"
    invoice(admin, "USMF:INV-1", "USMF:US-001", "9000.00")


@pytest.mark.parametrize(("days_later", "outcome"), [(0, "posted"), (1, "posted"), (2, "posted"), (3, "held")])
def test_confirmed_on_day_1_with_2_grace_days_it_is_next_checked_on_day_4(
    admin: Api, settings: Any, days_later: int, outcome: str
) -> None:
    """The figures of domain 5.2."""
    graced = {"posting": True, "grace_days": 2}
    checkpoints(admin, confirmation=graced, packing_slip=graced)
    erp = client("erp", "integration")
    owing_more_than_the_limit(admin, erp)
    wait(settings, days_later)
    assert post(erp, "USMF:SO-1", "packing_slip")["outcome"] == outcome


def test_a_release_starts_grace_as_a_pass_does(admin: Api, settings: Any) -> None:
    graced = {"posting": True, "grace_days": 2}
    checkpoints(admin, confirmation=graced, packing_slip=graced, invoice=graced)
    erp, clerk = client("erp", "integration"), client("clerk", "credit_clerk")
    order(erp, "USMF:SO-1", customer(admin, limit="100.00"), "400.00")
    hold = post(erp, "USMF:SO-1")["hold"]
    clerk.post(f"holds/{hold['id']}/release", {"mode": "with_posting", "reason": "CALLED"}).is_(200)
    wait(settings, 2)
    assert post(erp, "USMF:SO-1", "packing_slip")["decision"]["not_checked_because"] == "grace"
    wait(settings, 1)
    assert post(erp, "USMF:SO-1", "invoice")["outcome"] == "held"


def test_either_all_enabled_checkpoints_have_grace_days_or_none_has(admin: Api) -> None:
    """The odd ones are named, and nothing is changed."""
    before = admin.get("parameters/default").is_(200)["checkpoints"]
    refused = checkpoints(
        admin,
        400,
        confirmation={"posting": True, "grace_days": 2},
        packing_slip={"posting": True, "grace_days": 0},
        invoice={"posting": True},
    )
    [error] = refused["errors"]
    assert error["code"] == "grace_days_at_odds"
    assert "invoice" in error["message"]
    assert admin.get("parameters/default").is_(200)["checkpoints"] == before
    # None has; and 0 is not none.
    checkpoints(admin, confirmation={"posting": True}, invoice={"posting": True})
    checkpoints(admin, confirmation={"posting": True, "grace_days": 0}, invoice={"posting": True, "grace_days": 0})


def test_grace_days_need_their_checkbox(admin: Api) -> None:
    for days in ({"grace_days": 2}, {"pro_forma_grace_days": 2, "posting": True}):
        assert checkpoints(admin, 400, invoice=days).problem == [("checkpoints", "grace_without_checkpoint")]


def test_a_pro_forma_and_a_posting_have_their_grace_apart(admin: Api, settings: Any) -> None:
    """A passed pro forma says nothing for the posting, nor a passed posting for the pro forma."""
    both = {"posting": True, "grace_days": 1, "pro_forma": True, "pro_forma_grace_days": 5}
    checkpoints(admin, confirmation=both, packing_slip=both)
    erp = client("erp", "integration")
    order(erp, "USMF:SO-1", customer(admin, limit="1000.00"), "400.00")
    pro_forma = erp.post("sales-orders/USMF:SO-1/post", {"document": "confirmation", "pro_forma": True}).is_(200)
    assert pro_forma["outcome"] == "posted"
    invoice(admin, "USMF:INV-1", "USMF:US-001", "9000.00")
    wait(settings, 5)
    again = {"document": "confirmation", "pro_forma": True}
    told = erp.post("sales-orders/USMF:SO-1/post", again).is_(200)
    assert told["decision"]["not_checked_because"] == "grace"
    # The posting was never passed: it is checked, and stops.
    assert post(erp, "USMF:SO-1")["outcome"] == "held"


def test_no_grace_days_are_none_and_zero_is_the_end_of_that_day(admin: Api, settings: Any) -> None:
    today_only = {"posting": True, "grace_days": 0}
    checkpoints(admin, confirmation=today_only, packing_slip=today_only)
    erp = client("erp", "integration")
    owing_more_than_the_limit(admin, erp)
    assert settings.CREDIT_TODAY == TODAY
    wait(settings, 1)
    assert post(erp, "USMF:SO-1", "packing_slip")["outcome"] == "held"
