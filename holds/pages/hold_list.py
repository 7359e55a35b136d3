"""The hold list page (`ux.md` 3.1): find the next decision, understand it, decide it."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from customers.access import Action
from customers.views import PageView
from holds.columns import COLUMNS, Column, Facts, chosen_columns, facts_of, related_of
from holds.lists import Asked, HoldList, hold_list
from holds.models import Hold
from holds.pages import list_parts
from holds.pages.peek import peek_of_list
from holds.pages.selecting import SEPARATOR
from holds.selections import Live, live_selection
from holds.words import chips_of, status_of

Item = dict[str, Any]


class HomePage(PageView):
    """GET `/`: the clerk's home is the hold list (`ux.md` 3.1)."""

    looks = Action.VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        """On to the list."""
        return self.go(reverse("hold-list"))


class HoldListPage(PageView):
    """GET `/holds/`: the list that its address asks for."""

    looks = Action.VIEW
    section = "holds"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page; htmx asks for the same address and takes the part that it needs."""
        found = hold_list(
            request.GET,
            actor=self.actor,
            now=self.now,
            today=self.today,
            related=lambda asked: related_of(columns(asked)),
        )
        clean = list_parts.canonical(request.GET, found.asked.view)
        if clean != request.GET and not request.headers.get("HX-Request"):
            return self.go(f"{request.path}?{clean.urlencode()}" if clean else request.path)
        answer = self.page("holds/list.html", self._context(found))
        if clean != request.GET:
            answer["HX-Push-Url"] = f"{request.path}?{clean.urlencode()}" if clean else request.path
        return answer

    def _context(self, found: HoldList) -> Item:
        chosen = _with_currency(found, columns(found.asked))
        bulk = self._actions()
        kept = self._kept(found) if bulk else None
        facts = facts_of(found.page.rows, chosen, self.now, self.today)
        tabs, more_tabs = list_parts.tabs(found)
        return {
            "found": found,
            "peek": peek_of_list(self),
            "tabs": tabs,
            "more_tabs": more_tabs,
            "changed": list_parts.is_changed(found),
            "search": {
                "name": "q",
                "value": found.address.one("q"),
                "placeholder": "Order, customer, invoice, note",
                "label": "Search holds",
            },
            "filters": list_parts.filters(found),
            "hidden": list_parts.hidden(found),
            "chips": list_parts.chips(found),
            "clear_url": list_parts.clear_url(found),
            "facets": list_parts.facets(found),
            "summary": [
                {"currency": part.currency, "amount": part.amount, "over": part.over_limit} for part in found.tally.sums
            ],
            "exact_url": found.address.url(count="exact") if found.count.more else "",
            "order_text": list_parts.order_text(found),
            "columns": chosen,
            "heads": list_parts.heads(found, chosen),
            "rows": [_row(hold, found, facts, kept) for hold in found.page.rows],
            "picked": _picked(found, kept),
            "keep_url": reverse("hold-selection"),
            "select_all": _select_all(found, kept) if bulk else None,
            "currency": list_parts.currency(found),
            "pager": list_parts.pager(found),
            "bulk_actions": bulk,
            "actions": self._page_actions(found),
            "empty": list_parts.empty(found, "") if not found.page.rows else None,
        }

    def _kept(self, found: HoldList) -> Live | None:
        """What the reader selected in this very list before, on this page or on others."""
        return live_selection(found.asked, self.request.GET.get("selected", ""), self.actor, self.now)

    def _page_actions(self, found: HoldList) -> list[Item]:
        """What can be done with the list as it is."""
        if not self.may(Action.EVALUATE) or not found.count:
            return []
        query = self.request.GET.urlencode()
        url = reverse("hold-evaluate") + (f"?{query}" if query else "")
        return [{"label": "Evaluate…", "url": url, "icon": "refresh-cw", "dialog": True}]

    def _actions(self) -> list[Item]:
        """The actions on a selection that the reader may do somewhere."""
        known = (
            (Action.RELEASE, "Release…", "hold-release", "r", "check", True),
            (Action.REJECT, "Reject…", "hold-reject", "d", "x", False),
            (Action.WORK_HOLDS, "Snooze…", "hold-snooze", "h", "clock", False),
            (Action.EVALUATE, "Evaluate…", "hold-evaluate", "e", "refresh-cw", False),
            (Action.WORK_HOLDS, "Assign…", "hold-assign", "a", "user", False),
            (Action.WORK_HOLDS, "Take", "hold-claim", "m", "user-check", False),
        )
        return [
            {"label": label, "url": reverse(name), "shortcut": key, "icon": icon, "primary": primary}
            for action, label, name, key, icon, primary in known
            if self.may(action)
        ]


def columns(asked: Asked) -> tuple[Column, ...]:
    """The columns of the list: of its address, its view, or the reader's own."""
    return chosen_columns(asked.address, asked.arrangement.layout.get("cols", ()))


def _with_currency(found: HoldList, chosen: Sequence[Column]) -> tuple[Column, ...]:
    """Where the list mixes currencies, each row names its own, left of its first amount."""
    names = [column.name for column in chosen]
    first = next((place for place, column in enumerate(chosen) if column.money), None)
    if len(found.tally.currencies) < 2 or "currency" in names or first is None:
        return tuple(chosen)
    return (*chosen[:first], COLUMNS["currency"], *chosen[first:])


def _picked(found: HoldList, kept: Live | None) -> Item:
    """What is selected before anything is ticked here: in all, and on other pages."""
    ids: Collection[Any] = kept.ids if kept else ()
    here = [hold for hold in found.page.rows if hold.pk in ids]
    sums = kept.sums if kept else {}
    single = sums.get(list_parts.currency(found), Decimal(0))
    return {
        "from": found.address.url(selected=None).removeprefix("?"),
        "token": str(kept.selection.pk) if kept else "",
        "was": SEPARATOR.join(hold.number for hold in here),
        "count": len(ids),
        "elsewhere": len(ids) - len(here),
        "amount": single - sum((hold.amount for hold in here), Decimal(0)),
        "sums": sums,
        "everything": bool(kept and kept.selection.everything),
        "taken_at": kept.selection.taken_at if kept else None,
        "clear_url": found.address.url(selected=None),
    }


def _select_all(found: HoldList, kept: Live | None) -> Item | None:
    """The offer to take everything that matches, where that is more than this page shows."""
    count = found.count
    if count <= len(found.page.rows) or (kept is not None and kept.selection.everything):
        return None
    return {"label": f"Select all {count} that match", "url": reverse("hold-selection"), "name": "all", "value": "1"}


def _row(hold: Hold, found: HoldList, facts: Facts, kept: Live | None) -> Item:
    days = found.asked.days
    today = days.by_entity.get(hold.legal_entity_id, days.elsewhere)
    asleep = hold.snoozed_until is not None and hold.snoozed_until > today
    return {
        "hold": hold,
        "url": reverse("hold-detail", args=[hold.number]),
        "customer_url": reverse("customer", args=[hold.payer.legal_entity_id, hold.payer.account]),
        "chips": chips_of(hold),
        "status": "snoozed" if asleep else status_of(hold),
        "past": hold.ship_date is not None and hold.ship_date < today,
        "today": today,
        "now": facts.now,
        "facts": facts,
        "selectable": hold.status == Hold.Status.ACTIVE,
        "selected": kept is not None and hold.pk in kept.ids,
    }
