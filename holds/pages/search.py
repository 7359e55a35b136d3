"""Search and command palette (`ux.md` 3.16): one address, answered as a page, or as the palette's list to htmx."""

import datetime as dt
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from customers.access import Action
from customers.models import CustomerTransaction, SalesOrder
from customers.views import PageView
from holds.finding import Match, find, recent_holds
from holds.models import Hold
from holds.pages.commands import actions_on, filtered_list, places, verb_of

Item = dict[str, Any]
IN_PALETTE, ON_PAGE = 5, 50
MOST_ACTIONS = 8
GROUPS = {
    "hold": "Holds", "order": "Orders", "customer": "Customers", "transaction": "Invoices and payments",
    "rule": "Rules", "view": "Views", "job": "Jobs",
}  # fmt: skip
KINDS = {"transaction": "Invoice"}
ICONS = {
    "hold": "pause", "order": "package", "customer": "users", "transaction": "receipt", "rule": "scale",
    "view": "list-filter", "job": "activity",
}  # fmt: skip


class SearchPage(PageView):
    """GET `/search/?q=`: everything by number, name or verb."""

    looks = Action.VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page; htmx asks the same address for the palette's list."""
        text = " ".join(request.GET.get("q", "").split())[:100]
        fragment = bool(request.headers.get("HX-Request"))
        groups = self._groups(text, IN_PALETTE if fragment else ON_PAGE)
        count = sum(len(items) for _, items in groups)
        context = {
            "q": text,
            "groups": groups,
            "count": count,
            "found_text": _count_words(text, count),
            "more_url": f"{reverse('search')}?q=",
        }
        return self.page("holds/_found.html" if fragment else "holds/search.html", context)

    def _groups(self, text: str, most: int) -> list[tuple[str, list[Item]]]:
        """What is found in its groups: exact keys, actions, the rest by kind, pages and views."""
        if not text:
            return _some([("Your last holds", [_item(match, self.now) for match in recent_holds(actor=self.actor)])])
        listed = filtered_list(text)
        if listed:
            return [("List", [listed])]
        verb, about = verb_of(text)
        matches = find(about, actor=self.actor, most=most)
        actions = list(actions_on(matches, verb, self.actor))[:MOST_ACTIONS]
        exact = [_item(match, self.now) for match in matches if match.exact]
        rest = [match for match in matches if not match.exact]
        by_kind = [(GROUPS[kind], [_item(match, self.now) for match in some]) for kind, some in groupby(rest, _kind)]
        first = [("Actions", actions), ("Exactly", exact)] if verb else [("Exactly", exact), ("Actions", actions)]
        return _some([*first, ("Go to", list(places(text, self.actor))), *by_kind])


def _some(groups: list[tuple[str, list[Item]]]) -> list[tuple[str, list[Item]]]:
    return [(heading, items) for heading, items in groups if items]


def _kind(match: Match) -> str:
    return match.kind


def _count_words(text: str, count: int) -> str:
    if not text:
        return ""
    return f"{count} result{'' if count == 1 else 's'}" if count else f"Nothing is called “{text}”."


def _item(match: Match, now: dt.datetime) -> Item:
    """A match as a line: what it is called, its state in words, and where it leads."""
    label, name = match.number, match.name
    if match.kind == "hold":
        label, _, name = match.name.partition(" ")
    elif match.kind == "job":
        label = match.number.replace("_", " ").capitalize()
    return {
        "kind": KINDS.get(match.kind, match.kind.capitalize()),
        "label": label,
        "name": name,
        "number": match.number if match.kind == "hold" else "",
        "entity": match.entity,
        "state": _state(match),
        "at": match.at,
        "url": _url(match),
        "icon": ICONS[match.kind],
    }


def _state(match: Match) -> str:
    if match.kind == "hold":
        return "On hold" if match.state == Hold.Status.ACTIVE else str(Hold.Status(match.state).label)
    if match.kind == "order":
        return str(SalesOrder.CreditStatus(match.state).label)
    if match.kind == "transaction":
        return str(CustomerTransaction.Kind(match.state).label)
    return match.state.capitalize()


def _url(match: Match) -> str:
    if match.kind == "view":
        return f"{reverse('hold-list')}?view={match.extra}"
    panel = "payments" if match.state == CustomerTransaction.Kind.PAYMENT else "invoices"
    route, key = {
        "hold": ("hold-detail", [match.number]),
        "order": ("order", [match.entity, match.number]),
        "customer": ("customer", [match.entity, match.number]),
        "transaction": ("customer-panel", [match.entity, match.extra, panel]),
        "rule": ("rule-edit", [match.extra]),
        "job": ("job", [match.extra]),
    }[match.kind]
    return reverse(route, args=key)
