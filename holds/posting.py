"""Posting a document: check, then post, hold or refuse; everything happens or nothing does (`domain 5.3`).

Note [What is posted]. Internally, we move the order's document status and make the invoice. Where the ERP posts, a pass
is answered *cleared* and the order waits for the ERP's report. Point-of-sale and call-centre orders are looked at only
against the credit limit and are never put on hold (`domain 4.8`).

Note [Order of writing]. Credit is committed before the document moves, because the commitment keeps the amount that was
approved; a posted invoice then owes what the order used, and its commitment goes. The order is written before its
clearance: a feed, which asks for no lock, writes them in this order too, and two that meet wait instead of deadlocking.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from credit_mgmt import clearances, commitments, decisions, messages, policies
from credit_mgmt.accounts import Patience
from credit_mgmt.checks import Checked, check_for_posting
from credit_mgmt.engine.decision import Decision, NotChecked, Outcome
from credit_mgmt.masking import Mask
from credit_mgmt.models import DecisionRecord, Parameters
from customers import documents
from customers.access import Action, Actor, NotAllowed, OutOfScope, authorize
from customers.errors import NotFound, Refused
from customers.marks import CauseKind
from customers.models import Document, SalesOrder
from holds.freeing import mark_freed
from holds.locking import LockedOrders, locked_orders
from holds.models import Hold
from holds.placing import Stop, place_holds
from holds.turns import refuse_out_of_turn

Today = Callable[[str], dt.date]
"""The business date in a legal entity; edges give `customers.clock`'s."""
Stopping = Refused | NotFound | NotAllowed | OutOfScope


@dataclass(frozen=True, slots=True)
class Posting:
    """What became of posting one order's document: `posted`, `cleared`, `held`, `refused`, or `failed` with `error`."""

    order_id: int
    outcome: str
    decision: Decision | None = None
    decision_id: uuid.UUID | None = None
    hold: Hold | None = None
    message: str = ""
    error: Stopping | None = None


@dataclass(slots=True)
class Round:
    """One call: the locked orders, the document, and what is known by legal entity."""

    locked: LockedOrders
    document: str
    pro_forma: bool
    at: dt.datetime
    today: Today
    setup: policies.Setup
    _days: dict[str, dt.date] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        """Who posts, with the grants of now."""
        return self.locked.actor

    def day(self, legal_entity: str) -> dt.date:
        """Today in the legal entity."""
        if legal_entity not in self._days:
            self._days[legal_entity] = self.today(legal_entity)
        return self._days[legal_entity]

    def days(self, orders: Sequence[SalesOrder]) -> dict[str, dt.date]:
        """Today in each legal entity of the orders."""
        return {order.legal_entity_id: self.day(order.legal_entity_id) for order in orders}

    def is_external(self, order: SalesOrder) -> bool:
        """Whether the ERP posts in the order's legal entity."""
        row = self.setup.row(order.legal_entity_id)
        return row is not None and row.posting == Parameters.Posting.EXTERNAL

    def request(self) -> dict[str, Any]:
        """What is being posted, as a hold keeps it."""
        return {"document": self.document, "pro_forma": self.pro_forma, "actor": self.actor.reference}


def post_documents(
    *, orders: Sequence[int], document: str, pro_forma: bool = False, actor: Actor, at: dt.datetime, today: Today
) -> list[Posting]:
    """Check each order at `document`, each seeing the credit that those before it used, and post it or put it on hold.

    One transaction for all; an order that can't be posted (`failed`, with the error) changes nothing. At most 15
    statements whatever the number of orders of a kind. Raises `NotDecided` when the credit was not to be had in time.
    """
    with locked_orders(orders, actor=actor, patience=Patience.CHECK) as locked:
        call = Round(locked, document, pro_forma, at, today, policies.current_setup())
        done = {order_id: _at_the_door(call, order_id) for order_id in dict.fromkeys(orders)}
        waiting = [locked.orders[order_id] for order_id, posting in done.items() if posting is None]
        done |= _check_and_post(call, [order for order in waiting if order.order_type == SalesOrder.Type.SALES])
        done |= _sell_at_the_counter(call, [order for order in waiting if order.order_type != SalesOrder.Type.SALES])
    return [posting for posting in done.values() if posting is not None]


def post_document(
    *, order: int, document: str, pro_forma: bool = False, actor: Actor, at: dt.datetime, today: Today
) -> Posting:
    """`post_documents` of one. Raises `NotFound`, `OutOfScope`, `NotAllowed`, and `Refused` with `rejected`,
    `order_cancelled`, `already_posted` or `out_of_order`."""
    [posting] = post_documents(orders=[order], document=document, pro_forma=pro_forma, actor=actor, at=at, today=today)
    if posting.error is not None:
        raise posting.error
    return posting


def _at_the_door(call: Round, order_id: int) -> Posting | None:
    """What can be answered without a check: it can't be posted, or it is on hold already. None: check it."""
    try:
        order = call.locked.orders.get(order_id)
        if order is None:
            raise NotFound(f"Order {order_id} was not found.")
        authorize(call.actor, Action.POST_DOCUMENT, order.legal_entity_id, f"Order {order.key}")
        refuse_out_of_turn(order, call.document, pro_forma=call.pro_forma)
    except (NotFound, Refused, NotAllowed, OutOfScope) as error:
        return Posting(order_id, "failed", message=str(error), error=error)
    hold = call.locked.holds.get(order_id)
    if hold is None:
        return None
    return Posting(order_id, "held", decision_id=hold.last_decision_id, hold=hold, message=_on_hold(hold))


def _on_hold(hold: Hold) -> str:
    return f"Order {hold.order.key} is on hold ({hold.number}); nothing was posted."


def _check_and_post(call: Round, orders: Sequence[SalesOrder]) -> dict[int, Posting]:
    if not orders:
        return {}
    checked = _check(call, orders)
    pairs = list(zip(checked, _record(call, checked), strict=True))
    by_id = {order.pk: order for order in orders}
    go_on = [(by_id[one.decision.order_id], one.decision) for one, _ in pairs if not one.decision.holds]
    external = _go_on(call, go_on)
    holds = _stop(call, [(by_id[one.decision.order_id], one, pk) for one, pk in pairs if one.decision.holds])
    answers = {}
    for one, pk in pairs:
        order_id = one.decision.order_id
        hold = holds.get(order_id)
        outcome = "held" if hold else "cleared" if order_id in external else "posted"
        answers[order_id] = Posting(order_id, outcome, one.decision, pk, hold, _on_hold(hold) if hold else "")
    return answers


def _go_on(call: Round, passed: Sequence[tuple[SalesOrder, Decision]]) -> set[int]:
    """Orders that passed or are posted unchecked: credit, grace, document. Returns those that the ERP posts."""
    for order, decision in passed:
        if decision.outcome is Outcome.PASSED:
            order.credit_status = SalesOrder.CreditStatus.PASSED
    commitments.commit([order.pk for order, _ in passed], accounts=call.locked.accounts, at=call.at)
    grants = [
        clearances.Grant(
            order.pk, order.legal_entity_id, call.document, call.pro_forma, call.day(order.legal_entity_id)
        )
        for order, decision in passed
        if decision.outcome is Outcome.PASSED and not _ends(call, order)
    ]
    external = move_documents(call, [order for order, _ in passed])
    clearances.grant_pass(grants, policy=call.setup.policy, at=call.at)
    cleared = [
        order.pk
        for order, decision in passed
        if decision.not_checked_because is NotChecked.CLEARED_BY_RELEASE
        and (order.pk not in external or call.pro_forma)
    ]
    if cleared:
        clearances.consume_clearance(cleared, document=call.document, pro_forma=call.pro_forma)
    return external


def _ends(call: Round, order: SalesOrder) -> bool:
    """Whether this posting is the order's last: after the invoice there is nothing left to be graceful about."""
    return call.document == Document.INVOICE and not call.pro_forma and not call.is_external(order)


def move_documents(call: Round, orders: Sequence[SalesOrder]) -> set[int]:
    """Post the document of orders that may go on, or let the ERP post it; returns those. See Note [What is posted].

    Saves the orders, their credit status as it stands included. A pro forma moves nothing.
    """
    external = [order for order in orders if call.is_external(order)]
    internal = [order for order in orders if not call.is_external(order)]
    if call.pro_forma:
        documents.save_orders(orders)
    elif internal:
        documents.post(internal, call.document, on=call.days(internal))
        if call.document == Document.INVOICE:
            commitments.free([order.pk for order in internal])
    if external and not call.pro_forma:
        for order in external:
            order.awaiting_document = call.document
        documents.save_orders(external)
    return {order.pk for order in external}


def _stop(call: Round, held: Sequence[tuple[SalesOrder, Checked, uuid.UUID]]) -> dict[int, Hold]:
    """Put the orders on hold: hold with reasons and figures, credit freed, the ERP told."""
    if not held:
        return {}
    stops = [
        Stop(
            order=order,
            checkpoint=call.document,
            pro_forma=call.pro_forma,
            reasons=one.decision.reasons,
            setting=one.setting,
            posting_request=call.request(),
            figures=one.decision.figures,
            decision_id=decision_id,
            data={"document": call.document, "remove_blocked_load_lines": _removes_lines(call, order)},
        )
        for order, one, decision_id in held
    ]
    orders = [order for order, _, _ in held]
    stop_orders(orders)
    return {hold.order_id: hold for hold in place_holds(stops, actor=call.actor, at=call.at)}


def stop_orders(orders: Sequence[SalesOrder]) -> None:
    """Orders that go on hold show it and use no credit any more (`domain 3.2`): others may have it."""
    for order in orders:
        order.credit_status = SalesOrder.CreditStatus.ON_HOLD
        order.awaiting_document = ""
    documents.save_orders(orders)
    if commitments.free([order.pk for order in orders]):
        mark_freed(orders, CauseKind.ORDER_STOPPED)


def _removes_lines(call: Round, order: SalesOrder) -> bool:
    row = call.setup.row(order.legal_entity_id)
    return row is not None and row.remove_blocked_load_lines


def _sell_at_the_counter(call: Round, orders: Sequence[SalesOrder]) -> dict[int, Posting]:
    """Point-of-sale and call-centre orders: the credit limit only, never on hold (`domain 4.8`)."""
    if not orders:
        return {}
    checked = _check(call, orders, limit_only=True)
    by_id = {order.pk: order for order in orders}
    ids = {one.decision.order_id: pk for one, pk in zip(checked, _record(call, checked), strict=True)}
    passed = [(by_id[one.decision.order_id], one.decision) for one in checked if not one.decision.holds]
    external = _go_on(call, passed)
    answers, mask = {}, Mask(call.actor)
    for one in checked:
        order_id, decision = one.decision.order_id, one.decision
        outcome = "refused" if decision.holds else "cleared" if order_id in external else "posted"
        answers[order_id] = Posting(
            order_id, outcome, decision, ids[order_id], message=_why_refused(mask.decision(decision))
        )
    return answers


def _why_refused(decision: Decision) -> str:
    return " ".join(messages.reason_message(reason) for reason in decision.reasons)


def _check(call: Round, orders: Sequence[SalesOrder], *, limit_only: bool = False) -> list[Checked]:
    return check_for_posting(
        [order.pk for order in orders],
        checkpoint=call.document,
        pro_forma=call.pro_forma,
        as_of=call.days(orders),
        setup=call.setup,
        limit_only=limit_only,
    )


def _record(call: Round, checked: Sequence[Checked]) -> list[uuid.UUID]:
    return decisions.record_decisions(checked, kind=DecisionRecord.Kind.POSTING, actor=call.actor, at=call.at)
