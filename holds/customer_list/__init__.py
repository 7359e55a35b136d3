"""The list of customers as a query (`ux.md` 3.6): what its address asks for, and where the customers of a page stand.

Eight statements whatever the address. The figures that a page shows are worked out for its rows when they are asked
for; what it is sorted and narrowed by was kept a moment before (`credit_mgmt.figures`), as nobody adds up a hundred
thousand exposures to find the largest.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import QueryDict

from credit_mgmt.clocks import clock_columns, clock_of
from credit_mgmt.exposure import Position, positions_of
from credit_mgmt.limits.notices import expiring_cover
from credit_mgmt.models import AccountFigures
from customers import access
from customers.access import Action, Actor
from customers.listing import Address, CountUpTo, Key, Page, page_of, sort_keys
from customers.listing.columns import Column
from customers.listing.columns import chosen_columns as chosen
from customers.listing.kinds import View
from customers.listing.views import Arrangement, arrangement
from customers.models import Customer, CustomerTransaction
from holds.customer_list.columns import COLUMNS, CUSTOMERS, NAME, Facts
from holds.customer_list.filters import Reader, condition_of
from holds.models import Hold

__all__ = ["CUSTOMERS", "CustomerList", "customer_list", "read_address"]

MOST = 10_000
"""Counting stops where nobody looks any more (`ux.md` 3.0, Counts)."""
SORTS: Mapping[str, str] = {
    "account": "account",
    "name": "name",
    "limit": "credit_account__limit_amount",
    "exposure": "credit_account__figures__exposure",
    "used": "credit_account__figures__used_percent",
    "overdue": "credit_account__figures__overdue_amount",
    "expires": "credit_account__expires_on",
    "reviewed": "last_review_date",
    "review": "next_review_date",
}
BY_FIGURES = frozenset({"exposure", "used", "overdue"})
RELATED = ("credit_account__figures", "account_status", "legal_entity")


@dataclass(frozen=True, slots=True)
class Asked:
    """An address, read: which customers, in which order, with which columns."""

    address: Address
    view: View
    arrangement: Arrangement
    reader: Reader
    matching: QuerySet[Customer]
    sort: Sequence[str]
    keys: Sequence[Key]

    @property
    def columns(self) -> tuple[Column[Customer, Facts], ...]:
        """The columns of the list."""
        layout = self.arrangement.layout.get("cols", ())
        return chosen(COLUMNS, self.address, layout, fixed=NAME, default=CUSTOMERS.default(self.address))

    @property
    def by_figures(self) -> bool:
        """Whether the list is sorted or narrowed by figures that were kept."""
        sorted_by = {word.removeprefix("-") for word in self.sort}
        return bool(sorted_by & BY_FIGURES) or any(self.address.all(key) for key in ("over", "used_min", "used_max"))


@dataclass(frozen=True, slots=True)
class CustomerList:
    """Everything that the page shows. `as_of`: when the kept figures of its rows were worked out, where it matters."""

    asked: Asked
    page: Page[Customer]
    count: int
    facts: Facts
    as_of: dt.datetime | None

    @property
    def more(self) -> bool:
        """Whether more match than are counted."""
        return self.count > MOST


def read_address(
    params: QueryDict, *, actor: Actor, now: dt.datetime, today: Callable[[str], dt.date], looks: Action
) -> Asked:
    """What `params` means to `actor`; one query. What cannot be read is left out and stands in `address.problems`."""
    found = arrangement(CUSTOMERS, actor)
    view = found.view(params.get("view", ""))
    address = Address(params, view.defaults)
    reader = Reader(actor, today("UTC"), now)
    visible = access.scoped(Customer.objects.all(), actor, looks)
    sort, keys = sort_keys(",".join(address.all("sort")), SORTS, ("account",), "id")
    return Asked(address, view, found, reader, visible.filter(condition_of(address, reader)), sort, keys)


def customer_list(
    params: QueryDict,
    *,
    actor: Actor,
    now: dt.datetime,
    today: Callable[[str], dt.date],
    rows: int = 50,
    looks: Action = Action.VIEW_EXPOSURE,
) -> CustomerList:
    """The page that the address asks for. Amounts are in each customer's accounting currency."""
    asked = read_address(params, actor=actor, now=now, today=today, looks=looks)
    asked.address.rows = rows
    place = {name: params.get(name, "") for name in ("after", "before")}
    page = page_of(
        asked.matching,
        asked.keys,
        per=asked.address.per,
        related=(*RELATED, *(path for column in asked.columns for path in column.related)),
        full=rows_of(asked.columns, asked.reader.today).annotate(counted=CountUpTo(asked.matching, MOST)),
        **place,
    )
    facts = facts_of(page.rows, asked.reader.today)
    count = int(page.rows[0].counted) if page.rows else 0  # type: ignore[attr-defined]  # read along
    kept = [one for row in page.rows if (one := kept_of(row)) is not None] if asked.by_figures else []
    return CustomerList(asked, page, count, facts, min((one.at for one in kept), default=None))


def rows_of(columns: Sequence[Column[Customer, Facts]], today: dt.date) -> QuerySet[Customer]:
    """Customers with what a row shows beside them: open holds, the clocks, and what only a shown column needs."""
    held = Hold.objects.filter(payer=OuterRef("pk"), status=Hold.Status.ACTIVE).order_by().values("payer")
    count = Subquery(held.annotate(count=Count("pk")).values("count"), output_field=IntegerField())
    rows = Customer.objects.annotate(open_holds=Coalesce(count, 0), **clock_columns())
    shown = {column.name for column in columns}
    if "paid" in shown:
        rows = rows.annotate(last_payment=Subquery(payments_of(OuterRef("pk")).values("date")[:1]))
    if "cover" in shown:
        ending = expiring_cover(today).filter(customer=OuterRef("pk")).order_by("expires_on")
        rows = rows.annotate(cover_ends=Subquery(ending.values("expires_on")[:1]))
    return rows


def payments_of(customer: Any) -> QuerySet[CustomerTransaction]:
    """The payments of a customer that did not bounce, newest first."""
    kept = CustomerTransaction.objects.filter(customer=customer, reversed_on=None)
    return kept.filter(kind=CustomerTransaction.Kind.PAYMENT).order_by("-date", "-pk")


def facts_of(rows: Sequence[Customer], today: dt.date) -> Facts:
    """Where the customers of a page stand; two queries."""
    standing: dict[int, Position] = positions_of(rows, today, clock_of(rows[0])) if rows else {}
    return Facts(today, standing)


def kept_of(customer: Customer) -> AccountFigures | None:
    """The figures that were kept of a customer, where there are any."""
    account = getattr(customer, "credit_account", None)
    return getattr(account, "figures", None) if account is not None else None
