"""Backtests on pages (`ux` 3.10): started on the page of a rule, followed, read, and the orders behind a figure."""

import uuid
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.backtests.forms import BacktestForm
from credit_mgmt.backtests.jobs import KIND
from credit_mgmt.backtests.phrases import CHANGED, Line, data_words, history_words, lines_of
from credit_mgmt.backtests.reading import backtests_of_rule, changed_since, visible_backtests
from credit_mgmt.backtests.trials import backtest_of
from credit_mgmt.models import Backtest, BlockingRule
from credit_mgmt.rules.reading import versions_of
from customers import access, jobs
from customers.access import Action
from customers.errors import InvalidInput, NotFound
from customers.jobs.reading import LIVE, visible_jobs
from customers.models import Job, LegalEntity
from customers.people import names_of
from customers.views import PageView, add_errors

Item = dict[str, Any]
EARLIER = 10


def job_context(page: PageView, job: Job) -> Item:
    """The panel of a run that is under way, or of one that came to nothing."""
    progress = jobs.progress(job)
    live = job.status in LIVE
    return {
        "number": str(job.pk)[:8],
        "title": "Backtest",
        "scope": ", ".join(job.legal_entities) if job.legal_entities is not None else "all legal entities",
        "status": "waiting" if job.status == Job.Status.QUEUED else job.status,
        "done": progress.total - progress.open,
        "total": progress.total,
        "percent": progress.percent if job.planned_at else None,
        "started": job.started_at or job.created_at,
        "by": names_of([job.actor]).get(job.actor, job.actor),
        "poll_url": reverse("backtest", args=[job.pk]) if live else "",
        "cancel_url": reverse("job-cancel", args=[job.pk]) if live else "",
        "stuck": job.pk in jobs.stuck_among([job], page.now),
        "restart_url": reverse("job-restart", args=[job.pk]),
        "error": job.message if job.status == Job.Status.FAILED else "",
        "note": job.message if job.status == Job.Status.CANCELLED else "",
        "links": [{"label": "The run", "url": reverse("job", args=[job.pk])}],
    }


def result_context(backtest: Backtest) -> Item:
    """The table with the lists behind its figures, and what it rests on."""
    orders_url = reverse("backtest-orders", args=[backtest.pk])
    now, tried = columns_of(backtest)
    return {
        "backtest": backtest,
        "now_words": now,
        "tried_words": tried,
        "lines": [_linked(line, orders_url) for line in lines_of(backtest)],
        "data_words": data_words(backtest),
        "history_words": history_words(backtest),
        "changed_words": CHANGED.get(changed_since(backtest), ""),
        "links": _lists(backtest, orders_url),
        "csv_url": f"{orders_url}?format=csv",
    }


def columns_of(backtest: Backtest) -> tuple[str, str]:
    """What the two columns are called."""
    if len(backtest.versions) > 1:
        return "Rules now", "Rules tried"
    [version] = backtest.versions
    now = f"Version {version['now']}" if version["now"] else "Without it"
    return now, f"Version {version['tried']}, {version['state']}"


def _linked(line: Line, orders_url: str) -> Item:
    """A line with the addresses of the orders behind its two figures."""
    asks = {name: value for name, value in line.asks.items() if name != "released"}
    key = "released" if "released" in line.asks else "stopped"
    return {
        "line": line,
        "now_url": f"{orders_url}?{urlencode({key: 'now', **asks})}" if line.now else "",
        "then_url": f"{orders_url}?{urlencode({key: 'then', **asks})}" if line.then else "",
    }


def _lists(backtest: Backtest, orders_url: str) -> list[Item]:
    """The lists that one wants to see: what changes, and the good customers among it."""
    totals = backtest.totals or {}
    new, gone = totals["newly_stopped"], totals["no_longer_stopped"]
    good = totals["became"]["on_time"]["difference"]
    links = [
        (new, f"See the {new:,} newly stopped", {"stopped": "new"}),
        (gone, f"See the {gone:,} no longer stopped", {"stopped": "gone"}),
        (max(0, good), f"See the {good:,} good customers", {"stopped": "new", "became": "on_time"}),
    ]
    return [{"label": label, "url": f"{orders_url}?{urlencode(asks)}"} for count, label, asks in links if count]


class BacktestPage(PageView):
    """GET `/backtests/<uuid>/`: one run; its panel asks this address for itself while it is under way."""

    looks = Action.VIEW_EXPOSURE
    section = "rules"

    def get(self, request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
        """The page, or only what changes for htmx."""
        context = run_context(self, job_id)
        part = request.headers.get("HX-Request")
        return self.page("credit_mgmt/_backtest.html" if part else "credit_mgmt/backtest.html", context)


def run_context(page: PageView, job_id: uuid.UUID) -> Item:
    """A run as it stands: its panel until it has finished, then its result. Raises `Http404`."""
    job = visible_jobs(page.actor).filter(pk=job_id, kind=KIND).first()
    if job is None:
        raise Http404("The backtest was not found.")
    begun = backtest_of(job)
    backtest = visible_backtests(page.actor).filter(pk=begun.pk).first() if begun else None
    if backtest is None or backtest.totals is None or job.status in LIVE:
        return {"job": job_context(page, job), "live": job.status in LIVE, "backtest": None}
    by = names_of([backtest.actor]).get(backtest.actor, backtest.actor)
    return {"job": None, "live": False, "by": by, **result_context(backtest)}


class RuleBacktest(PageView):
    """`/rules/<code>/backtest/`: ask for one, and read the last."""

    looks = Action.VIEW_EXPOSURE
    section = "rules"

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """The form, above the run that the address names or the newest."""
        return self._show(self._rule(code), self._form())

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        """Start a run and follow it here."""
        rule, form = self._rule(code), self._form(request.POST)
        if not form.is_valid():
            return self._show(rule, form, status=422)
        try:
            given = {"rule": str(rule.pk), **form.given()}
            job = jobs.start_job(KIND, given, actor=self.actor, now=self.now)
        except InvalidInput as problem:
            add_errors(form, _of_the_form(problem))
            return self._show(rule, form, status=422)
        messages.success(request, "The backtest has started.")
        return self.go(f"{request.path}?run={job.pk}")

    def _rule(self, code: str) -> BlockingRule:
        try:
            return versions_of(code, self.actor)[0].rule
        except NotFound as problem:
            raise Http404(problem.message) from problem

    def _form(self, data: Any = None) -> BacktestForm:
        entities = access.scoped(LegalEntity.objects.all(), self.actor, self.looks, path="code").order_by("code")
        known = list(entities)
        today = max((self.today(entity.time_zone) for entity in known), default=self.today("UTC"))
        return BacktestForm(data, today=today, entities=known)

    def _show(self, rule: BlockingRule, form: BacktestForm, status: int = 200) -> HttpResponse:
        runs = list(backtests_of_rule(rule.pk, self.actor)[:EARLIER])
        shown = self._named() or (runs[0].pk if runs else None)
        context: Item = run_context(self, shown) if shown else {"job": None, "backtest": None}
        context |= {"rule": rule, "form": form, "back_url": reverse("rule-edit", args=[rule.code])}
        context["earlier"] = [_earlier(run, self.request.path) for run in runs if run.pk != shown]
        return self.page("credit_mgmt/rule_backtest.html", context, status=status)

    def _named(self) -> uuid.UUID | None:
        text = self.request.GET.get("run", "")
        if not text:
            return None
        try:
            return uuid.UUID(text)
        except ValueError:
            raise Http404("The backtest was not found.") from None


def _of_the_form(problem: InvalidInput) -> InvalidInput:
    """The errors with the names that the fields have here."""
    return InvalidInput(replace(error, field=error.field.removeprefix("parameters.")) for error in problem.errors)


def _earlier(run: Backtest, path: str) -> Item:
    totals = run.totals or {}
    return {
        "run": run,
        "url": f"{path}?run={run.pk}",
        "tried": columns_of(run)[1],
        "orders": totals.get("orders"),
    }
