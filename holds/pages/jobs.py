"""Background work that a person can follow (`ux.md` 3.5, 3.14): the runs, one run with live progress, cancel."""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.phrases import reason_label
from customers import access, jobs, people
from customers.access import Action
from customers.errors import Refused
from customers.jobs.reading import LIVE, visible_job, visible_jobs
from customers.listing import Address, page_of, sort_keys
from customers.models import Customer, Job
from customers.views import PageView
from holds.models import Hold

Item = dict[str, Any]
FAILED_SHOWN = 100
SORTS = {"started": "created_at", "kind": "kind", "status": "status"}
STATUS_WORDS = {"queued": "waiting"}
TALLIES = {
    "evaluated": ("Evaluated", ""), "cleared": ("Reasons cleared", ""), "ready": ("Ready to release", "ready"),
    "released": ("Released", "ready"),
}  # fmt: skip
"""Numbers of a result that have words of their own; others are called by their name."""
OUTCOMES = {
    "ready": ("ready", "Ready"), "released": ("released", "Released"), "better": ("held", "Fewer reasons"),
    "worse": ("held", "New reason"),
}  # fmt: skip
"""What an evaluation made of a hold: badge and words."""
CHANGES_SHOWN = 200


class JobListPage(PageView):
    """GET `/jobs/`."""

    looks = Action.VIEW_JOBS
    section = "jobs"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Runs, newest first."""
        address = Address(request.GET)
        rows = visible_jobs(self.actor)
        statuses = [word for word in address.all("status") if word in Job.Status.values]
        if statuses:
            rows = rows.filter(status__in=[*statuses, *(["queued"] if "running" in statuses else [])])
        sort, keys = sort_keys(request.GET.get("sort", ""), SORTS, ("-started",), "id")
        page = page_of(
            rows, keys, per=address.per, after=request.GET.get("after", ""), before=request.GET.get("before", "")
        )
        progress = jobs.progress_of(page.rows)
        names = names_of(job.actor for job in page.rows)
        return self.page(
            "holds/jobs.html",
            {
                "rows": [_row(job, progress[job.pk], names, self.now) for job in page.rows],
                "tabs": _tabs(statuses),
                "sort": sort,
                "pager": address.pager(page),
            },
        )


class JobPage(PageView):
    """GET `/jobs/<uuid>/`: the panel asks this address for itself while the job runs."""

    looks = Action.VIEW_JOBS
    section = "jobs"

    def get(self, request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
        """The page, or only its panel for htmx."""
        job = visible_job(job_id, self.actor)
        live = job.status in LIVE
        result = jobs.result(job)
        context = {
            "job": self._panel(job, result, live),
            "live": live,
            "changes": [] if live else _changes(result, request.GET.get("outcome", "")),
            "change_count": len(result.get("changes", [])),
            "outcomes": [] if live else _outcomes(result, request.GET.get("outcome", "")),
            "bulk_actions": self._bulk_actions(result) if not live else [],
            "failed": self._failed(job, result),
            "failed_count": len(result.get("failed", [])),
            "parameters": self._parameters(job),
            "heading": title_of(job),
        }
        return self.page("holds/_job.html" if request.headers.get("HX-Request") else "holds/job.html", context)

    def _panel(self, job: Job, result: Item, live: bool) -> Item:
        progress = jobs.progress(job)
        done = progress.total - progress.open
        name = names_of([job.actor]).get(job.actor, job.actor)
        address = reverse("job", args=[job.pk])
        return {
            "number": str(job.pk)[:8],
            "title": title_of(job),
            "scope": ", ".join(job.legal_entities) if job.legal_entities is not None else "all legal entities",
            "status": STATUS_WORDS.get(job.status, job.status),
            "done": done,
            "total": progress.total,
            "percent": progress.percent if job.planned_at else None,
            "rate": _rate(job, done, self.now) if live else "",
            "left": _left(job, done, progress.open, self.now) if live else "",
            "started": job.started_at or job.created_at,
            "took": _took(job),
            "by": name,
            "tallies": _tallies(result, progress),
            "poll_url": address if live else "",
            "cancel_url": reverse("job-cancel", args=[job.pk])
            if live and self.may(jobs.kind_of(job.kind).action)
            else "",
            "error": job.message if job.status == Job.Status.FAILED else "",
            "note": _note(job),
            "links": [] if live else self._links(job, result),
        }

    def _bulk_actions(self, result: Item) -> list[Item]:
        """Ready holds can be released from the result."""
        ready = any(change.get("outcome") == "ready" for change in result.get("changes", []))
        if not ready or not self.may(Action.RELEASE):
            return []
        return [
            {"label": "Release…", "url": reverse("hold-release"), "shortcut": "r", "icon": "check", "primary": True}
        ]

    def _links(self, job: Job, result: Item) -> list[Item]:
        if job.kind != "evaluate_for_release":
            return []
        links = (
            [{"label": "Ready to release", "url": reverse("hold-list") + "?view=ready"}] if result.get("ready") else []
        )
        return [*links, {"label": "All open holds", "url": reverse("hold-list")}]

    def _failed(self, job: Job, result: Item) -> list[Item]:
        """What failed, with the hold where it is one that the reader may see."""
        failed = result.get("failed", [])[:FAILED_SHOWN]
        ids = [item["id"] for item in failed if _is_uuid(item.get("id"))]
        visible = access.scoped(Hold.objects.all(), self.actor).filter(pk__in=ids).select_related("order")
        holds = {str(hold.pk): hold for hold in visible}
        return [{**item, "hold": holds.get(str(item.get("id")))} for item in failed]

    def _parameters(self, job: Job) -> list[Item]:
        """What the run was started with, in words."""
        words: list[Item] = []
        for name, value in job.parameters.items():
            if value in (None, "", [], {}):
                continue
            text = f"{len(value):,}" if isinstance(value, list) else str(value)
            words.append({"label": name.replace("_", " ").capitalize(), "value": text})
        customer = job.parameters.get("customer")
        if customer:
            entity, _, account = str(customer).partition(":")
            found = (
                access.scoped(Customer.objects.all(), self.actor).filter(legal_entity=entity, account=account).first()
            )
            words.append({"label": "Name", "value": found.name if found else ""})
        return words


class JobCancel(PageView):
    """`/jobs/<uuid>/cancel/`."""

    looks = Action.VIEW_JOBS
    section = "jobs"

    def get(self, request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
        """Ask first."""
        job = visible_job(job_id, self.actor)
        return self.page(
            "holds/job_cancel.html",
            {
                "job": job,
                "heading": title_of(job),
                "action_url": request.path,
                "cancel_url": reverse("job", args=[job.pk]),
            },
        )

    def post(self, request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
        """End it; what is done stays done."""
        try:
            jobs.cancel_job(job_id=job_id, actor=self.actor, now=self.now)
        except Refused as problem:
            messages.error(request, problem.message)
        else:
            messages.success(request, "Cancelled. What was finished keeps its effect.")
        return self.go(reverse("job", args=[job_id]))


def _changes(result: Item, outcome: str) -> list[Item]:
    """What an evaluation changed: the reasons before and now, in words."""
    found = [change for change in result.get("changes", []) if outcome in ("", change.get("outcome"))]
    return [
        {
            **change,
            "order": str(change.get("sales_order", "")).partition(":")[2],
            "outcome": OUTCOMES.get(change.get("outcome", ""), ("held", ""))[0],
            "words": OUTCOMES.get(change.get("outcome", ""), ("", ""))[1],
            "before": _reasons(change.get("before", [])),
            "now": _reasons(change.get("now", [])),
            "selectable": change.get("outcome") == "ready",
        }
        for change in found[:CHANGES_SHOWN]
    ]


def _reasons(codes: Any) -> str:
    return ", ".join(reason_label(str(code)) for code in codes) or "–"


def _outcomes(result: Item, chosen: str) -> list[Item]:
    """Outcomes with their counts, as links that filter the table."""
    counts = Counter(change.get("outcome", "") for change in result.get("changes", []))
    if not counts:
        return []
    all_of_them = {"label": "All", "count": sum(counts.values()), "url": "?", "active": chosen not in counts}
    return [
        all_of_them,
        *(
            {"label": words, "count": counts[name], "url": f"?outcome={name}", "active": name == chosen}
            for name, (_, words) in OUTCOMES.items()
            if counts[name]
        ),
    ]


def title_of(job: Job) -> str:
    """What a job does, in a few words."""
    return job.kind.replace("_", " ").capitalize()


def names_of(references: Iterable[str]) -> dict[str, str]:
    """Names of who acted by reference; the system is called that. One query."""
    named = people.names_of(references)
    return {
        reference: reference.replace(":", " ") if reference.startswith("system:") else name
        for reference, name in named.items()
    }


def job_or_404(job_id: uuid.UUID, page: PageView) -> Job:
    """The job, as far as the reader may see it."""
    job = visible_jobs(page.actor).filter(pk=job_id).first()
    if job is None:
        raise Http404("The job was not found.")
    return job


def _row(job: Job, progress: jobs.Progress, names: dict[str, str], now: dt.datetime) -> Item:
    return {
        "job": job,
        "title": title_of(job),
        "url": reverse("job", args=[job.pk]),
        "scope": ", ".join(job.legal_entities) if job.legal_entities is not None else "all",
        "done": progress.total - progress.open,
        "total": progress.total,
        "failed": progress.failed,
        "took": _took(job),
        "by": names.get(job.actor, job.actor),
        "status": STATUS_WORDS.get(job.status, job.status),
    }


def _tabs(statuses: list[str]) -> list[Item]:
    tabs = [("History", []), ("Running", ["running"]), ("Failed", ["failed"])]
    return [
        {"label": label, "url": f"?status={words[0]}" if words else "?", "active": statuses == words}
        for label, words in tabs
    ]


def _tallies(result: Item, progress: jobs.Progress) -> list[Item]:
    """The numbers of the result; what failed and what a cancel skipped stand last."""
    tallies = [
        {
            "label": TALLIES.get(name, (name.replace("_", " ").capitalize(), ""))[0],
            "value": value,
            "tone": TALLIES.get(name, ("", ""))[1],
            "url": f"?outcome={name}" if name in OUTCOMES else "",
        }
        for name, value in result.items()
        if isinstance(value, int)
    ]
    failed = len(result.get("failed", []))
    tallies.append({"label": "Failed", "value": failed, "tone": "late"})
    if progress.skipped:
        tallies.append({"label": "Skipped", "value": progress.skipped, "tone": ""})
    return tallies


def _took(job: Job) -> str:
    if job.started_at is None or job.finished_at is None:
        return ""
    return _duration((job.finished_at - job.started_at).total_seconds())


def _duration(seconds: float) -> str:
    whole = max(0, round(seconds))
    if whole < 1:
        return "under 1 s"
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60}:{whole % 60:02} min" if whole < 3600 else f"{whole // 3600}:{whole % 3600 // 60:02} h"


def _speed(job: Job, done: int, now: dt.datetime) -> float:
    if job.started_at is None or done == 0:
        return 0.0
    return done / max(0.5, (now - job.started_at).total_seconds())


def _rate(job: Job, done: int, now: dt.datetime) -> str:
    speed = _speed(job, done, now)
    return f"{speed:,.0f} per s" if speed >= 1 else ""


def _left(job: Job, done: int, left: int, now: dt.datetime) -> str:
    speed = _speed(job, done, now)
    return f"{_duration(left / speed)} left" if speed and left else ""


def _note(job: Job) -> str:
    if job.status == Job.Status.QUEUED:
        return "Waiting for a worker."
    if job.status == Job.Status.CANCELLED:
        return job.message or "Cancelled. What was finished keeps its effect."
    return ""


def _is_uuid(text: Any) -> bool:
    try:
        uuid.UUID(str(text))
    except ValueError:
        return False
    return True
