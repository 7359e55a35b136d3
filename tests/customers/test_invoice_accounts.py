"""Transactions of customers that somebody else pays for (`domain 1`)."""

from decimal import Decimal

import pytest

from customers.models import CustomerTransaction, DueItem, SalesOrder
from tests.customers.conftest import Put
from tests.customers.test_transactions import invoice, open_amounts, payment

pytestmark = pytest.mark.django_db

D = Decimal


class TestInvoiceAccounts:
    """domain 1: an order's own customer may name another that pays; everything but two flags is the latter's."""

    @pytest.fixture(autouse=True)
    def branch(self, company: object, put: Put) -> None:
        put("customers", {"key": "USMF:BRANCH", "invoice_account": "USMF:US-001"})

    def test_what_is_fed_for_a_branch_is_owed_by_who_pays_for_it(self, put: Put) -> None:
        put("invoices", invoice(customer="USMF:BRANCH"))
        put("payments", payment(("USMF:I-1", 60), amount=60, customer="USMF:BRANCH"))
        assert {item.customer.account for item in DueItem.objects.all()} == {"US-001"}
        assert {each.customer.account for each in CustomerTransaction.objects.all()} == {"US-001"}
        assert open_amounts("I-1") == [40]

    def test_a_repeated_write_changes_nothing_though_somebody_else_pays_now(self, put: Put) -> None:
        put("invoices", invoice(customer="USMF:BRANCH"))
        put("payments", payment(("USMF:I-1", 60), amount=60))
        put("customers", {"key": "USMF:OTHER"}, {"key": "USMF:BRANCH", "invoice_account": "USMF:OTHER"})
        [again] = put("invoices", invoice(customer="USMF:BRANCH"))
        assert again.status == "unchanged"
        assert DueItem.objects.get(amount=100).customer.account == "US-001"

    def test_a_linked_invoice_moves_what_is_ordered_to_the_balance_of_who_pays(self, put: Put) -> None:
        line = {"number": 1, "item": "X", "quantity": D(1), "unit_price": D(100)}
        put("sales-orders", {"key": "USMF:SO-1", "customer": "USMF:BRANCH", "lines": [line]})
        put("invoices", invoice(amount=30, customer="USMF:BRANCH", sales_order="USMF:SO-1"))
        order = SalesOrder.objects.get()
        assert (order.uninvoiced_amount, order.payer.account) == (70, "US-001")
        assert DueItem.objects.get().customer_id == order.payer_id
