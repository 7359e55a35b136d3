"""The event feed loses nothing, whatever the order of commits (`reliability.md` F11)."""

import threading

import pytest
from django.db import IntegrityError, connections, transaction

from customers import outbox
from customers.models import OutboxEvent
from tests.customers.jobs import toy

pytestmark = pytest.mark.django_db(transaction=True)


def record(key: str) -> None:
    outbox.record("hold_placed", key, None, "USMF:SO-1", toy.NOW, {"n": key})


def readable() -> list[str]:
    return list(outbox.settled(OutboxEvent.objects.all()).order_by("sequence").values_list("key", flat=True))


def test_an_event_is_told_once() -> None:
    with transaction.atomic():
        record("a")
    with pytest.raises(IntegrityError), transaction.atomic():
        record("a")
    assert readable() == ["a"]


def test_an_event_outside_a_transaction_is_refused() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        record("a")


def test_an_event_committed_first_waits_for_the_smaller_number_that_is_still_open() -> None:
    took_a_number, may_commit = threading.Event(), threading.Event()

    def slow_writer() -> None:
        with transaction.atomic():
            record("slow")
            took_a_number.set()
            may_commit.wait(20)
        connections.close_all()

    writer = threading.Thread(target=slow_writer)
    writer.start()
    assert took_a_number.wait(20)
    with transaction.atomic():
        record("fast")
    meanwhile = readable()
    may_commit.set()
    writer.join(20)
    assert meanwhile == []
    assert readable() == ["slow", "fast"]


def test_a_number_that_was_rolled_back_holds_nobody_up() -> None:
    with transaction.atomic():
        record("never")
        transaction.set_rollback(True)
    with transaction.atomic():
        record("next")
    assert readable() == ["next"]
