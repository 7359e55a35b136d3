"""The credit check: facts loaded in bulk, decided in the order given (`domain 4`). Reads only.

A single check is the bulk check of one order: at most four queries for either, whatever the history of the customers.
"""

import datetime as dt
import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from credit_mgmt.engine.codec import Json, stored_facts
from credit_mgmt.engine.decide import carry, decide
from credit_mgmt.engine.decision import Decision
from credit_mgmt.engine.facts import Checkpoint, CheckpointSetting, OrderFacts, Policy, Question, Setting
from credit_mgmt.engine.remedies import remedies_for
from credit_mgmt.loading import Loaded, OrderRow, load_accounts, order_facts, read_orders
from credit_mgmt.owed import overdue_items
from credit_mgmt.policies import Clock, Setup, current_setup, read_clock, setting_for
from customers.errors import NotFound

LIMIT_ONLY = "limit_only"
"""Marks the facts of a check against the limit only, so that it is recomputed as one (`domain 4.8`)."""
MANY = 500
"""From so many orders on a check is a batch."""


@dataclass(frozen=True, slots=True)
class Request:
    """An order, and the document about to be posted."""

    order_id: int
    checkpoint: str
    pro_forma: bool = False


@dataclass(frozen=True, slots=True)
class Manner:
    """What kind of check it is."""

    evaluation: bool = False
    """A held order is looked at again: grace and clearance don't answer for it (`domain 7`)."""
    limit_only: bool = False
    """Point of sale and call centre: against the total credit limit only (`domain 4.8`)."""
    evidence: bool = False
    """The facts are kept, so that `decisions.record_decisions` can store the decision."""
    remedies: bool = False
    """What would clear it is worked out, for a page that shows it."""


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
    with_remedies: bool = False,
) -> list[Decision]:
    """The decision for each order in the order given, each seeing the credit that those before it took (`domain 7`).

    `as_of` is the business date by legal entity. `policy` stands in for the one in force (backtests, shadow rules).
    Raises `NotFound` for an order that isn't there.
    """
    requests = [Request(order_id, checkpoint, pro_forma) for order_id in order_ids]
    manner = Manner(evaluation=evaluation, remedies=with_remedies)
    return [checked.decision for checked in _check_all(requests, as_of, manner, policy=policy)]


def check_order(
    order_id: int,
    *,
    checkpoint: str,
    as_of: Mapping[str, dt.date],
    pro_forma: bool = False,
    evaluation: bool = False,
    policy: Policy | None = None,
    with_remedies: bool = False,
) -> Decision:
    """`check_orders` of one."""
    [decision] = check_orders(
        [order_id],
        checkpoint=checkpoint,
        as_of=as_of,
        pro_forma=pro_forma,
        evaluation=evaluation,
        policy=policy,
        with_remedies=with_remedies,
    )
    return decision


def check(
    requests: Sequence[Request],
    *,
    as_of: Mapping[str, dt.date],
    evaluation: bool = False,
    setup: Setup | None = None,
    evidence: bool = True,
) -> list[Checked]:
    """`check_orders` for orders at different checkpoints, with what each decision was made from, fit to be stored."""
    return _check_all(requests, as_of, Manner(evaluation=evaluation, evidence=evidence), setup=setup)


def check_for_posting(
    order_ids: Sequence[int],
    *,
    checkpoint: str,
    as_of: Mapping[str, dt.date],
    pro_forma: bool = False,
    setup: Setup | None = None,
    limit_only: bool = False,
) -> list[Checked]:
    """The check before a document is posted, fit to be stored. Call it with the payers' accounts locked.

    `limit_only` for point-of-sale and call-centre orders: exceeding the limit is a warning or holds, by the parameter
    *message when exceeding credit limit*; no rule is looked at (`domain 4.8`).
    """
    requests = [Request(order_id, checkpoint, pro_forma) for order_id in order_ids]
    return _check_all(requests, as_of, Manner(evidence=True, limit_only=limit_only), setup=setup)


def limit_only(policy: Policy) -> Policy:
    """The policy without its rules: only the total credit limit is left, and is tested everywhere (`domain 4.8`)."""
    everywhere = {str(document): CheckpointSetting(posting=True, pro_forma=True) for document in Checkpoint}
    parameters = {
        entity: replace(row, check_credit_limit=True, check_terms=False, check_discount=False, checkpoints=everywhere)
        for entity, row in policy.parameters.items()
    }
    return replace(policy, rules=(), parameters=parameters)


def _check_all(
    requests: Sequence[Request],
    as_of: Mapping[str, dt.date],
    manner: Manner,
    *,
    setup: Setup | None = None,
    policy: Policy | None = None,
) -> list[Checked]:
    if not requests:
        return []
    clock = read_clock()
    setup = setup if setup is not None and setup.policy.version == clock.policy else current_setup(clock)
    if policy is not None:
        setup = replace(setup, policy=policy)
    rows = read_orders([request.order_id for request in requests])
    missing = [request.order_id for request in requests if request.order_id not in rows]
    if missing:
        raise NotFound(f"There is no sales order with id {missing[0]}.")
    entities = sorted({row.legal_entity for row in rows.values()})
    settings = {entity: setting_for(entity, as_of[entity], setup=setup, clock=clock) for entity in entities}
    days = _days(rows.values(), settings, setup, clock)
    applied = limit_only(setup.policy) if manner.limit_only else setup.policy
    batch = _Batch(clock, setup, applied, settings, days, manner)
    with _uncollected(len(requests)):
        return [batch.check(request, rows[request.order_id]) for request in requests]


@contextmanager
def _uncollected(orders: int) -> Iterator[None]:
    """A batch makes a great many values and no cycles: looking for cycles would take a quarter of its time."""
    if orders < MANY or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _days(
    rows: Iterable[OrderRow], settings: Mapping[str, Setting], setup: Setup, clock: Clock
) -> dict[dt.date, Loaded]:
    """One book for each day: legal entities in different time zones may have different todays (`domain 1`)."""
    payers: dict[dt.date, set[int]] = {}
    for row in rows:
        payers.setdefault(settings[row.legal_entity].as_of, set()).add(row.payer_id)
    return {day: load_accounts(payer_ids=ids, as_of=day, setup=setup, clock=clock) for day, ids in payers.items()}


@dataclass(frozen=True, slots=True)
class _Batch:
    """Everything that the orders of one call have in common; the books move with each decision."""

    clock: Clock
    setup: Setup
    policy: Policy
    settings: Mapping[str, Setting]
    days: Mapping[dt.date, Loaded]
    manner: Manner

    def check(self, request: Request, row: OrderRow) -> Checked:
        """Decide on one order, and carry the credit that it takes forward in every book."""
        policy, setting = self.policy, self.settings[row.legal_entity]
        order, loaded = order_facts(row, self.setup), self.days[setting.as_of]
        question = Question(Checkpoint(request.checkpoint), request.pro_forma, self.manner.evaluation)
        decision = decide(loaded.book, order, policy=policy, question=question, setting=setting)
        if self.manner.remedies and decision.holds:
            due = overdue_items(row.payer_id, loaded.countings[row.legal_entity])
            remedies = remedies_for(
                loaded.book, order, policy=policy, question=question, setting=setting, due_items=due
            )
            decision = replace(decision, remedies=remedies)
        facts = None
        if self.manner.evidence:
            facts = stored_facts(loaded.book, order, policy=policy, question=question, setting=setting)
            if self.manner.limit_only:
                facts[LIMIT_ONLY] = True
        for day in self.days.values():
            carry(day.book, order, decision, policy=policy)
        return Checked(decision, row, order, question, setting, self.setup.policy, self.clock.policy_is_stored, facts)
