"""`python -m benchmarks.journals`: one adjustment journal for 50,000 customers: preview, lines, a page of it, posting.

Memory is the peak of this process, before and after each step. A page is what the grid shows: fifty lines in their
order with exposure and use; it is asked for at the beginning, in the middle and at the end, and of a journal of fifty
lines. `--customers N` measures another size. With DATABASE_URL set that server is used: its database must be empty.
"""

import argparse
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from benchmarks.__main__ import database

CUSTOMERS = 50_000
PAGE = 50
TARGETS = {"preview": 5.0, "posting": 20.0}
"""Seconds on two cores, of issue 4."""


def measure(customers: int) -> None:
    """Load, measure and print."""
    from django.db import connection  # noqa: PLC0415 - settings come first

    from benchmarks import data  # noqa: PLC0415
    from benchmarks.measures import ACTOR, AS_OF  # noqa: PLC0415
    from credit_mgmt.journals import create_journal  # noqa: PLC0415
    from credit_mgmt.journals.generation import generate_lines, preview_lines  # noqa: PLC0415
    from credit_mgmt.journals.posting import post_journal  # noqa: PLC0415
    from credit_mgmt.journals.requests import read_generation  # noqa: PLC0415
    from customers import clock  # noqa: PLC0415

    data.load(data.Size(customers=customers, invoices=4 * customers, orders=customers, holds=1_000), entities=1)
    signed: dict[str, Any] = {"actor": ACTOR, "today": lambda _: AS_OF}
    how = {
        "source": "customers",
        "adjustment": Decimal("10"),
        "value_type": "percentage",
        "new_to": AS_OF.replace(2028),
    }
    everybody = read_generation({**how, "round_off": Decimal("100"), "rounding_form": "up"}, temporary=False)
    few = read_generation({**how, "filter": {"accounts": [f"C-{n}" for n in range(2, PAGE + 2)]}}, temporary=False)
    large, small = (
        create_journal(legal_entity="E1", type="credit_limit", actor=ACTOR, at=clock.now()).number for _ in "ab"
    )
    step("preview", lambda: preview_lines(journal=large, generation=everybody, **signed))
    step("writing the lines", lambda: generate_lines(journal=large, generation=everybody, at=clock.now(), **signed))
    generate_lines(journal=small, generation=few, at=clock.now(), **signed)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE credit_mgmt_limitjournalline")  # what the database does by itself within a minute
    for number in (small, large):
        pages(number, AS_OF)
    step("posting", lambda: post_journal(journal=large, at=clock.now(), **signed))


def step(name: str, work: Callable[[], object]) -> None:
    """One line: seconds, those of them in this process, and the peak of memory before and after."""
    before, began, computed = peak(), time.perf_counter(), time.process_time()
    work()
    seconds, computed = time.perf_counter() - began, time.process_time() - computed
    target = TARGETS.get(name)
    verdict = "" if target is None else f"   target {target:.0f} s{'' if seconds < target else '  ABOVE THE TARGET'}"
    took = f"{name:<20} {seconds:>7.2f} s, computing {computed:>5.2f} s"
    sys.stdout.write(f"{took}   memory {before:>5.0f} -> {peak():>5.0f} MB{verdict}\n")
    sys.stdout.flush()


def peak() -> float:
    """The most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def pages(number: str, as_of: Any) -> None:
    """Milliseconds of a page at the beginning, in the middle and at the end of a journal."""
    from credit_mgmt.models import LimitJournal  # noqa: PLC0415

    journal = LimitJournal.objects.get(number=number)
    for place, after in (("first", 0), ("middle", journal.line_count // 2), ("last", journal.line_count - PAGE)):
        times = [page(journal, after, as_of) for _ in range(7)][2:]
        milliseconds = statistics.median(times) * 1000
        sys.stdout.write(f"{place} page of {journal.line_count:>6,} lines {milliseconds:>12.1f} ms\n")


def page(journal: Any, after: int, as_of: Any) -> float:
    """Seconds that one page takes."""
    from credit_mgmt.journals.exposures import consequences_of  # noqa: PLC0415

    began = time.perf_counter()
    rows = journal.lines.select_related("customer").filter(number__gt=after).order_by("number")
    consequences_of(journal, list(rows[:PAGE]), today=as_of)
    return time.perf_counter() - began


def main() -> None:
    """Measure at the size asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.journals", description=__doc__)
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
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
        measure(asked.customers)


if __name__ == "__main__":
    main()
