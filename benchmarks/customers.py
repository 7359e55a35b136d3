"""`python -m benchmarks.customers`: server time and queries of the list of customers at 100,000 of them.

Each shipped view is asked for in each order, first page and the page after it, through the whole stack but the socket.
Before that, how long it takes to work out the figures by which the list is sorted. `--customers N` is another size.
With DATABASE_URL set that server is used: its database must be empty.
"""

import argparse
import datetime as dt
import os
import sys
import time
from html import unescape
from typing import Any

from benchmarks.__main__ import database
from benchmarks.lists import _PEOPLE, TARGET_MILLISECONDS, Measured, _ask, clerk, report

CUSTOMERS = 100_000
ROUNDS = 3
DAY = dt.date(2026, 6, 15)


def load(customers: int) -> float:
    """Fill an empty, migrated database, and work out all figures; seconds that these took."""
    from django.db import connection  # noqa: PLC0415 - needs the set-up Django

    from benchmarks import data  # noqa: PLC0415
    from credit_mgmt import figures  # noqa: PLC0415
    from customers import clock  # noqa: PLC0415
    from customers.models import LegalEntity  # noqa: PLC0415

    data.load(data.Size(customers=customers, invoices=customers * 2, orders=customers, holds=customers // 20))
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE)
        cursor.execute("VACUUM ANALYZE")
    began = time.perf_counter()
    today = dict.fromkeys(LegalEntity.objects.values_list("pk", flat=True), DAY)
    figures.refresh(today=today, at=clock.now, budget=dt.timedelta(hours=1))
    took = time.perf_counter() - began
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return took


def measure(client: Any, rounds: int) -> list[Measured]:
    """Every shipped view in every order, and a few filters and searches."""
    from holds.customer_list import SORTS  # noqa: PLC0415 - needs the set-up Django
    from holds.customer_list.columns import VIEWS  # noqa: PLC0415

    orders = ["", *(sign + name for name in SORTS for sign in ("", "-"))]
    found = [_measure(client, view.slug, f"view={view.slug}", sort, rounds) for view in VIEWS for sort in orders]
    others = ("used_min=90", "q=customer+4711", "q=4711", "cols=account,name,paid,cover,temporary,holds", "country=NL")
    return [*found, *(_measure(client, query, query, "", rounds) for query in others)]


def _measure(client: Any, name: str, query: str, sort: str, rounds: int) -> Measured:
    address = f"/customers/?{query}" + (f"&sort={sort}" if sort else "")
    pages = []
    for _ in range(rounds):
        following, page = _ask(client, address)
        pages.append(page)
        if following:
            pages.append(_ask(client, f"/customers/{unescape(following.removeprefix('/holds/'))}")[1])
    return Measured(name, sort or "default", pages, TARGET_MILLISECONDS)


def main() -> None:
    """Measure at the size asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.customers", description=__doc__)
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    os.environ.update(
        DJANGO_SETTINGS_MODULE="credit_mgmt.conf.settings",
        CREDIT_DEMO="1",
        CREDIT_TODAY=DAY.isoformat(),
        SECRET_KEY=os.environ.get("SECRET_KEY") or "benchmark-" + os.urandom(32).hex(),
    )
    os.environ.setdefault("CELERY_BROKER_URL", "memory://")
    with database():
        import django  # noqa: PLC0415 - settings read the environment that was just made

        django.setup()
        from django.conf import settings  # noqa: PLC0415
        from django.core.management import call_command  # noqa: PLC0415

        settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
        call_command("migrate", verbosity=0)
        took = load(asked.customers)
        sys.stdout.write(f"figures of {asked.customers:,} customers: {took:.1f} s\n")
        report(asked.customers, measure(clerk(), asked.rounds), sys.stdout)


if __name__ == "__main__":
    main()
