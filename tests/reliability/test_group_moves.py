"""A customer moved between credit groups while checks run counts in exactly one (`reliability.md` C07, `domain 3.4`).

Two companies whose business days differ read their facts in two statements; who moves the customer in between would
have it counted twice, or not at all. And a customer's own order is tested against the group in which it then uses
credit. Each protection is taken away once, to see that the race is a real one.
"""

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from credit_mgmt import accounts, credit_groups, gathering, loading
from credit_mgmt.credit_groups import feed_groups
from credit_mgmt.decisions import stored_decision
from credit_mgmt.limits import set_limit
from credit_mgmt.models import CreditAccount, CreditUse, DecisionRecord
from customers import imports
from customers.models import Customer, CustomerCreditGroup, SalesOrder
from holds import locking
from holds.posting import post_documents
from tests.factories_holds import DAY, NOW, SYSTEM, a_customer, a_group, a_rule, an_entity, an_invoice, an_order
from tests.reliability.races import ROUNDS, answers, race, retried

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
IN_VAIN, AT_MOST = 0.4, 5.0
"""Seconds that checks wait for the move, which comes only where no lock stops it; and for what comes in any case."""


def days(legal_entity: str) -> dt.date:
    """Where the day begins earlier it is tomorrow already."""
    return DAY + dt.timedelta(days=legal_entity == "NZMF")


@dataclass
class World:
    """Two groups of 1,000; the one who moves owes 600, so that an order of 500 fits where it is not."""

    here: CustomerCreditGroup
    there: CustomerCreditGroup
    mover: Customer
    stays_here: Customer
    stays_there: Customer
    orders: list[SalesOrder]
    own: SalesOrder

    def move(self) -> None:
        """From the one group to the other, in one call."""
        meeting.wait("read")
        rows = [
            {"number": self.here.pk, "members": [self.stays_here.key]},
            {"number": self.there.pk, "members": [self.stays_there.key, self.mover.key]},
        ]
        results = feed_groups(rows=rows, actor=SYSTEM, today=days, at=NOW, replace=False, atomic=True)
        meeting.tell("moved")
        assert not [result.errors for result in results if result.errors]


def a_world() -> World:
    number = CustomerCreditGroup.objects.count()
    us, nz = an_entity("USMF"), an_entity("NZMF")
    here, there = (_group(f"G{number}-{name}") for name in ("here", "there"))
    mover = a_customer(f"X-{number}", limit="0", credit_group=here)
    an_invoice(mover, "600")
    first = a_customer(f"A-{number}", limit="0", credit_group=here, entity=us)
    second = a_customer(f"B-{number}", limit="0", credit_group=there, entity=nz)
    return World(
        here, there, mover, first, second, [an_order(first, "500"), an_order(second, "500")], an_order(mover, "1")
    )


def _group(number: str) -> CustomerCreditGroup:
    group = a_group(number, limit="1000")
    set_limit(
        account=CreditAccount.objects.get(group=group).pk, expires_on=DAY + dt.timedelta(days=90), source="feed",
        actor=SYSTEM, at=NOW, as_of=DAY,
    )  # fmt: skip
    return group


class Meeting:
    """Where the two sides meet, by the steps named: the facts were `read`, the customer was `moved`, the accounts of
    the move are `locked`, those of an order were `looked` up. A step that is not named is not waited for."""

    def __init__(self, *steps: str) -> None:
        self.steps = {step: threading.Event() for step in steps}

    def tell(self, step: str) -> bool:
        """That the step was taken; whether this is the first time."""
        event = self.steps.get(step)
        if event is None or event.is_set():
            return False
        event.set()
        return True

    def wait(self, step: str) -> None:
        if step in self.steps:
            self.steps[step].wait(IN_VAIN if step == "moved" else AT_MOST)


meeting = Meeting()
BETWEEN_READS, BEFORE_THE_LOCK, ANYHOW = ("read", "moved"), ("locked", "looked"), ()
"""The move comes between the facts of two days; between looking up an order's accounts and locking them; as it may."""


@pytest.fixture(autouse=True)
def _meeting(monkeypatch):
    load, write, lock = loading.load_accounts, imports.upsert, accounts.lock_accounts

    def load_and_meet(**options):
        loaded = load(**options)
        if meeting.tell("read"):
            meeting.wait("moved")
        return loaded

    def write_and_meet(*values, **options):
        meeting.tell("locked")
        meeting.wait("looked")
        return write(*values, **options)

    def lock_and_meet(*values, **options):
        meeting.tell("looked")
        return lock(*values, **options)

    monkeypatch.setattr(gathering, "load_accounts", load_and_meet)
    monkeypatch.setattr(credit_groups, "upsert", write_and_meet)
    monkeypatch.setattr(locking, "lock_accounts", lock_and_meet)


def posting(orders: list[SalesOrder], after: str = "") -> Callable[[], list[str]]:
    ids = [order.pk for order in orders]
    options: dict[str, Any] = {"document": "confirmation", "actor": SYSTEM, "at": NOW, "today": days}

    def run() -> list[str]:
        meeting.wait(after)
        return [one.outcome for one in post_documents(orders=ids, **options)]

    return retried(run)


@dataclass
class Told:
    """What a round tells: in how many groups the one who moves was counted; the group against which its own order was
    tested, and those of which that order took credit."""

    counted: str
    posted: bool
    tested: str | None
    used: set[str]

    @property
    def tested_where_used(self) -> bool:
        """Whether an order that went on took the credit of the very group against which it was tested."""
        return self.used == ({self.tested} if self.posted else set())


def a_round(steps: tuple[str, ...]) -> Told:
    """The customer is moved; meanwhile it posts an order of its own, and two orders of the groups are posted at once.

    Where the sides are to meet, only those who do.
    """
    global meeting
    meeting, world = Meeting(*steps), a_world()
    own, pair = steps != BETWEEN_READS, steps != BEFORE_THE_LOCK
    tasks: dict[str, Callable[[], Any]] = {"move": retried(world.move)}
    if own:
        tasks["own"] = posting([world.own], after="locked")
    if pair:
        tasks["pair"] = posting(world.orders)
    told = dict(zip(tasks, answers(race(list(tasks.values()))), strict=True))
    assert Customer.objects.get(pk=world.mover.pk).credit_group_id == world.there.pk
    records = DecisionRecord.objects.filter(order=world.own)
    figures = [stored_decision(record).figures or {} for record in records]
    used = CreditUse.objects.filter(order=world.own, account__group__isnull=False)
    groups = {f"group:{number}" for number in used.values_list("account__group", flat=True)}
    held = {0: "neither", 1: "one", 2: "both"}[told["pair"].count("held")] if pair else "one"
    posted = told.get("own") == ["posted"]
    return Told(held, posted, figures[-1].get("group") if figures else None, groups)


def test_who_is_moved_while_checks_run_is_counted_once_and_tested_where_it_uses_credit():
    a_rule()
    for number in range(ROUNDS):
        told = a_round((ANYHOW, BETWEEN_READS, BEFORE_THE_LOCK)[number % 3])
        assert told.counted == "one"
        assert told.tested_where_used


# --- sabotage ---------------------------------------------------------------------------------------------------------


def test_sabotage_without_the_lock_it_is_counted_in_neither_or_both(monkeypatch):
    a_rule()
    monkeypatch.setattr(accounts, "_LOCK", accounts._LOCK.replace("FOR NO KEY UPDATE", ""))
    assert {a_round(BETWEEN_READS).counted for _ in range(3)} & {"neither", "both"}


def test_sabotage_without_looking_again_under_the_lock_another_group_is_tested(monkeypatch):
    a_rule()
    monkeypatch.setattr(locking, "_still_drawn", lambda drawn, orders, wanted: True)
    told = [a_round(BEFORE_THE_LOCK) for _ in range(3)]
    assert not all(one.tested_where_used for one in told)
