"""The hold list as a query: views, filters, sorting, counts and sums (`ux.md` 3.1). It reads what decisions wrote.

Three statements whatever the address: the legal entities, one aggregate for all counts and sums, one page of rows.
A view is nothing but an address: its defaults are written in the same grammar as the filters that override them.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.http import QueryDict

from credit_mgmt.engine.decision import type_codes
from customers import access
from customers.access import Actor
from customers.listing import Address, Page, page_of, sort_keys
from customers.models import Customer, Document, LegalEntity, SalesOrder
from holds.models import Hold


@dataclass(frozen=True, slots=True)
class View:
    """A named address of the list."""

    slug: str
    label: str
    defaults: Mapping[str, tuple[str, ...]]


VIEWS = (
    View("open", "All open", {"status": ("open",)}),
    View("ready", "Ready", {"status": ("ready",)}),
    View("forced", "Forced", {"status": ("open",), "forced": ("yes",)}),
    View("ships-soon", "Ships in 2 days", {"status": ("open",), "ship_max": ("+2wd",)}),
    View("review", "Due for review", {"status": ("open",), "review_max": ("+0d",)}),
    View("mine", "Mine", {"status": ("open",), "owner": ("me",)}),
    View("closed", "Closed last 7 days", {"status": ("closed",), "decided_min": ("-7d",)}),
)

STATUSES: dict[str, Q] = {
    "open": Q(status=Hold.Status.ACTIVE),
    "held": Q(status=Hold.Status.ACTIVE, ready_to_release=False),
    "ready": Q(status=Hold.Status.ACTIVE, ready_to_release=True),
    "released": Q(status=Hold.Status.RELEASED),
    "rejected": Q(status=Hold.Status.REJECTED),
    "cancelled": Q(status=Hold.Status.CANCELLED),
    "closed": Q(status__in=[Hold.Status.RELEASED, Hold.Status.REJECTED, Hold.Status.CANCELLED]),
}

SORTS = {
    "ship": "ship_date",
    "value": "amount",
    "over": "over_limit",
    "used": "used_percent",
    "overdue": "overdue_amount",
    "held": "held_at",
    "order": "order__number",
    "customer": "payer__name",
    "checkpoint": "checkpoint",
    "decided": "decided_at",
}
DEFAULT_SORT = ("ship", "-value")

FILTERS = (
    "reason", "status", "forced", "entity", "customer", "checkpoint", "owner", "value_min", "value_max",
    "ship_min", "ship_max", "held_days_min", "review_max", "decided_min", "q",
)  # fmt: skip
"""The keys of the address that narrow the list; `reason` is counted apart, for the facets."""


@dataclass(frozen=True, slots=True)
class Days:
    """Today in each legal entity that the reader sees: business dates are the entity's (`domain 1`).

    `elsewhere` is today for what has no entity.
    """

    by_entity: Mapping[str, dt.date]
    elsewhere: dt.date

    def compare(self, address: Address, key: str, lookup: str) -> Q:
        """`lookup` compared with the day that `key` names, as each entity sees it."""
        if not address.one(key):
            return Q()
        groups: dict[dt.date, list[str]] = {}
        for entity, today in self.by_entity.items():
            groups.setdefault(today, []).append(entity)
        condition, understood = Q(), False
        for today, entities in groups.items():
            day = address.day(key, today)
            if day is not None:
                understood = True
                whose = Q(legal_entity__in=entities) if len(groups) > 1 else Q()
                condition |= Q(**{lookup: day}) & whose
        return condition if understood else Q()


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at the list, and when."""

    actor: Actor
    days: Days
    now: dt.datetime


@dataclass(frozen=True, slots=True)
class Sums:
    """What is shown, in one currency (an accounting currency)."""

    currency: str
    count: int
    amount: Decimal
    over_limit: Decimal


@dataclass(frozen=True, slots=True)
class HoldList:
    """Everything that the page shows."""

    address: Address
    view: View
    page: Page[Hold]
    sums: tuple[Sums, ...]
    views: Mapping[str, int]
    reasons: Mapping[str, int]
    sort: Sequence[str]
    entities: Sequence[LegalEntity]
    days: Days

    @property
    def count(self) -> int:
        """Holds that match."""
        return sum(part.count for part in self.sums)


def hold_list(params: QueryDict, *, actor: Actor, now: dt.datetime, today: Callable[[str], dt.date]) -> HoldList:
    """What the address `params` asks for, as far as `actor` may see it.

    `today` gives the date in a time zone. Amounts are in each hold's accounting currency.
    """
    view = next((item for item in VIEWS if item.slug == params.get("view")), VIEWS[0])
    address = Address(params, view.defaults)
    entities = list(access.scoped(LegalEntity.objects.all(), actor, path="code").order_by("code"))
    days = Days({item.code: today(item.time_zone) for item in entities}, today("UTC"))
    reader = Reader(actor, days, now)
    narrowed = _narrowed(address, reader)
    reasons = address.choices("reason", type_codes)
    sort, keys = sort_keys(params.get("sort", ""), SORTS, DEFAULT_SORT, "number")
    visible = access.scoped(Hold.objects.all(), actor)
    page = page_of(
        visible.filter(narrowed & _any_reason(reasons)),
        keys,
        per=address.per,
        after=params.get("after", ""),
        before=params.get("before", ""),
        related=("order", "payer", "assignee"),
    )
    sums, views, facets = _totals(visible, narrowed, reasons, reader)
    return HoldList(address, view, page, sums, views, facets, sort, entities, days)


def matching_holds(params: QueryDict, *, actor: Actor, now: dt.datetime, today: Callable[[str], dt.date]) -> list[UUID]:
    """Ids of the active holds that the address `params` asks for, all pages, oldest hold first."""
    view = next((item for item in VIEWS if item.slug == params.get("view")), VIEWS[0])
    address = Address(params, view.defaults)
    entities = access.scoped(LegalEntity.objects.all(), actor, path="code").order_by("code")
    days = Days({item.code: today(item.time_zone) for item in entities}, today("UTC"))
    condition = _narrowed(address, Reader(actor, days, now)) & _any_reason(address.choices("reason", type_codes))
    rows = access.scoped(Hold.objects.all(), actor).filter(condition & STATUSES["open"])
    return list(rows.order_by("held_at", "id").values_list("pk", flat=True))


def _narrowed(address: Address, reader: Reader) -> Q:
    """Every filter but `reason`, as one condition."""
    condition = _any(STATUSES[word] for word in address.choices("status", STATUSES))
    condition &= _any(Q(forced=word == "yes") for word in address.choices("forced", ("yes", "no")))
    condition &= _any(Q(checkpoint=word) for word in address.choices("checkpoint", Document.values))
    condition &= _any(Q(legal_entity=word) for word in address.choices("entity", reader.days.by_entity))
    condition &= _any(_customer(word) for word in address.all("customer"))
    condition &= _any(_owner(word, reader.actor) for word in address.all("owner"))
    condition &= reader.days.compare(address, "ship_min", "ship_date__gte")
    condition &= reader.days.compare(address, "ship_max", "ship_date__lte")
    condition &= reader.days.compare(address, "review_max", "review_date__lte")
    condition &= reader.days.compare(address, "decided_min", "decided_at__date__gte")
    for key, lookup in (("value_min", "amount__gte"), ("value_max", "amount__lte")):
        amount = address.number(key)
        condition &= Q() if amount is None else Q(**{lookup: amount})
    held_days = address.number("held_days_min")
    if held_days is not None:
        condition &= Q(
            held_at__lte=reader.now - dt.timedelta(days=float(min(max(held_days, Decimal(0)), Decimal(36500))))
        )
    return condition & _text(address.one("q"))


def _any(conditions: Any) -> Q:
    """Any of the conditions; no condition at all where there is none."""
    result = Q()
    for condition in conditions:
        result |= condition
    return result


def _any_reason(codes: Sequence[str]) -> Q:
    return _any(Q(reason_codes__contains=[code]) for code in codes)


def _customer(key: str) -> Q:
    """The holds of a customer, by its key `LE:ACCOUNT`: those that it ordered and those that it pays."""
    entity, _, account = key.partition(":")
    customers = Customer.objects.filter(legal_entity=entity, account=account)
    return Q(payer__in=customers) | Q(order__in=SalesOrder.objects.filter(customer__in=customers))


def _owner(word: str, actor: Actor) -> Q:
    if word == "me":
        return Q(assignee=actor.user_id)
    return Q(assignee=None) if word == "none" else Q(assignee__username=word)


def _text(text: str) -> Q:
    """Order number, hold number, customer's account or name, or note."""
    if not text:
        return Q()
    fields = ("order__number", "number", "payer__name", "payer__account", "order__customer__name", "note")
    return _any(Q(**{f"{name}__icontains": text}) for name in fields)


def _totals(
    visible: QuerySet[Hold], narrowed: Q, reasons: Sequence[str], reader: Reader
) -> tuple[tuple[Sums, ...], dict[str, int], dict[str, int]]:
    """Sums of what is shown, counts of the views, counts of the reasons: one grouped statement."""
    conditions = {view.slug: _narrowed(Address(QueryDict(), view.defaults), reader) for view in VIEWS}
    shown = narrowed & _any_reason(reasons)
    looked_at = _any([*conditions.values(), narrowed]) if narrowed else Q()
    groups: Iterable[Mapping[str, Any]] = (
        visible.filter(looked_at)
        .values("currency", "reason_codes")
        .annotate(
            matching=Count("pk", filter=narrowed),
            shown=Count("pk", filter=shown),
            amount_shown=Sum("amount", filter=shown),
            over_shown=Sum("over_limit", filter=shown),
            **{f"view_{number}": Count("pk", filter=condition) for number, condition in enumerate(conditions.values())},
        )
        .order_by("currency", "reason_codes")
    )
    sums: dict[str, Sums] = {}
    views, facets = dict.fromkeys(conditions, 0), dict.fromkeys(type_codes, 0)
    for group in groups:
        for number, slug in enumerate(conditions):
            views[slug] += group[f"view_{number}"]
        for code in group["reason_codes"]:
            facets[code] += group["matching"]
        _add(sums, group)
    return tuple(part for part in sums.values() if part.count), views, {code: n for code, n in facets.items() if n}


def _add(sums: dict[str, Sums], group: Mapping[str, Any]) -> None:
    before = sums.get(group["currency"], Sums(group["currency"], 0, Decimal(0), Decimal(0)))
    sums[group["currency"]] = Sums(
        before.currency,
        before.count + group["shown"],
        before.amount + (group["amount_shown"] or 0),
        before.over_limit + (group["over_shown"] or 0),
    )
