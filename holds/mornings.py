"""What begins with a day: snoozed holds come back, and whoever forced a hold until today is asked (`ux` 3.3, 3.4)."""

import datetime as dt
from collections.abc import Mapping

from django.db.models import Q

from customers.access import system_actor
from holds.each import BulkResult, each_hold
from holds.editing import write_edit
from holds.events import EventType
from holds.locking import LockedOrders
from holds.models import Hold
from holds.snoozing import wake, wake_due
from holds.worklist import day_text, works_in

SYSTEM = "calendar"


def begin_day(*, at: dt.datetime, today: Mapping[str, dt.date]) -> None:
    """Everything that is due on the day of each legal entity in `today`. Called often; twice is once."""
    wake_due(at=at, today=today)
    ask_about_forced(at=at, today=today)


def ask_about_forced(*, at: dt.datetime, today: Mapping[str, dt.date]) -> BulkResult:
    """Lay holds that were forced until now before whoever forced them: theirs, due for review, awake (`ux` 3.4).

    They stay forced: a forced hold waits for a person (`domain 6`). Who may no longer work on them is not given them.
    """
    due = Q()
    for entity, day in today.items():
        due |= Q(legal_entity=entity, forced_until__lte=day)
    if not today:
        return BulkResult()
    rows = Hold.objects.filter(due, status=Hold.Status.ACTIVE).order_by("forced_until", "pk")

    def act(hold: Hold, locked: LockedOrders) -> None:
        day = today[hold.legal_entity_id]
        if hold.status == Hold.Status.ACTIVE and hold.forced_until is not None and hold.forced_until <= day:
            write_edit(hold, EventType.FORCE_DUE, _ask(hold, day), locked=locked, at=at)

    return each_hold(list(rows.values_list("pk", flat=True)), actor=system_actor(SYSTEM), act=act)


def _ask(hold: Hold, day: dt.date) -> dict[str, str]:
    until, hold.forced_until = hold.forced_until, None
    hold.review_date = day
    wake(hold, "force_due")
    kind, _, person = hold.forced_by.partition(":")
    if kind == "user" and works_in(int(person)) & {None, hold.legal_entity_id}:
        hold.assignee_id = int(person)
    return {"until": day_text(until), "review_date": day_text(day)}
