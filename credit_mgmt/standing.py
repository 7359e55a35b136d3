"""What a page shows of an order and of its payer's credit: position and decision from one book, read once.

A check followed by a position would read clocks, accounts and receivables twice, and the two could differ by a payment
that came in between. Reads only; the decision is the very same `decide` that a posting asks (`domain 4`).
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal

from credit_mgmt.engine.case import Case
from credit_mgmt.engine.decide import decide
from credit_mgmt.engine.decision import Decision
from credit_mgmt.engine.facts import Checkpoint, LimitType, Question, Setting
from credit_mgmt.engine.remedies import remedies_for
from credit_mgmt.exposure import Position, no_order, position_in
from credit_mgmt.loading import Loaded, load_accounts, order_facts, read_orders
from credit_mgmt.masking import Mask
from credit_mgmt.owed import overdue_items
from credit_mgmt.policies import Setup, current_setup, read_clock, setting_for
from customers.errors import NotFound
from customers.models import Customer
from customers.money import ZERO, MissingRate


@dataclass(frozen=True, slots=True)
class CreditStanding:
    """A payer's credit on a day, and what a check of one of its orders says; `decision` None where none was asked."""

    customer: Customer
    loaded: Loaded
    setting: Setting
    setup: Setup
    decision: Decision | None
    shown: Position | None

    @property
    def own_limit_binds(self) -> bool:
        """Whether the customer's own limit is tested, or the group's stands in for it (`domain 3.4`)."""
        book, setup = self.loaded.book, self.setup
        position = book.positions[self.customer.key]
        parameters = setup.policy.parameters_of(position.legal_entity)
        if parameters is None or position.limit_type is LimitType.NONE:
            return False
        group = book.group_of(position)
        case = Case(book, no_order(position), position, group, parameters=parameters, setting=self.setting)
        return case.tests_own()

    @property
    def position(self) -> Position:
        """The payer's position. Raises `ValueError` where it was not asked for."""
        if self.shown is None:
            raise ValueError("The position was not asked for.")
        return self.shown

    def would_use(self, order_ids: Collection[int]) -> Decimal | None:
        """What these orders of the payer would add to its exposure, in its currency; None where a rate is missing.

        An order that is part of the exposure already adds nothing. One query, or none.
        """
        if not order_ids:
            return ZERO
        position = self.loaded.book.positions[self.customer.key]
        added = ZERO
        for row in read_orders(list(order_ids)).values():
            order = order_facts(row, self.setup)
            try:
                exposure = self.loaded.book.exposure(order, position, self.setting.rates)
                before = exposure.after if order.counted else exposure.without
            except MissingRate:
                return None
            added += exposure.after - before
        return added


def standing_of(
    payer: Customer,
    as_of: dt.date,
    *,
    mask: Mask,
    order_id: int | None = None,
    checkpoint: str = "",
    pro_forma: bool = False,
    with_position: bool = True,
) -> CreditStanding:
    """Where `payer` stands on `as_of`; with `order_id`, what the check of that order of the payer says, as a question.

    What it says of the payer's credit group is what `mask` lets be seen (`domain 3.4`). The order is looked at as one
    on hold is (`domain 7`), with what would clear it; nothing is stored. Raises `NotFound` for an order that isn't
    there.
    """
    clock = read_clock()
    setup = current_setup(clock)
    setting = setting_for(payer.legal_entity_id, as_of, setup=setup, clock=clock)
    loaded = load_accounts(payer_ids=[payer.pk], as_of=as_of, setup=setup, clock=clock)
    shown = position_in(loaded, payer, as_of, setting.rates) if with_position else None
    decision = None
    if order_id is not None:
        question = Question(Checkpoint(checkpoint), pro_forma, evaluation=True)
        decision = _decide(order_id, payer, question, loaded, setting, setup)
    return CreditStanding(
        payer,
        loaded,
        setting,
        setup,
        None if decision is None else mask.decision(decision),
        None if shown is None else mask.position(shown),
    )


def _decide(  # noqa: PLR0917 - the parts of one question
    order_id: int, payer: Customer, question: Question, loaded: Loaded, setting: Setting, setup: Setup
) -> Decision:
    row = read_orders([order_id]).get(order_id)
    if row is None:
        raise NotFound(f"There is no sales order with id {order_id}.")
    order, policy = order_facts(row, setup), setup.policy
    decision = decide(loaded.book, order, policy=policy, question=question, setting=setting)
    if not decision.holds:
        return decision
    due = overdue_items(payer.pk, loaded.countings[payer.legal_entity_id])
    remedies = remedies_for(loaded.book, order, policy=policy, question=question, setting=setting, due_items=due)
    return replace(decision, remedies=remedies)
