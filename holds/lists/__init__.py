"""The hold list as a query (`ux.md` 3.1): what its address asks for. It reads what decisions wrote.

Four statements whatever the address: legal entities, views, one for all counts and sums, one page of rows. What each
costs does not grow with the number of holds. Counting stops where nobody looks any more (`holds.lists.tallies`), and
what it found says how the page is read: few holds are found and sorted; many are read along an index of their order
(`customers.ordering`), where the next ones that match are never far.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.http import QueryDict

from credit_mgmt.masking import Mask
from customers import access
from customers.access import Actor
from customers.listing import Address, Page
from customers.listing.kinds import View
from customers.listing.views import Arrangement, arrangement, as_shipped
from customers.models import LegalEntity
from customers.ordering import Order, SortKey, amount_of, moment_of, order_of, page_in_order
from holds.lists.columns import HOLDS
from holds.lists.filters import CLOSED_STATUSES, FILTERS, STATUSES, Days, Reader, condition_of
from holds.lists.tallies import MOST, Count, Sums, Tally, Wanted, tally
from holds.lists.views import VIEWS
from holds.models import Hold
from holds.models.holds import NO_AMOUNT, SORT_KEYS

__all__ = ["FILTERS", "HOLDS", "VIEWS", "Days", "HoldList", "Sums", "View", "hold_list", "matching_holds"]

_READ: Mapping[str, Callable[[str], Any]] = {
    "ship": dt.date.fromisoformat,
    "value": amount_of,
    "over": amount_of,
    "used": amount_of,
    "overdue": amount_of,
    "held": moment_of,
    "decided": moment_of,
}
SORTS: dict[str, SortKey] = {
    **{
        name: SortKey(key, _READ.get(name, str), numeric=_READ.get(name) is amount_of)
        for name, key in SORT_KEYS.items()
    },
    "customer": SortKey(F("payer__name"), bound="payer__name"),
}
DEFAULT_SORT = ("ship", "-value")
RELATED = ("order", "payer", "assignee")
FEW = 2_500
"""Holds of a shipped view that are sorted sooner than looked for along an order."""
EXACT_FOR = 30
"""Seconds for which an exact count of more than `tallies.MOST` is shown again (`ux.md` 3.0, Counts)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An address, read: who asks for which holds, in which order."""

    address: Address
    view: View
    arrangement: Arrangement
    entities: tuple[LegalEntity, ...]
    reader: Reader
    holds: QuerySet[Hold]
    """What the reader may see at all."""
    condition: Q
    order: Order

    @property
    def matching(self) -> QuerySet[Hold]:
        """The holds that the address asks for."""
        return self.holds.filter(self.condition)

    @property
    def days(self) -> Days:
        """Today in each legal entity."""
        return self.reader.days

    @property
    def filters(self) -> list[tuple[str, str]]:
        """The filters that stand in the address itself, beside those of its view."""
        params = self.address.params
        return [(key, value) for key in FILTERS for value in params.getlist(key) if value]

    @property
    def overridden(self) -> bool:
        """Whether a filter of the view is put aside by the address."""
        return any(key in self.address.params for key in self.view.defaults if key in FILTERS)

    @property
    def as_shipped(self) -> bool:
        """Whether the filters are those of the view, no more and no less."""
        return not self.filters and not self.overridden


@dataclass(frozen=True, slots=True)
class HoldList:
    """Everything that the page shows."""

    asked: Asked
    page: Page[Hold]
    tally: Tally
    views: Mapping[str, Count]
    counted_at: dt.datetime
    """Now; or a little earlier, where an exact count of very many was made before."""

    @property
    def address(self) -> Address:
        """What was asked for."""
        return self.asked.address

    @property
    def count(self) -> Count:
        """Holds that match, or at least so many."""
        return self.tally.count


def read_address(
    params: QueryDict, *, actor: Actor, now: dt.datetime, today: Callable[[str], dt.date], arranged: bool = True
) -> Asked:
    """What `params` means to `actor`. `today` gives the date in a time zone. Two queries; one without `arranged`.

    Raises nothing: what cannot be read is left out and stands in `address.problems`.
    """
    found = arrangement(HOLDS, actor) if arranged else as_shipped(HOLDS)
    view = found.view(params.get("view", ""))
    address = Address(params, view.defaults)
    entities = tuple(access.scoped(LegalEntity.objects.all(), actor, path="code").order_by("code"))
    reader = Reader(
        actor, Days({item.code: today(item.time_zone) for item in entities}, today("UTC")), now, Mask(actor)
    )
    order = order_of(_completed(",".join(address.all("sort"))), _sorts(address, reader), DEFAULT_SORT, "number")
    visible = access.scoped(Hold.objects.all(), actor)
    return Asked(address, view, found, entities, reader, visible, condition_of(address, reader), order)


def _completed(words: str) -> str:
    """Orders that ship on one day stand by their value, as in the default order: there is one index for both."""
    return {"ship": "ship,-value", "-ship": "-ship,value"}.get(words, words)


def _sorts(address: Address, reader: Reader) -> Mapping[str, SortKey]:
    """The orders that are offered: open holds have no decision to be sorted by."""
    statuses = set(address.all("status"))
    offered = SORTS if reader.withheld is None else {**SORTS, **_masked_sorts(reader.withheld)}
    if not statuses or statuses & CLOSED_STATUSES:
        return offered
    return {name: key for name, key in offered.items() if name != "decided"}


def _masked_sorts(withheld: Q) -> dict[str, SortKey]:
    """Orders by figures that may be withheld, in which such rows stand where those without a figure do."""
    return {
        name: replace(SORTS[name], expression=Case(When(withheld, then=Value(NO_AMOUNT)), default=SORT_KEYS[name]))
        for name in ("over", "used")
    }


def hold_list(
    params: QueryDict,
    *,
    actor: Actor,
    now: dt.datetime,
    today: Callable[[str], dt.date],
    related: Callable[[Asked], tuple[str, ...]] = lambda asked: RELATED,
    rows: int = 50,
) -> HoldList:
    """What the address `params` asks for, as far as `actor` may see it. Amounts are in each hold's accounting currency.

    `related` names what the rows are read with; nothing where no rows are wanted. `rows` are as many as a page has
    where the address does not say.
    """
    asked = read_address(params, actor=actor, now=now, today=today)
    asked.address.rows = rows
    found, views, counted_at = _counted(asked)
    beside = related(asked)
    page: Page[Hold] = Page([], None, None)
    if beside and found.count:
        page = page_in_order(
            asked.matching,
            asked.order,
            per=asked.address.per,
            after=params.get("after", ""),
            before=params.get("before", ""),
            related=beside,
            few=_are_few(asked, found.count),
        )
    return HoldList(asked, page, found, views, counted_at)


def _are_few(asked: Asked, count: Count) -> bool:
    """Whether the page is sorted from all that match, and not read along the order until enough of them were met.

    A view with an index of its own is always sorted: what is ready is never over its limit, so that the order by excess
    would lead past every hold that is. What stands together in the very order is never sorted. Where nothing is known
    of what an address asks for, as many as are counted are sorted, to be sure.
    """
    if not asked.as_shipped:
        return count <= MOST and not count.more
    if asked.order.words[0].removeprefix("-") == asked.view.walk:
        return False
    return asked.view.apart or count <= FEW


def _counted(asked: Asked) -> tuple[Tally, Mapping[str, Count], dt.datetime]:
    """The counts; an exact one of very many is kept for a while, as people turn its pages."""
    if asked.address.one("count") != "exact":
        return (*_tally(asked, exact=False), asked.reader.now)
    entities = asked.reader.actor.entities(access.Action.VIEW)
    scope = "" if entities is None else ",".join(sorted(entities))
    query = [(key, value) for key in FILTERS for value in asked.address.all(key)]
    said = repr((asked.reader.actor.reference, scope, query, sorted(asked.days.by_entity.items())))
    name = f"holds.count.{hashlib.sha256(said.encode()).hexdigest()}"
    kept: tuple[Tally, dt.datetime] | None = cache.get(name)
    if kept is not None and asked.reader.now - kept[1] < dt.timedelta(seconds=EXACT_FOR):
        _, views = _tally(asked, exact=False)
        return kept[0], views, kept[1]
    found, views = _tally(asked, exact=True)
    if found.count:
        cache.set(name, (found, asked.reader.now), EXACT_FOR)
    return found, views, asked.reader.now


def _tally(asked: Asked, *, exact: bool) -> tuple[Tally, Mapping[str, Count]]:
    shown = _wanted(asked.view, asked.condition) if asked.as_shipped else Wanted(asked.condition)
    narrowed = None
    if asked.address.all("reason"):
        narrowed = Wanted(condition_of(asked.address, asked.reader, without=("reason",)))
    views = _views(asked)
    if asked.as_shipped and not exact:
        views.pop(asked.view.slug, None)
    found, counts = tally(asked.holds, shown, narrowed, views, exact=exact, withheld=asked.reader.withheld)
    return found, counts if not asked.as_shipped or exact else {**counts, asked.view.slug: found.count}


def _views(asked: Asked) -> dict[str, Wanted]:
    """What to count for the tabs: the shipped views, and saved ones that have a tab."""
    wanted = {view.slug: view for view in (*VIEWS, *asked.arrangement.pinned)}
    return {
        slug: _wanted(view, condition_of(Address(QueryDict(), view.defaults), asked.reader))
        for slug, view in wanted.items()
    }


def _wanted(view: View, condition: Q) -> Wanted:
    return Wanted(condition, view.walk, counted=bool(view.walk) or view.apart)


def matching_holds(params: QueryDict, *, actor: Actor, now: dt.datetime, today: Callable[[str], dt.date]) -> list[UUID]:
    """Ids of the active holds that the address `params` asks for, all pages, oldest hold first."""
    asked = read_address(params, actor=actor, now=now, today=today)
    return list(asked.matching.filter(STATUSES["open"]).order_by("held_at", "id").values_list("pk", flat=True))
