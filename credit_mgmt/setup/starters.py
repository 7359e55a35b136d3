"""What a setup may begin with: offered where nothing is set up yet, and shown before it is made (`ux.md` 3.11)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from customers.access import Action, Actor, authorize
from customers.errors import Refused
from customers.setup import add_record, kind_of

STARTERS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "reasons": (
        {"type": "hold", "code": "DISPUTE", "description": "Customer disputes an invoice"},
        {"type": "hold", "code": "INSOLVENCY", "description": "Signs of insolvency", "requires_note": True},
        {"type": "release", "code": "PAID", "description": "Payment received or announced"},
        {"type": "release", "code": "AGREED", "description": "Agreed with the customer", "requires_note": True},
        {"type": "release", "code": "CLEARED", "description": "Nothing blocks any more"},
        {"type": "release", "code": "CANCELLED", "description": "Order was cancelled"},
        {"type": "status", "code": "REVIEW", "description": "Credit review"},
    ),
    "account-statuses": (
        {"code": "NORMAL", "description": "In good standing", "processing_hold": "none"},
        {"code": "WATCH", "description": "Watched", "processing_hold": "none"},
        {"code": "STOP", "description": "Nothing is posted", "processing_hold": "all"},
    ),
}
"""Terms and discounts are not among them: an ERP brings those. Management groups are each company's own."""


@transaction.atomic
def add_starters(*, kind: str, actor: Actor) -> int:
    """Make the records that `kind` may begin with, shared by all legal entities; how many there are.

    Raises `Refused` (`not_empty`) where something is set up already, `NotAllowed`.
    """
    authorize(actor, Action.SETUP, None)
    if kind_of(kind).model._default_manager.exists():
        raise Refused("not_empty", "Something is set up already: add what is missing one by one.")
    for values in STARTERS.get(kind, ()):
        add_record(kind=kind, values=values, actor=actor)
    return len(STARTERS.get(kind, ()))
