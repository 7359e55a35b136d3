"""What an ERP's report of a packing slip does to what is left of the order (`domain 3.2`, `5.3`)."""

from decimal import Decimal

import pytest

from customers.models import SalesOrder, SalesOrderLine
from tests.api_client import Api, everything
from tests.factories_holds import DAY, a_customer, an_entity, an_order, parameters, reasons

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(settings) -> Api:
    settings.CREDIT_TODAY = DAY
    an_entity()
    reasons()
    parameters(posting="external")
    return everything()


def report(api: Api, order: SalesOrder, *documents: str) -> None:
    for document in documents:
        api.post(f"sales-orders/{order.key}/post", {"document": document}).is_(200)
        api.post(f"sales-orders/{order.key}/posted", {"document": document}).is_(200)


def exposure(api: Api, order: SalesOrder) -> dict[str, str]:
    return api.get(f"customers/{order.payer.key}/credit").is_(200)["exposure"]


def test_a_reported_packing_slip_delivers_the_order_in_full(api: Api):
    order = an_order(a_customer())
    report(api, order, "confirmation", "packing_slip")
    assert (exposure(api, order)["delivered"], exposure(api, order)["ordered"]) == ("400.00", "0.00")
    assert SalesOrderLine.objects.get().delivered == 1


def test_what_the_erp_has_fed_of_a_delivery_stands(api: Api):
    order = an_order(a_customer())
    report(api, order, "confirmation")
    line = {"number": 1, "quantity": "1", "unit_price": "400.00", "delivered": "0.25"}
    api.patch(f"sales-orders/{order.key}", {"lines": [line]}).is_(200)
    report(api, order, "packing_slip")
    assert (exposure(api, order)["delivered"], exposure(api, order)["ordered"]) == ("100.00", "300.00")
    assert SalesOrderLine.objects.get().delivered == Decimal("0.25")
