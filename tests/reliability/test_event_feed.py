"""The event feed and the consumer of the handbook (`reliability.md` F11): at least once, in order per order, no gap.

Sequence numbers are given before the commit; a reader that saw one must never miss a smaller one that commits later.
"""

import datetime as dt
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction

from customers import outbox
from customers.models import OutboxEvent
from tests.api_client import client
from tests.factories_holds import an_entity
from tests.reliability.races import ROUNDS, race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

NOW = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
KILLS = 100 if os.environ.get("NIGHTLY") == "1" else 10
WRITERS = 4
EXAMPLE = Path(settings.BASE_DIR) / "docs" / "examples" / "consume_events.py"


def an_event(hold: str, version: int) -> outbox.Event:
    data = {"sales_order": f"USMF:{hold}", "number": hold, "status": "active" if version % 3 else "released",
            "version": version, "reasons": ["limit_used"]}  # fmt: skip
    return outbox.Event("hold_placed", f"hold:{hold}:{version}", "USMF", f"USMF:{hold}", NOW, data)


class Writers:
    """Threads that write events of holds of their own, some in transactions that are long, some rolled back."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self.written: list[str] = []
        self.over = threading.Event()

    def writer(self, seed: int) -> Callable[[], None]:
        def run() -> None:
            luck = random.Random(seed)
            holds = {f"H-{seed}-{n}": 0 for n in range(3)}
            for _ in range(self.rounds):
                some = luck.sample(sorted(holds), luck.randint(1, 3))
                if self._transaction(luck, [an_event(hold, holds[hold] + 1) for hold in some]):
                    for hold in some:
                        holds[hold] += 1

        return run

    def _transaction(self, luck: random.Random, events: list[outbox.Event]) -> bool:
        committed = luck.random() > 0.2
        with transaction.atomic():
            for event in events:
                outbox.record_all([event])
                with connection.cursor() as cursor:  # so that others overtake it
                    cursor.execute("SELECT count(*) FROM generate_series(1, %s)", [luck.choice([1, 1, 20_000])])
            if not committed:
                transaction.set_rollback(True)
        if committed:
            self.written += [event.key for event in events]
        return committed

    def tasks(self) -> list[Callable[[], None]]:
        return [self.writer(seed) for seed in range(WRITERS)]


def read(after: int) -> list[tuple[int, str]]:
    """A page as the API gives it."""
    events = OutboxEvent.objects.filter(sequence__gt=after)
    return list(outbox.settled(events).order_by("sequence").values_list("sequence", "key")[:50])


def follow(writers: Writers, found: list[tuple[int, str]]) -> None:
    """Read on and on, until all is written and read."""
    while True:
        last = writers.over.is_set()
        rows = read(found[-1][0] if found else 0)
        found += rows
        if last and not rows:
            return


def test_a_reader_never_misses_what_commits_later():
    an_entity()
    writers = Writers(ROUNDS * 5)
    found: list[tuple[int, str]] = []

    def write_all() -> None:
        outcomes = race(writers.tasks())
        writers.over.set()
        assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []

    outcomes = race([write_all, lambda: follow(writers, found)])
    assert outcomes == [None, None]
    assert [sequence for sequence, _ in found] == sorted({sequence for sequence, _ in found})
    keys = [key for _, key in found]
    assert sorted(keys) == sorted(writers.written)
    numbers: dict[str, list[int]] = {}
    for key in keys:
        thing, _, number = key.rpartition(":")
        numbers.setdefault(thing, []).append(int(number))
    assert all(counted == list(range(1, len(counted) + 1)) for counted in numbers.values()), "in order per order"


def a_slow_writer_is_overtaken() -> list[str]:
    """A transaction takes a number; a later one commits first, and is read; then the first commits."""
    an_entity()
    took, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            outbox.record_all([an_event("slow", 1)])
            took.set()
            assert may_commit.wait(20)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    try:
        assert took.wait(20)
        with transaction.atomic():
            outbox.record_all([an_event("fast", 1)])
        found = read(0)
    finally:
        may_commit.set()
        thread.join(20)
    return [key for _, key in found + read(found[-1][0] if found else 0)]


def test_a_writer_that_is_overtaken_is_waited_for():
    assert a_slow_writer_is_overtaken() == ["hold:slow:1", "hold:fast:1"]


def test_sabotage_a_reader_that_takes_what_it_sees_misses_it(monkeypatch):
    monkeypatch.setattr(outbox, "settled", lambda events: events)
    assert a_slow_writer_is_overtaken() == ["hold:fast:1"]


def test_sabotage_a_writer_that_does_not_announce_itself_is_missed(monkeypatch):
    monkeypatch.setattr(outbox, "ANNOUNCE_WRITER", "SELECT %s, %s")
    assert a_slow_writer_is_overtaken() == ["hold:fast:1"]


# --- the consumer of the handbook -------------------------------------------------------------------------------------


class Consumers:
    """Processes that run the example, all on one file."""

    def __init__(self, address: str, file: Path) -> None:
        token = client(f"consumer-{uuid.uuid4().hex[:6]}", "integration").token or ""
        self.command = [sys.executable, str(EXAMPLE), f"{address}/api/v1", str(file), "0.02"]
        self.environment = {**os.environ, "CREDIT_TOKEN": token}
        self.file = file
        self.running: list[subprocess.Popen[str]] = []

    def start(self, number: int) -> None:
        for _ in range(number):
            self.running.append(subprocess.Popen(self.command, env=self.environment, stderr=subprocess.PIPE, text=True))

    def kill(self) -> None:
        for process in self.running:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        self.running = []

    def taken(self) -> list[str]:
        if not self.file.exists():
            return []
        db = sqlite3.connect(self.file, timeout=60)
        try:
            return [key for (key,) in db.execute("SELECT key FROM taken ORDER BY rowid")]
        except sqlite3.OperationalError:  # the tables are not there yet
            return []
        finally:
            db.close()

    def wait_for(self, number: int) -> None:
        deadline = time.monotonic() + 60
        while len(self.taken()) < number:
            assert all(process.poll() is None for process in self.running), [p.communicate() for p in self.running]
            assert time.monotonic() < deadline, f"{len(self.taken())} of {number} events were taken"
            time.sleep(0.01)


@pytest.fixture
def consumers(live_server, tmp_path) -> Iterator[Consumers]:
    an_entity()
    made = Consumers(live_server.url, tmp_path / "events.db")
    yield made
    made.kill()


def write(holds: int, first: int, last: int) -> int:
    for version in range(first, last + 1):
        with transaction.atomic():
            outbox.record_all([an_event(f"H-{n}", version) for n in range(holds)])
    return holds * (last - first + 1)


def test_two_consumers_killed_again_and_again_take_every_event_once_and_in_order(consumers):
    written = 0
    for kill in range(KILLS):
        written += write(20, kill * 5 + 1, kill * 5 + 5)
        before = len(consumers.taken())
        consumers.start(2)
        consumers.wait_for(before + 1)
        consumers.kill()
    consumers.start(2)
    consumers.wait_for(written)
    taken = consumers.taken()
    assert len(taken) == len(set(taken)) == written == OutboxEvent.objects.count()
    for n in range(20):
        mine = [int(key.rpartition(":")[2]) for key in taken if key.startswith(f"hold:H-{n}:")]
        assert mine == list(range(1, KILLS * 5 + 1))
    db = sqlite3.connect(consumers.file)
    expected = 0 if (KILLS * 5) % 3 == 0 else 20
    assert db.execute("SELECT count(*) FROM on_hold").fetchone() == (expected,)


def test_a_missing_event_is_an_alarm_that_names_it(consumers):
    write(1, 1, 2)
    consumers.start(1)
    consumers.wait_for(2)
    write(1, 4, 4)
    [process] = consumers.running
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Gap: hold:H-0 3 is missing before hold:H-0:4" in said
    consumers.running = []
    assert len(consumers.taken()) == 2, "nothing of the page with the gap was taken"
