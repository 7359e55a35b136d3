"""Working the hold list: who looks after a hold, when to look again, what was found out (`domain 6`, `13`)."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from customers.access import Action, Actor
from customers.errors import InvalidInput, Refused
from customers.models import AccessGrant
from holds.each import BulkResult, authorize_hold, each_hold
from holds.events import Change, EventType, tell
from holds.locking import LockedOrders
from holds.models import Hold
from holds.saving import save_holds

Edit = Callable[[Hold], Mapping[str, Any] | None]
"""Changes a hold and returns what the event says; None where nothing changed."""


def assign_holds(*, ids: Iterable[uuid.UUID | str], assignee: str | None, actor: Actor, at: dt.datetime) -> BulkResult:
    """Give each active hold to a user, by name, or to nobody. The user must be able to see the hold's legal entity.

    Raises `InvalidInput` for an unknown user. Failure codes as `release_holds`, and `cannot_see`.
    """
    user = None
    if assignee:
        user = get_user_model().objects.filter(username=assignee, is_active=True).first()
        if user is None:
            raise InvalidInput.of("assignee", "unknown", f"There is no active user {assignee!r}.")

    def edit(hold: Hold) -> Mapping[str, Any] | None:
        if user is not None and not _may_see(user.pk, hold.legal_entity_id):
            raise InvalidInput.of(
                "assignee", "cannot_see", f"{assignee} was granted nothing in {hold.legal_entity_id}."
            )
        if hold.assignee_id == (user.pk if user else None):
            return None
        hold.assignee = user
        return {"assignee": user.get_username() if user else ""}

    return _edit_each(ids, EventType.ASSIGNED, edit, actor=actor, at=at)


def _may_see(user_id: int, legal_entity: str) -> bool:
    grants = AccessGrant.objects.filter(user_id=user_id)
    return grants.filter(legal_entity=legal_entity).exists() or grants.filter(legal_entity__isnull=True).exists()


def set_review_date(
    *, ids: Iterable[uuid.UUID | str], review_date: dt.date | None, actor: Actor, at: dt.datetime
) -> BulkResult:
    """Note on which day each hold is to be looked at again; None takes the date away. Closed holds may have one too."""

    def edit(hold: Hold) -> Mapping[str, Any] | None:
        if hold.review_date == review_date:
            return None
        hold.review_date = review_date
        return {"review_date": review_date.isoformat() if review_date else ""}

    return _edit_each(ids, EventType.REVIEW_DATE_SET, edit, actor=actor, at=at, closed=True)


def add_note(*, ids: Iterable[uuid.UUID | str], note: str, actor: Actor, at: dt.datetime) -> BulkResult:
    """Replace the note that the list shows of each hold; what was written before stays in its history."""

    def edit(hold: Hold) -> Mapping[str, Any] | None:
        if hold.note == note:
            return None
        hold.note = note
        return {"note": note}

    return _edit_each(ids, EventType.NOTED, edit, actor=actor, at=at, closed=True)


@transaction.atomic
def edit_hold(*, id: uuid.UUID | str, changes: Mapping[str, Any], actor: Actor, at: dt.datetime) -> Hold:
    """Change `review_date`, `assignee` and `note` of one hold, those that `changes` names; all or none.

    Raises what `assign_holds`, `set_review_date` and `add_note` list as failures.
    """
    if "assignee" in changes:
        assign_holds(ids=[id], assignee=changes["assignee"], actor=actor, at=at).only()
    if "review_date" in changes:
        set_review_date(ids=[id], review_date=changes["review_date"], actor=actor, at=at).only()
    if "note" in changes:
        add_note(ids=[id], note=changes["note"], actor=actor, at=at).only()
    return Hold.objects.get(pk=id)


def _edit_each(
    ids: Iterable[uuid.UUID | str], type: EventType, edit: Edit, *, actor: Actor, at: dt.datetime, closed: bool = False
) -> BulkResult:
    def act(hold: Hold, locked: LockedOrders) -> None:
        authorize_hold(locked.actor, Action.WORK_HOLDS, hold)
        if hold.status != Hold.Status.ACTIVE and not closed:
            raise Refused("hold_not_active", f"Hold {hold.number} is {hold.status} already.", {"status": hold.status})
        data = edit(hold)
        if data is not None:
            hold.version += 1
            save_holds([hold])
            tell([Change(hold, type, hold.status, data)], actor=locked.actor, at=at)

    return each_hold(ids, actor=actor, act=act)
