"""The hold list page (`ux.md` 3.1): find the next decision, understand it, decide it."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from customers.access import Action
from customers.models import Document
from customers.views import PageView
from holds.lists import FILTERS, VIEWS, HoldList, hold_list
from holds.models import Hold
from holds.words import REASONS, chips_of, status_of

Item = dict[str, Any]

COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("order", "Order", ""),
    ("customer", "Customer", ""),
    ("", "Why held", ""),
    ("value", "Value", "right"),
    ("over", "Over limit", "right"),
    ("used", "Used", "right"),
    ("overdue", "Overdue", "right"),
    ("ship", "Ship", ""),
    ("held", "Held", "right"),
    ("", "Own", ""),
    ("", "Status", ""),
)
IN_MONEY = {"Value", "Over limit", "Overdue"}
SORT_WORDS = {
    "ship": "ship date", "value": "value", "over": "amount over limit", "used": "limit used",
    "overdue": "overdue amount",
    "held": "time of hold", "order": "order number", "customer": "customer", "checkpoint": "checkpoint",
    "decided": "time of decision",
}  # fmt: skip
FILTER_WORDS = {
    "reason": "Reason", "status": "Status", "forced": "Forced", "entity": "Legal entity", "customer": "Customer",
    "checkpoint": "Checkpoint", "owner": "Owner", "value_min": "Value from", "value_max": "Value to",
    "ship_min": "Ships from", "ship_max": "Ships by", "held_days_min": "Held at least (days)",
    "review_max": "Review by", "decided_min": "Decided since", "q": "Search",
}  # fmt: skip


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
        found = hold_list(request.GET, actor=self.actor, now=self.now, today=self.today)
        return self.page(
            "holds/list.html",
            {
                "found": found,
                "tabs": _tabs(found),
                "search": {
                    "name": "q",
                    "value": found.address.one("q"),
                    "placeholder": "Order, customer, note",
                    "label": "Search holds",
                },
                "filters": _filters(found),
                "hidden": _hidden(found),
                "chips": _chips(found),
                "clear_url": _clear_url(found),
                "facets": _facets(found),
                "summary": _summary(found),
                "order_text": _order_text(found),
                "columns": _columns(found),
                "rows": [_row(hold, found) for hold in found.page.rows],
                "currency": _currency(found),
                "pager": found.address.pager(found.page),
                "bulk_actions": self._actions(),
                "actions": self._page_actions(found),
                "empty": _empty(found),
            },
        )

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
            (Action.EVALUATE, "Evaluate…", "hold-evaluate", "e", "refresh-cw", False),
            (Action.WORK_HOLDS, "Assign…", "hold-assign", "a", "user", False),
        )
        return [
            {"label": label, "url": reverse(name), "shortcut": key, "icon": icon, "primary": primary}
            for action, label, name, key, icon, primary in known
            if self.may(action)
        ]


def _tabs(found: HoldList) -> list[Item]:
    return [
        {
            "label": view.label,
            "url": f"?view={view.slug}",
            "count": found.views[view.slug],
            "active": view is found.view and not _explicit(found),
        }
        for view in VIEWS
    ]


def _explicit(found: HoldList) -> list[tuple[str, str]]:
    """The filters that stand in the address itself, in a stable order."""
    params = found.address.params
    return [(key, value) for key in FILTERS for value in params.getlist(key) if value]


def _filters(found: HoldList) -> list[Item]:
    """The filter menus: each is part of one plain GET form."""
    address = found.address
    reasons = [(code, words, found.reasons.get(code, 0)) for code, words in REASONS.items()]
    entities = [(item.code, f"{item.code} {item.name}", None) for item in found.entities]
    return [
        _menu(found, "reason", [item for item in reasons if item[2] or item[0] in address.all("reason")]),
        _menu(found, "status", [(word, word.capitalize(), None) for word in ("held", "ready", "released", "rejected")]),
        _menu(found, "checkpoint", [(value, label, None) for value, label in Document.choices]),
        *([_menu(found, "entity", entities)] if len(entities) > 1 else []),
        _menu(found, "owner", [("me", "Me", None), ("none", "Nobody", None)]),
        _input(found, "value_min", "number", "Value from"),
        _input(found, "ship_max", "text", "Ships by", "2026-11-24 or +2d"),
    ]


def _menu(found: HoldList, name: str, options: Sequence[tuple[str, str, int | None]]) -> Item:
    chosen = [value for value in found.address.params.getlist(name) if value]
    return {
        "label": FILTER_WORDS[name],
        "name": name,
        "summary": str(len(chosen)) if chosen else "",
        "options": [
            {"value": value, "label": label, "count": count, "selected": value in chosen}
            for value, label, count in options
        ],
    }


def _input(found: HoldList, name: str, kind: str, label: str, hint: str = "") -> Item:
    value = found.address.params.get(name, "")
    shown = f"{label}, as {hint}" if hint else label
    return {"label": label, "input_label": shown, "name": name, "type": kind, "value": value, "summary": value}


def _hidden(found: HoldList) -> list[Item]:
    """What the filter form must carry along: the view, the sort and the filters that have no menu."""
    offered = {item["name"] for item in _filters(found)} | {"q"}
    kept = [*(key for key in FILTERS if key not in offered), "view", "sort", "per"]
    params = found.address.params
    return [{"name": key, "value": value} for key in kept for value in params.getlist(key) if value]


def _chips(found: HoldList) -> list[Item]:
    return [
        {"label": f"{FILTER_WORDS[key]}: {_said(key, value)}", "remove_url": found.address.without(key, value)}
        for key, value in _explicit(found)
    ]


def _said(key: str, value: str) -> str:
    if key == "reason":
        return REASONS.get(value, value)
    return dict(Document.choices).get(value, value) if key == "checkpoint" else value


def _clear_url(found: HoldList) -> str:
    return found.address.url(**dict.fromkeys(FILTERS))


def _facets(found: HoldList) -> list[Item]:
    """Counts per reason; a click filters by it, a second click takes it back."""
    chosen = found.address.all("reason")
    return [
        {
            "label": words,
            "count": found.reasons.get(code, 0),
            "active": code in chosen,
            "url": found.address.without("reason", code)
            if code in chosen
            else found.address.url(reason=[*chosen, code]),
        }
        for code, words in REASONS.items()
        if found.reasons.get(code) or code in chosen
    ]


def _summary(found: HoldList) -> list[Item]:
    """Count and sums by currency, exact."""
    return [{"currency": part.currency, "amount": part.amount, "over": part.over_limit} for part in found.sums]


def _order_text(found: HoldList) -> str:
    words = [
        SORT_WORDS[word.removeprefix("-")] + (", highest first" if word.startswith("-") else "") for word in found.sort
    ]
    return f"Sorted by {', then '.join(words)}"


def _columns(found: HoldList) -> list[Item]:
    """The head of the table; a currency stands once in the head, or in its own column where the list mixes them."""
    unit = _currency(found)
    columns = []
    for name, label, align in COLUMNS:
        head = found.address.head(name, label, align, found.sort)
        columns.append({**head, "frozen": 1 if name == "order" else None, "unit": unit if label in IN_MONEY else ""})
        if label == "Why held" and not unit:
            columns.append({"label": "Currency"})
    return columns


def _currency(found: HoldList) -> str:
    """The one currency of everything that is shown, or nothing where there are several."""
    return found.sums[0].currency if len(found.sums) == 1 else ""


def _row(hold: Hold, found: HoldList) -> Item:
    today = found.days.by_entity.get(hold.legal_entity_id, found.days.elsewhere)
    return {
        "hold": hold,
        "url": reverse("hold-detail", args=[hold.number]),
        "customer_url": reverse("customer", args=[hold.payer.legal_entity_id, hold.payer.account]),
        "chips": chips_of(hold),
        "status": status_of(hold),
        "past": hold.ship_date is not None and hold.ship_date < today,
        "owner": hold.assignee,
        "selectable": hold.status == Hold.Status.ACTIVE,
    }


def _empty(found: HoldList) -> Item:
    """Why nothing is shown: filtered away, good news, or nothing there at all (`ux.md` 3.0, States)."""
    explicit = _explicit(found)
    if explicit:
        filters = "this filter" if len(explicit) == 1 else f"these {len(explicit)} filters"
        full = next((view for view in VIEWS if found.views[view.slug]), None)
        action = {"label": f"{full.label} ({found.views[full.slug]})", "url": f"?view={full.slug}"} if full else None
        return {"kind": "filtered", "title": f"No holds match {filters}.", "text": "", "action": action}
    if found.view.slug == "open":
        text = "An order that fails its credit check at an enabled checkpoint appears here."
        return {"kind": "good", "title": "No order is on hold.", "text": text, "action": None}
    good = found.view.slug != "closed"
    action = {"label": f"All open ({found.views['open']})", "url": "?view=open"}
    titles = {
        "ready": "Nothing is ready to release.", "forced": "No hold is forced.", "mine": "Nothing is assigned to you.",
        "ships-soon": "Nothing on hold ships in the next 2 working days.", "review": "No hold is due for review.",
        "closed": "No hold was closed in the last 7 days.",
    }  # fmt: skip
    return {"kind": "good" if good else "nothing", "title": titles[found.view.slug], "text": "", "action": action}
