"""The job kind `backtest_rules`: some hundred orders at a time, with progress, cancelled and resumed like any job."""

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from credit_mgmt.backtests import requests
from credit_mgmt.backtests.looking import NO_ORDERS, look_at
from credit_mgmt.backtests.samples import orders_in
from credit_mgmt.backtests.totals import cells_of, table_of
from credit_mgmt.backtests.trials import backtest_of, freeze, period_of, trial
from credit_mgmt.backtests.tried import named_rules
from credit_mgmt.models.backtests import Backtest
from credit_mgmt.policies import current_policy
from customers import clock, jobs
from customers.access import Action, Actor, authorize_each
from customers.errors import NotFound
from customers.models import Job
from customers.rates import minor_units

KIND = "backtest_rules"
PIECE = 500
"""Orders of one piece: what is lost when a worker is killed, and what is in memory at once."""


def plan(job: Job) -> Iterator[list[int]]:
    """The orders of the period, a piece at a time."""
    orders = orders_in(period_of(job))
    while piece := list(islice(orders, PIECE)):
        yield piece


def pin(job: Job, now: dt.datetime) -> dict[str, Any]:
    """Freeze the rules that are compared: every piece goes by them, and so does what is tried again of them."""
    if backtest_of(job) is None:
        tried = named_rules(job.parameters["versions"])
        if len(tried.rules) < len(job.parameters["versions"]):
            raise NotFound("A rule that was to be tried was deleted meanwhile.")
        freeze(job, tried, current_policy())
    return {}


def work(job: Job, payload: list[Any], actor: Actor) -> dict[str, int]:
    """Look at the orders of one piece; its rows and its counts commit together."""
    backtest, period = _begun(job), period_of(job)
    authorize_each(actor, Action.VIEW_EXPOSURE, period.legal_entities)
    return look_at(backtest, payload, trial=trial(backtest), period=period)


def _begun(job: Job) -> Backtest:
    backtest = backtest_of(job)
    if backtest is None:
        raise LookupError(f"backtest {job.pk} was planned without being frozen")
    return backtest


def fold(results: Iterable[dict[str, int]]) -> dict[str, Any]:
    """How many orders were looked at, of how many the facts are exact, and how many are stopped now and then."""
    return jobs.sum_up(chain([NO_ORDERS], results))


def finish(job: Job, actor: Actor) -> None:
    """Add the table up; the failures of a job that are tried again are added to its own."""
    backtest = _begun(job)
    table = table_of(cells_of(backtest), days=backtest.days, by_rule=backtest.by_rule, minor_units=minor_units())
    runs = [backtest.job, *_followers(backtest.job)]
    counted = fold({name: jobs.result(run)[name] for name in NO_ORDERS} for run in runs)
    Backtest.objects.filter(pk=backtest.pk).update(finished_at=clock.now(), totals={**table, "data": counted})


def _followers(job: Job) -> list[Job]:
    found: list[Job] = []
    for follower in Job.objects.filter(follows=job, kind=KIND).order_by("created_at", "pk"):
        found += [follower, *_followers(follower)]
    return found


def register() -> None:
    """Register the kind of job; called once per process when the room is ready."""
    jobs.register_kind(
        KIND,
        plan=plan,
        work=work,
        parameters=requests.read_parameters,
        resolve=requests.resolve,
        action=Action.VIEW_EXPOSURE,
        fold=fold,
        finish=finish,
        pin=pin,
        description="Count what rules would have done to the orders of a period, and what became of these",
    )
