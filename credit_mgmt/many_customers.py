"""Changing the credit profile of many customers: each succeeds or fails by itself; above `AT_ONCE` in the background.

What is done with a customer is `credit_profiles.feed_customers`, as the API and the dialogs do it.
"""

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from credit_mgmt.credit_profiles import feed_customers
from credit_mgmt.engine.adjusting import Offset
from customers import clock, jobs
from customers.access import Action, Actor
from customers.errors import FieldError, InvalidInput
from customers.models import Job, LegalEntity

KIND = "change_customers"
AT_ONCE = 500
"""So many customers are changed while a person waits."""
MOST = 10_000
CHUNK = 100
VALUES = ("account_status", "status_reason", "credit_management_group", "last_review_date", "next_review_date")
"""What can be changed of many at once, by the names of `api.md`."""
DAYS = frozenset({"last_review_date", "next_review_date"})
TODAY = "today"
"""Stands for the business date of each customer's legal entity."""
Today = Callable[[str], dt.date]


@dataclass(frozen=True, slots=True)
class Failed:
    """A customer that was left as it is, and why."""

    customer: str
    error: FieldError


@dataclass(slots=True)
class Changed:
    """What became of each customer, by key: those that changed, those that were so already, those that failed."""

    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)


def change_customers(
    *, customers: Sequence[str], values: Mapping[str, Any], actor: Actor, today: Today, at: dt.datetime
) -> Changed:
    """Give customers, by key, the same values; `TODAY` as a date is that of each legal entity (`domain 2`).

    Raises `InvalidInput` for what is no value of many, before anything is done.
    """
    typed = read_values(values)
    days = {entity: today(entity) for entity in {key.partition(":")[0] for key in customers}}
    rows = [
        {"key": key} | {name: days[key.partition(":")[0]] if value == TODAY else value for name, value in typed.items()}
        for key in customers
    ]
    result = Changed()
    for one in feed_customers(rows=rows, actor=actor, today=today, at=at, replace=False):
        key = one.key or customers[one.index]
        if one.errors:
            result.failed.append(Failed(key, one.errors[0]))
        else:
            (result.unchanged if one.status == "unchanged" else result.changed).append(key)
    return result


def next_review(today: dt.date) -> dt.date:
    """A year from today: what is offered where nobody chose another day."""
    return Offset(years=1).after(today) or dt.date.max


def read_values(given: Any) -> dict[str, Any]:
    """The values, checked by name: what they are is checked where they are written."""
    if not isinstance(given, Mapping) or not given:
        raise InvalidInput.of("values", "required", f"Give at least one of {', '.join(VALUES)}.")
    unknown = sorted(set(given) - set(VALUES))
    if unknown:
        raise InvalidInput.of(f"values.{unknown[0]}", "unknown_field", f"Give {', '.join(VALUES)}.")
    return {name: _typed(name, value) for name, value in given.items()}


def _typed(name: str, value: Any) -> Any:
    """A day as one, however it was given."""
    if name not in DAYS or value in (None, "", TODAY) or isinstance(value, dt.date):
        return value or None
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        raise InvalidInput.of(f"values.{name}", "invalid", "Give a date, such as 2026-11-26.") from None


# --- in the background ------------------------------------------------------------------------------------------------


def start_change(*, customers: Sequence[str], values: Mapping[str, Any], actor: Actor, now: dt.datetime) -> Job:
    """Start the job that changes these customers."""
    return jobs.start_job(KIND, {"customers": list(customers), "values": dict(values)}, actor=actor, now=now)


def read_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a job: `customers` (keys) and `values`."""
    unknown = sorted(set(given) - {"customers", "values"})
    if unknown:
        raise InvalidInput.of(f"parameters.{unknown[0]}", "unknown_field", "Give customers and values.")
    keys = given.get("customers")
    if not isinstance(keys, list) or not 1 <= len(keys) <= MOST or not all(isinstance(key, str) for key in keys):
        raise InvalidInput.of("parameters.customers", "invalid", f"Give a list of the keys of 1 to {MOST:,} customers.")
    return {"customers": list(dict.fromkeys(keys)), "values": _kept(given.get("values"))}


def _kept(given: Any) -> dict[str, Any]:
    """The values as a job keeps them."""
    typed = read_values(given)
    return {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in typed.items()}


def plan(job: Job) -> Iterator[list[str]]:
    """The customers, a handful at a time."""
    return _cut(job.parameters["customers"])


def again(job: Job, failed: Sequence[Any]) -> Iterator[list[str]]:
    """The customers that failed."""
    return _cut([str(key) for key in failed])


def _cut(keys: Sequence[str]) -> Iterator[list[str]]:
    yield from (list(keys[start : start + CHUNK]) for start in range(0, len(keys), CHUNK))


def work(job: Job, payload: list[Any], actor: Actor) -> dict[str, Any]:
    """Change a handful; the dates are those of the clock now."""
    zones = dict(LegalEntity.objects.values_list("pk", "time_zone"))

    def today(entity: str) -> dt.date:
        return clock.today(zones.get(entity, "UTC"))

    result = change_customers(
        customers=payload, values=job.parameters["values"], actor=actor, today=today, at=clock.now()
    )
    failed = [{"id": one.customer, "code": one.error.code, "message": one.error.message} for one in result.failed]
    return {"changed": len(result.changed), "unchanged": len(result.unchanged), "failed": failed}


def _fold(results: Iterable[dict[str, Any]]) -> dict[str, Any]:
    nothing: dict[str, Any] = {"changed": 0, "unchanged": 0, "failed": []}
    return jobs.sum_up(itertools.chain([nothing], results))


def register() -> None:
    """Register the kind of job; called once per process when the room is ready."""
    jobs.register_kind(
        KIND,
        plan=plan,
        work=work,
        parameters=read_parameters,
        action=Action.EDIT_CREDIT_PROFILE,
        fold=_fold,
        again=again,
        description="Change the credit profile of many customers",
        counts="changed",
    )
