"""The list of credit groups as a query (`ux.md` 3.9): eight statements whatever the address.

A group's figures are for who sees all legal entities of its members; everybody else may neither read them nor narrow
or sort the list by them: such groups are found by no bound and stand last (decision 41).
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, Exists, F, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import QueryDict

from credit_mgmt.clocks import clock_columns, clock_of
from credit_mgmt.credit_groups.exposures import exposures_of
from credit_mgmt.models import TemporaryLimit
from customers import access
from customers.access import Action, Actor
from customers.listing import Address, CountUpTo, Key, Page, page_of, sort_keys
from customers.listing.columns import Column, chosen_columns
from customers.listing.kinds import View
from customers.listing.views import Arrangement, arrangement
from customers.models import Customer, CustomerCreditGroup
from holds.group_list.columns import COLUMNS, GROUPS, NAME, Facts
from holds.models import Hold

__all__ = ["GROUPS", "GroupList", "group_list", "read_address", "visible_groups"]

MOST = 10_000
SORTS: Mapping[str, str] = {
    "group": "number",
    "description": "description",
    "to": "ends_on",
    "limit": "limit_seen",
    "exposure": "exposure_seen",
    "used": "used_seen",
    "members": "member_count",
}
FIGURES = "credit_account__figures__"


@dataclass(frozen=True, slots=True)
class Asked:
    """An address, read: which groups, in which order, with which columns."""

    address: Address
    view: View
    arrangement: Arrangement
    actor: Actor
    today: dt.date
    matching: QuerySet[CustomerCreditGroup]
    sort: Sequence[str]
    keys: Sequence[Key]

    @property
    def columns(self) -> tuple[Column[CustomerCreditGroup, Facts], ...]:
        """The columns of the list."""
        layout = self.arrangement.layout.get("cols", ())
        return chosen_columns(COLUMNS, self.address, layout, fixed=NAME, default=GROUPS.default(self.address))


@dataclass(frozen=True, slots=True)
class GroupList:
    """Everything that the page shows."""

    asked: Asked
    page: Page[CustomerCreditGroup]
    count: int
    facts: Facts


def visible_groups(actor: Actor) -> QuerySet[CustomerCreditGroup]:
    """Groups with a member in the reader's legal entities, and those that have none yet."""
    groups = CustomerCreditGroup.objects.all()
    if actor.entities(Action.VIEW_EXPOSURE) is None:
        return groups
    return groups.filter(Q(Exists(_members(actor))) | Q(members__isnull=True))


def _members(actor: Actor) -> QuerySet[Customer]:
    """The members that the reader sees, of the group around."""
    return access.scoped(Customer.objects.filter(credit_group=OuterRef("pk")), actor, Action.VIEW_EXPOSURE).order_by()


def _hidden(actor: Actor) -> Any:
    """Whether a group's figures are withheld: it has a member that the reader does not see (`credit_mgmt.masking`)."""
    entities = actor.entities(Action.VIEW_EXPOSURE)
    if entities is None:
        return Value(False)
    others = Customer.objects.filter(credit_group=OuterRef("pk")).exclude(legal_entity__in=sorted(entities))
    return Exists(others)


def rows_of(actor: Actor, today: dt.date) -> QuerySet[CustomerCreditGroup]:
    """Groups with what they are sorted by: what is withheld is nothing to sort by."""
    temporary = TemporaryLimit.objects.filter(TemporaryLimit.in_force(today), account__group=OuterRef("pk"))
    members = _members(actor).values("credit_group")
    count = Subquery(members.annotate(count=Count("pk")).values("count"), output_field=IntegerField())
    rows = visible_groups(actor).annotate(
        withheld=_hidden(actor),
        temporary=Subquery(temporary.order_by().values("amount")[:1]),
        limit=Coalesce("temporary", "credit_account__limit_amount", Value(Decimal(0))),
        ends_on=F("credit_account__expires_on"),
        member_count=Coalesce(count, 0),
    )
    return rows.annotate(
        limit_seen=_seen(F("limit")),
        exposure_seen=_seen(F(f"{FIGURES}exposure")),
        used_seen=_seen(F(f"{FIGURES}used_percent")),
    )


def _seen(figure: Any) -> Any:
    return Case(When(withheld=True, then=Value(None)), default=figure)


def shown_rows(actor: Actor, today: dt.date) -> QuerySet[CustomerCreditGroup]:
    """`rows_of`, with what a row shows: the members that the reader sees, their entities, open holds, the clocks."""
    members, everybody = _members(actor), Customer.objects.filter(credit_group=OuterRef("pk")).order_by()
    holds = access.scoped(Hold.objects.filter(status=Hold.Status.ACTIVE), actor)
    held = holds.filter(payer__credit_group=OuterRef("pk")).order_by().values("payer__credit_group")
    entities = members.values("credit_group").annotate(
        found=ArrayAgg("legal_entity", distinct=True, order_by=["legal_entity"])
    )
    review = members.values("credit_group").annotate(first=Min("next_review_date")).values("first")
    return rows_of(actor, today).annotate(
        seen=ArraySubquery(members.values("pk")),
        # A group is counted as a whole, whoever looks; whether they are told is `withheld`.
        everybody=ArraySubquery(everybody.values("pk")),
        entities=Subquery(entities.values("found")),
        open_holds=Coalesce(Subquery(held.annotate(count=Count("pk")).values("count"), output_field=IntegerField()), 0),
        review_on=Subquery(review),
        **clock_columns(),
    )


def read_address(params: QueryDict, *, actor: Actor, today: Callable[[str], dt.date]) -> Asked:
    """What `params` means to `actor`; one query. What cannot be read is left out and stands in `address.problems`."""
    found = arrangement(GROUPS, actor)
    view = found.view(params.get("view", ""))
    address, day = Address(params, view.defaults), today("UTC")
    rows = rows_of(actor, day)
    sort, keys = sort_keys(",".join(address.all("sort")), SORTS, ("group",), "number")
    matching = rows.filter(_condition(address, actor, day))
    return Asked(address, view, found, actor, day, matching, sort, keys)


def _condition(address: Address, actor: Actor, today: dt.date) -> Q:
    condition = Q()
    if text := address.one("q"):
        condition &= Q(number__icontains=text) | Q(description__icontains=text)
    for key, lookup in (
        ("used_min", "used_seen__gte"), ("used_max", "used_seen__lte"),
        ("limit_min", "limit_seen__gte"), ("limit_max", "limit_seen__lte"),
    ):  # fmt: skip
        number = address.number(key)
        condition &= Q() if number is None else Q(**{lookup: number})
    for key, lookup in (("expires_min", "ends_on__gte"), ("expires_max", "ends_on__lte")):
        day = address.day(key, today)
        condition &= Q() if day is None else Q(**{lookup: day})
    members = _members(actor)
    if entities := address.all("entity"):
        condition &= Q(Exists(members.filter(legal_entity__in=entities)))
    if (day := address.day("review_max", today)) is not None:
        condition &= Q(Exists(members.filter(next_review_date__lte=day)))
    if currencies := address.all("currency"):
        condition &= Q(currency__in=[code.upper() for code in currencies])
    held = Q(Exists(Hold.objects.filter(payer__credit_group=OuterRef("pk"), status=Hold.Status.ACTIVE)))
    over = Q(**{f"{FIGURES}over_limit__gt": 0})
    return condition & _yes_no(address, "holds", held) & _yes_no(address, "over", over, Q(withheld=False))


def _yes_no(address: Address, key: str, yes: Q, always: Q | None = None) -> Q:
    chosen = set(address.choices(key, ("yes", "no")))
    if len(chosen) != 1:
        return Q()
    return (yes if chosen == {"yes"} else ~yes) & (always or Q())


def group_list(params: QueryDict, *, actor: Actor, today: Callable[[str], dt.date], rows: int = 50) -> GroupList:
    """The page that the address asks for. Amounts are in each group's currency."""
    asked = read_address(params, actor=actor, today=today)
    asked.address.rows = rows
    place = {name: params.get(name, "") for name in ("after", "before")}
    page = page_of(
        asked.matching,
        asked.keys,
        per=asked.address.per,
        related=("credit_account",),
        full=shown_rows(actor, asked.today).annotate(counted=CountUpTo(asked.matching, MOST)),
        **place,
    )
    count = int(page.rows[0].counted) if page.rows else 0  # type: ignore[attr-defined]  # read along
    return GroupList(asked, page, count, facts_of(page.rows, asked.today))


def facts_of(rows: Sequence[Any], today: dt.date) -> Facts:
    """What the groups of a page use; two queries."""
    members = [pk for group in rows for pk in group.everybody]
    return Facts(today, exposures_of(members, today, clock_of(rows[0])) if rows else {})
