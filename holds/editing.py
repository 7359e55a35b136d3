"""Changing what people note on a hold: one way for assignee, review date, note and snooze (`domain 6`).

Each edit runs under the lock of the hold's order, raises the version and leaves an event that says what was there
before, so that it can be taken back (`holds.recent`).
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from customers.access import Action, Actor
from customers.errors import Refused
from holds.each import BulkResult, authorize_hold, each_hold, refuse_stale
from holds.events import Change, EventType, tell
from holds.locking import LockedOrders
from holds.models import Hold
from holds.saving import save_holds

Edit = Callable[[Hold], Mapping[str, Any] | None]
"""Changes a hold and returns what the event says, `before` among it; None where nothing changed."""


def edit_each(
    ids: Iterable[uuid.UUID | str],
    type: EventType,
    edit: Edit,
    *,
    actor: Actor,
    at: dt.datetime,
    closed: bool = False,
    versions: Mapping[Any, int] | None = None,
) -> BulkResult:
    """Run `edit` on each hold that `actor` may work on; closed holds only with `closed`.

    `versions` are what the caller looked at, by id as text. Failure codes: `not_found`, `not_allowed`,
    `hold_not_active`, `stale`, and those of `edit`.
    """
    seen = {str(key): version for key, version in (versions or {}).items()}

    def act(hold: Hold, locked: LockedOrders) -> None:
        authorize_hold(locked.actor, Action.WORK_HOLDS, hold)
        if hold.status != Hold.Status.ACTIVE and not closed:
            raise Refused("hold_not_active", f"Hold {hold.number} is {hold.status} already.", {"status": hold.status})
        refuse_stale(hold, seen.get(str(hold.pk)))
        write_edit(hold, type, edit(hold), locked=locked, at=at)

    return each_hold(ids, actor=actor, act=act)


def write_edit(
    hold: Hold, type: EventType, data: Mapping[str, Any] | None, *, locked: LockedOrders, at: dt.datetime
) -> None:
    """Save an edited hold with its event; nothing where `data` is None, as nothing changed."""
    if data is None:
        return
    hold.version += 1
    save_holds([hold])
    tell([Change(hold, type, hold.status, data)], actor=locked.actor, at=at)
