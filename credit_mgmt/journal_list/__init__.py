"""The list of journals as a query (`ux.md` 3.7): what its address asks for, and what its rows need beside them."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet
from django.http import QueryDict

from credit_mgmt.journal_list.columns import COLUMNS, JOURNALS, Facts
from credit_mgmt.journal_list.filters import Reader, condition_of
from credit_mgmt.models import LimitJournal, LimitJournalLine
from customers import access
from customers.access import Action, Actor
from customers.listing import Address, CountUpTo, Key, Page, page_of, sort_keys
from customers.listing.columns import Column, chosen_columns, related_of
from customers.listing.kinds import View
from customers.listing.views import Arrangement, arrangement
from customers.people import names_of

__all__ = ["JOURNALS", "JournalList", "counts_of", "facts_of", "journal_list", "read_address"]

MOST = 10_000
"""Counting stops where nobody looks any more (`ux.md` 3.0, Counts)."""
SORTS: Mapping[str, str] = {
    "journal": "number", "type": "type", "description": "description", "lines": "line_count", "increase": "increase",
    "decrease": "decrease", "status": "status", "entity": "legal_entity_id", "changed": "changed_at",
    "created": "created_at", "submitted": "submitted_at", "posted": "posted_at",
}  # fmt: skip
RELATED = ("legal_entity",)


@dataclass(frozen=True, slots=True)
class Asked:
    """An address, read: which journals, in which order, with which columns."""

    address: Address
    view: View
    arrangement: Arrangement
    reader: Reader
    visible: QuerySet[LimitJournal]
    matching: QuerySet[LimitJournal]
    sort: Sequence[str]
    keys: Sequence[Key]

    @property
    def columns(self) -> tuple[Column[LimitJournal, Facts], ...]:
        """The columns of the list."""
        layout = self.arrangement.layout.get("cols", ())
        return chosen_columns(
            COLUMNS, self.address, layout, fixed=JOURNALS.fixed, default=JOURNALS.default(self.address)
        )


@dataclass(frozen=True, slots=True)
class JournalList:
    """Everything that the page shows."""

    asked: Asked
    page: Page[LimitJournal]
    count: int
    facts: Facts

    @property
    def more(self) -> bool:
        """Whether more match than are counted."""
        return self.count > MOST


def read_address(params: QueryDict, *, actor: Actor, today: Callable[[str], dt.date]) -> Asked:
    """What `params` means to `actor`; one query. What cannot be read is left out and stands in `address.problems`."""
    found = arrangement(JOURNALS, actor)
    view = found.view(params.get("view", ""))
    address = Address(params, view.defaults)
    reader = Reader(actor, today("UTC"))
    visible = access.scoped(LimitJournal.objects.all(), actor, Action.VIEW_EXPOSURE)
    sort, keys = sort_keys(",".join(address.all("sort")), SORTS, ("-changed",), "number")
    return Asked(address, view, found, reader, visible, visible.filter(condition_of(address, reader)), sort, keys)


def journal_list(params: QueryDict, *, actor: Actor, today: Callable[[str], dt.date], rows: int = 50) -> JournalList:
    """The page that the address asks for; sums are in each legal entity's accounting currency."""
    asked = read_address(params, actor=actor, today=today)
    asked.address.rows = rows
    place = {name: params.get(name, "") for name in ("after", "before")}
    page = page_of(
        asked.matching,
        asked.keys,
        per=asked.address.per,
        related=related_of(asked.columns, RELATED),
        full=LimitJournal.objects.annotate(counted=CountUpTo(asked.matching, MOST)),
        **place,
    )
    count = int(page.rows[0].counted) if page.rows else 0  # type: ignore[attr-defined]  # read along
    return JournalList(asked, page, count, facts_of(page.rows, asked.columns))


def facts_of(rows: Sequence[LimitJournal], columns: Sequence[Column[Any, Any]]) -> Facts:
    """Names of people, and the days of the lines where a column shows them; two queries."""
    people = {who for row in rows for who in (row.owner, row.submitted_by, row.decided_by, row.posted_by) if who}
    shown = {column.name for column in columns}
    if not shown & {"valid_from", "valid_to"}:
        return Facts(names_of(people))
    lines = LimitJournalLine.objects.filter(journal__in=[row.pk for row in rows]).order_by()
    days = lines.values_list("journal").annotate(first=Min("new_from"), last=Max("new_to"))
    return Facts(names_of(people), {journal: (first, last) for journal, first, last in days})


def counts_of(asked: Asked) -> dict[str, int]:
    """How many journals wait in each shipped view; what is in *All* is not counted. One query."""
    conditions = {view.slug: condition_of(Address(QueryDict(), view.defaults), asked.reader) for view in JOURNALS.views}
    counted: dict[str, Q] = {slug: condition for slug, condition in conditions.items() if slug != JOURNALS.first}
    names = {slug: slug.replace("-", "_") for slug in counted}
    sums = {names[slug]: Count("pk", filter=condition) for slug, condition in counted.items()}
    found = asked.visible.order_by().aggregate(**sums)
    return {slug: found[name] for slug, name in names.items()}
