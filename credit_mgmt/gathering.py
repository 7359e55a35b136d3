"""Checks with their facts: gathered in bulk, decided without reading anything more (`domain 4`, `7`).

Note [Known before]. A decision is a pure function of its facts, of those of the orders before it that draw on the same
credit, and of the policy. So all of these have a name, the fingerprint, and where an order on hold is looked at again
under the same name its decision is known: an evaluation of holds for which nothing changed only reads.
"""

import datetime as dt
import gc
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from credit_mgmt.engine.codec import Json, stored_facts
from credit_mgmt.engine.decide import carry, decide
from credit_mgmt.engine.decision import Decision
from credit_mgmt.engine.facts import Checkpoint, CheckpointSetting, OrderFacts, Policy, Question, Setting
from credit_mgmt.engine.remedies import remedies_for
from credit_mgmt.loading import Loaded, OrderRow, load_accounts, order_facts, read_orders, with_ranks
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


@dataclass(frozen=True, slots=True)
class Batch:
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

    def credit_of(self, row: OrderRow) -> str | int:
        """What names the credit that an order draws on: its payer's group, or its payer."""
        day = self.settings[row.legal_entity].as_of
        position = self.days[day].book.positions.get(row.payer_key)
        return position.group if position is not None and position.group else row.payer_id

    def common_facts(self, row: OrderRow) -> str:
        """What every decision about the credit of this order follows from: policy, kind of check, accounts, group."""
        facts: list[object] = [self.policy.version, self.manner]
        for day, loaded in self.days.items():
            position = loaded.book.positions.get(row.payer_key)
            if position is not None:
                group = loaded.book.groups.get(position.group) if position.group else None
                facts += (day, position if group is None else group)
        return repr(facts)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Checks with their facts, read in bulk: what follows is pure, and reads nothing more."""

    requests: Sequence[Request]
    rows: Mapping[int, OrderRow]
    batch: Batch

    @property
    def setup(self) -> Setup:
        """Rules and parameters as they were read with the facts."""
        return self.batch.setup

    def decide(self, which: Collection[int] | None = None) -> list[Checked]:
        """The decisions in order; of all, or of those requests (by position) that together use up their credit."""
        asked = self.requests if which is None else [self.requests[position] for position in sorted(which)]
        with uncollected(len(asked)):
            return [self.batch.check(request, self.rows[request.order_id]) for request in asked]

    def shares(self) -> list[list[int]]:
        """The requests, by position, that draw on the same credit: of one payer, or of one credit group's members."""
        shares: dict[str | int, list[int]] = {}
        for position, request in enumerate(self.requests):
            shares.setdefault(self.batch.credit_of(self.rows[request.order_id]), []).append(position)
        return list(shares.values())

    def fingerprints(self) -> list[str]:
        """For each request the name of everything that its decision follows from. See Note [Known before].

        Names of a share are a chain: each covers the requests before it.
        """
        settings = {entity: repr(setting) for entity, setting in self.batch.settings.items()}
        names = [""] * len(self.requests)
        for share in self.shares():
            digest = hashlib.blake2b(digest_size=16)
            digest.update(self.batch.common_facts(self.rows[self.requests[share[0]].order_id]).encode())
            for position in share:
                request = self.requests[position]
                row = self.rows[request.order_id]
                # Written as a plain tuple: the names of the columns say nothing new.
                facts = f"{request.checkpoint} {request.pro_forma} {settings[row.legal_entity]} {tuple.__repr__(row)}"
                digest.update(facts.encode())
                names[position] = digest.hexdigest()
        return names


def limit_only(policy: Policy) -> Policy:
    """The policy without its rules: only the total credit limit is left, and is tested everywhere (`domain 4.8`)."""
    everywhere = {str(document): CheckpointSetting(posting=True, pro_forma=True) for document in Checkpoint}
    parameters = {
        entity: replace(row, check_credit_limit=True, check_terms=False, check_discount=False, checkpoints=everywhere)
        for entity, row in policy.parameters.items()
    }
    return replace(policy, rules=(), parameters=parameters)


def gather(
    requests: Sequence[Request],
    as_of: Mapping[str, dt.date],
    manner: Manner,
    *,
    setup: Setup | None = None,
    policy: Policy | None = None,
    pinned: Setup | None = None,
) -> Gathered:
    """Read everything that the decisions need: the clocks, the orders, and per day their accounts with what is owed.

    `as_of` is the business date by legal entity; a `setup` read before is used while nothing changed, one that was
    `pinned` whatever changed. `policy` stands in for the one in force. Raises `NotFound` for an order that isn't there.
    """
    clock = read_clock()
    if pinned is not None:
        setup, clock = pinned, replace(clock, policy=pinned.policy.version, policy_is_stored=True)
    elif setup is None or setup.policy.version != clock.policy:
        setup = current_setup(clock)
    if policy is not None:
        setup = replace(setup, policy=policy)
    rows = read_orders([request.order_id for request in requests])
    if setup.ranks is not None:
        rows = {order_id: with_ranks(row, setup.ranks) for order_id, row in rows.items()}
    missing = [request.order_id for request in requests if request.order_id not in rows]
    if missing:
        raise NotFound(f"There is no sales order with id {missing[0]}.")
    entities = sorted({row.legal_entity for row in rows.values()})
    settings = {entity: setting_for(entity, as_of[entity], setup=setup, clock=clock) for entity in entities}
    days = _days(rows.values(), settings, setup, clock)
    applied = limit_only(setup.policy) if manner.limit_only else setup.policy
    return Gathered(requests, rows, Batch(clock, setup, applied, settings, days, manner))


@contextmanager
def uncollected(orders: int) -> Iterator[None]:
    """A batch makes many values and no cycles: inside the block nobody looks for any, which costs a quarter.

    Nothing is different for fewer orders than `MANY`.
    """
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
