"""The kinds of job that the rooms have registered. A kind is code; the job row names it."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from customers.access import Action, Actor
from customers.errors import InvalidInput
from customers.models import Job

Payload = list[Any]
Result = dict[str, Any]
Parameters = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Start:
    """What a job is really started with, and the job that it follows."""

    parameters: Parameters
    follows: Job | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """How jobs of one kind are planned, worked and added up."""

    name: str
    plan: Callable[[Job], Iterable[Payload]]
    """Yields lists of JSON values (ids in order); reads only, as it is repeated after a kill."""
    work: Callable[[Job, Payload, Actor], Result]
    """Works on one list inside the transaction that marks it done, and returns its share of the result as JSON.

    The actor carries the grants that stand now, never more than when the job was started. It may be called again for
    the same list if it raised or the worker died, but its effects are kept exactly once. It must not open a durable
    transaction nor reach outside the database."""
    parameters: Callable[[Mapping[str, Any]], dict[str, Any]]
    """Returns what is stored of the parameters given, or raises `InvalidInput`; unknown names are an error."""
    action: Action
    fold: Callable[[Iterable[Result]], Result]
    """Makes the job's result of the shares; called with none, it gives the result of no work."""
    finish: Callable[[Job, Actor], None] | None
    """Runs once, in the transaction that ends the job."""
    lease: dt.timedelta
    """Longer than one list may take: a dead worker's list waits this long."""
    description: str
    resolve: Callable[[Parameters, Actor, dt.datetime], Start] | None = None
    """What valid parameters come down to for this actor now, for parameters that name another job; raises `NotFound`,
    `Refused`."""
    one_run: bool = False
    """One run per legal entity at a time; a second start with the same parameters joins the running one."""
    again: Callable[[Job, list[Any]], Iterable[Payload]] | None = None
    """What to try again of a job whose ids failed; by default the lists that died."""
    pin: Callable[[Job, dt.datetime], dict[str, Any]] | None = None
    """What every list is to go by although it may change meanwhile, as JSON; asked once, in the transaction that plans
    the job, and found in `job.pinned` by whichever worker comes to it."""
    counts: str = ""
    """The part of the result, a number or a list, that says how much was changed; empty for what only reads."""

    def pinned(self, job: Job, now: dt.datetime) -> dict[str, Any]:
        """What `job` holds on to; nothing for most kinds."""
        return {} if self.pin is None else self.pin(job, now)


_kinds: dict[str, Kind] = {}


def sum_up(results: Iterable[Result]) -> Result:
    """Add numbers, join lists and merge dictionaries, name by name: the usual `fold`."""
    total: Result = {}
    for share in results:
        for name, value in share.items():
            if name not in total:
                total[name] = value
            elif isinstance(value, dict):
                total[name] = total[name] | value
            else:
                total[name] = total[name] + value
    return total


def register_kind(  # noqa: PLR0913 - the parts of a kind, keyword-only
    kind: str,
    *,
    plan: Callable[[Job], Iterable[Payload]],
    work: Callable[[Job, Payload, Actor], Result],
    action: Action,
    parameters: Callable[[Mapping[str, Any]], dict[str, Any]],
    fold: Callable[[Iterable[Result]], Result] = sum_up,
    finish: Callable[[Job, Actor], None] | None = None,
    lease: dt.timedelta | None = None,
    description: str = "",
    resolve: Callable[[Parameters, Actor, dt.datetime], Start] | None = None,
    one_run: bool = False,
    again: Callable[[Job, list[Any]], Iterable[Payload]] | None = None,
    pin: Callable[[Job, dt.datetime], dict[str, Any]] | None = None,
    counts: str = "",
) -> Kind:
    """Register a kind of job; called once per process, from the `ready` of the room that owns it.

    What each part is, `Kind` says. Raises `ValueError` where the name is taken by other work.
    """
    made = Kind(
        name=kind,
        plan=plan,
        work=work,
        parameters=parameters,
        action=action,
        fold=fold,
        finish=finish,
        lease=lease or dt.timedelta(seconds=settings.JOB_LEASE_SECONDS),
        description=description,
        resolve=resolve,
        one_run=one_run,
        again=again,
        pin=pin,
        counts=counts,
    )
    if _kinds.get(kind, made).work is not work:
        raise ValueError(f"The job kind {kind!r} is registered twice, with different work.")
    _kinds[kind] = made
    return made


def registered_kinds() -> dict[str, Kind]:
    """All kinds by name, in the order of their names."""
    return dict(sorted(_kinds.items()))


def kind_of(name: str) -> Kind:
    """The kind called `name`. Raises `InvalidInput` that lists the known ones."""
    if name not in _kinds:
        known = ", ".join(registered_kinds()) or "none"
        raise InvalidInput.of("kind", "unknown", f"There is no job kind {name!r}. Known kinds: {known}.")
    return _kinds[name]
