"""Putting a hold aside until a day (`ux` 3.1, 3.3): it leaves the working views and comes back by itself.

A snoozed hold is still on hold: it can be released, rejected or forced, and every evaluation looks at it. It wakes
when its day begins in its legal entity's time zone, and earlier when something happens that was to end the snooze.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from django.db.models import Q

from customers.access import Actor, system_actor
from customers.errors import InvalidInput, Refused
from customers.models import Customer
from holds.each import BulkResult, each_hold, require_active
from holds.editing import edit_each, write_edit
from holds.events import Change, EventType, tell
from holds.locking import LockedOrders
from holds.models import Hold
from holds.posting import Today
from holds.saving import save_holds
from holds.worklist import Versions, day_text

LONGEST = dt.timedelta(days=366)
"""A hold put aside for longer was put aside by a slip of the keyboard."""
SYSTEM = "snooze"


class Wake(StrEnum):
    """What ends a snooze before its day."""

    REASONS = "reasons"
    PAYMENT = "payment"
    SHIP_DATE = "ship_date"


USUAL = (Wake.REASONS, Wake.PAYMENT)
"""What the dialog has ticked (`ux` 3.3)."""
BEFORE_SHIPPING = dt.timedelta(days=1)


def snooze_holds(
    *,
    ids: Iterable[uuid.UUID | str],
    until: dt.date,
    actor: Actor,
    at: dt.datetime,
    today: Today,
    wakes_on: Sequence[str] = USUAL,
    versions: Versions = None,
) -> BulkResult:
    """Put each active hold aside until the morning of `until`, or until one of `wakes_on` happens.

    Failure codes as `edit_each`, `in_workflow`, and on fields `in_the_past`, `too_far`, `ships_first`. Raises
    `InvalidInput` for an unknown word in `wakes_on`.
    """
    chosen = wake_words(wakes_on)

    def edit(hold: Hold) -> Mapping[str, Any] | None:
        require_active(hold)
        _refuse_day(hold, until, chosen, today(hold.legal_entity_id))
        if (hold.snoozed_until, hold.wakes_on) == (until, chosen):
            return None
        before = snooze_of(hold)
        hold.snoozed_until, hold.wakes_on = until, chosen
        return {**snooze_of(hold), "before": before}

    return edit_each(ids, EventType.SNOOZED, edit, actor=actor, at=at, versions=versions)


def wake_words(wakes_on: Sequence[str]) -> list[str]:
    """The words for what ends a snooze earlier, each once, sorted. Raises `InvalidInput` for one that is unknown."""
    known = [word.value for word in Wake]
    for word in wakes_on:
        if word not in known:
            raise InvalidInput.of("wakes_on", "unknown", f"Nothing is called {word!r}. Use: {', '.join(known)}.")
    return sorted(set(wakes_on))


def _refuse_day(hold: Hold, until: dt.date, wakes_on: Collection[str], today: dt.date) -> None:
    if until <= today:
        raise InvalidInput.of("until", "in_the_past", f"Choose a day after today, {today.isoformat()}.")
    if until - today > LONGEST:
        raise InvalidInput.of("until", "too_far", "Choose a day within a year.")
    if Wake.SHIP_DATE in wakes_on and _ships_soon(hold, today):
        raise InvalidInput.of(
            "wakes_on", "ships_first",
            f"{hold.order.number} ships on {day_text(hold.ship_date)}: it would wake at once. "
            "Leave the ship date out, or decide now.",
        )  # fmt: skip


def _ships_soon(hold: Hold, today: dt.date) -> bool:
    return hold.ship_date is not None and hold.ship_date <= today + BEFORE_SHIPPING


def snooze_of(hold: Hold) -> dict[str, Any]:
    """The snooze of a hold as evidence keeps it."""
    return {"snoozed_until": day_text(hold.snoozed_until), "wakes_on": list(hold.wakes_on)}


def wake_holds(
    *, ids: Iterable[uuid.UUID | str], actor: Actor, at: dt.datetime, versions: Versions = None
) -> BulkResult:
    """Bring snoozed holds back now, by a person; one that is not snoozed stays as it is."""
    return edit_each(ids, EventType.WOKEN, lambda hold: wake(hold, "person"), actor=actor, at=at, versions=versions)


def wake(hold: Hold, cause: str) -> dict[str, Any] | None:
    """End the snooze of a hold in memory and return what the event says; None where it is not snoozed."""
    if hold.snoozed_until is None:
        return None
    before = snooze_of(hold)
    hold.snoozed_until, hold.wakes_on = None, []
    return {**snooze_of(hold), "woken_by": cause, "before": before}


# --- waking by itself -------------------------------------------------------------------------------------------------


def wake_due(*, at: dt.datetime, today: Mapping[str, dt.date]) -> BulkResult:
    """Wake what is due in the legal entities of `today`: its day has come, or its order ships (`ux` 3.3).

    Called by the schedule; twice is once, as a hold that was woken is not due any more.
    """
    due = Q()
    for entity, day in today.items():
        ships = Q(wakes_on__contains=[Wake.SHIP_DATE.value], ship_date__lte=day + BEFORE_SHIPPING)
        due |= Q(legal_entity=entity) & (Q(snoozed_until__lte=day) | ships)
    if not today:
        return BulkResult()
    rows = Hold.objects.filter(due, status=Hold.Status.ACTIVE, snoozed_until__isnull=False)
    ids = list(rows.order_by("snoozed_until", "pk").values_list("pk", flat=True))
    return _wake_each(ids, lambda hold: _due_because(hold, today[hold.legal_entity_id]), at)


def _due_because(hold: Hold, today: dt.date) -> str:
    """Why a snoozed hold wakes by itself on `today`; empty where it sleeps on."""
    if hold.snoozed_until is not None and hold.snoozed_until <= today:
        return "day"
    return Wake.SHIP_DATE.value if Wake.SHIP_DATE in hold.wakes_on and _ships_soon(hold, today) else ""


def wake_for_payment(*, payers: Iterable[int], at: dt.datetime) -> BulkResult:
    """Wake the holds of these customers, and of the others in their credit groups, that wait for a payment."""
    known = list(payers)
    if not known:
        return BulkResult()
    groups = Customer.objects.filter(pk__in=known, credit_group__isnull=False).values("credit_group")
    whose = Q(payer__in=known) | Q(payer__credit_group__in=groups)
    rows = Hold.objects.filter(
        whose, status=Hold.Status.ACTIVE, snoozed_until__isnull=False, wakes_on__contains=[Wake.PAYMENT.value]
    )
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    return _wake_each(ids, lambda hold: Wake.PAYMENT.value if Wake.PAYMENT in hold.wakes_on else "", at)


def wake_changed(holds: Iterable[Hold], *, at: dt.datetime) -> None:
    """Wake those of `holds`, whose reasons just changed under the lock, that were to wake then (`ux` 3.3)."""
    changes = []
    for hold in holds:
        if hold.snoozed_until is not None and Wake.REASONS in hold.wakes_on:
            data = wake(hold, Wake.REASONS.value) or {}
            hold.version += 1
            changes.append(Change(hold, EventType.WOKEN, hold.status, data))
    save_holds([change.hold for change in changes])
    tell(changes, actor=system_actor(SYSTEM), at=at)


def _wake_each(ids: Sequence[uuid.UUID], because: Callable[[Hold], str], at: dt.datetime) -> BulkResult:
    """Wake each hold that is still to wake under the lock; what was decided or woken meanwhile is left alone."""

    def act(hold: Hold, locked: LockedOrders) -> None:
        if hold.status != Hold.Status.ACTIVE:
            raise Refused("hold_not_active", f"Hold {hold.number} is {hold.status} already.", {"status": hold.status})
        cause = because(hold) if hold.snoozed_until is not None else ""
        write_edit(hold, EventType.WOKEN, wake(hold, cause) if cause else None, locked=locked, at=at)

    return each_hold(ids, actor=system_actor(SYSTEM), act=act)
