"""Sales asks about an order on hold (`ux` 3.19): the question stands on the hold, and the hold is before its owner.

No mail is sent. The owner finds the hold due for review today, awake if it had been put aside, with the question in its
history. Whoever asks learns nothing that they may not see: neither figures nor notes come back.
"""

import datetime as dt

from customers.access import Action, Actor, authorize
from customers.errors import InvalidInput, NotFound, Refused
from holds.editing import write_edit
from holds.events import EventType
from holds.locking import locked_orders
from holds.models import Hold
from holds.posting import Today
from holds.snoozing import wake
from holds.worklist import day_text

LONGEST_QUESTION = 2_000


def ask_credit(*, order: int, question: str, actor: Actor, at: dt.datetime, today: Today) -> Hold:
    """Put a question about an order on hold to whoever decides it: it is due for review today.

    Raises `InvalidInput` for a question that says nothing or too much, `NotFound`, `OutOfScope`, `NotAllowed`, and
    `Refused` with `not_on_hold`.
    """
    question = question.strip()
    if not question:
        raise InvalidInput.of("question", "required", "Write what you would like to know.")
    if len(question) > LONGEST_QUESTION:
        raise InvalidInput.of("question", "too_long", f"A question has at most {LONGEST_QUESTION:,} characters.")
    with locked_orders([order], actor=actor) as locked:
        if order not in locked.orders:
            raise NotFound(f"Order {order} was not found.")
        found = locked.orders[order]
        authorize(locked.actor, Action.ASK_CREDIT, found.legal_entity_id, f"Order {found.key}")
        hold = locked.holds.get(order)
        if hold is None:
            raise Refused("not_on_hold", f"Order {found.number} is not on hold: there is nothing to ask.")
        day = today(found.legal_entity_id)
        woken = wake(hold, "asked") or {}
        before = {**woken.get("before", {}), "review_date": day_text(hold.review_date)}
        hold.review_date = min(hold.review_date or day, day)
        told = {"note": question, "review_date": day_text(hold.review_date), "before": before}
        write_edit(hold, EventType.ASKED, told, locked=locked, at=at)
        return hold
