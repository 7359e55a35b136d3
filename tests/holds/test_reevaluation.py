"""Events that can clear a reason have the holds of the customers concerned evaluated; nobody presses a button."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from credit_mgmt import accounts
from customers import marks
from customers.errors import NotDecided
from customers.imports import upsert
from customers.marks import Cause, CauseKind, mark_customers
from customers.models import Customer, CustomerMark, Reason, SalesOrder
from holds import reevaluation
from holds.evaluation import evaluate
from holds.forced import force_hold
from holds.models import Hold, HoldEvent
from holds.orders import cancel_order, feed_orders
from holds.reevaluation import Rechecked, more_to_come, recheck_marked
from tests.factories_credit import give_limit
from tests.factories_holds import (
    DAY,
    NOW,
    SYSTEM,
    a_customer,
    a_group,
    a_rule,
    an_entity,
    an_invoice,
    an_order,
    held,
    parameters,
    post,
    reasons,
    today,
)

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _world(monkeypatch):
    monkeypatch.setattr(marks, "QUIET", dt.timedelta(0))  # tests do not sleep
    an_entity()
    reasons()
    a_rule()


class Days(dict):
    def __missing__(self, key):
        return DAY


def recheck() -> Rechecked:
    return recheck_marked(at=lambda: LATER, today=Days())


def forget_marks() -> None:
    CustomerMark.objects.all().delete()


def pay(customer: Customer, amount: str, number: str = "P-1", settles: str = "") -> None:
    settlements = [{"invoice": settles, "amount": Decimal(amount)}] if settles else []
    row = {"key": f"USMF:{number}", "customer": customer.key, "date": DAY, "currency": "USD", "amount": Decimal(amount),
           "settlements": settlements}  # fmt: skip
    [result] = upsert("payments", [row], actor=SYSTEM, today=today, atomic=True)
    assert not result.errors


def late_customer(account: str = "US-LATE") -> tuple[Customer, Hold]:
    """A customer with plenty of credit and an invoice 30 days overdue, and the hold that came of it."""
    customer = a_customer(account, limit="9000")
    an_invoice(customer, "700", due=DAY - dt.timedelta(days=30), number=f"INV-{account}")
    hold = held(an_order(customer, "400"))
    assert hold.reason_codes == ["days_overdue"]
    forget_marks()
    return customer, hold


@pytest.fixture
def late() -> tuple[Customer, Hold]:
    a_rule("days_overdue", days=10)
    return late_customer()


class TestAPaymentOfTheOverdueInvoice:
    def test_makes_its_hold_ready_and_the_mark_is_gone(self, late):
        customer, hold = late
        pay(customer, "700", settles="USMF:INV-US-LATE")
        assert recheck() == Rechecked(customers=1, evaluated=1, changed=1)
        hold = Hold.objects.get()
        assert hold.ready_to_release
        assert hold.evaluated_at == LATER
        assert HoldEvent.objects.get(hold=hold, version=2).actor == "system:evaluation"
        assert not CustomerMark.objects.exists()
        assert recheck() == Rechecked()

    def test_releases_and_posts_where_the_parameter_says_so(self, late):
        parameters(
            automatically_release="with_posting",
            automatic_release_reason=Reason.objects.get(type="release", code="AUTO"),
        )
        customer, hold = late
        pay(customer, "700", settles="USMF:INV-US-LATE")
        recheck()
        order = SalesOrder.objects.get(pk=hold.order_id)
        assert (order.credit_status, order.document_status) == ("released", "confirmation")

    def test_that_pays_too_little_changes_nothing(self, late):
        customer, _ = late
        pay(customer, "600", settles="USMF:INV-US-LATE")
        assert recheck() == Rechecked(customers=1, evaluated=1, changed=0)
        assert HoldEvent.objects.count() == 1


class TestWhatElseClears:
    def test_a_raised_limit(self):
        customer = a_customer(limit="100")
        hold = held(an_order(customer, "400"))
        forget_marks()
        give_limit(customer, "1000")
        recheck()
        assert Hold.objects.get(pk=hold.pk).ready_to_release

    def test_the_payment_of_another_member_of_the_group(self):
        group = a_group(limit="1000")
        one, other = (a_customer(f"M-{n}", limit="5000", credit_group=group) for n in range(2))
        outsider = a_customer("US-9", limit="100")
        an_invoice(one, "900")
        hold = held(an_order(other, "400"))
        held(an_order(outsider, "400"))
        forget_marks()
        pay(one, "900")
        assert recheck() == Rechecked(customers=1, evaluated=1, changed=1)
        assert Hold.objects.get(pk=hold.pk).ready_to_release

    def test_a_change_of_the_customer_that_somebody_else_pays_for(self):
        payer = a_customer(limit="100")
        buyer = a_customer("US-2", limit="0", invoice_account=payer)
        hold = held(an_order(buyer, "400"))
        assert hold.payer_id == payer.pk
        forget_marks()
        rows = [{"key": buyer.key, "ignore_until": DAY}]
        upsert("customers", rows, actor=SYSTEM, today=today, replace=False, atomic=True)
        recheck()
        assert Hold.objects.get(pk=hold.pk).ready_to_release

    @pytest.fixture
    def squeezed(self) -> tuple[SalesOrder, Hold]:
        """An order that passed and uses the credit which another, held one would need."""
        customer = a_customer(limit="500")
        passed = an_order(customer, "400")
        assert post(passed).hold is None
        hold = held(an_order(customer, "300"))
        forget_marks()
        return passed, hold

    def test_another_order_that_is_cancelled(self, squeezed):
        passed, hold = squeezed
        cancel_order(order=passed.pk, actor=SYSTEM, at=NOW)
        recheck()
        assert Hold.objects.get(pk=hold.pk).ready_to_release

    def test_another_order_that_gets_smaller(self, squeezed):
        passed, hold = squeezed
        lines = [{"number": 1, "quantity": Decimal(1), "unit_price": Decimal(100)}]
        feed_orders([{"key": passed.key, "lines": lines}], actor=SYSTEM, at=NOW, today=today, replace=False)
        recheck()
        assert Hold.objects.get(pk=hold.pk).ready_to_release

    def test_another_order_that_is_stopped(self, squeezed):
        passed, hold = squeezed
        force_hold(order=passed.pk, reason="DISPUTE", actor=SYSTEM, at=LATER, today=today)
        recheck()
        assert Hold.objects.get(pk=hold.pk).ready_to_release

    def test_an_order_that_grows_frees_nothing(self, squeezed):
        passed, _ = squeezed
        lines = [{"number": 1, "quantity": Decimal(1), "unit_price": Decimal(450)}]
        feed_orders([{"key": passed.key, "lines": lines}], actor=SYSTEM, at=NOW, today=today, replace=False)
        assert not CustomerMark.objects.exists()

    def test_a_held_order_that_changes_is_evaluated_by_who_fed_it_and_not_again(self):
        hold = held(an_order(a_customer(limit="100"), "400"))
        forget_marks()
        lines = [{"number": 1, "quantity": Decimal(1), "unit_price": Decimal(50)}]
        feed_orders([{"key": hold.order.key, "lines": lines}], actor=SYSTEM, at=NOW, today=today, replace=False)
        assert Hold.objects.get(pk=hold.pk).ready_to_release
        assert not CustomerMark.objects.exists()


class TestCoalescing:
    def test_a_thousand_payments_of_one_customer_are_one_evaluation(self, late, monkeypatch):
        customer, hold = late
        calls = []

        def counted(**given):
            calls.append(given)
            return evaluate(**given)

        monkeypatch.setattr(reevaluation, "evaluate", counted)
        for start in range(0, 1000, 100):
            rows = [
                {"key": f"USMF:P-{n}", "customer": customer.key, "date": DAY, "currency": "USD", "amount": Decimal(1)}
                for n in range(start, start + 100)
            ]
            upsert("payments", rows, actor=SYSTEM, today=today, atomic=True)
        assert CustomerMark.objects.get().changes == 1000
        assert recheck() == Rechecked(customers=1, evaluated=1, changed=0)
        assert [given["hold_ids"] for given in calls] == [[hold.pk]]

    def test_customers_without_holds_cost_a_deletion_whatever_their_number(self):
        held(an_order(a_customer("US-H", limit="1"), "400"))
        forget_marks()

        def statements(number: int) -> int:
            customers = [a_customer(f"US-{number}-{n}") for n in range(number)]
            forget_marks()
            mark_customers([customer.pk for customer in customers], Cause(CauseKind.PAYMENT))
            with CaptureQueriesContext(connection) as captured:
                assert recheck() == Rechecked(customers=number)
            assert not CustomerMark.objects.exists()
            return sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE")) for query in captured)

        # Taking (2), whose credit, which holds; under the lock: accounts, idle ones, which holds, deletion (2),
        # figures of lists; end.
        assert statements(1) == 11
        assert statements(60) == 11

    def test_the_statements_of_a_wave_do_not_grow_with_its_customers(self):
        a_rule("days_overdue", days=10)

        def statements(number: int) -> int:
            customers = [late_customer(f"L-{number}-{n}")[0] for n in range(number)]
            for n, customer in enumerate(customers):
                pay(customer, "700", f"P-{number}-{n}", settles=f"USMF:INV-{customer.account}")
            with CaptureQueriesContext(connection) as captured:
                assert recheck() == Rechecked(customers=number, evaluated=number, changed=number)
            return sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE")) for query in captured)

        statements(1)  # rates and policy are read once
        assert statements(12) == statements(2)


class TestWhatFails:
    def test_of_one_customer_does_not_stop_the_others_and_pauses(self, late, monkeypatch):
        good, hold = late
        bad, _ = late_customer("US-BAD")
        for customer in (good, bad):
            pay(customer, "700", f"P-{customer.account}", settles=f"USMF:INV-{customer.account}")

        def fails(*, hold_ids, **given):
            if Hold.objects.filter(pk__in=hold_ids, payer=bad).exists():
                raise ValueError("poison")
            return evaluate(hold_ids=hold_ids, **given)

        monkeypatch.setattr(reevaluation, "evaluate", fails)
        assert recheck() == Rechecked(customers=1, evaluated=1, changed=1)
        assert Hold.objects.get(pk=hold.pk).ready_to_release
        mark = CustomerMark.objects.get()
        assert (mark.customer_id, mark.attempts, mark.token) == (bad.pk, 1, None)
        assert recheck() == Rechecked()
        monkeypatch.undo()
        CustomerMark.objects.update(due_at=mark.first_at)
        assert recheck() == Rechecked(customers=1, evaluated=1, changed=1)

    def test_because_others_use_the_credit_is_tried_again_soon(self, late, monkeypatch):
        customer, _ = late
        pay(customer, "1")

        def busy(**_):
            raise NotDecided("Another check is using the same credit.")

        monkeypatch.setattr(reevaluation, "evaluate", busy)
        assert recheck() == Rechecked()
        assert CustomerMark.objects.get().attempts == 0
        assert more_to_come()

    def test_on_the_way_leaves_nothing_behind(self, late, monkeypatch):
        """Killed after the evaluation and before the commit: neither the effect nor the loss of the mark stays."""
        customer, hold = late
        pay(customer, "700", settles="USMF:INV-US-LATE")

        def killed(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(marks, "done", killed)
        with pytest.raises(KeyboardInterrupt):
            recheck()
        assert not Hold.objects.get(pk=hold.pk).ready_to_release
        assert CustomerMark.objects.count() == 1
        monkeypatch.undo()
        monkeypatch.setattr(marks, "QUIET", dt.timedelta(0))
        CustomerMark.objects.update(due_at=CustomerMark.objects.get().first_at)
        assert recheck() == Rechecked(customers=1, evaluated=1, changed=1)
        assert HoldEvent.objects.filter(hold=hold).count() == 2


def test_a_customer_on_whose_credit_somebody_decides_is_left_for_a_moment(monkeypatch):
    customer = a_customer()
    mark_customers([customer.pk], Cause(CauseKind.PAYMENT))
    monkeypatch.setattr(accounts, "undisturbed", lambda payers: set())
    taken_once = iter([marks.take(10), marks.Taken(uuid.uuid4(), {})])
    monkeypatch.setattr(marks, "take", lambda most: next(taken_once))
    assert recheck() == Rechecked()
    assert CustomerMark.objects.get().token is None
    assert more_to_come()
