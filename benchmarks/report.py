"""Runs the measurements and prints them as a table of ratios."""

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import StringIO
from typing import TextIO

from django.core.management import call_command
from django.db import connection

from benchmarks import data, evaluations, lists, measures, rules
from benchmarks.measures import Figure
from customers.models import SalesOrder


def run(*, scale: float, web: Callable[[], AbstractContextManager[str]], out: TextIO) -> None:
    """Load, measure, print. `scale` multiplies the sizes of the issue's figures."""
    size = data.Size(*(max(200, round(value * scale)) for value in vars(data.Size()).values()))
    began = time.monotonic()
    call_command("migrate", verbosity=0)
    data.load(size)
    out.write(f"{size.invoices:,} invoices, {size.holds:,} holds, loaded in {time.monotonic() - began:.0f} s\n")
    orders = data.held_orders(400)
    figures = [measures.one_check(orders), rules.sixty_rules(orders)]
    with web() as host:
        keys = {order.pk: order.key for order in SalesOrder.objects.filter(pk__in=orders)}
        figures += measures.checks_through_the_api(host, token(), measures.spread(orders, 2000), keys, dsn())
    figures += evaluations.evaluation(size.holds)
    _print(figures, out)
    lists.beside(size.holds, out)


def token() -> str:
    """A token of an integration client, as an ERP has one."""
    out = StringIO()
    call_command("create_api_client", "benchmark", "--role", "integration", stdout=out, stderr=StringIO())
    return out.getvalue().split()[-1]


def dsn() -> str:
    """Where the floor's own connections go."""
    return os.environ["DATABASE_URL"].replace("postgres://", "postgresql://", 1)


def _print(figures: list[Figure], out: TextIO) -> None:
    out.write(f"{'':<58} {'ours':>12} {'floor':>12} {'':<9} {'ratio':>7} {'target':>7}\n")
    for figure in figures:
        target = "" if figure.target is None else f"{figure.target:>6.1f}x"
        numbers = f"{figure.ours:>12,.2f} {figure.floor:>12,.2f} {figure.unit:<9}"
        out.write(f"{figure.work:<58} {numbers} {figure.ratio:>6.2f}x {target}\n")
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        out.write(f"PostgreSQL {cursor.fetchone()[0]}, {os.cpu_count()} cores\n")
