"""Evaluate for release: all holds, selected ones, or one customer's, as a background job (`domain 7`).

Note [Items]. The holds are cut so that holds which draw on the same credit stay together: payers of one credit group in
one item, everything of a payer in one item. So one worker decides them, oldest first, each seeing the credit that those
before it took, and other workers go on with other credit. An item is one transaction with its accounts locked.

Note [Twice is once]. An item is worked from the holds as they are under the lock: what was released meanwhile is left
out, what nothing changed for is not decided again (`looking`), and what did not change writes no event. Killed and run
again, an item starts from where it began.
"""

import datetime as dt
import functools
import gc
import itertools
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import models

from credit_mgmt import pinning, policies
from credit_mgmt.models import Parameters
from customers import clock, jobs
from customers.access import Action, Actor, authorize_each, system_actor
from customers.errors import InvalidInput
from customers.marks import Causes
from customers.models import Customer, Job, LegalEntity, Reason
from holds import previewing
from holds.each import failure
from holds.locking import LockedOrders, locked_orders
from holds.looking import lines_of, look
from holds.models import Hold
from holds.outcome_rows import outcome_of
from holds.releases import Terms, release_all
from holds.saving import save_looked_at
from holds.screening import Screened, record_checked

KIND = "evaluate_for_release"
SCHEDULE = "evaluate all holds"
EVERY = dt.timedelta(hours=1)
CHUNK = 1000
"""Holds per item, unless more of them draw on the same credit."""
MOST_SELECTED = 10_000
SYSTEM = "evaluation"


# --- what is to be evaluated ------------------------------------------------------------------------------------------


def read_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a job, each optional, and no others.

    `holds` (ids), `customer` (key), `legal_entity` (code) say which holds; `preview` changes nothing; `applies` (the id
    of a preview) does what that one showed, and stands alone.
    """
    unknown = sorted(set(given) - {"holds", "customer", "legal_entity", "preview", "applies"})
    if unknown:
        known = "Give holds, customer, legal_entity, preview or applies."
        raise InvalidInput.of(f"parameters.{unknown[0]}", "unknown_field", known)
    parameters = previewing.read_mode(given)
    if given.get("holds") is not None:
        parameters["holds"] = _ids(given["holds"])
    if given.get("legal_entity") is not None:
        parameters["legal_entity"] = _legal_entity(given["legal_entity"])
    if given.get("customer") is not None:
        parameters["customer"] = _customer(given["customer"])
        entity = parameters["customer"].partition(":")[0]
        # So that starting the job asks for the right in the customer's legal entity.
        if parameters.setdefault("legal_entity", entity) != entity:
            raise InvalidInput.of("parameters.customer", "other_entity", "The customer is of another legal entity.")
    return parameters


def _ids(given: Any) -> list[str]:
    if not isinstance(given, list) or not given:
        raise InvalidInput.of(
            "parameters.holds", "invalid", "Give a list of the ids of holds, or leave it out for all."
        )
    if len(given) > MOST_SELECTED:
        raise InvalidInput.of(
            "parameters.holds", "too_many", f"Select at most {MOST_SELECTED:,} holds, or leave it out."
        )
    try:
        return [str(uuid.UUID(str(value))) for value in given]
    except ValueError:
        raise InvalidInput.of("parameters.holds", "invalid", "Ids of holds are UUIDs.") from None


def _customer(given: Any) -> str:
    entity, _, account = str(given).partition(":")
    if not Customer.objects.filter(legal_entity=entity, account=account).exists():
        raise InvalidInput.of("parameters.customer", "unknown", f"There is no customer {given}.")
    return f"{entity}:{account}"


def _legal_entity(given: Any) -> str:
    if not LegalEntity.objects.filter(pk=str(given)).exists():
        raise InvalidInput.of("parameters.legal_entity", "unknown", f"There is no legal entity {given}.")
    return str(given)


def holds_of(job: Job) -> models.QuerySet[Hold]:
    """The active holds that a job is about, in the legal entities of who started it."""
    holds = Hold.objects.filter(status=Hold.Status.ACTIVE)
    if job.legal_entities is not None:
        holds = holds.filter(legal_entity__in=job.legal_entities)
    if "holds" in job.parameters:
        holds = holds.filter(pk__in=job.parameters["holds"])
    if "customer" in job.parameters:
        entity, _, account = job.parameters["customer"].partition(":")
        of_customer = models.Q(payer__legal_entity=entity, payer__account=account) | models.Q(
            order__customer__legal_entity=entity, order__customer__account=account
        )
        holds = holds.filter(of_customer)
    return holds


def plan(job: Job) -> Iterator[list[str]]:
    """The items of a job, oldest hold first. See Note [Items]."""
    yield from _items(holds_of(job))


def lists_of(job: Job, hold_ids: list[Any]) -> Iterator[list[str]]:
    """The items of these holds alone, as far as the job is still about them: what failed is tried again."""
    yield from _items(holds_of(job).filter(pk__in=hold_ids))


def _items(holds: models.QuerySet[Hold]) -> Iterator[list[str]]:
    rows = holds.order_by("held_at", "order_id").values_list("pk", "order__payer_id", "order__payer__credit_group_id")
    yield from cut(list(rows.iterator(chunk_size=10_000)))


def cut(rows: Sequence[tuple[uuid.UUID, int, str | None]], size: int = CHUNK) -> Iterator[list[str]]:
    """Holds, oldest first, as (id, payer, credit group), in lists of about `size`; shared credit is never cut apart."""
    shares: dict[tuple[str, Any], list[str]] = defaultdict(list)
    for hold_id, payer, group in rows:
        shares[("group", group) if group else ("payer", payer)].append(str(hold_id))
    item: list[str] = []
    for share in shares.values():
        if item and len(item) + len(share) > size:
            yield item
            item = []
        item = item + share
    if item:
        yield item


# --- one item ---------------------------------------------------------------------------------------------------------


def work(job: Job, payload: list[Any], actor: Actor) -> dict[str, Any]:
    """Evaluate the holds of one item; the dates are those of the clock now. A preview is taken back."""
    wanted = [uuid.UUID(value) for value in payload]
    pinned = pinning.pinned_setup(job.pinned)

    def run() -> dict[str, Any]:
        return evaluate(hold_ids=wanted, actor=actor, at=clock.now(), today=BusinessDates(), pinned=pinned)

    with _without_collector():
        share = previewing.taken_back(run) if job.parameters.get("preview") else run()
    return share if pinned is None else {**share, "rules": pinning.described(job.pinned)}


def pin(job: Job, now: dt.datetime) -> dict[str, Any]:
    """The rules, parameters and ranks that the whole run goes by, so that no two of its holds are judged by others."""
    return pinning.pin_setup(at=now)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Leave the garbage of one item lie: looking for it among so many living objects costs a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class BusinessDates(dict[str, dt.date]):
    """Today by legal entity, asked of the clock once for each. Only edges make one."""

    def __missing__(self, legal_entity: str) -> dt.date:
        zone = LegalEntity.objects.values_list("time_zone", flat=True).get(pk=legal_entity)
        self[legal_entity] = clock.today(zone)
        return self[legal_entity]


def evaluate(
    *,
    hold_ids: Sequence[uuid.UUID],
    actor: Actor,
    at: dt.datetime,
    today: Mapping[str, dt.date],
    asked_by: Mapping[uuid.UUID, Causes] | None = None,
    pinned: policies.Setup | None = None,
) -> dict[str, Any]:
    """Evaluate these holds in one transaction, oldest first (`domain 7`), and release by the parameter what is ready.

    `asked_by`: the events that it was asked for by, by hold, where it was events. `pinned`: rules, parameters and ranks
    to go by, whatever they are by now.
    Returns `evaluated`, `cleared`, `ready` and `released` as numbers of holds, `failed` with code and message, and
    `changes` for those with another state than before. Holds that are not active any more are left out.
    """
    orders = Hold.objects.filter(pk__any_of=hold_ids).order_by("order_id").values_list("order_id", flat=True)
    with locked_orders(list(dict.fromkeys(orders)), actor=actor, bare=True) as locked:
        lines = lines_of(hold_ids)
        authorize_each(locked.actor, Action.EVALUATE, {line.legal_entity for line in lines})
        known, gathered, names = look(lines, as_of=today, pinned=pinned)
        asked = [position for position in range(len(lines)) if position not in known]
        asked_ids = [lines[position].id for position in asked]
        holds = {hold.pk: hold for hold in Hold.objects.filter(pk__any_of=asked_ids)}
        screened = record_checked(
            [holds[hold_id] for hold_id in asked_ids],
            gathered.decide(asked),
            locked,
            at=at,
            fingerprints=[names[position] for position in asked],
            asked_by=asked_by,
        )
        save_looked_at([lines[position].id for position in known], at)
        released, failed = _release_ready(screened, locked, gathered.setup, today, at)
    ready_before = sum(1 for position in known if lines[position].ready)
    return {"evaluated": len(lines), **outcome_of(screened, ready_before, released, failed)}


# --- automatic release ------------------------------------------------------------------------------------------------

_MODES = {
    Parameters.AutomaticRelease.WITHOUT_POSTING.value: Hold.Mode.WITHOUT_POSTING.value,
    Parameters.AutomaticRelease.WITH_POSTING.value: Hold.Mode.WITH_POSTING.value,
}


@dataclass(frozen=True, slots=True)
class _Way:
    """How an entity releases by itself."""

    mode: str
    reason: Reason


def _release_ready(
    screened: Sequence[Screened],
    locked: LockedOrders,
    setup: policies.Setup,
    today: Mapping[str, dt.date],
    at: dt.datetime,
) -> tuple[dict[uuid.UUID, str], list[dict[str, str]]]:
    """Release what is ready, as the parameter *automatically release* says; never what is forced or in workflow.

    The release is the system's, not that of who started the evaluation. What can't be posted stays ready. Returns how
    each released hold was released, and what failed.
    """
    ready = [one.hold for one in screened if one.hold.ready_to_release and not one.hold.forced]
    ways = {entity: _way(setup, entity) for entity in {_entity(hold) for hold in ready}}
    ready = [hold for hold in ready if not hold.workflow_state and ways[_entity(hold)] is not None]
    found = locked.only([hold.order_id for hold in ready])
    system = LockedOrders(system_actor(SYSTEM), found.accounts, found.orders, found.holds)
    released: dict[uuid.UUID, str] = {}
    failed: list[dict[str, str]] = []
    for entity, some in itertools.groupby(sorted(found.holds.values(), key=_turn), key=_entity):
        way = ways[entity]
        if way is None:
            continue
        batch = list(some)
        terms = Terms(way.mode, way.reason, at, today.__getitem__, cause=SYSTEM, note="")
        problems = release_all(batch, system, terms, setup=setup)
        released |= {hold.pk: way.mode for hold in batch if hold.pk not in problems}
        for hold_id, error in problems.items():
            told = failure(hold_id, error)
            failed.append({"id": str(told.id), "code": told.code, "message": told.message})
    return released, failed


def _entity(hold: Hold) -> str:
    return str(hold.legal_entity_id)


def _turn(hold: Hold) -> tuple[str, dt.datetime, int]:
    return _entity(hold), hold.held_at, hold.order_id


def _way(setup: policies.Setup, legal_entity: str) -> _Way | None:
    row = setup.row(legal_entity)
    if row is None or row.automatically_release not in _MODES or row.automatic_release_reason is None:
        return None
    return _Way(_MODES[row.automatically_release], row.automatic_release_reason)


# --- starting ---------------------------------------------------------------------------------------------------------


def start_evaluation(*, parameters: Mapping[str, Any], actor: Actor, now: dt.datetime) -> Job:
    """Start the job for all holds that `actor` may evaluate, or those that `parameters` name (`read_parameters`)."""
    return jobs.start_job(KIND, parameters, actor=actor, now=now)


def start_scheduled_evaluation(*, now: dt.datetime) -> Job:
    """A scheduled run as the system; one at a time, and one when it is due, however many schedulers ask (J06)."""
    slot = jobs.due_slot(now, min(EVERY, jobs.find_schedule(SCHEDULE, now).every))
    return jobs.start_job(KIND, {}, actor=system_actor("schedule"), now=now, schedule=SCHEDULE, due_at=slot)


def register() -> None:
    """Register the kind of job and its schedule; called once per process when the room is ready."""
    jobs.register_schedule(
        SCHEDULE,
        task="holds.tasks.evaluate_all_holds",
        every=[EVERY, *(dt.timedelta(minutes=minutes) for minutes in (15, 30, 120, 240, 1440))],
        description="Check all orders on hold again, and release what is ready as the parameters say",
    )
    jobs.register_kind(
        KIND,
        plan=plan,
        work=work,
        parameters=read_parameters,
        action=Action.EVALUATE,
        fold=fold,
        description="Check the orders on hold again and release what is ready",
        resolve=functools.partial(previewing.resolve, KIND),
        one_run=True,
        again=lists_of,
        pin=pin,
        counts="changes",
    )


def fold(results: Any) -> dict[str, Any]:
    """The result of the job: the shares added up (`api.md` Jobs)."""
    nothing = {"evaluated": 0, "cleared": 0, "ready": 0, "released": 0, "failed": [], "changes": []}
    shares = list(results)
    total = jobs.sum_up(itertools.chain([nothing], shares))
    if "rules" in total:
        # The shares tell what stood when each was done, in no particular order.
        changed = any(share["rules"]["changed_since"] for share in shares if "rules" in share)
        total["rules"] = {**total["rules"], "changed_since": changed}
    return total
