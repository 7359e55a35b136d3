"""Customers of whom something changed are noted once, in the transaction of the change (`domain 7`)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers import marks, wakeups
from customers.imports import upsert
from customers.marks import Cause, CauseKind, gathered, mark_customers, mark_each
from customers.models import AccountStatus, CustomerMark
from customers.payments import reverse_payment
from tests.factories_holds import DAY, SYSTEM, a_customer, a_group, an_invoice, today

pytestmark = pytest.mark.django_db
PAID = Cause(CauseKind.PAYMENT, "USMF:P-1")


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Marks are due at once, as tests do not sleep."""
    monkeypatch.setattr(marks, "QUIET", dt.timedelta(0))


@pytest.fixture
def customer():
    made = a_customer()
    CustomerMark.objects.all().delete()
    return made


def feed(resource: str, *rows, replace: bool = True) -> None:
    results = upsert(resource, rows, actor=SYSTEM, today=today, replace=replace, atomic=True)
    assert not [error for result in results for error in result.errors]


def a_payment(number: str, customer, amount: str = "10", **fields) -> dict:
    return {"key": f"USMF:{number}", "customer": customer.key, "date": DAY, "currency": "USD",
            "amount": Decimal(amount), **fields}  # fmt: skip


def marked() -> dict[int, list[dict]]:
    return dict(CustomerMark.objects.order_by("pk").values_list("pk", "causes"))


def take() -> marks.Taken:
    """All marks that are due."""
    return marks.take(1000)


class TestWhatMarks:
    def test_a_payment_its_change_and_its_reversal(self, customer):
        feed("payments", a_payment("P-1", customer))
        assert marked() == {customer.pk: [{"kind": "payment", "subject": "USMF:P-1"}]}
        feed("payments", a_payment("P-1", customer))
        assert CustomerMark.objects.get().changes == 1, "an identical write changes nothing"
        reverse_payment(key="USMF:P-1", actor=SYSTEM, on=DAY)
        assert marked()[customer.pk][-1] == {"kind": "payment_reversed", "subject": "USMF:P-1"}

    def test_a_credit_note_and_a_changed_invoice_but_no_new_invoice(self, customer):
        bill = {"key": "USMF:I-1", "customer": customer.key, "invoice_date": DAY, "due_date": DAY, "currency": "USD",
                "amount": Decimal(100)}  # fmt: skip
        feed("invoices", bill)
        assert marked() == {}
        feed("invoices", {**bill, "disputed_amount": Decimal(50)})
        feed("invoices", {**bill, "key": "USMF:C-1", "kind": "credit_note"})
        assert marked() == {
            customer.pk: [
                {"kind": "invoice", "subject": "USMF:I-1"},
                {"kind": "credit_note", "subject": "USMF:C-1"},
            ]
        }

    def test_what_of_a_customer_a_check_looks_at_and_nothing_else(self, customer):
        AccountStatus.objects.create(code="GOOD")
        feed("customers", {"key": customer.key, "notes": "Friendly", "sales_person": "Jan"}, replace=False)
        assert marked() == {}
        feed("customers", {"key": customer.key, "account_status": "GOOD"}, replace=False)
        assert marked() == {customer.pk: [{"kind": "account_status", "subject": customer.key}]}

    def test_both_payers_where_the_invoice_account_changes(self, customer):
        payer, next_payer = a_customer("US-P1"), a_customer("US-P2")
        feed("customers", {"key": customer.key, "invoice_account": payer.key}, replace=False)
        CustomerMark.objects.all().delete()
        feed("customers", {"key": customer.key, "invoice_account": next_payer.key}, replace=False)
        assert set(marked()) == {customer.pk, payer.pk, next_payer.pk}

    def test_everybody_who_was_or_is_in_a_group_whose_members_change(self, customer):
        group = a_group()
        stays, joins = a_customer("US-2", credit_group=group), a_customer("US-3")
        customer.credit_group = group
        customer.save()
        CustomerMark.objects.all().delete()
        feed("credit-groups", {"number": "G1", "members": [stays.key, joins.key]}, replace=False)
        assert marked() == {pk: [{"kind": "credit_group", "subject": "G1"}] for pk in (customer.pk, stays.pk, joins.pk)}

    def test_the_members_of_a_group_whose_limit_is_raised(self, customer):
        group = a_group()
        customer.credit_group = group
        customer.save()
        CustomerMark.objects.all().delete()
        from tests.factories_credit import give_limit

        give_limit(group, "5000")
        assert marked() == {customer.pk: [{"kind": "limit_raised", "subject": "group:G1"}]}

    def test_the_same_limit_again_is_no_change(self, customer):
        from tests.factories_credit import give_limit

        give_limit(customer, "1000")
        assert marked() == {}


class TestCoalescing:
    def test_many_changes_are_one_row_with_the_latest_causes(self, customer):
        for number in range(8):
            mark_customers([customer.pk], Cause(CauseKind.PAYMENT, f"USMF:P-{number}"))
        [mark] = CustomerMark.objects.all()
        assert mark.changes == 8
        assert [cause["subject"] for cause in mark.causes] == [f"USMF:P-{n}" for n in range(3, 8)]

    @pytest.mark.parametrize("at_once", [True, False])
    def test_the_last_payment_is_named_however_much_else_changed(self, customer, at_once):
        """A hold that was put aside until a payment arrives wakes up for it (`ux` 3.3)."""
        others = [Cause(CauseKind.ORDER_STOPPED, f"USMF:SO-{number}") for number in range(9)]
        first = [Cause(CauseKind.PAYMENT, "USMF:P-OLD"), PAID, *others]
        if at_once:
            mark_each((customer.pk, cause) for cause in first)
        else:
            for cause in first:
                mark_customers([customer.pk], cause)
        kept = [PAID, *others[-4:]]
        assert marked() == {customer.pk: [cause.as_json() for cause in kept]}

    def test_the_same_cause_again_is_named_once(self, customer):
        mark_customers([customer.pk, customer.pk], PAID)
        mark_customers([customer.pk], PAID)
        assert marked() == {customer.pk: [PAID.as_json()]}

    def test_a_bulk_of_payments_is_one_statement_whatever_their_number(self, customer):
        others = [a_customer(f"US-{n}") for n in range(100, 110)]
        an_invoice(customer, "1")

        def statements(rows) -> int:
            with CaptureQueriesContext(connection) as captured:
                feed("payments", *rows)
            assert sum("INTO customers_customermark" in query["sql"] for query in captured) == 1
            return len(captured)

        few = statements([a_payment("A-1", customer)])
        many = statements([a_payment(f"B-{n}", others[n % 10]) for n in range(1000)])
        assert many == few
        assert CustomerMark.objects.count() == 11

    def test_what_several_services_mark_is_written_once_at_the_end(self, customer):
        def several() -> None:
            with gathered():
                mark_customers([customer.pk], PAID)
            mark_customers([customer.pk], Cause(CauseKind.LIMIT))

        with CaptureQueriesContext(connection) as captured, gathered():
            several()
            assert not captured.captured_queries
        assert len(captured) == 1
        assert CustomerMark.objects.get().changes == 2

    def test_what_failed_marks_nobody(self, customer):
        def fails() -> None:
            with gathered():
                mark_customers([customer.pk], PAID)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fails()
        mark_each([])
        assert marked() == {}


class TestWhenItIsDue:
    def waits(self) -> dt.timedelta:
        mark = CustomerMark.objects.get()
        return mark.due_at - mark.last_at

    def test_after_a_quiet_time_that_each_change_begins_anew_but_soon_after_the_first(self, customer, monkeypatch):
        monkeypatch.setattr(marks, "QUIET", dt.timedelta(seconds=2))
        mark_customers([customer.pk], PAID)
        assert self.waits() == dt.timedelta(seconds=2)
        assert not take().causes
        CustomerMark.objects.update(first_at=CustomerMark.objects.get().first_at - dt.timedelta(seconds=4))
        mark_customers([customer.pk], PAID)
        mark = CustomerMark.objects.get()
        assert mark.due_at - mark.first_at == marks.MOST_WAIT
        assert self.waits() < dt.timedelta(seconds=1)

    def test_what_failed_pauses_longer_each_time_and_a_new_change_does_not_hurry_it(self, customer):
        mark_customers([customer.pk], PAID)
        pauses = []
        for _ in range(3):
            CustomerMark.objects.update(due_at=CustomerMark.objects.get().first_at)
            taken = take()
            assert set(taken.causes) == {customer.pk}
            marks.put_back(taken, taken.causes)
            before = CustomerMark.objects.get().due_at
            mark_customers([customer.pk], PAID)
            assert CustomerMark.objects.get().due_at == before
            pauses.append(round((before - CustomerMark.objects.get().last_at).total_seconds()))
        assert pauses == [5, 10, 20]

    def test_what_was_only_in_use_is_due_again_soon_and_not_counted(self, customer):
        mark_customers([customer.pk], PAID)
        for _ in range(3):
            CustomerMark.objects.update(due_at=CustomerMark.objects.get().first_at)
            taken = take()
            marks.put_back(taken, taken.causes, failed=False)
        mark = CustomerMark.objects.get()
        assert (mark.attempts, mark.token) == (0, None)


class TestTaking:
    def test_a_mark_is_taken_once_and_gone_when_it_is_done(self, customer):
        mark_customers([customer.pk], PAID)
        taken = take()
        assert taken.causes == {customer.pk: [PAID.as_json()]}
        assert not take().causes
        marks.done(taken, taken.causes)
        assert marked() == {}

    def test_a_change_meanwhile_leaves_the_mark_and_is_looked_at_as_if_for_the_first_time(self, customer):
        mark_customers([customer.pk], PAID)
        taken = take()
        mark_customers([customer.pk], Cause(CauseKind.LIMIT))
        marks.done(taken, taken.causes)
        mark = CustomerMark.objects.get()
        assert (mark.attempts, mark.token, mark.changes) == (0, None, 2)
        assert take().causes

    def test_a_look_that_died_is_due_again_and_its_successor_decides(self, customer):
        mark_customers([customer.pk], PAID)
        dead = take()
        CustomerMark.objects.update(due_at=CustomerMark.objects.get().first_at)
        successor = take()
        assert set(successor.causes) == {customer.pk}
        marks.done(dead, dead.causes)
        assert set(marked()) == {customer.pk}
        marks.done(successor, successor.causes)
        assert marked() == {}

    def test_a_new_mark_is_not_taken_for_the_one_that_was_deleted(self, customer):
        mark_customers([customer.pk], PAID)
        slow = take()
        CustomerMark.objects.all().delete()
        mark_customers([customer.pk], PAID)
        marks.done(slow, slow.causes)
        assert set(marked()) == {customer.pk}


class TestWaking:
    @pytest.fixture
    def told(self, monkeypatch) -> list[str]:
        sent: list[str] = []
        monkeypatch.setattr(marks, "_told_at", None)
        monkeypatch.setattr(wakeups, "send", lambda task, **_: sent.append(task))
        return sent

    def test_workers_are_told_after_the_commit_and_not_once_per_change(
        self, customer, told, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            for number in range(5):
                feed("payments", a_payment(f"P-{number}", customer))
            assert told == []
        assert told == ["holds.tasks.recheck_marked"]

    def test_without_a_broker_nothing_is_sent_and_nothing_fails(
        self, customer, settings, monkeypatch, django_capture_on_commit_callbacks
    ):
        settings.CELERY_BROKER_URL = ""
        monkeypatch.setattr(marks, "_told_at", None)
        monkeypatch.setattr(wakeups, "_send", lambda *_: pytest.fail("nobody is there to be told"))
        with django_capture_on_commit_callbacks(execute=True):
            feed("payments", a_payment("P-1", customer))
        assert set(marked()) == {customer.pk}
