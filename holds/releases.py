"""Releasing holds, and taking a release back (`domain 5.2`, `6`).

A release checks nothing: a person may release what exceeds the limit, and it is recorded with the figures. With
posting, what was being posted when the order was stopped is posted in the same transaction; where that fails the hold
stays as it is and the message says why. Without posting, that document is cleared: it can be posted once unchecked.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from credit_mgmt import clearances, commitments, policies
from credit_mgmt.models import DecisionRecord
from customers import documents, outbox
from customers.access import Action, Actor
from customers.errors import InvalidInput, Refused
from customers.marks import CauseKind
from customers.models import Reason, SalesOrder
from customers.money import amount_text
from customers.rates import minor_units
from holds.each import BulkResult, authorize_hold, each_hold, require_active
from holds.events import Change, EventType, tell
from holds.freeing import mark_freed
from holds.locking import LockedOrders
from holds.models import Hold, HoldEvent
from holds.posting import Round, Today, move_documents
from holds.reasons import find_reason, require_entity
from holds.saving import save_holds
from holds.turns import refuse_closed, refuse_out_of_turn

REINSTATE_WITHIN = dt.timedelta(minutes=15)
"""For how long a release without posting can be taken back (`domain 6`)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How holds are released: what the release dialog asks for."""

    mode: str
    reason: Reason
    at: dt.datetime
    today: Today
    review_date: dt.date | None = None
    note: str = ""
    cause: str = ""
    """Why the system released by itself: `evaluation` or `modified`; empty where a person did."""


def release_holds(
    *,
    ids: Iterable[uuid.UUID | str],
    mode: str,
    reason: str | None,
    actor: Actor,
    at: dt.datetime,
    today: Today,
    review_date: dt.date | None = None,
    note: str = "",
    versions: Mapping[Any, int] | None = None,
) -> BulkResult:
    """Release each hold, `with_posting` or `without_posting`, with a release reason by its code (`domain 6`).

    `versions` are what the caller looked at, by id as text: a hold changed since is not released (`stale`). Failure
    codes: `not_found`, `not_allowed`, `hold_not_active`, `in_workflow`, `stale`, `other_entity`, `required` and
    `in_the_past` (review date), `posting_failed`, `rejected`. Raises `InvalidInput` for mode and reason.
    """
    if mode not in Hold.Mode.values:
        raise InvalidInput.of("mode", "unknown", f"Choose one of {', '.join(Hold.Mode.values)}.")
    found = find_reason(reason, type=Reason.Type.RELEASE, note=note)
    if found is None:
        raise InvalidInput.of("reason", "required", "Give a reason of type release.")
    terms = Terms(mode=mode, reason=found, at=at, today=today, review_date=review_date, note=note)
    seen = {str(key): version for key, version in (versions or {}).items()}

    def act(hold: Hold, locked: LockedOrders) -> None:
        _may_release(hold, locked.actor, seen.get(str(hold.pk)), terms)
        release(hold, locked, terms)

    return each_hold(ids, actor=actor, act=act)


def release_hold(*, id: uuid.UUID | str, **options: Any) -> Hold:
    """`release_holds` of one; raises what stopped it, and returns the hold as it is then."""
    return Hold.objects.get(pk=release_holds(ids=[id], **options).only())


def _may_release(hold: Hold, actor: Actor, version: int | None, terms: Terms) -> None:
    """The release is this actor's to make, of this hold as it was looked at, with this reason."""
    authorize_hold(actor, Action.RELEASE, hold)
    require_active(hold, version=version)
    if hold.forced:
        authorize_hold(actor, Action.RELEASE_FORCED, hold)
    require_entity(terms.reason, hold.legal_entity_id)
    row = policies.current_setup().row(hold.legal_entity_id)
    if terms.review_date is None:
        if row is not None and row.require_review_date:
            raise InvalidInput.of("review_date", "required", f"{hold.legal_entity_id} requires a review date.")
    elif terms.review_date < terms.today(hold.legal_entity_id):
        raise InvalidInput.of("review_date", "in_the_past", "Choose a review date of today or later.")


def release(hold: Hold, locked: LockedOrders, terms: Terms) -> None:
    """`release_all` of one. Raises `Refused`: `rejected`, `order_cancelled`, and `posting_failed` with why."""
    for error in release_all([hold], locked, terms).values():
        raise error


def release_all(
    holds: Sequence[Hold], locked: LockedOrders, terms: Terms, *, setup: policies.Setup | None = None
) -> dict[uuid.UUID, Refused]:
    """Release active holds whose orders are locked, in the caller's transaction; returns those that did not work.

    `setup` gives the grace days, today's unless the caller goes by another. A fixed number of statements for each
    document that is posted, whatever the number of holds.
    """
    failed: dict[uuid.UUID, Refused] = {}
    calls: dict[tuple[str, bool], list[Hold]] = defaultdict(list)
    for hold in holds:
        try:
            calls[_document_to_post(hold, locked.orders[hold.order_id], terms)].append(hold)
        except Refused as error:
            failed[hold.pk] = error
    setup = setup or policies.current_setup()
    for (document, pro_forma), some in calls.items():
        _release_some(some, Round(locked, document, pro_forma, terms.at, terms.today, setup), terms)
    return failed


def _document_to_post(hold: Hold, order: SalesOrder, terms: Terms) -> tuple[str, bool]:
    """What a release of `hold` posts: document and pro forma; an empty document without posting. Raises `Refused`."""
    refuse_closed(order)
    if terms.mode == Hold.Mode.WITHOUT_POSTING:
        return "", False
    request = hold.posting_request
    if not request:
        raise Refused(
            "posting_failed",
            f"Nothing was being posted when {hold.number} was placed; release it without posting.",
        )
    document, pro_forma = str(request["document"]), bool(request.get("pro_forma"))
    try:
        refuse_out_of_turn(order, document, pro_forma=pro_forma)
    except Refused as error:
        raise Refused("posting_failed", f"The posting failed: {error.message}", {"cause": error.code}) from error
    return document, pro_forma


def _release_some(holds: Sequence[Hold], call: Round, terms: Terms) -> None:
    """Release `holds`, all of which post the same document, or none."""
    orders = [call.locked.orders[hold.order_id] for hold in holds]
    units = minor_units()
    changes = [_close(hold, order, call.actor, terms, units) for hold, order in zip(holds, orders, strict=True)]
    save_holds(holds)
    commitments.commit([order.pk for order in orders], accounts=call.locked.accounts, at=terms.at)
    external: set[int] = set()
    if call.document:
        external = move_documents(call, orders)
    else:
        documents.save_orders(orders)
    grants = [_grant(hold, call) for hold in holds]
    posted = [grant for grant in grants if call.document and grant.order_id not in external]
    cleared = [grant for grant in grants if not call.document or grant.order_id in external]
    clearances.grant_release(posted, policy=call.setup.policy, at=terms.at, clear=False)
    clearances.grant_release(cleared, policy=call.setup.policy, at=terms.at, clear=True)
    tell(changes, actor=call.actor, at=terms.at)
    outbox.record_all([_request_posting(hold, terms) for hold in holds if hold.order_id in external])


def _close(hold: Hold, order: SalesOrder, actor: Actor, terms: Terms, units: Mapping[str, int]) -> Change:
    change = Change(hold, EventType.RELEASED, hold.status, _evidence(hold, order, terms, units[hold.currency]))
    hold.release()
    hold.release_mode, hold.release_reason = terms.mode, terms.reason
    hold.decided_at, hold.decided_by = terms.at, actor.reference
    hold.review_date = terms.review_date or hold.review_date
    hold.note = terms.note or hold.note
    hold.version += 1
    order.credit_status = SalesOrder.CreditStatus.RELEASED
    return change


def _evidence(hold: Hold, order: SalesOrder, terms: Terms, units: int) -> dict[str, Any]:
    """What is written down of a release: how, why, and with which figures (`domain 6`, I2), in the hold's currency."""
    amounts = {name: getattr(hold, name) for name in ("amount", "over_limit", "overdue_amount")}
    figures = {name: None if value is None else amount_text(value, units) for name, value in amounts.items()}
    used = None if hold.used_percent is None else str(hold.used_percent)
    return {
        "mode": terms.mode,
        "reason": terms.reason.code,
        "note": terms.note,
        "review_date": terms.review_date.isoformat() if terms.review_date else None,
        "reasons": list(hold.reason_codes),
        "document": (hold.posting_request or {}).get("document", hold.checkpoint),
        "document_status": order.document_status,
        "cause": terms.cause,
        "figures": {**figures, "used_percent": used, "currency": hold.currency, "limiting_group": hold.limiting_group},
    }


def _grant(hold: Hold, call: Round) -> clearances.Grant:
    """Grace begins; where nothing was posted, the document at which the order was stopped is cleared (`domain 5.2`)."""
    day = call.day(hold.legal_entity_id)
    return clearances.Grant(hold.order_id, hold.legal_entity_id, hold.checkpoint, hold.pro_forma, day)


def _request_posting(hold: Hold, terms: Terms) -> outbox.Event:
    """Tell the ERP to post (`domain 5.3`): its report is awaited, a failure puts the order back on hold."""
    return outbox.Event(
        type="posting_requested",
        key=f"posting:{hold.pk}:{hold.version}",
        legal_entity=hold.legal_entity_id,
        subject=hold.order.key,
        at=terms.at,
        data={"sales_order": hold.order.key, "hold": str(hold.pk), **(hold.posting_request or {})},
    )


def reinstate_hold(*, id: uuid.UUID | str, actor: Actor, at: dt.datetime) -> Hold:
    """Take a release without posting back: within 15 minutes, by who released, nothing posted since (`domain 6`).

    The order's commitment is freed, and what the release cleared is over. Raises `Refused`: `hold_not_released`,
    `not_your_release`, `too_late`, `posted_since`, `hold_not_active` where the order is on hold again.
    """

    def act(hold: Hold, locked: LockedOrders) -> None:
        take_release_back(hold, locked, at)

    return Hold.objects.get(pk=each_hold([id], actor=actor, act=act).only())


def take_release_back(hold: Hold, locked: LockedOrders, at: dt.datetime) -> None:
    """What `reinstate_hold` does, for a hold whose order is locked, in the caller's transaction."""
    authorize_hold(locked.actor, Action.RELEASE, hold)
    order = locked.orders[hold.order_id]
    _may_reinstate(hold, order, locked, at)
    order.credit_status = SalesOrder.CreditStatus.ON_HOLD
    documents.save_orders([order])
    commitments.free([order.pk])
    clearances.end([order.pk])
    before = hold.status
    hold.reinstate()
    hold.release_mode, hold.release_reason = "", None
    hold.decided_at, hold.decided_by = None, ""
    hold.version += 1
    save_holds([hold])
    tell([Change(hold, EventType.REINSTATED, before, {"reasons": hold.reason_codes})], actor=locked.actor, at=at)
    mark_freed([order], CauseKind.ORDER_STOPPED)


def _may_reinstate(hold: Hold, order: SalesOrder, locked: LockedOrders, at: dt.datetime) -> None:
    if hold.status != Hold.Status.RELEASED or hold.release_mode != Hold.Mode.WITHOUT_POSTING or not hold.decided_at:
        raise Refused("hold_not_released", "Only a release without posting can be taken back.")
    if hold.decided_by != locked.actor.reference:
        raise Refused("not_your_release", "Only who released a hold can take the release back.")
    if at - hold.decided_at > REINSTATE_WITHIN:
        raise Refused("too_late", "A release can be taken back for 15 minutes; force a hold instead.")
    if order.pk in locked.holds or order.credit_status != SalesOrder.CreditStatus.RELEASED:
        raise Refused("order_moved_on", f"Order {order.key} is {order.credit_status} now; the release stands.")
    if _posted_since(hold, order):
        raise Refused("posted_since", f"A document of order {order.key} was posted since; the release stands.")


def _posted_since(hold: Hold, order: SalesOrder) -> bool:
    """Whether a document was posted, or cleared for the ERP, after the release."""
    event = HoldEvent.objects.get(hold=hold, version=hold.version)
    if order.awaiting_document or event.data.get("document_status") != order.document_status:
        return True
    postings = DecisionRecord.objects.filter(order=order, kind=DecisionRecord.Kind.POSTING, at__gt=event.at)
    return postings.exclude(outcome=DecisionRecord.Outcome.HELD).exists()
