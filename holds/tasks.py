"""Celery tasks of the room. The work itself is a job in PostgreSQL; a task only starts it, and may come twice."""

import datetime as dt
from typing import Any

from celery import shared_task

from customers import clock, marks, wakeups
from customers.models import LegalEntity
from holds import mornings, notifying, reevaluation
from holds.evaluation import BusinessDates, start_scheduled_evaluation
from holds.retention import start_scheduled_purge

RECHECK_BUDGET = dt.timedelta(seconds=60)


@shared_task
def recheck_marked(**_: Any) -> None:
    """Evaluate the holds of customers of whom something changed; after a commit, and every 5 s as a safety net."""
    reevaluation.recheck_marked(at=clock.now, today=BusinessDates(), budget=RECHECK_BUDGET)
    if reevaluation.more_to_come():
        wakeups.send(reevaluation.TASK, after_seconds=marks.QUIET.total_seconds())


@shared_task
def begin_day(**_: Any) -> None:
    """Every minute: wake what was snoozed until today, and ask about what was forced until today (`ux` 3.3, 3.4)."""
    zones = LegalEntity.objects.order_by("pk").values_list("pk", "time_zone")
    mornings.begin_day(at=clock.now(), today={entity: clock.today(zone) for entity, zone in zones})


@shared_task
def evaluate_all_holds(**_: Any) -> None:
    """Every hour: evaluate all holds for release; a run that finds the last one alive is recorded as skipped (J06)."""
    start_scheduled_evaluation(now=clock.now())


@shared_task
def purge_decisions(**_: Any) -> None:
    """Every night: delete decisions past the parameter *decision retention* that no hold refers to (`domain 10`)."""
    start_scheduled_purge(now=clock.now())


@shared_task
def tell_people(**_: Any) -> None:
    """Every ten seconds: tell people what happened to their holds and customers since (`ux` 3.18)."""
    notifying.tell_people(at=clock.now())
