"""Invoices, credit notes, write-offs and payments: due items, settlements, reversal (`domain 1`)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from customers.access import Actor, Grant, NotAllowed, OutOfScope, system_actor
from customers.errors import InvalidInput, NotFound, Refused
from customers.models import CustomerTransaction, DueItem, Settlement
from customers.payments import reverse_payment, settle
from tests.customers.conftest import Put
from tests.factories import CustomerFactory, InvoiceFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]

D = Decimal


def day(number: int) -> dt.date:
    """The day with this number of 2026."""
    return dt.date(2026, 1, 1) + dt.timedelta(days=number - 1)


def invoice(key: str = "USMF:I-1", amount: int | str = 100, **more: Any) -> dict[str, Any]:
    return {
        "key": key, "customer": "USMF:US-001", "invoice_date": day(1), "due_date": day(31), "amount": D(amount), **more
    }  # fmt: skip


def payment(*settlements: tuple[str, int | str], key: str = "USMF:P-1", amount: int | str = 100, **more: Any) -> Any:
    return {
        "key": key, "customer": "USMF:US-001", "date": day(20), "amount": D(amount),
        "settlements": [{"invoice": key, "amount": D(part)} for key, part in settlements], **more,
    }  # fmt: skip


def open_amounts(number: str, series: str = "invoice") -> list[Decimal]:
    """What is open of a transaction's due items, oldest first."""
    items = DueItem.objects.filter(transaction__number=number, transaction__series=series)
    return [item.open_amount for item in items.order_by("due_date", "pk")]


class TestDueItems:
    def test_an_invoice_is_created_open_with_one_due_item(self, put: Put) -> None:
        put("invoices", invoice())
        item = DueItem.objects.get()
        assert (item.amount, item.open_amount, item.date, item.due_date) == (100, 100, day(1), day(31))
        assert (item.customer.account, item.currency_id) == ("US-001", "USD")

    def test_credits_have_negative_ones(self, put: Put) -> None:
        put("invoices", invoice("USMF:C-1", 30, kind="credit_note"), invoice("USMF:W-1", 20, kind="write_off"))
        put("payments", payment(amount=50))
        assert sum(item.open_amount for item in DueItem.objects.all()) == -100

    def test_instalments_add_up_to_the_amount(self, put: Put) -> None:
        parts = [{"due_date": day(60), "amount": D(60)}, {"due_date": day(31), "amount": D(40)}]
        [result] = put("invoices", invoice(instalments=[parts[0]]), fails=True)
        assert [(error.field, error.code) for error in result.errors] == [("instalments", "sum_mismatch")]
        put("invoices", invoice(instalments=parts))
        assert open_amounts("I-1") == [40, 60]

    def test_without_due_date_the_customers_terms_make_it(self, put: Put) -> None:
        [result] = put("invoices", invoice(due_date=None), fails=True)
        assert [(error.field, error.code) for error in result.errors] == [("due_date", "required")]
        put("customers", {"key": "USMF:US-001", "payment_terms": "N60"})
        put("invoices", invoice(due_date=None))
        assert DueItem.objects.get().due_date == day(61)

    def test_a_dispute_lies_on_the_oldest_due_items(self, put: Put) -> None:
        parts = [{"due_date": day(31), "amount": D(40)}, {"due_date": day(60), "amount": D(60)}]
        put("invoices", invoice(instalments=parts, disputed_amount=D(50)))
        disputed = [item.disputed_amount for item in DueItem.objects.order_by("due_date")]
        assert disputed == [40, 10]
        [result] = put("invoices", invoice(instalments=parts))
        assert result.changed == {"disputed_amount"}
        assert not DueItem.objects.exclude(disputed_amount=0).exists()

    def test_an_identical_write_changes_nothing(self, put: Put) -> None:
        part = {"invoice": "USMF:I-1", "amount": D(9)}
        rows = invoice(), invoice("USMF:C-1", 30, kind="credit_note", settlements=[part])
        put("invoices", *rows)
        before = [list(model.objects.order_by("pk").values()) for model in (DueItem, Settlement)]
        assert [result.status for result in put("invoices", *rows)] == ["unchanged", "unchanged"]
        assert before == [list(model.objects.order_by("pk").values()) for model in (DueItem, Settlement)]

    def test_a_new_due_date_moves_the_item_and_keeps_what_is_settled(self, put: Put) -> None:
        put("invoices", invoice())
        put("payments", payment(("USMF:I-1", 70)))
        [result] = put("invoices", invoice(due_date=day(45)))
        assert result.changed == {"instalments"}
        assert (DueItem.objects.get(amount=100).due_date, open_amounts("I-1")) == (day(45), [30])

    def test_other_instalments_spread_again_what_is_settled(self, put: Put) -> None:
        put("invoices", invoice())
        put("payments", payment(("USMF:I-1", 70)))
        parts = [{"due_date": day(31), "amount": D(50)}, {"due_date": day(60), "amount": D(70)}]
        put("invoices", invoice(amount=120, instalments=parts))
        assert open_amounts("I-1") == [0, 50]
        assert sum(row.amount for row in Settlement.objects.all()) == 70

    def test_the_amount_can_not_fall_below_what_is_settled(self, put: Put) -> None:
        put("invoices", invoice())
        put("payments", payment(("USMF:I-1", 70)))
        [result] = put("invoices", invoice(amount=69), fails=True)
        assert [(error.field, error.code) for error in result.errors] == [("amount", "below_settled")]
        assert open_amounts("I-1") == [30]

    def test_a_settled_invoice_stays_with_its_customer(self, put: Put) -> None:
        put("customers", {"key": "USMF:US-002"})
        put("invoices", invoice())
        put("invoices", invoice(customer="USMF:US-002"))
        put("invoices", invoice())
        put("payments", payment(("USMF:I-1", 70)))
        [result] = put("invoices", invoice(customer="USMF:US-002"), fails=True)
        assert [(error.field, error.code) for error in result.errors] == [("customer", "settled")]

    def test_a_number_keeps_its_kind(self, put: Put) -> None:
        put("invoices", invoice())
        [result] = put("invoices", invoice(kind="credit_note"), fails=True)
        assert result.errors[0].code == "immutable"

    def test_a_payment_may_carry_an_invoices_number(self, put: Put) -> None:
        put("invoices", invoice("USMF:77"))
        put("payments", payment(("USMF:77", 100), key="USMF:77"))
        assert (open_amounts("77"), open_amounts("77", "payment")) == ([0], [0])

    def test_the_database_refuses_an_item_of_another_customer_than_its_transactions(self) -> None:
        item = InvoiceFactory().due_items.get()
        DueItem.objects.filter(pk=item.pk).update(customer=CustomerFactory())
        with pytest.raises(IntegrityError, match="due_item_as_its_transaction"), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    @pytest.mark.parametrize(
        ("row", "field", "code"),
        [
            ({"amount": D(0)}, "amount", "out_of_range"),
            ({"amount": D(-5)}, "amount", "out_of_range"),
            ({"amount": D("NaN")}, "amount", "not_a_number"),
            ({"amount": D("Infinity")}, "amount", "not_a_number"),
            ({"amount": D("1e400")}, "amount", "out_of_range"),
            ({"amount": D("1.001")}, "amount", "too_many_decimals"),
            ({"amount": None}, "amount", "invalid"),
            ({"currency": "GBP"}, "currency", "unknown_reference"),
            ({"customer": "USMF:X"}, "customer", "unknown_reference"),
            ({"customer": "DEMF:DE-001"}, "customer", "other_entity"),
            ({"kind": "payment"}, "kind", "invalid_choice"),
            ({"invoice_date": dt.date(1066, 10, 14)}, "invoice_date", "out_of_range"),
            ({"open_amount": D(1)}, "open_amount", "read_only"),
            ({"disputed_amount": D(101)}, "disputed_amount", "above_amount"),
            ({"kind": "credit_note", "disputed_amount": D(1)}, "disputed_amount", "not_an_invoice"),
            ({"settlements": [{"invoice": "USMF:I-2", "amount": D(1)}]}, "settlements", "not_a_credit"),
            ({"settlements": None}, "settlements", "invalid"),
            ({"instalments": [{"amount": D(100)}]}, "instalments[0].due_date", "required"),
            (
                {"instalments": [{"due_date": day(n), "amount": D(part)} for n, part in ((1, "99.999"), (2, "0.001"))]},
                "instalments[0].amount", "too_many_decimals",
            ),
        ],
    )  # fmt: skip
    def test_bad_input_names_the_field_and_changes_nothing(
        self, put: Put, row: dict[str, Any], field: str, code: str
    ) -> None:
        [result] = put("invoices", invoice() | row, fails=True)
        assert (field, code) in {(error.field, error.code) for error in result.errors}
        assert not CustomerTransaction.objects.exists()

    def test_a_date_many_years_ahead_is_a_slip_of_the_pen(self, put: Put) -> None:
        [result] = put("invoices", invoice(invoice_date=dt.date(2062, 1, 1)), fails=True, today=lambda _: day(1))
        assert [(error.field, error.code) for error in result.errors] == [("invoice_date", "out_of_range")]


class TestSettling:
    PARTS = [{"due_date": day(60), "amount": D(60)}, {"due_date": day(31), "amount": D(40)}]

    def test_takes_the_oldest_due_item_first(self, put: Put) -> None:
        put("invoices", invoice(instalments=self.PARTS))
        put("payments", payment(("USMF:I-1", 55)))
        assert (open_amounts("I-1"), open_amounts("P-1", "payment")) == ([0, 45], [-45])

    def test_never_goes_above_the_open_amount_and_then_writes_nothing(self, put: Put) -> None:
        put("invoices", invoice(), invoice("USMF:I-2"))
        put("payments", payment(("USMF:I-1", 70)))
        [result] = put(
            "payments", payment(("USMF:I-2", 50), ("USMF:I-1", 31), key="USMF:P-2"), fails=True
        )  # fmt: skip
        assert [(error.field, error.code) for error in result.errors] == [
            ("settlements[1].amount", "above_open_amount")
        ]
        assert "30" in result.errors[0].message
        assert (open_amounts("I-1"), open_amounts("I-2")) == ([30], [100])
        assert not CustomerTransaction.objects.filter(number="P-2").exists()

    def test_never_goes_above_the_payment(self, put: Put) -> None:
        put("invoices", invoice(), invoice("USMF:I-2"))
        [result] = put("payments", payment(("USMF:I-1", 60), ("USMF:I-2", 41)), fails=True)
        assert [(error.field, error.code) for error in result.errors] == [("settlements[1].amount", "above_amount")]

    def test_counts_what_the_call_settled_before(self, put: Put) -> None:
        put("invoices", invoice())
        results = put(
            "payments", payment(("USMF:I-1", 60)), payment(("USMF:I-1", 41), key="USMF:P-2"), fails=True
        )  # fmt: skip
        assert [result.status for result in results] == ["created", "failed"]
        assert open_amounts("I-1") == [40]

    def test_put_again_replaces_the_settlements(self, put: Put) -> None:
        put("invoices", invoice(), invoice("USMF:I-2"))
        put("payments", payment(("USMF:I-1", 70), ("USMF:I-2", 30)))
        [result] = put("payments", payment(("USMF:I-2", 100)))
        assert result.changed == {"settlements"}
        assert (open_amounts("I-1"), open_amounts("I-2"), open_amounts("P-1", "payment")) == ([100], [0], [0])
        put("payments", payment())
        assert (open_amounts("I-2"), open_amounts("P-1", "payment")) == ([100], [-100])

    def test_a_replacement_that_fails_leaves_what_was(self, put: Put) -> None:
        put("invoices", invoice(), invoice("USMF:I-2", 10))
        put("payments", payment(("USMF:I-1", 70)))
        put("payments", payment(("USMF:I-1", 20), ("USMF:I-2", 11)), fails=True)
        assert (open_amounts("I-1"), open_amounts("I-2"), open_amounts("P-1", "payment")) == ([30], [10], [-30])

    def test_a_patch_without_settlements_keeps_them(self, put: Put) -> None:
        put("invoices", invoice())
        put("payments", payment(("USMF:I-1", 70)))
        put("payments", {"key": "USMF:P-1", "amount": D(80)}, replace=False)
        assert (open_amounts("I-1"), open_amounts("P-1", "payment")) == ([30], [-10])
        [result] = put("payments", {"key": "USMF:P-1", "amount": D(69)}, replace=False, fails=True)
        assert result.errors[0].code == "below_settled"

    def test_credit_notes_and_write_offs_settle_invoices_of_the_same_call(self, put: Put) -> None:
        put(
            "invoices",
            invoice("USMF:C-1", 30, kind="credit_note", settlements=[{"invoice": "USMF:I-1", "amount": D(30)}]),
            invoice("USMF:W-1", 20, kind="write_off", settlements=[{"invoice": "USMF:I-1", "amount": D(15)}]),
            invoice(),
        )
        assert (open_amounts("I-1"), open_amounts("C-1"), open_amounts("W-1")) == ([55], [0], [-5])

    def test_takes_effect_on_its_date_or_the_payments_but_not_before_the_invoices(self, put: Put) -> None:
        put("invoices", invoice(), invoice("USMF:I-2", invoice_date=day(25)), invoice("USMF:I-3"))
        row = payment(("USMF:I-1", 10), ("USMF:I-2", 10), ("USMF:I-3", 10))
        row["settlements"][2]["date"] = day(22)
        put("payments", row)
        assert list(Settlement.objects.order_by("pk").values_list("date", flat=True)) == [day(20), day(25), day(22)]
        assert put("payments", row)[0].status == "unchanged"

    @pytest.mark.parametrize(
        ("settlement", "field", "code"),
        [
            ({"invoice": "USMF:I-9"}, "invoice", "unknown_reference"),
            ({"invoice": "DEMF:I-1"}, "invoice", "other_entity"),
            ({"invoice": "I-1"}, "invoice", "invalid_key"),
            ({"invoice": "USMF:I-2"}, "invoice", "other_customer"),
            ({"invoice": "USMF:I-3"}, "invoice", "other_currency"),
            ({"invoice": "USMF:C-1"}, "invoice", "not_an_invoice"),
            ({"amount": D(0)}, "amount", "out_of_range"),
            ({"amount": D(-1)}, "amount", "out_of_range"),
            ({"amount": D("NaN")}, "amount", "not_a_number"),
            ({"amount": D("1e400")}, "amount", "out_of_range"),
            ({"amount": D("0.001")}, "amount", "too_many_decimals"),
            ({"date": day(19)}, "date", "out_of_range"),
        ],
    )
    def test_bad_input_names_the_settlement_and_changes_nothing(
        self, put: Put, settlement: dict[str, Any], field: str, code: str
    ) -> None:
        put("customers", {"key": "USMF:US-002"})
        put(
            "invoices", invoice(), invoice("USMF:I-2", customer="USMF:US-002"), invoice("USMF:I-3", currency="EUR"),
            invoice("USMF:C-1", kind="credit_note"),
        )  # fmt: skip
        row = payment() | {"settlements": [{"invoice": "USMF:I-1", "amount": D(10)} | settlement]}
        [result] = put("payments", row, fails=True)
        assert [(error.field, error.code) for error in result.errors] == [(f"settlements[0].{field}", code)]
        assert not Settlement.objects.exists()

    def test_the_service_replaces_what_a_payment_settles(self, put: Put) -> None:
        put("invoices", invoice())
        put("payments", payment())
        settle(payment="USMF:P-1", settlements=[{"invoice": "USMF:I-1", "amount": D(60)}], actor=system_actor("tests"))
        assert open_amounts("I-1") == [40]
        with pytest.raises(InvalidInput):
            settle(
                payment="USMF:P-1", settlements=[{"invoice": "USMF:I-1", "amount": D(101)}], actor=system_actor("tests")
            )

    def test_takes_the_same_number_of_queries_for_ten_rows_and_a_thousand(self, put: Put) -> None:
        counts = []
        for prefix, number in (("A", 10), ("B", 1000)):
            keys = [f"USMF:{prefix}{n}" for n in range(number)]
            with CaptureQueriesContext(connection) as created:
                put("invoices", *(invoice(key, instalments=self.PARTS) for key in keys))
            with CaptureQueriesContext(connection) as paid:
                put("payments", *(payment((key, 70), key=key) for key in keys))
            with CaptureQueriesContext(connection) as replaced:
                put("payments", *(payment((key, 50), key=key) for key in keys))
            with CaptureQueriesContext(connection) as billed_again:
                put("invoices", *(invoice(key, amount=90) for key in keys))
            counts.append([len(queries) for queries in (created, paid, replaced, billed_again)])
        assert counts[0] == counts[1]
        assert max(counts[0]) <= 22


class TestReversal:
    @pytest.fixture(autouse=True)
    def paid(self, put: Put, company: None) -> None:
        put("invoices", invoice(), invoice("USMF:I-2"))
        put("payments", payment(("USMF:I-1", 70), ("USMF:I-2", 20)))

    def reverse(self, on: int = 40) -> CustomerTransaction:
        return reverse_payment(key="USMF:P-1", actor=system_actor("tests"), on=day(on))

    def test_opens_what_was_settled_and_uses_the_payment_up(self) -> None:
        assert self.reverse().reversed_on == day(40)
        assert (open_amounts("I-1"), open_amounts("I-2"), open_amounts("P-1", "payment")) == ([100], [100], [0])

    def test_keeps_history_and_appends_its_counterparts_on_the_day(self) -> None:
        self.reverse()
        rows = Settlement.objects.order_by("pk").values_list("amount", "date", "debit__transaction__number")
        assert list(rows) == [
            (70, day(20), "I-1"), (20, day(20), "I-2"),
            (-70, day(40), "I-1"), (-20, day(40), "I-2"), (100, day(40), None),
        ]  # fmt: skip

    def test_happens_once(self) -> None:
        self.reverse()
        with pytest.raises(Refused) as refusal:
            self.reverse()
        assert refusal.value.code == "already_reversed"

    def test_does_not_happen_before_the_payment(self) -> None:
        with pytest.raises(InvalidInput):
            self.reverse(on=19)

    def test_needs_the_right_in_the_entity(self) -> None:
        for role, error in (("viewer", NotAllowed), (None, OutOfScope)):
            actor = Actor("user", 1, "somebody", (Grant(role, "USMF"),) if role else ())
            with pytest.raises(error):
                reverse_payment(key="USMF:P-1", actor=actor, on=day(40))

    def test_of_an_unknown_payment_is_not_found(self) -> None:
        with pytest.raises(NotFound):
            reverse_payment(key="USMF:P-9", actor=system_actor("tests"), on=day(40))

    def test_leaves_a_payment_that_may_be_repeated_but_not_changed(self, put: Put) -> None:
        self.reverse()
        same = payment(("USMF:I-1", 70), ("USMF:I-2", 20))
        assert put("payments", same)[0].status == "unchanged"
        for changed in (payment(("USMF:I-1", 70)), same | {"amount": D(120)}):
            [result] = put("payments", changed, fails=True)
            assert [error.code for error in result.errors] == ["reversed"]
        assert (open_amounts("I-1"), open_amounts("P-1", "payment")) == ([100], [0])

    def test_lets_another_payment_settle_again(self, put: Put) -> None:
        self.reverse()
        put("payments", payment(("USMF:I-1", 100), key="USMF:P-2"))
        assert open_amounts("I-1") == [0]

    def test_survives_other_instalments_of_the_invoice(self, put: Put) -> None:
        self.reverse()
        parts = [{"due_date": day(31), "amount": D(50)}, {"due_date": day(60), "amount": D(50)}]
        put("invoices", invoice(instalments=parts))
        assert open_amounts("I-1") == [50, 50]
        assert put("payments", payment(("USMF:I-1", 70), ("USMF:I-2", 20)))[0].status == "unchanged"

    def test_of_a_payment_settled_in_the_future_waits_for_that_day(self, put: Put) -> None:
        row = payment(("USMF:I-1", 5), key="USMF:P-3", amount=5)
        row["settlements"][0]["date"] = day(90)
        put("payments", row)
        reverse_payment(key="USMF:P-3", actor=system_actor("tests"), on=day(40))
        assert Settlement.objects.filter(amount=-5).get().date == day(90)
