"""`python -m benchmarks.backtest`: one draft against 180 days with 50,000 orders, under 60 rules.

The orders are checked and their decisions stored by the product, some hundred each day. Then the job kind
`backtest_rules` runs as the product runs it: cut into pieces, worked on by as many processes as there are cores. Twice:
a draft that is aimed at everybody, and an exclusion, of which all orders are decided under both policies. `--orders N`
measures another size, `--rebuilt PERCENT` leaves so many without a stored decision, to be rebuilt from their invoices.
*Computing* is for how long the workers had a core, added up: on a machine that does other things the clock says more
about these. Memory is the peak of a worker. With DATABASE_URL set that server is used: its database must be empty.
"""

import argparse
import datetime as dt
import multiprocessing
import os
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from typing import Any

from benchmarks.__main__ import database

DAYS = 180
ORDERS = 50_000
RULES = 60
TARGET = 60.0
"""Seconds on two cores, of issue 5."""


def measure(orders: int, rebuilt: int) -> None:
    """Load, store the decisions, measure and print."""
    from django.db import connection  # noqa: PLC0415 - settings come first

    from benchmarks import data  # noqa: PLC0415

    data.load(data.Size(customers=orders // 5, invoices=4 * orders, orders=orders, holds=1_000), entities=2)
    made = more_rules(RULES)
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM customers_salesorder ORDER BY id")
        ids = [row[0] for row in cursor.fetchall()]
    left_out = set(ids[:: 100 // rebuilt]) if rebuilt else set()
    store_decisions([order for order in ids if order not in left_out])
    invoice(sorted(left_out))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    say(f"{made} rules; {orders - len(left_out):,} decisions stored in {time.perf_counter() - began:.0f} s")
    for name, draft in DRAFTS.items():
        run(name, draft)


DRAFTS: dict[str, dict[str, Any]] = {
    "a draft for everybody": {"type": "days_overdue", "days": 20},
    "an exclusion": {
        "type": "days_overdue", "action": "exclusion", "valid_for": "group", "credit_management_group": "G7",
        "days": 90,
    },
}  # fmt: skip


def more_rules(count: int) -> int:
    """Rules until there are `count`, of several types and levels; returns how many there are."""
    from benchmarks.measures import ACTOR  # noqa: PLC0415
    from credit_mgmt.models import RuleVersion  # noqa: PLC0415
    from credit_mgmt.rules import activate_rule, draft_rule  # noqa: PLC0415
    from customers import clock  # noqa: PLC0415

    for number in range(RuleVersion.objects.count(), count):
        group = {"valid_for": "group", "credit_management_group": f"G{1 + number % 20}"}
        values = (
            {"type": "days_overdue", "days": 40 + number, **group},
            {"type": "limit_used", "threshold_percent": Decimal(90 + number), **group},
            {"type": "overdue_amount", "amount": Decimal(500 * number), "currency": "EUR",
             "threshold_percent": Decimal(60), **group},
            {"type": "sales_order", "amount": Decimal(5_000 + 100 * number), "currency": "EUR"},
        )[number % 4]  # fmt: skip
        rule = draft_rule(values=values, actor=ACTOR, at=clock.now()).rule_id
        activate_rule(rule=rule, why="benchmark", actor=ACTOR, at=clock.now())
    return RuleVersion.objects.count()


def store_decisions(orders: list[int]) -> None:
    """Check the orders, an equal share on each day of the period, and store what was decided."""
    from benchmarks.measures import ACTOR, AS_OF  # noqa: PLC0415
    from credit_mgmt import checks  # noqa: PLC0415
    from credit_mgmt.decisions import record_decisions  # noqa: PLC0415

    for number in range(DAYS):
        day = AS_OF - dt.timedelta(days=DAYS - 1 - number)
        requests = [checks.Request(order, "confirmation") for order in orders[number::DAYS]]
        checked = checks.check(requests, as_of={"E1": day, "E2": day})
        at = dt.datetime.combine(day, dt.time(10), dt.UTC)
        record_decisions(checked, kind="posting", actor=ACTOR, at=at)


def invoice(orders: list[int]) -> None:
    """An open invoice for each of the orders, on a day of the period."""
    from django.db import connection  # noqa: PLC0415

    from benchmarks.measures import AS_OF  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(_INVOICES, {"orders": orders, "day": AS_OF, "days": DAYS})


_INVOICES = """
    WITH made AS (
        INSERT INTO customers_customertransaction (legal_entity_id, series, number, kind, customer_id, date,
                currency_id, amount, disputed_amount, version, sales_order_id)
            SELECT legal_entity_id, 'invoice', 'R-' || id, 'invoice', payer_id, %(day)s::date - (id %% %(days)s)::int,
                   currency_id, amount, 0, 1, id
            FROM customers_salesorder WHERE id = ANY(%(orders)s::bigint[])
            RETURNING id, customer_id, currency_id, date, amount
    )
    INSERT INTO customers_dueitem (transaction_id, customer_id, currency_id, date, due_date, amount, open_amount,
            disputed_amount)
        SELECT id, customer_id, currency_id, date, date + 30, amount, amount, 0 FROM made
"""


def run(name: str, draft: dict[str, Any]) -> None:
    """One line: the time of a backtest of `draft`, what it found, and the memory of a worker."""
    from django.db import connections  # noqa: PLC0415

    from benchmarks.measures import ACTOR, AS_OF  # noqa: PLC0415
    from credit_mgmt.models import Backtest  # noqa: PLC0415
    from credit_mgmt.rules import draft_rule  # noqa: PLC0415
    from customers import clock  # noqa: PLC0415
    from customers.jobs import start_job  # noqa: PLC0415
    from customers.models import Job  # noqa: PLC0415

    rule = draft_rule(values=draft, actor=ACTOR, at=clock.now()).rule.code
    connections.close_all()  # a connection can't be shared with a child
    count = os.cpu_count() or 1
    with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("fork")) as pool:
        list(pool.map(connect, range(count * 4)))
        began = time.perf_counter()
        given = {"rule": rule, "days": DAYS, "to": AS_OF.isoformat()}
        job = start_job("backtest_rules", given, actor=ACTOR, now=clock.now())
        # One cuts the work up, as in the product, where it then calls the others.
        spent = dict([pool.submit(work, job.pk, dt.timedelta(0)).result()])
        while Job.objects.filter(pk=job.pk, status__in=["queued", "running"]).exists():
            spent |= dict(pool.map(work, [job.pk] * count))
        seconds = time.perf_counter() - began
    computed, memory = sum(one for one, _ in spent.values()), max(most for _, most in spent.values())
    totals = Backtest.objects.get(pk=job.pk).totals or {}
    found, known = totals["orders"], totals["data"]
    verdict = "" if seconds < TARGET else "  ABOVE THE TARGET"
    say(
        f"{name:<22} {seconds:>6.1f} s, computing {computed:.1f} s   target {TARGET:.0f} s{verdict}   "
        f"{known['orders']:,} orders, {known['rebuilt']:,} rebuilt; "
        f"stopped {found['now']:,} -> {found['then']:,}; worker {memory:.0f} MB"
    )


def connect(_: int) -> None:
    """Open the worker's connection before it is timed."""
    from django.db import connection  # noqa: PLC0415

    connection.ensure_connection()


def work(job: Any, budget: dt.timedelta | None = None) -> tuple[int, tuple[float, float]]:
    """Work on the job. Returns who did, the seconds that it ever had a core, and its most memory in MB."""
    from customers.jobs import run_job  # noqa: PLC0415

    run_job(job, budget=budget)
    return os.getpid(), (time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def say(line: str) -> None:
    """One line of the report, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure at the size asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backtest", description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--rebuilt", type=int, default=4, choices=range(0, 51), metavar="PERCENT")
    asked = parser.parse_args()
    os.environ.update(
        DJANGO_SETTINGS_MODULE="credit_mgmt.conf.settings",
        CREDIT_DEMO="1",
        CREDIT_TODAY="2026-06-15",
        SECRET_KEY=os.environ.get("SECRET_KEY") or "benchmark-" + os.urandom(32).hex(),
    )
    os.environ.setdefault("CELERY_BROKER_URL", "memory://")
    with database():
        import django  # noqa: PLC0415 - settings read the environment that was just made

        django.setup()
        from django.core.management import call_command  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        measure(asked.orders, asked.rebuilt)


if __name__ == "__main__":
    main()
