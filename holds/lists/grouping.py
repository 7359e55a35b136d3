"""The hold list by customer (`ux.md` 3.1): one line per invoice account, as decisions are made per customer.

Two statements: one page of groups, and the decision that was last made about each customer, from which its limit and
exposure are read. Nothing is worked out anew.

Note [Many by name]. Which customer has the most on hold is known only when all holds were added up. Where counting them
stops (`holds.lists.tallies`), customers stand by their names alone: a page of names is found along an index, and only
what these customers have on hold is added up. Such a page costs the same however many holds there are.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, F, Max, Min, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from credit_mgmt.decisions import stored_decision
from credit_mgmt.masking import Mask
from customers.listing import Address
from customers.models import Customer
from customers.ordering import (
    Order,
    SortKey,
    amount_of,
    beyond_of,
    cursor_of,
    directed_of,
    moment_of,
    order_of,
    page_in_order,
    place_of,
)
from holds.lists import Asked
from holds.lists.filters import CLOSED_STATUSES, STATUSES
from holds.models import Hold
from holds.models.holds import NO_DATE

SORTS: dict[str, SortKey] = {
    "customer": SortKey(F("payer__name")),
    "value": SortKey(F("value"), amount_of, numeric=True),
    "count": SortKey(F("count"), amount_of, numeric=True),
    "held": SortKey(F("oldest"), moment_of),
    "ship": SortKey(F("ships"), dt.date.fromisoformat),
}
_COLUMNS = {"customer": "payer__name", "value": "value", "count": "count", "held": "oldest", "ship": "ships"}
DEFAULT_SORT = ("-value",)
NEWEST = 20
"""Holds of a customer among which the one that was looked at last is found: the oldest are evaluated first."""
BY_NAME = ("customer", "-customer")
"""The orders that remain where very many holds match."""


@dataclass(frozen=True, slots=True)
class Group:
    """A customer's holds among those that match; amounts in `currency`, its accounting currency.

    `bar` is its exposure without any of these orders and its limit, as the last decision found them; None where nothing
    was decided. `ships` is None where no order has a ship date.
    """

    payer: Customer
    currency: str
    count: int
    value: Decimal
    oldest: dt.datetime
    ships: dt.date | None
    used: Decimal | None
    free: Decimal | None
    bar: Mapping[str, Any] | None
    as_of: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Grouped:
    """A page of groups, and the cursors of the pages beside it."""

    groups: tuple[Group, ...]
    order: Order
    after: str | None
    before: str | None


def is_grouped(address: Address) -> bool:
    """Whether the list is asked for by customer."""
    return address.one("group") == "customer"


def grouped(asked: Asked, *, after: str = "", before: str = "", many: bool = False) -> Grouped:
    """The page of groups that follows `after` or precedes `before`. `many` holds match: see Note [Many by name]."""
    if many:
        return _by_name(asked, after, before)
    order = order_of(",".join(asked.address.all("sort")), SORTS, DEFAULT_SORT, "payer_id")
    place = place_of(after or before, order)
    backward = bool(before) and not after and place is not None
    rows = _summed(asked, asked.matching)
    if place is not None:
        rows = rows.filter(beyond_of(order, place, backward))
    per = asked.address.per
    found = list(rows.order_by(*directed_of(order, backward))[: per + 1])
    more, found = len(found) > per, found[:per]
    if backward:
        found.reverse()
    ends = [_cursor(order, found[place]) for place in (0, -1)] if found else ["", ""]
    older = ends[1] if more or backward else None
    newer = ends[0] if (more if backward else place is not None) else None
    return Grouped(_groups(asked, found), order, older or None, newer or None)


def _by_name(asked: Asked, after: str, before: str) -> Grouped:
    words = [word for word in asked.address.words("sort") if word in BY_NAME] or BY_NAME[:1]
    order = order_of(words[0], {"customer": SortKey(F("name"))}, BY_NAME, "pk")
    held = asked.matching.filter(payer=OuterRef("pk")).order_by()
    page = page_in_order(
        Customer.objects.filter(Exists(held)), order, per=asked.address.per, after=after, before=before
    )
    payers = [customer.pk for customer in page.rows]
    sums = {row["payer_id"]: row for row in _summed(asked, asked.matching.filter(payer__in=payers)).order_by()}
    return Grouped(_groups(asked, [sums[pk] for pk in payers if pk in sums]), order, page.after, page.before)


def _summed(asked: Asked, holds: QuerySet[Hold]) -> Any:
    """What `holds` come to by payer; a figure that the reader may not see is in no largest one."""
    withheld = asked.reader.withheld
    return holds.values("payer_id", "payer__name").annotate(
        count=Count("pk"), value=Sum("amount"), oldest=Min("held_at"), currency=Min("currency"),
        ships=Coalesce(Min("ship_date"), Value(NO_DATE)),
        used=Max("used_percent", filter=None if withheld is None else ~withheld),
    )  # fmt: skip


def _cursor(order: Order, row: Mapping[str, Any]) -> str:
    names = [*(_COLUMNS[word.removeprefix("-")] for word in order.words), "payer_id"]
    signs = zip(names, order.keys, strict=True)
    return cursor_of([-row[name] if key.turned else row[name] for name, (key, _) in signs])


def _groups(asked: Asked, rows: Sequence[Mapping[str, Any]]) -> tuple[Group, ...]:
    latest = _latest(asked, [row["payer_id"] for row in rows])
    return tuple(_group(row, latest[row["payer_id"]], asked.reader.mask) for row in rows if row["payer_id"] in latest)


def _latest(asked: Asked, payers: Sequence[int]) -> dict[int, Hold]:
    """The hold of each payer that was looked at last, among its newest, with its decision. One query."""
    statuses = set(asked.address.all("status"))
    holds = asked.holds.filter(STATUSES["open"]) if statuses and not statuses & CLOSED_STATUSES else asked.holds
    newest = holds.filter(payer=OuterRef(OuterRef("pk"))).order_by("-held_at", "-number").values("pk")[:NEWEST]
    looked_at = asked.holds.filter(pk__in=newest).order_by(F("evaluated_at").desc(nulls_last=True), "-number")
    of_payers = Customer.objects.filter(pk__in=payers).annotate(last=Subquery(looked_at.values("pk")[:1]))
    rows = asked.holds.filter(pk__in=of_payers.values("last")).select_related("payer", "last_decision")
    return {hold.payer_id: hold for hold in rows.order_by("pk")}


def _group(row: Mapping[str, Any], hold: Hold, mask: Mask) -> Group:
    decision = stored_decision(hold.last_decision) if hold.last_decision else None
    figures = mask.figures(decision.figures if decision else None) or {}
    return Group(
        payer=hold.payer,
        currency=row["currency"],
        count=row["count"],
        value=row["value"],
        oldest=row["oldest"],
        ships=None if row["ships"] == NO_DATE else row["ships"],
        used=row["used"],
        free=_number(figures.get("free_limit")),
        bar=_bar(figures) if figures else None,
        as_of=hold.evaluated_at,
    )


def _bar(figures: Mapping[str, str | None]) -> dict[str, Any]:
    """Exposure without an order, and the total limit: None is no limit."""
    return {"exposure": _number(figures.get("exposure_without")), "limit": _number(figures.get("total_limit"))}


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
