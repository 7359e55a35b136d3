"""What runs by itself (`ux.md` 3.14): when, the next time, what came of it; changed by who sets up all entities."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone

from customers import jobs
from customers.access import Action
from customers.errors import NotFound
from customers.jobs.schedules import DAY, Planned
from customers.models import Job
from customers.views import PageView
from holds.forms import ScheduleForm
from holds.pages.dialog import Dialog
from holds.pages.jobs import job_tabs

Item = dict[str, Any]
ICONS = {
    "finished": "circle-check", "failed": "circle-x", "cancelled": "slash", "queued": "clock", "running": "loader",
}  # fmt: skip


class SchedulesPage(PageView):
    """GET `/jobs/schedules/`."""

    looks = Action.VIEW_JOBS
    section = "jobs"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The schedules by name."""
        all_runs = self.actor.entities(Action.VIEW_JOBS) is None
        context = {
            "rows": [_row(one, links=all_runs) for one in jobs.planned(self.now)],
            "tabs": job_tabs(None),
            "may_change": self.actor.entities(Action.SETUP) is None,
        }
        return self.page("holds/schedules.html", context)


class ScheduleDialog(Dialog):
    """`/jobs/schedules/evaluate-all-holds/`."""

    looks = Action.VIEW_JOBS
    action = Action.SETUP
    section = "jobs"

    def subject(self, **key: str) -> Planned:
        """The schedule of the address. Raises `NotFound`."""
        for one in jobs.planned(self.now):
            if slug_of(one) == key["slug"]:
                return one
        raise NotFound("There is no such schedule.")

    def legal_entity(self, subject: Planned) -> str | None:
        """None: it is for all."""
        return None

    def form(self, subject: Planned, data: QueryDict | None) -> ScheduleForm:
        """How it stands."""
        choices = [(str(int(every.total_seconds())), often(every)) for every in sorted(subject.schedule.every)]
        start = {"on": subject.on, "every": int(subject.every.total_seconds()), "at": subject.at}
        return ScheduleForm(data, initial=start, every=choices, zone=_zone(subject))

    def perform(self, subject: Planned, given: Mapping[str, Any]) -> str:
        """Change it."""
        jobs.change_schedule(
            name=subject.schedule.name,
            on=given["on"],
            every=dt.timedelta(seconds=given["every"]),
            at=given["at"],
            zone=_zone(subject),
            actor=self.actor,
            now=self.now,
        )
        return f"{_title(subject)}: saved."

    def words(self, subject: Planned) -> dict[str, Any]:
        """What the dialog says."""
        return {
            "dialog_heading": _title(subject),
            "summary": subject.schedule.description,
            "submit": "Save",
            "note": "For all legal entities, from the next time on.",
        }

    def back(self, subject: Planned) -> str:
        """The list."""
        return reverse("job-schedules")


def slug_of(one: Planned) -> str:
    """The name in an address."""
    return one.schedule.name.replace(" ", "-")


def often(every: dt.timedelta) -> str:
    """`Every 15 minutes`, `Every 2 hours`, `Once a day`."""
    if every == DAY:
        return "Once a day"
    minutes = int(every.total_seconds() // 60)
    if minutes % 60:
        return f"Every {minutes} minutes"
    return "Every hour" if minutes == 60 else f"Every {minutes // 60} hours"


def _title(one: Planned) -> str:
    return one.schedule.name.capitalize()


def _zone(one: Planned) -> str:
    """The zone that a daily time is in; that of the reader where there is none yet."""
    return one.zone or timezone.get_current_timezone_name()


def _row(one: Planned, *, links: bool) -> Item:
    when = often(one.every)
    return {
        "title": _title(one),
        "description": one.schedule.description,
        "when": f"{when} at {one.at:%H:%M}" if one.at else when,
        "zone": one.zone,
        "next_at": one.next_at,
        "on": one.on,
        "changed": one.changed,
        "url": reverse("job-schedule", args=[slug_of(one)]),
        "runs": [_run(job, links) for job in reversed(one.runs)],
    }


def _run(job: Job, link: bool) -> Item:
    """A run; it is about all legal entities, so not everybody may open it."""
    return {
        "url": reverse("job", args=[job.pk]) if link else "",
        "at": job.created_at,
        "status": job.get_status_display(),
        "icon": ICONS[job.status],
    }
