"""Races with real connections: threads that begin together, rounds that repeat, and a database that is cleaned between.

`RELIABILITY_ROUNDS` says how often (20 in CI); `NIGHTLY=1` is 200 (`reliability.md` section 2).
"""

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

T = TypeVar("T")
ROUNDS = 200 if os.environ.get("NIGHTLY") == "1" else int(os.environ.get("RELIABILITY_ROUNDS", "20"))
RACERS = 8


def race(tasks: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Run the tasks at once, each on a connection of its own, and return their answers, or what they raised."""
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], T]) -> T | Exception:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=20)
            return task()
        except Exception as problem:  # noqa: BLE001 - the test looks at it
            return problem
        finally:
            connection.close()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def answers(outcomes: Iterable[T | Exception]) -> list[T]:
    """The answers; whatever was raised is raised again."""
    found = []
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
        found.append(outcome)
    return found


def retried(task: Callable[[], T], attempts: int = 20) -> Callable[[], T]:
    """The task, asked again while the answer is *not decided* (503): what the contract tells clients to do."""
    from customers.errors import NotDecided

    def run() -> T:
        for attempt in range(attempts):
            try:
                return task()
            except NotDecided:
                if attempt == attempts - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    return run
