"""A worker that is killed in the middle of an evaluation (`reliability.md` J03, F12): nothing lost, nothing double.

Three kills in CI, twenty in the nightly run. The worker is a process of its own, and `kill -9` is what it gets. Every
hold is released automatically, so an effect that was lost or made twice would show in events, commitments and orders.
"""

import datetime as dt
import os
import signal
import subprocess
import sys
import time
import uuid

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import Count

from credit_mgmt.models import Commitment, CreditUse, DecisionRecord
from customers import clock, jobs
from customers.models import JobItem, OutboxEvent, Reason, SalesOrder, SalesOrderLine
from holds.evaluation import start_evaluation
from holds.models import Hold, HoldEvent
from holds.posting import post_documents
from tests.factories_holds import DAY, NOW, SYSTEM, a_customer, a_rule, an_entity, parameters, reasons, today

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

KILLS = 20 if os.environ.get("NIGHTLY") == "1" else 3
HOLDS, CUSTOMERS = 5_000, 250

WORKER = """
import datetime as dt, os, sys
import django
django.setup()
from customers import clock, jobs
later = dt.timedelta(hours=int(sys.argv[2]))
print("ready", flush=True)
jobs.run_job(sys.argv[1], at=lambda: clock.now() + later)
"""


def five_thousand_holds() -> None:
    """Holds that a rule placed which is gone: all of them are ready to be released."""
    an_entity()
    reasons()
    rule = a_rule("sales_order", amount=1, currency_id="USD")
    orders = []
    for n in range(CUSTOMERS):
        customer = a_customer(f"US-{n}", limit=None)
        for m in range(HOLDS // CUSTOMERS):
            order = SalesOrder(
                legal_entity_id="USMF", number=f"SO-{n}-{m}", customer=customer, payer=customer, currency_id="USD",
                payment_terms_id="N30", amount=100, uninvoiced_amount=100,
            )  # fmt: skip
            orders.append(order)
    SalesOrder.objects.bulk_create(orders)
    SalesOrderLine.objects.bulk_create(
        SalesOrderLine(order=order, number=1, quantity=1, unit_price=100) for order in orders
    )
    ids = [order.pk for order in orders]
    for start in range(0, HOLDS, 500):
        post_documents(orders=ids[start : start + 500], document="confirmation", actor=SYSTEM, at=NOW, today=today)
    rule.delete()
    parameters(
        automatically_release="without_posting",
        automatic_release_reason=Reason.objects.get(type="release", code="AUTO"),
    )


class Worker:
    """A worker process that works on the job as if it were `hours` later, so that leases of the dead have run out."""

    def __init__(self, job: uuid.UUID, hours: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(job), str(hours)], env=_environment(), stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def kill_after(self, done: int, attempts: int, job: uuid.UUID) -> int:
        """Kill -9 once `done` items are done and more than `attempts` were begun; returns how many are done."""
        deadline = time.monotonic() + 120
        while self.process.poll() is None and time.monotonic() < deadline:
            if _done(job) >= done and _attempts(job) > attempts:
                break
            time.sleep(0.01)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return _done(job)


def _environment() -> dict[str, str]:
    """The worker sees the test database, which stands beside the one that DATABASE_URL names."""
    name = connection.settings_dict["NAME"]
    base, question, query = os.environ["DATABASE_URL"].partition("?")
    base = base.rsplit("/", 1)[0]
    return {
        **os.environ,
        "DATABASE_URL": f"{base}/{name}{question}{query}",
        "DJANGO_SETTINGS_MODULE": "credit_mgmt.conf.settings",
        "CREDIT_TESTING": "1",
        "CREDIT_TODAY": DAY.isoformat(),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(settings.BASE_DIR), os.environ.get("PYTHONPATH", "")])),
    }


def _done(job: uuid.UUID) -> int:
    return JobItem.objects.filter(job=job, status=JobItem.Status.DONE).count()


def _attempts(job: uuid.UUID) -> int:
    return sum(JobItem.objects.filter(job=job).values_list("attempts", flat=True))


def test_a_killed_worker_loses_nothing_and_does_nothing_twice():
    five_thousand_holds()
    assert Hold.objects.filter(status="active").count() == HOLDS
    job = start_evaluation(parameters={}, actor=SYSTEM, now=NOW)
    seen = 0
    for kill in range(KILLS):
        begun = _attempts(job.pk)
        # Every other time in the middle of the next item, so that there is work left for all kills.
        seen = Worker(job.pk, hours=2 * kill).kill_after(seen + (kill + 1) % 2, begun, job.pk)
    assert seen >= 1
    killed_with = JobItem.objects.filter(job=job, status__in=["leased", "waiting"]).count()
    assert killed_with, "the job was over before the last kill: nothing was shown"
    jobs.run_job(job.pk, at=lambda: clock.now() + dt.timedelta(hours=2 * KILLS))
    job.refresh_from_db()
    result = jobs.result(job)
    assert job.status == "finished"
    assert (result["evaluated"], result["released"], result["failed"]) == (HOLDS, HOLDS, [])

    assert Hold.objects.filter(status="released").count() == HOLDS
    assert SalesOrder.objects.filter(credit_status="released").count() == HOLDS
    assert Commitment.objects.count() == HOLDS
    # One event of each kind for each hold, one outgoing event for each of them, one use of credit.
    counts = dict(HoldEvent.objects.order_by().values_list("type").annotate(count=Count("pk")))
    assert counts == {"hold_placed": HOLDS, "ready_to_release": HOLDS, "released": HOLDS}
    assert OutboxEvent.objects.filter(key__startswith="hold:").count() == 3 * HOLDS
    assert CreditUse.objects.count() == HOLDS
    assert DecisionRecord.objects.filter(kind="evaluation").count() == HOLDS
