"""The measurements: each takes turns with its floor in the same run, so that a noisy machine disturbs both alike."""

import datetime as dt
import http.client
import json
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from typing import Any

import psycopg2
from django.db import connection

from benchmarks import floor
from benchmarks.data import DAY, ENTITIES
from credit_mgmt import checks
from customers.access import system_actor

AS_OF = dt.date.fromisoformat(DAY)
EVERYWHERE = {f"E{number + 1}": AS_OF for number in range(ENTITIES)}
ACTOR = system_actor("benchmark")


@dataclass(frozen=True)
class Figure:
    """One line of the report: ours beside the floor's, in `unit`; `target` is the ratio not to exceed."""

    work: str
    ours: float
    floor: float
    unit: str
    target: float | None = None

    @property
    def ratio(self) -> float:
        """Ours ÷ floor, so that less is better; for rates, the floor's ÷ ours."""
        return self.floor / self.ours if self.unit.endswith("/s") else self.ours / self.floor


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def one_check(orders: Sequence[int]) -> Figure:
    """One question in process, p50 in milliseconds; the floor decides in one prepared statement."""
    with connection.cursor() as cursor:
        cursor.execute(floor.PREPARE_ONE)
        ours, floors = [], []
        for order in [*orders[:20], *orders]:
            ours.append(timed(partial(checks.check_order, order, checkpoint="confirmation", as_of=EVERYWHERE)))
            floors.append(timed(partial(_floor_check, cursor, order)))
    return Figure("one check in process, p50", p50(ours[20:]), p50(floors[20:]), "ms", 4)


def _floor_check(cursor: Any, order: int) -> None:
    cursor.execute(floor.ONE, [order, AS_OF])
    cursor.fetchall()


def p50(seconds: list[float]) -> float:
    """The median, in milliseconds."""
    return statistics.median(seconds) * 1000


def checks_through_the_api(
    host: str, token: str, orders: Sequence[int], keys: dict[int, str], dsn: str
) -> list[Figure]:
    """Checks per second with four clients over HTTP, with token and scoping; the floor has four connections."""
    ours = _clients(orders, 4, lambda: _api_client(host, token, keys))
    floors = _clients(orders, 4, lambda: _floor_client(dsn))
    p95 = [statistics.quantiles(times, n=20)[18] * 1000 for times in (ours[1], floors[1])]
    return [
        Figure("one check through the API, 4 clients", ours[0], floors[0], "checks/s"),
        Figure("one check through the API, 4 clients, p95", p95[0], p95[1], "ms"),
    ]


def _clients(
    orders: Sequence[int], clients: int, connect: Callable[[], Callable[[int], None]]
) -> tuple[float, list[float]]:
    """Rate over all clients, and the time of each call."""

    def client(share: Sequence[int]) -> list[float]:
        call = connect()
        for order in share[:10]:
            call(order)
        return [timed(partial(call, order)) for order in share]

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        times = [one for found in pool.map(client, [orders[n::clients] for n in range(clients)]) for one in found]
    return len(times) / (time.perf_counter() - began), times


def _api_client(host: str, token: str, keys: dict[int, str]) -> Callable[[int], None]:
    link = http.client.HTTPConnection(host, timeout=30)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps({"document": "confirmation", "date": DAY})

    def call(order: int) -> None:
        link.request("POST", f"/api/v1/sales-orders/{keys[order]}/check", body, headers)
        answer = link.getresponse()
        content = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{answer.status}: {content[:300]!r}")

    return call


def _floor_client(dsn: str) -> Callable[[int], None]:
    link = psycopg2.connect(dsn)
    link.autocommit = True
    cursor = link.cursor()
    cursor.execute(floor.PREPARE_ONE)

    return partial(_floor_check, cursor)


def spread(orders: Sequence[int], count: int) -> list[int]:
    """`count` orders, starting over when there are fewer."""
    return list(islice(cycle(orders), count))
