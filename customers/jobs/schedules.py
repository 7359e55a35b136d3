"""Schedules that an operator may change: what runs by itself, when, and what came of it (`ux.md` 3.14).

A room registers what may be changed (`register_schedule`). The row that the scheduler reads is django-celery-beat's;
it is written from the code once, when the scheduler first starts, and is the operator's from then on
(`credit_mgmt.conf.scheduler`). What keeps the system going (sweeping, marks, mornings) is not among them.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, available_timezones

from django.db import transaction
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from customers.access import Action, Actor, authorize
from customers.errors import InvalidInput, NotFound
from customers.models import Job

DAY = dt.timedelta(days=1)
RUNS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Schedule:
    """What runs by itself: `name` is that of its runs and of the scheduler's row, `every` what may be chosen, the
    default first."""

    name: str
    task: str
    every: tuple[dt.timedelta, ...]
    description: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A schedule as it stands: how often, for daily ones `at` what time in `zone`; its runs, newest first."""

    schedule: Schedule
    on: bool
    every: dt.timedelta
    at: dt.time | None
    zone: str
    next_at: dt.datetime | None
    changed: str
    runs: Sequence[Job]


_schedules: dict[str, Schedule] = {}


def register_schedule(name: str, *, task: str, every: Sequence[dt.timedelta], description: str) -> None:
    """Let operators change a schedule; called once per process, from the `ready` of the room whose task it is."""
    _schedules[name] = Schedule(name, task, tuple(every), description)


def registered_schedules() -> dict[str, Schedule]:
    """All schedules by name, in the order of their names."""
    return dict(sorted(_schedules.items()))


def planned(now: dt.datetime) -> list[Planned]:
    """Every registered schedule as it stands. A query for the rows, and one for the runs of each."""
    names = list(registered_schedules())
    rows = PeriodicTask.objects.filter(name__in=names).select_related("interval", "crontab")
    by_name = {row.name: row for row in rows}
    return [_planned(schedule, by_name.get(schedule.name), now) for schedule in registered_schedules().values()]


def find_schedule(name: str, now: dt.datetime) -> Planned:
    """One of `planned`. Raises `NotFound`."""
    found = next((one for one in planned(now) if one.schedule.name == name), None)
    if found is None:
        raise NotFound(f"There is no schedule {name!r}.")
    return found


def _planned(schedule: Schedule, row: PeriodicTask | None, now: dt.datetime) -> Planned:
    runs = list(Job.objects.filter(schedule=schedule.name).order_by("-created_at", "-pk")[:RUNS_SHOWN])
    if row is None:
        return Planned(schedule, True, schedule.every[0], None, "", None, "", runs)
    cron = row.crontab
    every = DAY if cron is not None else row.interval.schedule.run_every
    at = dt.time(int(cron.hour), int(cron.minute)) if cron is not None else None
    left = row.schedule.remaining_estimate(row.last_run_at) if row.enabled and row.last_run_at else None
    next_at = None if left is None else now + max(left, dt.timedelta(0))
    return Planned(schedule, row.enabled, every, at, str(cron.timezone) if cron else "", next_at, row.description, runs)


def change_schedule(
    *, name: str, on: bool, every: dt.timedelta, at: dt.time | None, zone: str, actor: Actor, now: dt.datetime
) -> None:
    """Switch a schedule on or off, and say how often it runs; a daily one runs `at` a time in the time zone `zone`.

    It is for all legal entities, so it takes the right to set up in all. Raises `NotFound`, `NotAllowed`, and
    `InvalidInput` on `every`, `zone` and `at`.
    """
    schedule = find_schedule(name, now).schedule
    authorize(actor, Action.SETUP, None)
    if every not in schedule.every:
        raise InvalidInput.of("every", "unknown", "Choose how often it runs from the list.")
    if zone not in available_timezones():
        raise InvalidInput.of("zone", "unknown", "Give a time zone such as Europe/Amsterdam.")
    if every == DAY and at is None:
        raise InvalidInput.of("at", "required", "Say at what time of the day it runs.")
    with transaction.atomic():
        row, _ = PeriodicTask.objects.get_or_create(
            name=name, defaults={"task": schedule.task, "interval": _interval(schedule.every[0])}
        )
        row.interval, row.crontab = (None, _daily(at, zone)) if every == DAY and at else (_interval(every), None)
        row.enabled = on
        row.description = f"Changed by {actor.name}, {now:%Y-%m-%d %H:%M} UTC"
        row.save()


def _interval(every: dt.timedelta) -> IntervalSchedule:
    seconds = int(every.total_seconds())
    found, _ = IntervalSchedule.objects.get_or_create(every=seconds, period=IntervalSchedule.SECONDS)
    return found


def _daily(at: dt.time, zone: str) -> CrontabSchedule:
    found, _ = CrontabSchedule.objects.get_or_create(
        minute=str(at.minute), hour=str(at.hour), day_of_week="*", day_of_month="*", month_of_year="*",
        timezone=ZoneInfo(zone),
    )  # fmt: skip
    return found
