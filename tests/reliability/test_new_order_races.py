"""An order comes while somebody says that new orders are stopped (`ux` 3.4): it never slips through.

Either it is there when the open orders are read, or it comes later and is stopped by itself.
"""

import datetime as dt
from decimal import Decimal

import pytest

from customers.models import SalesOrder
from holds import standing_forces
from holds.forced import force_holds
from holds.models import Hold
from holds.orders import feed_orders
from holds.standing_forces import force_new_orders
from tests.factories_holds import DAY, NOW, SYSTEM, a_customer, a_user, an_entity, reasons, today
from tests.reliability.races import ROUNDS, answers, race, retried

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
FEEDS = 4


@pytest.fixture(autouse=True)
def _world():
    an_entity()
    reasons()


def comes(customer, number: str):
    lines = [{"number": 1, "quantity": Decimal(1), "unit_price": Decimal(400)}]
    row = {"key": f"USMF:{number}", "customer": customer.key, "currency": "USD", "payment_terms": "N30", "lines": lines}
    return lambda: feed_orders([row], actor=SYSTEM, at=NOW, today=today)


def stop_all(customer, actor):
    """What the page does: new orders first, then those that are there."""

    def act():
        said = {"reason": "DISPUTE", "until": DAY + dt.timedelta(14), "actor": actor, "at": NOW, "today": today}
        force_new_orders(customers=[customer.pk], **said)
        there = list(SalesOrder.objects.filter(customer=customer).order_by("pk").values_list("pk", flat=True))
        return force_holds(orders=there, **said)

    return act


def slipped_through() -> set[str]:
    clerk, slipped = a_user(), set()
    for round_ in range(ROUNDS):
        customer = a_customer(f"US-{round_}")
        feeds = [comes(customer, f"SO-{round_}-{number}") for number in range(FEEDS)]
        answers(race([*(retried(feed) for feed in feeds), retried(stop_all(customer, clerk))]))
        orders = SalesOrder.objects.filter(customer=customer)
        assert orders.count() == FEEDS
        slipped |= set(orders.exclude(holds__in=Hold.objects.filter(forced=True)).values_list("number", flat=True))
    return slipped


def test_no_order_slips_through():
    assert slipped_through() == set()


def test_without_the_lock_one_would(monkeypatch):
    monkeypatch.setattr(standing_forces, "_let_no_order_come", lambda: None)
    assert slipped_through()
