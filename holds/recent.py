"""My recent actions, and taking them back (`ux` 3.0, Reversibility): by who did them, for 15 minutes.

An *act* is what a person did at one moment, to one hold or to many: the events that carry that actor and instant; or
what a job of theirs did, however long it took: the events that carry the job. Each of its holds is taken back on its
own, if what the act left is still there; what somebody changed since stays.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet, Subquery

from customers import access
from customers.access import Action, Actor
from customers.errors import NotFound, Refused
from customers.models import Job
from holds.each import BulkResult, authorize_hold, each_hold
from holds.editing import write_edit
from holds.events import EventType
from holds.forced import still_forced_by, take_force_back
from holds.locking import LockedOrders
from holds.models import Hold, HoldEvent
from holds.releases import REINSTATE_WITHIN, take_release_back
from holds.snoozing import snooze_of
from holds.worklist import day_text

UNDO_WITHIN = REINSTATE_WITHIN
"""One window for everything that can be taken back."""
SHOWN = 50
EVENTS_READ = 2000
"""An act may be on hundreds of holds; older ones than these are not listed."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did at one moment or in one job: the kind, and its newest events with their holds."""

    type: str
    at: dt.datetime
    """When it ended."""
    events: tuple[HoldEvent, ...]
    undone: int
    """On how many of these holds what it left is no longer there: taken back, or changed since."""
    count: int
    """On how many holds it was, also beyond the events that were read."""
    job: str = ""

    @property
    def left(self) -> int:
        """On how many holds it can still be taken back, while there is time."""
        return self.count - self.undone


@dataclass(frozen=True, slots=True)
class _Way:
    """How a kind of change is taken back: whether what it left is still there, and the way there."""

    action: Action
    still: Callable[[Hold, HoldEvent], bool]
    back: Callable[[Hold, HoldEvent, LockedOrders, dt.datetime], None]


def recent_acts(*, actor: Actor, most: int = SHOWN) -> list[Act]:
    """What `actor` did last, newest first, on holds that the actor still sees. Two queries, or three."""
    events = HoldEvent.objects.filter(actor=actor.reference).select_related(
        "hold__order", "hold__payer", "hold__assignee"
    )
    seen = access.scoped(events, actor, path="hold__legal_entity").order_by("-at", "type", "pk")
    its: dict[tuple[Any, str], list[HoldEvent]] = defaultdict(list)
    for event in (read := list(seen[:EVENTS_READ])):
        its[event.data.get("job") or event.at, event.type].append(event)
    acts = [_act(some) for some in its.values()]
    if len(read) == EVENTS_READ and acts[-1].job:
        acts[-1] = _counted(acts[-1], seen)
    return acts[:most]


def _act(events: Sequence[HoldEvent]) -> Act:
    """The act that these events, newest first, tell of."""
    newest, way = events[0], WAYS.get(events[0].type)
    undone = len(events) if way is None else sum(1 for event in events if not way.still(event.hold, event))
    return Act(newest.type, newest.at, tuple(events), undone, len(events), newest.data.get("job", ""))


def _counted(act: Act, seen: QuerySet[HoldEvent]) -> Act:
    """The act of a job on more holds than are read, with how many they are. One query."""
    whole = seen.order_by().filter(type=act.type, at__lte=act.at, data__job=act.job)
    return replace(act, count=whole.count())


def last_release(actor: Actor) -> tuple[str, str]:
    """How and why `actor` released last, mode and reason code; empty where that was never. One query."""
    events = HoldEvent.objects.filter(actor=actor.reference, type=EventType.RELEASED).order_by("-at", "-pk")
    data = events.values_list("data", flat=True).first() or {}
    return data.get("mode", ""), data.get("reason", "")


def can_undo(act: Act, now: dt.datetime) -> bool:
    """Whether an act can still be taken back, at least on some of its holds."""
    return act.type in WAYS and act.left > 0 and now - act.at <= UNDO_WITHIN


def act_of_job(job: uuid.UUID | str, *, actor: Actor) -> Act | None:
    """What `actor` did in a job of theirs, the newest kind of it; None where that was nothing."""
    return next((act for act in recent_acts(actor=actor) if act.job == str(job)), None)


def undo(
    *,
    actor: Actor,
    at: dt.datetime,
    moment: dt.datetime | None = None,
    job: uuid.UUID | str | None = None,
    holds: Collection[Any] | None = None,
) -> BulkResult:
    """Take back what `actor` did at `moment`, or in `job`, hold by hold; of `holds` alone where they are given.

    Failure codes: `too_late`, `changed_since`, `not_undoable`, and those of taking a release back. Raises `NotFound`
    where the actor did nothing then.
    """
    if job:
        told = _events_of_job(job, actor.reference)
    else:
        told = HoldEvent.objects.filter(actor=actor.reference, at__in=[moment] if moment else [])
    told = told if holds is None else told.filter(hold__in=list(holds))
    events: dict[Any, list[HoldEvent]] = defaultdict(list)
    for event in told.order_by("-version"):
        events[event.hold_id].append(event)
    if not events:
        raise NotFound("There is no such action of yours.")

    def act(hold: Hold, locked: LockedOrders) -> None:
        for event in events[hold.pk]:
            _take_back(hold, event, locked, at)

    return each_hold(list(events), actor=actor, act=act)


def holds_of_job(job: uuid.UUID | str, actor: str) -> list[uuid.UUID]:
    """The holds on which a job of `actor` (a reference) did something, in the order in which it did."""
    holds = _events_of_job(job, actor).order_by("at", "pk").values_list("hold_id", flat=True)
    return list(dict.fromkeys(holds))


def _events_of_job(job: uuid.UUID | str, actor: str) -> QuerySet[HoldEvent]:
    """What is told of a job of `actor`: found by who acted, from when it was started on."""
    began = Job.objects.filter(pk=job, actor=actor).values("created_at")
    return HoldEvent.objects.filter(actor=actor, at__gte=Subquery(began), data__job=str(job))


def _take_back(hold: Hold, event: HoldEvent, locked: LockedOrders, at: dt.datetime) -> None:
    way = WAYS.get(event.type)
    if way is None:
        raise Refused("not_undoable", f"What was done to {hold.number} cannot be taken back.")
    authorize_hold(locked.actor, way.action, hold)
    if at - event.at > UNDO_WITHIN:
        raise Refused("too_late", "An action can be taken back for 15 minutes; change the hold instead.")
    if not way.still(hold, event):
        raise Refused("changed_since", f"Hold {hold.number} was changed since: what is there now stays.")
    way.back(hold, event, locked, at)


# --- one way for each kind --------------------------------------------------------------------------------------------


def _released(hold: Hold, event: HoldEvent) -> bool:
    return (
        hold.status == Hold.Status.RELEASED
        and hold.decided_at == event.at
        and hold.release_mode == Hold.Mode.WITHOUT_POSTING
    )


def _unrelease(hold: Hold, event: HoldEvent, locked: LockedOrders, at: dt.datetime) -> None:
    take_release_back(hold, locked, at)


Read = Callable[[Hold], dict[str, Any]]
Restore = Callable[[Hold, Mapping[str, Any]], None]


def _edit(read: Read, restore: Restore, *, closed: bool = False) -> _Way:
    """The way back of an edit whose event says what is there now and what was there `before`.

    It is told as the same kind of event, with the two exchanged, so that it can be taken back as well.
    """

    def still(hold: Hold, event: HoldEvent) -> bool:
        if "before" not in event.data or not (closed or hold.status == Hold.Status.ACTIVE):
            return False
        return all(event.data.get(name) == value for name, value in read(hold).items())

    def back(hold: Hold, event: HoldEvent, locked: LockedOrders, at: dt.datetime) -> None:
        now, before = read(hold), event.data["before"]
        restore(hold, before)
        data = {**{name: before[name] for name in now}, "before": now, "undone": True}
        write_edit(hold, EventType(event.type), data, locked=locked, at=at)

    return _Way(Action.WORK_HOLDS, still, back)


def _snooze(hold: Hold, before: Mapping[str, Any]) -> None:
    hold.snoozed_until, hold.wakes_on = _day(before["snoozed_until"]), list(before["wakes_on"])


def _owner(hold: Hold) -> dict[str, Any]:
    return {"assignee": hold.assignee.get_username() if hold.assignee else ""}


def _assign(hold: Hold, before: Mapping[str, Any]) -> None:
    name = before["assignee"]
    user = get_user_model().objects.filter(username=name).first() if name else None
    if name and user is None:
        raise Refused("changed_since", f"There is no user {name} any more to give {hold.number} back to.")
    hold.assignee = user


def _review_of(hold: Hold) -> dict[str, Any]:
    return {"review_date": day_text(hold.review_date)}


def _review(hold: Hold, before: Mapping[str, Any]) -> None:
    hold.review_date = _day(before["review_date"])


def _note_of(hold: Hold) -> dict[str, Any]:
    return {"note": hold.note}


def _note(hold: Hold, before: Mapping[str, Any]) -> None:
    hold.note = before["note"]


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


WAYS: dict[str, _Way] = {
    EventType.RELEASED: _Way(Action.RELEASE, _released, _unrelease),
    EventType.FORCED: _Way(Action.FORCE_HOLD, still_forced_by, take_force_back),
    EventType.SNOOZED: _edit(snooze_of, _snooze),
    EventType.WOKEN: _edit(snooze_of, _snooze),
    EventType.ASSIGNED: _edit(_owner, _assign),
    EventType.REVIEW_DATE_SET: _edit(_review_of, _review, closed=True),
    EventType.NOTED: _edit(_note_of, _note, closed=True),
}
"""What can be taken back. Everything else that a person does to a hold says before that it is for good."""
