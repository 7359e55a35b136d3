"""Forcing holds in bulk: which orders a filter means, what becomes of each before anybody confirms, and the job for
many (`domain 6`, `ux` 3.4)."""

import datetime as dt
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from customers import clock, jobs
from customers.access import Action, Actor
from customers.errors import InvalidInput, Refused
from customers.models import (
    CreditManagementGroup,
    Customer,
    CustomerCreditGroup,
    Document,
    Job,
    LegalEntity,
    Reason,
    SalesOrder,
)
from holds.each import CHUNK, failing
from holds.evaluation import BusinessDates
from holds.forced import ForceResult, force_holds, refuse_unstoppable
from holds.models import Hold
from holds.posting import Today
from holds.reasons import find_reason
from holds.standing_forces import force_new_orders
from holds.turns import next_checkpoint

KIND = "force_hold"
BY_A_CLERK = 50
"""Orders that a clerk forces at once (`ux` 3.4); a credit manager acts on whole filters (`domain 13`)."""
WHILE_WAITING = 200
"""Rows that are shown and forced while a person waits; more become a job."""
_KNOWN = ("reason", "note", "until", "legal_entity", "customers", "sales_orders", "filter")
_FILTERS = ("credit_management_group", "credit_group")


@dataclass(frozen=True, slots=True)
class Aim:
    """Which orders: those named, and the open ones of customers, groups or a legal entity; all of what is said."""

    sales_orders: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    legal_entity: str = ""
    credit_management_group: str = ""
    credit_group: str = ""

    def __bool__(self) -> bool:
        groups = (self.credit_management_group, self.credit_group)
        return any((self.sales_orders, self.customers, self.legal_entity, *groups))

    def checked(self) -> "Aim":
        """The same aim. Raises `InvalidInput` for what does not exist, and for no aim at all."""
        if not self:
            raise InvalidInput.of("sales_orders", "required", "Say which orders: by number, customer, group or entity.")
        for field, key, model in (
            ("legal_entity", self.legal_entity, LegalEntity),
            ("credit_management_group", self.credit_management_group, CreditManagementGroup),
            ("credit_group", self.credit_group, CustomerCreditGroup),
        ):
            if key and not model.objects.filter(pk=key).exists():
                raise InvalidInput.of(field, "unknown", f"There is no {field.replace('_', ' ')} {key}.")
        self._refuse_unknown("sales_orders", self.sales_orders, SalesOrder, "number")
        self._refuse_unknown("customers", self.customers, Customer, "account")
        return self

    @staticmethod
    def _refuse_unknown(field: str, keys: Sequence[str], model: Any, column: str) -> None:
        rows = model.objects.filter(_by_keys(keys, column)).values_list("legal_entity_id", column)
        known = {f"{entity}:{number}" for entity, number in rows} if keys else set()
        missing = [key for key in keys if key not in known]
        if missing:
            what = field.replace("_", " ").removesuffix("s")
            raise InvalidInput.of(field, "unknown", f"There is no {what} {missing[0]}: give keys such as USMF:1001.")


def _by_keys(keys: Iterable[str], column: str) -> Q:
    condition = Q(pk__in=[])
    by_entity: dict[str, list[str]] = {}
    for key in keys:
        entity, _, number = key.partition(":")
        by_entity.setdefault(entity, []).append(number)
    for entity, numbers in by_entity.items():
        condition |= Q(**{"legal_entity": entity, f"{column}__in": numbers})
    return condition


def orders_of(aim: Aim, entities: Collection[str] | None) -> QuerySet[SalesOrder]:
    """The orders that `aim` means in these legal entities (None: all); named ones whatever their state, others open.

    Whoever asks gives the entities in which they may force holds.
    """
    conditions = Q()
    if aim.legal_entity:
        conditions &= Q(legal_entity=aim.legal_entity)
    if aim.customers:
        customers = Customer.objects.filter(_by_keys(aim.customers, "account"))
        conditions &= Q(customer__in=customers) | Q(payer__in=customers)
    if aim.credit_management_group:
        conditions &= Q(payer__credit_management_group=aim.credit_management_group)
    if aim.credit_group:
        conditions &= Q(payer__credit_group=aim.credit_group)
    if aim.sales_orders:
        conditions &= _by_keys(aim.sales_orders, "number")
    else:
        cancelled = SalesOrder.CreditStatus.CANCELLED
        conditions &= ~Q(document_status=Document.INVOICE) & ~Q(credit_status=cancelled)
    if entities is not None:
        conditions &= Q(legal_entity__in=sorted(entities))
    return SalesOrder.objects.filter(conditions).order_by("legal_entity", "number")


@dataclass(frozen=True, slots=True)
class Effect:
    """What a forced hold does to one order: nothing, and why; stops it before a document; or joins a hold."""

    order: SalesOrder
    hold: Hold | None
    refused: str
    before: str
    """The document before which the order stops; empty where it cannot be held, or is on hold."""

    @property
    def possible(self) -> bool:
        """Whether the order can be forced."""
        return not self.refused

    @property
    def usual(self) -> bool:
        """Whether its box is ticked to begin with: it can be forced and is not yet."""
        return self.possible and not (self.hold and self.hold.forced)


def effects_of(orders: Iterable[SalesOrder]) -> list[Effect]:
    """What would become of each order, by the very rules of the act itself. One query."""
    known = list(orders)
    rows = Hold.objects.filter(order__in=known, status=Hold.Status.ACTIVE)
    holds = {hold.order_id: hold for hold in rows.order_by("pk")}
    return [_effect(order, holds.get(order.pk)) for order in known]


def _effect(order: SalesOrder, hold: Hold | None) -> Effect:
    try:
        refuse_unstoppable(order)
    except Refused as problem:
        return Effect(order, hold, problem.message, "")
    return Effect(order, hold, "", "" if hold else str(Document(next_checkpoint(order)).label).lower())


def force_chosen(
    *,
    orders: Sequence[int],
    reason: str | None,
    actor: Actor,
    at: dt.datetime,
    today: Today,
    note: str = "",
    until: dt.date | None = None,
    also_new_of: Sequence[int] = (),
) -> ForceResult:
    """`force_holds` of orders that a person chose: above `BY_A_CLERK` it takes the right to act on whole filters.

    `also_new_of`: customers whose new orders are stopped, too, until the day `until` (`force_new_orders`); this comes
    first, so that no order slips through, and stays where an order then fails. Raises `InvalidInput` on `reason`,
    `until`, and `orders` with `too_many`.
    """
    if len(set(orders)) > BY_A_CLERK and not actor.may(Action.FORCE_MANY):
        raise InvalidInput.of(
            "orders", "too_many", f"Force at most {BY_A_CLERK} orders at once; a credit manager forces more."
        )
    said: dict[str, Any] = {"reason": reason, "note": note, "until": until, "actor": actor, "at": at, "today": today}
    if also_new_of:
        force_new_orders(customers=also_new_of, **said)
    return force_holds(orders=orders, **said)


def start_forcing(
    parameters: Mapping[str, Any], *, actor: Actor, at: dt.datetime, today: Today, also_new_of: Sequence[int] = ()
) -> Job:
    """Force all orders of a filter in the background, and new orders of these customers as `force_chosen` does.

    Raises what the two raise.
    """
    with transaction.atomic():
        if also_new_of:
            until = read_parameters(parameters)["until"]
            force_new_orders(
                customers=also_new_of,
                reason=parameters["reason"],
                note=parameters["note"],
                until=dt.date.fromisoformat(until) if until else None,
                actor=actor,
                at=at,
                today=today,
            )
        return jobs.start_job(KIND, parameters, actor=actor, now=at)


def customers_of(aim: Aim, entities: Collection[str] | None) -> QuerySet[Customer]:
    """The customers whose new orders can be forced, too: those that the aim names and does not narrow down."""
    narrowed = (aim.sales_orders, aim.credit_management_group, aim.credit_group)
    rows = Customer.objects.filter(_by_keys(() if any(narrowed) else aim.customers, "account"))
    if entities is not None:
        rows = rows.filter(legal_entity__in=sorted(entities))
    return rows.order_by("legal_entity", "account")


# --- the job ----------------------------------------------------------------------------------------------------------


def read_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """`reason` and which orders (`sales_orders`, `customers`, `legal_entity`, `filter`), optionally `note`, `until`."""
    unknown = sorted(set(given) - set(_KNOWN))
    if unknown:
        raise InvalidInput.of(f"parameters.{unknown[0]}", "unknown_field", f"Give {', '.join(_KNOWN)}.")
    more = given.get("filter") or {}
    strange = sorted(set(more) - set(_FILTERS)) if isinstance(more, Mapping) else ["?"]
    if strange:
        raise InvalidInput.of("parameters.filter", "unknown_field", f"Filter by {', '.join(_FILTERS)}.")
    find_reason(given.get("reason"), type=Reason.Type.HOLD, note=str(given.get("note") or ""))
    parameters = {
        "reason": given["reason"],
        "note": str(given.get("note") or "")[:2000],
        "until": _day(given.get("until")),
        "sales_orders": _keys("sales_orders", given.get("sales_orders")),
        "customers": _keys("customers", given.get("customers")),
        "filter": {name: str(more[name]) for name in _FILTERS if more.get(name)},
    }
    if given.get("legal_entity"):
        parameters["legal_entity"] = str(given["legal_entity"])
    aim_of(parameters).checked()
    return parameters


def aim_of(parameters: Mapping[str, Any]) -> Aim:
    """The aim that a job was given."""
    return Aim(
        sales_orders=tuple(parameters["sales_orders"]),
        customers=tuple(parameters["customers"]),
        legal_entity=parameters.get("legal_entity", ""),
        **parameters["filter"],
    )


def _keys(name: str, given: Any) -> list[str]:
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(key, str) for key in given):
        raise InvalidInput.of(f"parameters.{name}", "invalid", "Give a list of keys such as USMF:1001.")
    return list(dict.fromkeys(given))


def _day(given: Any) -> str | None:
    if given in (None, ""):
        return None
    try:
        return dt.date.fromisoformat(str(given)).isoformat()
    except ValueError:
        raise InvalidInput.of("parameters.until", "invalid", "Give a date such as 2026-12-05.") from None


def plan(job: Job) -> Iterator[list[int]]:
    """The orders that the filter means now, a transaction's worth at a time."""
    ids = list(orders_of(aim_of(job.parameters), job.legal_entities).values_list("pk", flat=True))
    return _cut(ids)


def again(job: Job, failed: Sequence[Any]) -> Iterator[list[int]]:
    """The orders that failed, tried again."""
    rows = SalesOrder.objects.filter(_by_keys([str(key) for key in failed], "number")).order_by(
        "legal_entity", "number"
    )
    return _cut(list(rows.values_list("pk", flat=True)))


def _cut(ids: Sequence[int]) -> Iterator[list[int]]:
    yield from (list(ids[start : start + CHUNK]) for start in range(0, len(ids), CHUNK))


def work(job: Job, payload: list[Any], actor: Actor) -> dict[str, Any]:
    """Force some; each order on its own. Orders that cannot be held are told with their cause."""
    given = job.parameters
    until = dt.date.fromisoformat(given["until"]) if given["until"] else None
    today = BusinessDates().__getitem__
    result = force_holds(
        orders=payload,
        reason=given["reason"],
        note=given["note"],
        until=until,
        actor=actor,
        at=clock.now(),
        today=today,
    )
    keys = {order.pk: order.key for order in SalesOrder.objects.filter(pk__in=result.failed)}
    failed = [
        {"id": keys.get(order, str(order)), "code": code, "message": message}
        for order, (code, message) in ((order, failing(error)) for order, error in result.failed.items())
    ]
    return {"forced": len(result.forced), "failed": failed}


def fold(results: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The result of the job: the shares added up (`api.md` Jobs)."""
    return jobs.sum_up(itertools.chain([{"forced": 0, "failed": []}], results))


def register() -> None:
    """Register the kind of job; called once per process when the room is ready."""
    jobs.register_kind(
        KIND,
        plan=plan,
        work=work,
        parameters=read_parameters,
        action=Action.FORCE_MANY,
        fold=fold,
        again=again,
        description="Force holds on all orders of a filter",
        counts="forced",
    )
