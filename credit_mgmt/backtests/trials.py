"""A backtest as it begins: its rules and the policy they are compared with, frozen; and the period it looks at."""

from collections.abc import Sequence
from functools import lru_cache

import orjson

from credit_mgmt.backtests.requests import days_of
from credit_mgmt.backtests.samples import Period, history_from
from credit_mgmt.backtests.tried import Tried
from credit_mgmt.engine.codec import canonical, decode, encode
from credit_mgmt.engine.facts import Policy, Rule
from credit_mgmt.engine.trial import Trial, trial_of
from credit_mgmt.models.backtests import Backtest
from customers.models import Customer, Job, LegalEntity


def freeze(job: Job, tried: Tried, policy: Policy) -> Backtest:
    """Write down what the backtest of `job` compares, on which orders."""
    period = period_of(job)
    return Backtest.objects.create(
        job=job,
        created_at=job.created_at,
        actor=job.actor,
        legal_entities=job.legal_entities,
        customers=job.parameters.get("customers", []),
        first_day=period.first,
        last_day=period.last,
        history_from=history_from(period.legal_entities),
        versions=[dict(version) for version in tried.versions],
        policy_version=policy.version,
        policy=canonical(encode(policy)),
        drafts=orjson.dumps([encode(rule) for rule in tried.rules]).decode(),
        by_rule=trial_of(policy, tried.rules).by_rule,
    )


def backtest_of(job: Job) -> Backtest | None:
    """The backtest of a job, or of the one whose failures it tries again; None where that was never begun."""
    runs: list[Job] = []
    run: Job | None = job
    while run is not None:
        runs.append(run)
        run = run.follows
    return Backtest.objects.filter(job__in=runs).select_related("job").first()


def period_of(job: Job) -> Period:
    """The orders that the backtest of a job is about."""
    first, last = days_of(job.parameters)
    entities = job.legal_entities
    if entities is None:
        entities = list(LegalEntity.objects.order_by("pk").values_list("pk", flat=True))
    return Period(first, last, entities, _customer_ids(job.parameters.get("customers", ())))


def _customer_ids(keys: Sequence[str]) -> tuple[int, ...]:
    if not keys:
        return ()
    wanted = set(keys)
    accounts = [key.partition(":")[2] for key in keys]
    rows = Customer.objects.filter(account__in=accounts).order_by("pk").values_list("pk", "legal_entity", "account")
    return tuple(pk for pk, entity, account in rows if f"{entity}:{account}" in wanted)


def trial(backtest: Backtest) -> Trial:
    """The trial of a backtest, as it was frozen."""
    return _trial(backtest.policy, backtest.drafts)


@lru_cache(maxsize=2)
def _trial(policy: str, drafts: str) -> Trial:
    """Remembered: a worker takes piece after piece of one backtest."""
    return trial_of(decode(Policy, orjson.loads(policy)), [decode(Rule, rule) for rule in orjson.loads(drafts)])
