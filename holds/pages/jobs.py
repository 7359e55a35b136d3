"""Background work that a person can follow (`ux.md` 3.5, 3.14): the runs, one run with live progress and outcome."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.backtests.jobs import KIND as BACKTEST
from customers import access, jobs, people
from customers.access import Action
from customers.errors import Refused
from customers.jobs.reading import LIVE, visible_job, visible_jobs
from customers.listing import Address, page_of, sort_keys
from customers.listing.exporting import is_export
from customers.models import Customer, Job
from customers.notifications import mark_read
from customers.numbers import grouped
from customers.views import PageView
from holds.evaluation import KIND, start_evaluation
from holds.models import Hold
from holds.pages.job_outcomes import KINDS_WITH_ROWS, outcome_table
from holds.pages.job_times import left, rate, took
from holds.pages.job_words import evaluated, note, rules, tallies
from holds.pages.selection import plural
from holds.previewing import is_applicable
from holds.recent import UNDO_WITHIN, act_of_job, can_undo

Item = dict[str, Any]
FAILED_SHOWN = 100
SORTS = {"started": "created_at", "kind": "kind", "status": "status"}
STATUS_WORDS = {"queued": "waiting"}


class JobListPage(PageView):
    """GET `/jobs/`."""

    looks = Action.VIEW_JOBS
    section = "jobs"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Runs, newest first."""
        address = Address(request.GET, rows=self.rows)
        rows = visible_jobs(self.actor)
        statuses = [word for word in address.all("status") if word in Job.Status.values]
        if statuses:
            rows = rows.filter(status__in=[*statuses, *(["queued"] if "running" in statuses else [])])
        sort, keys = sort_keys(request.GET.get("sort", ""), SORTS, ("-started",), "id")
        page = page_of(
            rows, keys, per=address.per, after=request.GET.get("after", ""), before=request.GET.get("before", "")
        )
        progress, changed = jobs.progress_of(page.rows), jobs.changed_of(page.rows)
        stuck = jobs.stuck_among(page.rows, self.now)
        names = names_of(job.actor for job in page.rows)
        return self.page(
            "holds/jobs.html",
            {
                "rows": [
                    {**_row(job, progress[job.pk], names), "changed": changed[job.pk], "stuck": job.pk in stuck}
                    for job in page.rows
                ],
                "tabs": job_tabs(statuses),
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
        if not live and job.actor == self.actor.reference:
            mark_read(actor=self.actor, at=self.now, target=str(job.pk))
        # What was changed is long: it is filtered and paged where it is stored.
        result = jobs.result(job, without=["changes"])
        context: dict[str, Any] = {
            "job": self._panel(job, result, live),
            "live": live,
            "failed": self._failed(job, result),
            "failed_count": len(result.get("failed", [])),
            "parameters": self._parameters(job),
            "heading": title_of(job),
        }
        if job.kind in KINDS_WITH_ROWS and not live:
            context |= outcome_table(self, request, job)
            if context["failed_count"] <= context["failed_rows"]:
                context["failed"] = []  # each is a row with its cause
            context["nothing_changed"] = bool(result.get("evaluated")) and not context["change_count"]
        return self.page("holds/_job.html" if request.headers.get("HX-Request") else "holds/job.html", context)

    def _panel(self, job: Job, result: Item, live: bool) -> Item:
        progress = jobs.progress(job)
        done = progress.total - progress.open
        name = names_of([job.actor]).get(job.actor, job.actor)
        address = reverse("job", args=[job.pk])
        acts = self.may(jobs.kind_of(job.kind).action)
        return {
            "number": str(job.pk)[:8],
            "title": title_of(job),
            "scope": ", ".join(job.legal_entities) if job.legal_entities is not None else "all legal entities",
            "status": STATUS_WORDS.get(job.status, job.status),
            "done": done,
            "total": progress.total,
            "percent": progress.percent if job.planned_at else None,
            "rate": rate(job, done, self.now) if live else "",
            "left": left(job, done, progress.open, self.now) if live else "",
            "started": job.started_at or job.created_at,
            "took": took(job),
            "by": name,
            "tallies": evaluated(job, result, progress) if job.kind == KIND else tallies(result, progress),
            "poll_url": address if live else "",
            "cancel_url": reverse("job-cancel", args=[job.pk]) if live and acts else "",
            "stuck": job.pk in jobs.stuck_among([job], self.now),
            "restart_url": reverse("job-restart", args=[job.pk]) if acts else "",
            "error": job.message if job.status == Job.Status.FAILED else "",
            "preview": bool(job.parameters.get("preview")),
            "note": " ".join(filter(None, [note(job, self.now), rules(result)])),
            "links": [] if live else self._links(job, result),
            "acts": [] if live else self._acts(job, result),
        }

    def _acts(self, job: Job, result: Item) -> list[Item]:
        """What can be done with an ended job: apply a preview, try again what failed."""
        acts = []
        if not self.may(jobs.kind_of(job.kind).action):
            return []
        if is_applicable(job, self.now):
            acts.append({"label": "Apply", "url": reverse("job-apply", args=[job.pk]), "primary": True})
        elif job.parameters.get("preview"):
            acts.append({"label": "Preview again", "url": reverse("job-repeat", args=[job.pk])})
        if result.get("failed") or job.status == Job.Status.FAILED:
            acts.append({"label": "Retry failed", "url": reverse("job-retry", args=[job.pk])})
        if self._can_undo(job):
            acts.append({"label": "Undo", "url": reverse("hold-undo-job", args=[job.pk])})
        return acts

    def _can_undo(self, job: Job) -> bool:
        """Whether what the reader did in the job can still be taken back, on some of its holds."""
        mine = job.actor == self.actor.reference and job.finished_at is not None
        if not mine or self.now - (job.finished_at or self.now) > UNDO_WITHIN or job.kind not in KINDS_WITH_ROWS:
            return False
        act = act_of_job(job.pk, actor=self.actor)
        return act is not None and can_undo(act, self.now)

    def _links(self, job: Job, result: Item) -> list[Item]:
        links = []
        if job.follows_id is not None:
            word = "The preview" if job.parameters.get("applies") else "The first try"
            links.append({"label": word, "url": reverse("job", args=[job.follows_id])})
        if "job" in job.parameters:
            links.append({"label": "What it takes back", "url": reverse("job", args=[job.parameters["job"]])})
        if is_export(job.kind) and job.actor == self.actor.reference and job.status == Job.Status.FINISHED:
            links.append({"label": "Download the file", "url": reverse("job-file", args=[job.pk])})
        if job.kind == BACKTEST and job.status == Job.Status.FINISHED:
            links.append({"label": "The result", "url": reverse("backtest", args=[job.pk])})
        if number := job.parameters.get("journal"):
            wrong = "?show=error" if result.get("failed") else ""
            links.append({"label": f"Journal {number}", "url": reverse("journal", args=[number]) + wrong})
        if job.kind != KIND:
            return links
        if result.get("ready") and not job.parameters.get("preview"):
            links.append({"label": "Ready to release", "url": reverse("hold-list") + "?view=ready"})
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
            if value in (None, "", [], {}) or name in {"preview", "applies", "versions", "job", "journal"}:
                continue
            text = grouped(len(value)) if isinstance(value, list) else str(value)
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


class JobAct(PageView):
    """What a button of an ended job does; what follows is a job of its own, which is shown."""

    looks = Action.VIEW_JOBS
    section = "jobs"

    def act(self, job_id: uuid.UUID) -> Job:
        """Start what follows."""
        raise NotImplementedError

    def post(self, request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
        """Start it and show it; where it is refused, show the job and say why."""
        try:
            following = self.act(job_id)
        except Refused as problem:
            messages.error(request, problem.message)
            return self.go(reverse("job", args=[job_id]))
        return self.go(reverse("job", args=[following.pk]))


class JobRetry(JobAct):
    """POST `/jobs/<uuid>/retry/`."""

    def act(self, job_id: uuid.UUID) -> Job:
        """Try what failed again."""
        return jobs.retry_job(job_id=job_id, actor=self.actor, now=self.now)


class JobRestart(JobAct):
    """POST `/jobs/<uuid>/restart/`."""

    def act(self, job_id: uuid.UUID) -> Job:
        """Call workers for a job that seems stuck."""
        job = jobs.restart_job(job_id=job_id, actor=self.actor)
        messages.success(self.request, "A worker was called. What is done already is not done again.")
        return job


class JobApply(JobAct):
    """POST `/jobs/<uuid>/apply/`: do what a preview showed."""

    def act(self, job_id: uuid.UUID) -> Job:
        """Evaluate the same for real."""
        return start_evaluation(parameters={"applies": str(job_id)}, actor=self.actor, now=self.now)


class JobRepeat(JobAct):
    """POST `/jobs/<uuid>/repeat/`: the same once more."""

    def act(self, job_id: uuid.UUID) -> Job:
        """Start the kind with the same parameters, for who asks."""
        job = visible_job(job_id, self.actor)
        given = {name: value for name, value in job.parameters.items() if name != "applies"}
        return jobs.start_job(job.kind, given, actor=self.actor, now=self.now)


def title_of(job: Job) -> str:
    """What a job does, in a few words."""
    title = job.kind.replace("_", " ").capitalize()
    return f"{title} (preview)" if job.parameters.get("preview") else title


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


def _row(job: Job, progress: jobs.Progress, names: dict[str, str]) -> Item:
    return {
        "job": job,
        "title": title_of(job),
        "url": reverse("job", args=[job.pk]),
        "scope": ", ".join(job.legal_entities) if job.legal_entities is not None else "all",
        "done": progress.total - progress.open,
        "total": progress.total,
        "failed": progress.failed,
        "took": took(job),
        "by": names.get(job.actor, job.actor),
        "status": STATUS_WORDS.get(job.status, job.status),
        "status_text": _finished_with(progress) if job.status == Job.Status.FINISHED and progress.failed else "",
    }


def _finished_with(progress: jobs.Progress) -> str:
    return f"Finished, {plural(progress.failed, 'error')}"


def job_tabs(statuses: list[str] | None) -> list[Item]:
    """History, running, failed, and the schedules; None: the schedules are looked at."""
    tabs: list[tuple[str, list[str]]] = [("History", []), ("Running", ["running"]), ("Failed", ["failed"])]
    runs = [
        {
            "label": label,
            "url": reverse("job-list") + (f"?status={words[0]}" if words else ""),
            "active": statuses == words,
        }
        for label, words in tabs
    ]
    return [*runs, {"label": "Schedules", "url": reverse("job-schedules"), "active": statuses is None}]


def _is_uuid(text: Any) -> bool:
    try:
        uuid.UUID(str(text))
    except ValueError:
        return False
    return True
