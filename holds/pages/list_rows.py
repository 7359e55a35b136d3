"""The rows of the hold list, and what is selected among them."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from customers.listing import columns as listing
from customers.listing.columns import Column
from holds.lists import Asked, HoldList
from holds.lists.columns import COLUMNS, Facts, chosen_columns
from holds.lists.selections import Live
from holds.models import Hold
from holds.pages.selecting import SEPARATOR
from holds.words import chips_of, status_of

Item = dict[str, Any]


def columns_of(asked: Asked) -> tuple[Column[Hold, Facts], ...]:
    """The columns of the list: of its address, its view, or the reader's own."""
    return chosen_columns(asked.address, asked.arrangement.layout.get("cols", ()))


def with_currency(found: HoldList, chosen: Sequence[Column[Hold, Facts]]) -> tuple[Column[Hold, Facts], ...]:
    """Where the list mixes currencies, each row names its own, left of its first amount."""
    return listing.with_currency(chosen, COLUMNS["currency"], mixed=len(found.tally.currencies) > 1)


def picked(found: HoldList, kept: Live | None) -> Item:
    """What is selected before anything is ticked here: in all, and on other pages."""
    ids: Collection[Any] = kept.ids if kept else ()
    here = [hold for hold in found.page.rows if hold.pk in ids]
    sums = kept.sums if kept else {}
    here_without = found.address.params.copy()
    here_without.pop("selected", None)
    others = {name: total - sum((hold.amount for hold in here if hold.currency == name), Decimal(0))
              for name, total in sums.items()}  # fmt: skip
    return {
        "from": found.address.url(selected=None).removeprefix("?"),
        "token": str(kept.selection.pk) if kept else "",
        "was": SEPARATOR.join(hold.number for hold in here),
        "count": len(ids),
        "elsewhere": len(ids) - len(here),
        "elsewhere_sums": " ".join(f"{name}:{total:f}" for name, total in others.items()),
        "sums": sums,
        "everything": bool(kept and kept.selection.everything),
        "taken_at": kept.selection.taken_at if kept else None,
        "clear_url": f"?{here_without.urlencode()}",
    }


def select_all(found: HoldList, kept: Live | None) -> Item | None:
    """The offer to take everything that matches, where that is more than this page shows."""
    count = found.count
    if count <= len(found.page.rows) or (kept is not None and kept.selection.everything):
        return None
    return {"label": f"Select all {count} that match", "url": reverse("hold-selection"), "name": "all", "value": "1"}


def query_of(asked: Asked) -> str:
    """The list as an address, for the pages that it leads to: they go on to the next hold of this very list."""
    query = asked.address.url(selected=None, peek=None).removeprefix("?")
    return query if "view" in asked.address.params else "&".join(filter(None, (f"view={asked.view.slug}", query)))


def row_of(hold: Hold, asked: Asked, facts: Facts, kept: Live | None = None, *, listed: str = "") -> Item:
    """A hold as the cells draw it; `listed` is the query of the list that its page and its peek lead back to."""
    days = asked.days
    came_from = f"?{urlencode({'from': listed})}" if listed else ""
    today = days.by_entity.get(hold.legal_entity_id, days.elsewhere)
    asleep = hold.snoozed_until is not None and hold.snoozed_until > today
    cause = kept.cause(hold) if kept is not None else ""
    return {
        "hold": hold,
        "url": reverse("hold-detail", args=[hold.number]) + came_from,
        "menu_url": reverse("hold-actions", args=[hold.number]) + came_from,
        "peek_url": f"{reverse('hold-list')}?{f'{listed}&' if listed else ''}peek={hold.number}",
        "peek_panel": reverse("hold-peek", args=[hold.number]) + came_from,
        "customer_url": reverse("customer", args=[hold.payer.legal_entity_id, hold.payer.account]),
        "chips": chips_of(hold, facts.mask),
        "status": "snoozed" if asleep else status_of(hold),
        "past": hold.ship_date is not None and hold.ship_date < today,
        "today": today,
        "now": facts.now,
        "facts": facts,
        "selectable": hold.status == Hold.Status.ACTIVE,
        "selected": kept is not None and hold.pk in kept.ids,
        "message": cause,
        "retry_url": f"{kept.selection.again}?{urlencode({'hold': hold.number})}" if kept is not None and cause else "",
    }
