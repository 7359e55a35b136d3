"""The credit check: facts loaded in bulk, decided in the order given (`domain 4`). Reads only.

A single check is the bulk check of one order: at most four queries for either, whatever the history of the customers.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from credit_mgmt.engine.codec import Json, stored_facts
from credit_mgmt.engine.decide import carry, decide
from credit_mgmt.engine.decision import Decision
from credit_mgmt.engine.exposure import Book
from credit_mgmt.engine.facts import Checkpoint, OrderFacts, Policy, Question, Setting
from credit_mgmt.loading import OrderRow, load_book, order_facts, read_orders
from credit_mgmt.policies import Clock, Setup, current_setup, read_clock, setting_for
from customers.errors import NotFound


@dataclass(frozen=True, slots=True)
class Request:
    """An order, and the document about to be posted."""

    order_id: int
    checkpoint: str
    pro_forma: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """A decision with everything that it was made from."""

    decision: Decision
    row: OrderRow
    order: OrderFacts
    question: Question
    setting: Setting
    policy: Policy
    policy_is_stored: bool
    facts: Json | None = None
    """What the decision was made of, as it is stored with it; only where evidence was asked for."""


def check_orders(
    order_ids: Sequence[int],
    *,
    checkpoint: str,
    as_of: Mapping[str, dt.date],
    pro_forma: bool = False,
    evaluation: bool = False,
    policy: Policy | None = None,
) -> list[Decision]:
    """The decision for each order in the order given, each seeing the credit that those before it took (`domain 7`).

    `as_of` is the business date by legal entity. `policy` stands in for the one in force (backtests, shadow rules).
    Raises `NotFound` for an order that isn't there.
    """
    requests = [Request(order_id, checkpoint, pro_forma) for order_id in order_ids]
    return [checked.decision for checked in check(requests, as_of=as_of, evaluation=evaluation, policy=policy)]


def check_order(order_id: int, *, checkpoint: str, as_of: dt.date, pro_forma: bool = False) -> Decision:
    """`check_orders` of one, on its legal entity's business date."""
    [decision] = check_orders([order_id], checkpoint=checkpoint, as_of=_Always(as_of), pro_forma=pro_forma)
    return decision


def check(
    requests: Sequence[Request],
    *,
    as_of: Mapping[str, dt.date],
    evaluation: bool = False,
    policy: Policy | None = None,
    evidence: bool = False,
) -> list[Checked]:
    """`check_orders` for orders at different checkpoints; with `evidence`, fit for `decisions.record_decisions`."""
    if not requests:
        return []
    clock = read_clock()
    setup = current_setup(clock)
    if policy is not None:
        setup = replace(setup, policy=policy)
    rows = read_orders([request.order_id for request in requests])
    missing = [request.order_id for request in requests if request.order_id not in rows]
    if missing:
        raise NotFound(f"There is no sales order with id {missing[0]}.")
    settings = _settings(rows.values(), as_of, setup, clock)
    books = _books(rows.values(), settings, setup, clock)
    batch = _Batch(clock, setup, settings, books, evaluation, evidence)
    return [batch.check(request, rows[request.order_id]) for request in requests]


class _Always(dict[str, dt.date]):
    """The same date wherever one asks."""

    def __init__(self, day: dt.date) -> None:
        self.day = day

    def __getitem__(self, legal_entity: str) -> dt.date:
        return self.day


def _settings(
    rows: Iterable[OrderRow], as_of: Mapping[str, dt.date], setup: Setup, clock: Clock
) -> dict[str, Setting]:
    entities = sorted({row.legal_entity for row in rows})
    return {entity: setting_for(entity, as_of[entity], setup=setup, clock=clock) for entity in entities}


def _books(
    rows: Iterable[OrderRow], settings: Mapping[str, Setting], setup: Setup, clock: Clock
) -> dict[dt.date, Book]:
    """One book for each day: legal entities in different time zones may have different todays (`domain 1`)."""
    payers: dict[dt.date, set[int]] = {}
    for row in rows:
        payers.setdefault(settings[row.legal_entity].as_of, set()).add(row.payer_id)
    return {day: load_book(payer_ids=ids, as_of=day, setup=setup, clock=clock) for day, ids in payers.items()}


@dataclass(frozen=True, slots=True)
class _Batch:
    """Everything that the orders of one call have in common; the books move with each decision."""

    clock: Clock
    setup: Setup
    settings: Mapping[str, Setting]
    books: Mapping[dt.date, Book]
    evaluation: bool
    evidence: bool

    def check(self, request: Request, row: OrderRow) -> Checked:
        """Decide on one order, and carry the credit that it takes forward in every book."""
        policy, setting = self.setup.policy, self.settings[row.legal_entity]
        order, book = order_facts(row, self.setup), self.books[setting.as_of]
        question = Question(Checkpoint(request.checkpoint), pro_forma=request.pro_forma, evaluation=self.evaluation)
        decision = decide(book, order, policy=policy, question=question, setting=setting)
        facts = None
        if self.evidence:
            facts = stored_facts(book, order, policy=policy, question=question, setting=setting)
        for other in self.books.values():
            carry(other, order, decision, policy=policy)
        return Checked(decision, row, order, question, setting, policy, self.clock.policy_is_stored, facts)
