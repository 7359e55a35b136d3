"""The hold list page (`ux.md` 3.1): find the next decision, understand it, decide it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from customers.access import Action
from customers.listing import parts
from customers.views import PageView
from holds.home import home_url
from holds.lists import HoldList, hold_list
from holds.lists.columns import facts_of, related_of
from holds.lists.grouping import is_grouped
from holds.lists.selections import Live, live_selection
from holds.pages import list_parts, list_rows
from holds.pages.changes import changes_url
from holds.pages.group_parts import group_context
from holds.pages.peek import peek_of_list

Item = dict[str, Any]


class HomePage(PageView):
    """GET `/`: the clerk's home is the hold list (`ux.md` 3.1)."""

    looks = Action.VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        """On to the list; to the orders, for who sells and does not see exposure."""
        return self.go(home_url(request.user) if self.may(Action.VIEW_EXPOSURE) else reverse("order-list"))


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
            rows=self.rows,
            related=lambda asked: () if is_grouped(asked.address) else related_of(list_rows.columns_of(asked)),
        )
        clean = parts.canonical(request.GET, found.asked.view)
        if clean != request.GET and not request.headers.get("HX-Request"):
            return self.go(f"{request.path}?{clean.urlencode()}" if clean else request.path)
        answer = self.page("holds/list.html", self._context(found))
        if clean != request.GET:
            answer["HX-Push-Url"] = f"{request.path}?{clean.urlencode()}" if clean else request.path
        return answer

    def _context(self, found: HoldList) -> Item:
        bulk = self._actions()
        at = list_parts.shown(found)
        tabs, more_tabs = parts.tabs(at, found.views)
        facets, more_facets = list_parts.facets(found)
        body = self._groups(found, bulk) if is_grouped(found.address) else self._rows(found, bulk)
        return {
            "found": found,
            "peek": peek_of_list(self),
            "tabs": tabs,
            "more_tabs": more_tabs,
            "view_acts": parts.view_acts(at),
            "tools": list_parts.tools(found),
            "exports": parts.export_items(at) if found.count else [],
            "search": {
                "name": "q",
                "value": found.address.one("q"),
                "placeholder": "Order, customer, invoice, note",
                "label": "Search holds",
            },
            "filters": list_parts.filters(found),
            "hidden": parts.hidden(at, list_parts.MANY),
            "chips": parts.chips(at),
            "clear_url": parts.clear_url(at),
            "facets": facets,
            "more_facets": more_facets,
            "summary": [
                {"currency": part.currency, "amount": part.amount, "over": part.over_limit} for part in found.tally.sums
            ],
            "exact_url": found.address.url(count="exact") if found.count.more else "",
            "keep_url": reverse("hold-selection"),
            "changes_url": changes_url(found, self.now),
            "currency": list_parts.currency(found),
            "bulk_actions": bulk,
            "actions": self._page_actions(found),
            "empty": None if found.count else list_parts.empty(found, self._evaluated(found)),
            **body,
        }

    def _rows(self, found: HoldList, bulk: list[Item]) -> Item:
        """One line per hold."""
        chosen = list_rows.with_currency(found, list_rows.columns_of(found.asked))
        kept = self._kept(found) if bulk else None
        facts = facts_of(found.page.rows, chosen, self.now, self.today, found.asked.reader.mask)
        listed = list_rows.query_of(found.asked)
        return {
            "order_text": list_parts.order_text(found),
            "columns": chosen,
            "heads": parts.heads(list_parts.shown(found), chosen, found.asked.order.words, list_parts.currency(found)),
            "rows": [list_rows.row_of(hold, found.asked, facts, kept, listed=listed) for hold in found.page.rows],
            "picked": list_rows.picked(found, kept),
            "select_all": list_rows.select_all(found, kept) if bulk else None,
            "pager": found.address.pager(found.page),
        }

    def _groups(self, found: HoldList, bulk: list[Item]) -> Item:
        """One line per customer; their holds open in place and can be selected there."""
        return {**group_context(found, bool(bulk)), "picked": list_rows.picked(found, None), "select_all": None}

    def _evaluated(self, found: HoldList) -> str:
        """When holds were evaluated last, and when they will be next: what good news rests on."""
        return list_parts.evaluated_words(self.actor, self.now)

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
