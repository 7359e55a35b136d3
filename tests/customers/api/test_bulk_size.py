"""Ten thousand objects in one call (issue 2, *Deliver* 3)."""

import time

import pytest

from customers.models import SalesOrder
from tests.api_client import everything

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company"), pytest.mark.slow]


def test_ten_thousand_orders_in_one_call() -> None:
    api = everything()
    line = {"item": "A", "quantity": "2", "unit_price": "12.50"}
    rows = [{"key": f"USMF:S-{n}", "customer": "USMF:US-001", "lines": [line, line]} for n in range(10_000)]
    began = time.process_time()
    answer = api.post("sales-orders/bulk", rows).is_(200)
    took = time.process_time() - began  # ours, not that of what runs beside
    assert (answer["created"], SalesOrder.objects.count()) == (10_000, 10_000)
    assert api.post("sales-orders/bulk", rows).is_(200)["unchanged"] == 10_000
    assert took < 15, f"{took:.1f} s"
