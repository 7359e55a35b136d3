"""Sales orders: their amounts, what is left of them, who pays (`domain 1`, `3.2`)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from customers.access import Actor, Grant
from customers.imports import upsert
from customers.imports.orders import MOST_LINES
from customers.models import Customer, SalesOrder
from customers.orders import PlainLine, order_amounts, set_credit_status
from tests.customers.conftest import Put

D = Decimal
ORDER = {"key": "USMF:SO-1", "customer": "USMF:US-001"}
LINE = {"number": 1, "item": "GOODS", "quantity": D(10), "unit_price": D(100)}
BIG = LINE | {"quantity": D(10**14), "unit_price": D(9)}
JANUARY = dt.date(2026, 1, 1)


def order(number: str = "SO-1") -> SalesOrder:
    return SalesOrder.objects.get(number=number)


def left() -> tuple[Decimal, Decimal, Decimal]:
    record = order()
    return record.amount, record.uninvoiced_amount, record.delivered_uninvoiced_amount


class TestWhatIsLeftOfAnOrder:
    """`domain 3.2`: 10 pieces at 100; delivered and invoiced pieces, linked invoices -> uninvoiced, delivered."""

    @pytest.mark.parametrize(
        ("delivered", "invoiced", "linked", "status", "uninvoiced", "delivered_uninvoiced"),
        [
            (0, 0, 0, "open", 1000, 0),
            (4, 0, 0, "packing_slip", 1000, 400),
            (4, 4, 0, "packing_slip", 600, 0),
            (4, 3, 0, "packing_slip", 700, 100),
            # The two ways of saying that something was invoiced never count twice: the larger one is it.
            (4, 3, 300, "packing_slip", 700, 100),
            (4, 3, 350, "packing_slip", 650, 50),
            (4, 3, 200, "packing_slip", 700, 100),
            (0, 0, 1200, "open", 0, 0),
            (10, 12, 0, "packing_slip", 0, 0),
            (10, 0, 900, "packing_slip", 100, 100),
            # A credit note above the invoices gives nothing back beyond the order's amount.
            (0, 0, -500, "open", 1000, 0),
            (10, 0, 0, "invoice", 0, 0),
        ],
    )
    def test_is_the_amount_less_the_larger_of_both_ways(  # noqa: PLR0917 - a table
        self, delivered: int, invoiced: int, linked: int, status: str, uninvoiced: int, delivered_uninvoiced: int
    ) -> None:
        line = PlainLine(D(10), D(100), delivered=D(delivered), invoiced=D(invoiced))
        assert order_amounts([line], D(0), D(0), 2, D(linked), status) == (1000, uninvoiced, delivered_uninvoiced)

    def test_counts_tax_and_charges_as_ordered_until_invoiced(self) -> None:
        line = PlainLine(D(10), D(100), delivered=D(10))
        assert order_amounts([line], D(190), D(10), 2, D(0), "packing_slip") == (1200, 1200, 1000)

    @pytest.mark.parametrize(
        ("quantity", "price", "discount", "minor_units", "amount"),
        [
            ("3", "33.3333", "0", 2, "100.00"),
            ("1", "0.125", "0", 2, "0.13"),
            ("1", "99.99", "10", 2, "89.99"),
            ("7", "12.5", "0", 0, "88"),
            ("1", "1.0005", "0", 3, "1.001"),
            ("5", "20", "100", 2, "0"),
        ],
    )
    def test_rounds_each_line_half_up_to_the_minor_unit(
        self, quantity: str, price: str, discount: str, minor_units: int, amount: str
    ) -> None:
        line = PlainLine(D(quantity), D(price), D(discount))
        assert order_amounts([line], D(0), D(0), minor_units, D(0), "open")[0] == D(amount)


@pytest.mark.django_db
@pytest.mark.usefixtures("company")
class TestFeeding:
    def test_the_amount_is_the_gross(self, put: Put) -> None:
        line = LINE | {"discount_percent": D(10)}
        put("sales-orders", ORDER | {"lines": [line], "tax_amount": D(171), "charges_amount": D(29)})
        assert left() == (1100, 1100, 0)

    def test_an_identical_write_changes_nothing(self, put: Put) -> None:
        row = ORDER | {"lines": [LINE]}
        put("sales-orders", row)
        [result] = put("sales-orders", row | {"lines": [LINE | {"quantity": D("10.0000"), "delivered": D(0)}]})
        assert (result.status, result.changed, order().version) == ("unchanged", frozenset(), 1)

    def test_a_real_change_raises_the_version_and_is_named(self, put: Put) -> None:
        put("sales-orders", ORDER | {"lines": [LINE]})
        [result] = put("sales-orders", ORDER | {"lines": [LINE | {"quantity": D(11)}]})
        assert result.changed == {"lines", "amount", "uninvoiced_amount"}
        assert (order().version, left()) == (2, (1100, 1100, 0))

    def test_lines_not_named_any_more_are_gone(self, put: Put) -> None:
        put("sales-orders", ORDER | {"lines": [LINE, LINE | {"number": 2}]})
        put("sales-orders", ORDER | {"lines": [LINE | {"number": 2}, LINE | {"number": 3, "item": "MORE"}]})
        assert list(order().lines.order_by("number").values_list("number", "item")) == [(2, "GOODS"), (3, "MORE")]

    def test_what_was_delivered_stays_where_a_line_does_not_say(self, put: Put) -> None:
        put("sales-orders", ORDER | {"lines": [LINE]})
        order().lines.update(delivered=D(4))  # as posting the packing slip ourselves does
        put("sales-orders", ORDER | {"lines": [LINE]})
        assert order().lines.get().delivered == 4
        put("sales-orders", ORDER | {"lines": [LINE | {"delivered": D(0)}]})
        assert order().lines.get().delivered == 0

    def test_a_patch_keeps_the_lines(self, put: Put) -> None:
        put("sales-orders", ORDER | {"lines": [LINE]})
        put("sales-orders", {"key": "USMF:SO-1", "tax_amount": D(5)}, replace=False)
        assert left() == (1005, 1005, 0)

    def test_lines_without_numbers_are_numbered_as_they_stand(self, put: Put) -> None:
        line = {"quantity": D(1), "unit_price": D(1)}
        put("sales-orders", ORDER | {"lines": [line, line]})
        assert list(order().lines.order_by("number").values_list("number", flat=True)) == [1, 2]

    def test_currency_terms_and_discount_left_out_are_the_customers(self, put: Put) -> None:
        put("customers", {"key": "DEMF:DE-001", "currency": "EUR", "payment_terms": "N60", "cash_discount": "D2"})
        put("sales-orders", {"key": "DEMF:SO-1", "customer": "DEMF:DE-001"})
        record = order()
        assert (record.currency_id, record.payment_terms_id, record.cash_discount_id) == ("EUR", "N60", "D2")
        put("sales-orders", {"key": "DEMF:SO-1", "customer": "DEMF:DE-001", "payment_terms": None})
        assert order().payment_terms is None

    def test_it_is_paid_by_the_invoice_account(self, put: Put) -> None:
        put("customers", {"key": "USMF:A", "invoice_account": "USMF:US-001"})
        put("sales-orders", {"key": "USMF:SO-1", "customer": "USMF:A"})
        assert order().payer == Customer.objects.get(account="US-001")

    def test_flags_left_out_keep_their_values(self, put: Put) -> None:
        put("sales-orders", ORDER | {"intercompany": True, "exclude_from_credit_management": True})
        put("sales-orders", ORDER | {"tax_amount": D(1)})
        assert (order().intercompany, order().exclude_from_credit_management) == (True, True)

    def test_only_a_clerk_or_manager_may_exclude_an_order(self, put: Put) -> None:
        feeder = Actor("client", 1, "ERP", (Grant("integration", None),))
        row = ORDER | {"exclude_from_credit_management": True}
        [result] = upsert("sales-orders", [row], actor=feeder, today=None)
        assert [(error.field, error.code) for error in result.errors] == [
            ("exclude_from_credit_management", "not_allowed")
        ]
        put("sales-orders", row)
        [result] = upsert("sales-orders", [row], actor=feeder, today=None)
        assert result.status == "unchanged"

    @pytest.mark.parametrize(
        ("row", "field", "code"),
        [
            ({"customer": "USMF:X"}, "customer", "unknown_reference"),
            ({"customer": "DEMF:DE-001"}, "customer", "other_entity"),
            ({"customer": None}, "customer", "invalid_key"),
            ({"currency": "GBP"}, "currency", "unknown_reference"),
            ({"payment_terms": "N99"}, "payment_terms", "unknown_reference"),
            ({"amount": D(100)}, "amount", "read_only"),
            ({"credit_status": "passed"}, "credit_status", "read_only"),
            ({"order_type": "gift"}, "order_type", "invalid_choice"),
            ({"tax_amount": D("NaN")}, "tax_amount", "not_a_number"),
            ({"tax_amount": D("0.001")}, "tax_amount", "too_many_decimals"),
            ({"charges_amount": D(-1)}, "charges_amount", "out_of_range"),
            ({"requested_ship_date": dt.date(9999, 1, 1)}, "requested_ship_date", "out_of_range"),
            ({"lines": "many"}, "lines", "invalid"),
            ({"lines": [LINE] * (MOST_LINES + 1)}, "lines", "too_many"),
            ({"lines": [LINE, LINE]}, "lines[1].number", "duplicate"),
            ({"lines": [LINE, LINE | {"number": 2, "quantity": D(-1)}]}, "lines[1].quantity", "out_of_range"),
            ({"lines": [LINE | {"quantity": D("NaN")}]}, "lines[0].quantity", "not_a_number"),
            ({"lines": [LINE | {"unit_price": D("1e400")}]}, "lines[0].unit_price", "out_of_range"),
            ({"lines": [LINE | {"unit_price": D("1.00001")}]}, "lines[0].unit_price", "too_many_decimals"),
            ({"lines": [LINE | {"discount_percent": D(101)}]}, "lines[0].discount_percent", "out_of_range"),
            ({"lines": [LINE | {"colour": "red"}]}, "lines[0].colour", "unknown_field"),
            ({"lines": [{"number": 1, "quantity": D(1)}]}, "lines[0].unit_price", "required"),
            ({"lines": [7]}, "lines[0]", "invalid"),
            ({"lines": [LINE | {"quantity": D(10**14), "unit_price": D(10**14)}]}, "lines[0].quantity", "out_of_range"),
            ({"lines": [BIG, BIG | {"number": 2}]}, "lines", "out_of_range"),
        ],
    )
    def test_bad_input_names_the_field_and_changes_nothing(
        self, put: Put, row: dict[str, Any], field: str, code: str
    ) -> None:
        [result] = put("sales-orders", ORDER | row, fails=True)
        assert (field, code) in {(error.field, error.code) for error in result.errors}
        assert not SalesOrder.objects.exists()

    def test_the_decimals_of_the_currency_bind_amounts_and_not_unit_prices(self, put: Put) -> None:
        row = ORDER | {"currency": "JPY", "lines": [LINE | {"unit_price": D("0.1234")}]}
        [result] = put("sales-orders", row | {"tax_amount": D("0.5")}, fails=True)
        assert [error.field for error in result.errors] == ["tax_amount"]
        put("sales-orders", row)
        assert order().amount == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("company")
class TestLinkedInvoices:
    INVOICE: dict[str, Any] = {
        "key": "USMF:I-1", "customer": "USMF:US-001", "invoice_date": JANUARY, "due_date": JANUARY,
        "amount": D(300), "sales_order": "USMF:SO-1",
    }  # fmt: skip

    @pytest.fixture(autouse=True)
    def ordered(self, put: Put, company: None) -> None:
        put("sales-orders", ORDER | {"lines": [LINE]})

    def test_take_from_what_is_left_and_raise_the_version(self, put: Put) -> None:
        put("invoices", self.INVOICE)
        assert (left(), order().version) == ((1000, 700, 0), 2)
        put("invoices", self.INVOICE)
        assert order().version == 2

    def test_less_credit_notes(self, put: Put) -> None:
        put("invoices", self.INVOICE, self.INVOICE | {"key": "USMF:C-1", "kind": "credit_note", "amount": D(100)})
        assert left() == (1000, 800, 0)

    def test_never_count_twice_with_invoiced_lines(self, put: Put) -> None:
        put("invoices", self.INVOICE)
        put("sales-orders", ORDER | {"lines": [LINE | {"invoiced": D(3)}]})
        assert left() == (1000, 700, 0)

    def test_linked_to_another_order_give_back_to_the_first(self, put: Put) -> None:
        put("sales-orders", ORDER | {"key": "USMF:SO-2", "lines": [LINE]})
        put("invoices", self.INVOICE)
        put("invoices", self.INVOICE | {"sales_order": "USMF:SO-2"})
        assert (order().uninvoiced_amount, order("SO-2").uninvoiced_amount) == (1000, 700)

    @pytest.mark.parametrize(
        ("change", "field", "code"),
        [
            ({"sales_order": "USMF:SO-9"}, "sales_order", "unknown_reference"),
            ({"currency": "EUR"}, "sales_order", "other_currency"),
            ({"key": "DEMF:I-1", "customer": "DEMF:DE-001"}, "sales_order", "other_entity"),
            ({"customer": "USMF:US-002"}, "sales_order", "other_customer"),
        ],
    )
    def test_must_fit_the_order(self, put: Put, change: dict[str, Any], field: str, code: str) -> None:
        put("customers", {"key": "USMF:US-002"})
        [result] = put("invoices", self.INVOICE | change, fails=True)
        assert (field, code) in {(error.field, error.code) for error in result.errors}
        assert left() == (1000, 1000, 0)

    def test_keep_the_orders_currency(self, put: Put) -> None:
        put("invoices", self.INVOICE)
        [result] = put("sales-orders", ORDER | {"currency": "EUR", "lines": [LINE]}, fails=True)
        assert [(error.field, error.code) for error in result.errors] == [("currency", "in_use")]


@pytest.mark.django_db
@pytest.mark.usefixtures("company")
def test_a_cancelled_order_leaves_nothing_to_be_invoiced_until_it_is_reopened(put: Put) -> None:
    put("sales-orders", ORDER | {"lines": [LINE | {"delivered": D(4)}]})
    ids = [order().pk]
    assert set_credit_status(order_ids=ids, status=SalesOrder.CreditStatus.CANCELLED) == 1
    assert left() == (1000, 0, 0)
    assert set_credit_status(order_ids=ids, status=SalesOrder.CreditStatus.CANCELLED) == 0
    set_credit_status(order_ids=ids, status=SalesOrder.CreditStatus.NOT_CHECKED)
    assert left() == (1000, 1000, 400)
