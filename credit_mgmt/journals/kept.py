"""What lines of a draft were before many of them were changed or removed at once: kept so that it can be taken back.

Only the last such act of a journal is kept (`ux.md` 3.8); `undoing` takes it back.
"""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from credit_mgmt.models import JournalUndo, LimitJournal, LimitJournalLine
from customers.access import Action, Actor, scoped

UNDO_WITHIN = dt.timedelta(minutes=15)
CHANGED = ("new_limit", "new_from", "new_to")
_AMOUNTS = frozenset({"current_limit", "current_temporary", "new_limit"})
_DAYS = frozenset({"current_expires_on", "current_temporary_from", "current_temporary_to", "new_from", "new_to"})
_KEPT = (
    "number", "customer_id", "group_id", "currency_id", "current_limit", "current_expires_on", "current_temporary",
    "current_temporary_from", "current_temporary_to", *CHANGED, "reverses_id",
)  # fmt: skip
Kept = dict[str, Any]


def kept(line: LimitJournalLine) -> Kept:
    """A line as it is now, as JSON."""
    return {name: _plain(getattr(line, name)) for name in _KEPT}


def values_of(line: LimitJournalLine) -> list[Any]:
    """What a bulk change may change of a line, as JSON."""
    return [_plain(getattr(line, name)) for name in CHANGED]


def restored(stored: Kept) -> dict[str, Any]:
    """The typed values of a line that was kept."""
    return {name: _typed(name, stored[name]) for name in _KEPT}


def keep(
    draft: LimitJournal,
    kind: str,
    lines: Sequence[Kept],
    *,
    left: Sequence[list[Any]] = (),
    actor: Actor,
    at: dt.datetime,
) -> None:
    """Remember lines as they were, instead of what was remembered before; `left` is what a change left of each.

    Within `editing`.
    """
    values = {"kind": kind, "actor": actor.reference, "at": at, "count": len(lines)}
    stored = {"lines": list(lines), "left": list(left)}
    JournalUndo.objects.update_or_create(journal=draft, defaults={**values, **stored})


def undoable(*, actor: Actor, at: dt.datetime, journal: LimitJournal | None = None) -> list[JournalUndo]:
    """What `actor` may still take back, newest first: of all drafts that the actor sees, or of one. One query."""
    rows = JournalUndo.objects.filter(actor=actor.reference, at__gte=at - UNDO_WITHIN)
    rows = rows.filter(journal__status=LimitJournal.Status.DRAFT).select_related("journal")
    if journal is not None:
        rows = rows.filter(journal=journal)
    seen = scoped(rows, actor, Action.VIEW_EXPOSURE, path="journal__legal_entity")
    return list(seen.defer("lines", "left").order_by("-at", "pk"))


def _plain(value: Any) -> Any:
    """As JSON; the same amount is the same text, however many zeros the database adds."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, dt.date) else value


def _typed(name: str, value: Any) -> Any:
    if value is None or name not in _AMOUNTS | _DAYS:
        return value
    return Decimal(value) if name in _AMOUNTS else dt.date.fromisoformat(value)
