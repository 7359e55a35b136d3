"""Changes and looks that meet (`domain 7`): no change is lost, nothing is done twice, nobody dies of the other.

The interleavings that matter are forced: a look or a posting is stopped at the very point. Each has its sabotage.
"""

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Count

from credit_mgmt import accounts
from customers import marks
from customers.errors import Refused
from customers.imports import upsert
from customers.marks import Cause, CauseKind, mark_customers
from customers.models import CustomerMark, OutboxEvent
from holds import placing, posting, reevaluation
from holds.evaluation import evaluate
from holds.models import Hold, HoldEvent
from holds.reevaluation import Rechecked, recheck_marked
from tests.factories_holds import (
    DAY,
    NOW,
    SYSTEM,
    a_customer,
    a_rule,
    an_invoice,
    an_order,
    held,
    parameters,
    post,
    reasons,
    today,
)
from tests.reliability.races import RACERS, ROUNDS, answers, race
from tests.reliability.test_killed_worker import _environment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

KILLS = 20 if os.environ.get("NIGHTLY") == "1" else 4
PATIENCE = 20


class Days(dict):
    def __missing__(self, key):
        return DAY


@pytest.fixture(autouse=True)
def _world(monkeypatch):
    monkeypatch.setattr(marks, "QUIET", dt.timedelta(0))
    reasons()
    a_rule("days_overdue", days=10)


def recheck() -> Rechecked:
    return recheck_marked(at=lambda: NOW, today=Days())


def owing(account: str, invoices: int = 1):
    """A customer with invoices long overdue."""
    customer = a_customer(account, limit=None)
    for n in range(invoices):
        an_invoice(customer, "100", due=DAY - dt.timedelta(days=30), number=f"I-{account}-{n}")
    return customer


def a_late_hold(account: str, invoices: int = 1) -> Hold:
    hold = held(an_order(owing(account, invoices), "400"))
    CustomerMark.objects.all().delete()
    return hold


def payments(*accounts_: str, nth: int = 0) -> list[dict]:
    return [
        {"key": f"USMF:P-{account}-{nth}", "customer": f"USMF:{account}", "date": DAY, "currency": "USD",
         "amount": Decimal(100), "settlements": [{"invoice": f"USMF:I-{account}-{nth}", "amount": Decimal(100)}]}
        for account in accounts_
    ]  # fmt: skip


def pay(*accounts_: str, nth: int = 0) -> None:
    results = upsert("payments", payments(*accounts_, nth=nth), actor=SYSTEM, today=today, atomic=True)
    assert not [error for result in results for error in result.errors]


class Stop:
    """A point at which a thread waits until the test lets it go on."""

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()

    def here(self) -> None:
        self.reached.set()
        assert self.go_on.wait(PATIENCE)

    @contextmanager
    def during(self, task: Callable[[], object]):
        """The block runs while `task` stands at the point; then it goes on to its end."""

        def run() -> object:
            try:
                return task()
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(run)
            try:
                assert self.reached.wait(PATIENCE)
                yield
            finally:
                self.go_on.set()
            running.result(PATIENCE)


# --- a payment while the look is on its way ---------------------------------------------------------------------------


def a_payment_comes_while_the_holds_are_evaluated(monkeypatch) -> Hold:
    """Two invoices are overdue; the second is paid after the evaluation of the first payment has read its facts."""
    hold = a_late_hold("US-1", invoices=2)
    pay("US-1", nth=0)
    stop = Stop()

    def evaluated(**given):
        outcome = evaluate(**given)
        stop.here()
        return outcome

    monkeypatch.setattr(reevaluation, "evaluate", evaluated)
    with stop.during(recheck):
        pay("US-1", nth=1)
        monkeypatch.setattr(reevaluation, "evaluate", evaluate)
    recheck()
    return Hold.objects.get(pk=hold.pk)


def test_a_change_during_a_look_is_looked_at_again(monkeypatch):
    assert a_payment_comes_while_the_holds_are_evaluated(monkeypatch).ready_to_release
    assert not CustomerMark.objects.exists()


def test_sabotage_a_mark_that_is_deleted_whatever_happened_meanwhile_loses_the_change(monkeypatch):
    monkeypatch.setattr(marks, "_MINE", marks._MINE.replace("AND token = %(token)s", ""))
    assert not a_payment_comes_while_the_holds_are_evaluated(monkeypatch).ready_to_release


# --- an order that goes on hold on figures from before ----------------------------------------------------------------


def a_payment_comes_while_an_order_goes_on_hold(monkeypatch) -> Hold:
    """The posting has read that the invoice is overdue; it is paid, and looked at, before the hold is there."""
    order = an_order(owing("US-1"), "400")
    CustomerMark.objects.all().delete()
    stop = Stop()

    def place(stops, **given):
        stop.here()
        return placing.place_holds(stops, **given)

    monkeypatch.setattr(posting, "place_holds", place)
    with stop.during(lambda: post(order)):
        pay("US-1")
        assert recheck() in (Rechecked(), Rechecked(customers=1))
    CustomerMark.objects.update(due_at=NOW)
    recheck()
    return Hold.objects.get(order=order)


def test_an_order_that_goes_on_hold_meanwhile_does_not_slip_through(monkeypatch):
    assert a_payment_comes_while_an_order_goes_on_hold(monkeypatch).ready_to_release


def test_sabotage_without_regard_to_who_decides_the_order_slips_through(monkeypatch):
    monkeypatch.setattr(accounts, "undisturbed", set)
    assert not a_payment_comes_while_an_order_goes_on_hold(monkeypatch).ready_to_release


# --- several at once --------------------------------------------------------------------------------------------------


def test_two_who_look_at_once_share_the_work(monkeypatch):
    monkeypatch.setattr(reevaluation, "MOST_HOLDS", 2)
    monkeypatch.setattr(reevaluation, "MOST_MARKS", 4)
    names = [f"US-{n}" for n in range(12)]
    for name in names:
        a_late_hold(name)
    pay(*names)
    results = answers(race([recheck, recheck]))
    assert sum(result.customers for result in results) == 12
    assert sum(result.evaluated for result in results) == 12
    assert not CustomerMark.objects.exists()
    assert set(HoldEvent.objects.filter(type="ready_to_release").values_list("version", flat=True)) == {2}
    assert Hold.objects.filter(ready_to_release=True).count() == 12


def test_feeds_and_looks_at_random_lose_nothing():
    names = [f"US-{n}" for n in range(4)]
    for name in names:
        a_late_hold(name, invoices=ROUNDS)

    def feed(mine: list[str], seed: int) -> Callable[[], None]:
        def run() -> None:
            order = random.Random(seed)
            for nth in range(ROUNDS):
                order.shuffle(mine)
                pay(*mine, nth=nth)

        return run

    def look() -> None:
        for _ in range(ROUNDS):
            recheck()

    outcomes = race([feed(names[:2], 1), feed(names[2:], 2), look, look])
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    CustomerMark.objects.update(due_at=NOW)
    recheck()
    assert not CustomerMark.objects.exists()
    assert Hold.objects.filter(ready_to_release=True).count() == 4
    assert HoldEvent.objects.filter(type="ready_to_release").count() == 4


def marked_in_any_order(write: Callable[[list[int]], None]) -> list[Exception]:
    """What goes wrong when many transactions mark the same customers, each in an order of its own."""
    ids = [a_customer(f"US-{n}").pk for n in range(6)]
    CustomerMark.objects.all().delete()

    def task(seed: int) -> Callable[[], None]:
        def run() -> None:
            order = random.Random(seed)
            for _ in range(ROUNDS):
                order.shuffle(ids)
                with transaction.atomic():
                    write(list(ids))

        return run

    outcomes = race([task(n) for n in range(RACERS)])
    return [outcome for outcome in outcomes if isinstance(outcome, Exception)]


def test_feeds_that_mark_the_same_customers_do_not_deadlock():
    assert marked_in_any_order(lambda ids: mark_customers(ids, Cause(CauseKind.PAYMENT))) == []
    assert set(CustomerMark.objects.values_list("changes", flat=True)) == {RACERS * ROUNDS}


def test_sabotage_marks_written_one_by_one_deadlock():
    def one_by_one(ids: list[int]) -> None:
        for customer_id in ids:
            mark_customers([customer_id], Cause(CauseKind.PAYMENT))

    errors = marked_in_any_order(one_by_one)
    assert errors
    assert all(isinstance(error, DatabaseError | Refused) for error in errors)


# --- killed -----------------------------------------------------------------------------------------------------------

WORKER = """
import datetime as dt
import django
django.setup()
from customers import clock
from holds import reevaluation
from holds.evaluation import BusinessDates
reevaluation.MOST_HOLDS = 10
reevaluation.MOST_MARKS = 40
print("ready", flush=True)
reevaluation.recheck_marked(at=clock.now, today=BusinessDates())
"""
CUSTOMERS = 240


def test_a_killed_worker_loses_no_mark_and_does_nothing_twice():
    parameters(automatically_release="without_posting", automatic_release_reason_id=_automatic_reason())
    names = [f"US-{n}" for n in range(CUSTOMERS)]
    for name in names:
        held(an_order(owing(name), "400"))
    pay(*names)
    CustomerMark.objects.update(due_at=NOW)
    for _ in range(KILLS):
        _kill_in_the_middle()
        CustomerMark.objects.update(due_at=NOW)  # the leases of the dead have run out
    left = CustomerMark.objects.count()
    assert 0 < left < CUSTOMERS, "nothing was killed in the middle: nothing was shown"
    assert Hold.objects.filter(status="active").count() == left
    assert recheck().customers == left
    counts = dict(HoldEvent.objects.order_by().values_list("type").annotate(count=Count("pk")))
    assert counts == {"hold_placed": CUSTOMERS, "ready_to_release": CUSTOMERS, "released": CUSTOMERS}
    assert OutboxEvent.objects.filter(key__startswith="hold:").count() == 3 * CUSTOMERS
    assert not CustomerMark.objects.exists()


def _automatic_reason() -> int:
    from customers.models import Reason

    return Reason.objects.get(type="release", code="AUTO").pk


def _kill_in_the_middle() -> None:
    """Start a worker and kill -9 it once a few more marks are gone."""
    before = CustomerMark.objects.count()
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER], env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    deadline = time.monotonic() + 60
    while worker.poll() is None and time.monotonic() < deadline and CustomerMark.objects.count() > before - 10:
        time.sleep(0.002)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
