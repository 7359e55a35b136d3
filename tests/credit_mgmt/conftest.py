"""What the tests of the room start from."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from credit_mgmt.checks import check_order
from credit_mgmt.engine.decision import Decision
from credit_mgmt.models import Parameters
from customers.models import SalesOrder
from tests.factories_credit import TODAY


@pytest.fixture
def decide() -> Callable[..., Decision]:
    """The check of one order at its confirmation, today."""

    def check(order: SalesOrder, **options: Any) -> Decision:
        options.setdefault("checkpoint", "confirmation")
        return check_order(order.pk, as_of={order.legal_entity_id: TODAY}, **options)

    return check


@pytest.fixture
def parameters(db: None) -> Callable[..., None]:
    """Set parameters of the default row."""

    def change(**values: Any) -> None:
        Parameters.objects.filter(legal_entity=None).update(**values)

    return change


@pytest.fixture
def count_queries(db: None) -> Callable[[Callable[[], Any]], int]:
    """How many statements a call needs."""

    def count(call: Callable[[], Any]) -> int:
        with CaptureQueriesContext(connection) as captured:
            call()
        return len(captured)

    return count
