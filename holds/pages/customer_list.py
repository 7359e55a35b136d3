"""The list of customers (`ux.md` 3.6): who uses how much of which limit, and what is done with many of them."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from customers.access import Action
from customers.listing import parts
from customers.listing.columns import with_currency
from customers.listing.parts import Shown, choice, text
from customers.listing.selections import find_selection
from customers.models import Customer, ListSelection
from customers.numbers import grouped
from customers.views import PageView
from holds.customer_list import CUSTOMERS, CustomerList, customer_list, read_address
from holds.customer_list.columns import COLUMNS
from holds.customer_list.filters import COVER, CREDIT, FILTERS, YES_NO
from holds.customer_list.selecting import SEPARATOR, Live, live_selection, select_all, select_rows
from holds.pages.customer_bulk import bulk_actions

Item = dict[str, Any]
WORDS = {
    "credit": CREDIT,
    "cover": COVER,
    **dict.fromkeys(("over", "holds", "temporary", "excluded", "agency"), YES_NO),
}
LABELS = {key: item.label for key, item in FILTERS.items()}


class CustomerListPage(PageView):
    """GET `/customers/`."""

    looks = Action.VIEW_EXPOSURE
    section = "customers"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page; htmx asks for the same address and takes the part that it needs."""
        found = customer_list(request.GET, actor=self.actor, now=self.now, today=self.today, rows=self.rows)
        clean = parts.canonical(request.GET, found.asked.view)
        address = f"{request.path}?{clean.urlencode()}" if clean else request.path
        if clean != request.GET and not request.headers.get("HX-Request"):
            return self.go(address)
        answer = self.page("customers/list.html", self._context(found))
        if clean != request.GET:
            answer["HX-Push-Url"] = address
        return answer

    def _context(self, found: CustomerList) -> Item:
        asked, at = found.asked, shown(found)
        columns = with_currency(asked.columns, COLUMNS["currency"], mixed=_mixed(found))
        tabs, more_tabs = parts.tabs(at, {})
        bulk = bulk_actions(self)
        kept = live_selection(asked, self.request.GET.get("selected", ""), self.actor, self.now) if bulk else None
        return {
            "found": found,
            "tabs": tabs,
            "more_tabs": more_tabs,
            "view_acts": parts.view_acts(at),
            "search": {"name": "q", "value": asked.address.one("q"), "placeholder": "Account or name",
                       "label": "Search customers"},
            "filters": filters(at),
            "hidden": parts.hidden(at),
            "chips": parts.chips(at),
            "clear_url": parts.clear_url(at),
            "tools": [parts.columns_tool(at)],
            "exports": parts.export_items(at) if found.page.rows else [],
            "columns": columns,
            "heads": parts.heads(at, columns, asked.sort),
            "rows": [row_of(customer, found, kept) for customer in found.page.rows],
            "counted": f"{grouped(min(found.count, 10_000))}{'+' if found.more else ''}",
            "bulk_actions": bulk,
            "picked": picked(found, kept),
            "select_all": _all(found, kept) if bulk else None,
            "keep_url": reverse("customer-selection"),
            "pager": asked.address.pager(found.page),
            "actions": [{"label": "Credit groups", "url": reverse("group-list")}],
            "empty_chips": parts.chips(at, search=True),
        }  # fmt: skip


class KeepCustomers(PageView):
    """`/customers/selection/`: keep what is ticked, or take all that match, and go on with it. A plain GET form, which
    changes nothing but what its reader has in hand."""

    looks = Action.VIEW_EXPOSURE
    section = "customers"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Freeze, and back to the list."""
        query = QueryDict(request.GET.get("from", ""))
        asked = read_address(query, actor=self.actor, now=self.now, today=self.today, looks=self.looks)
        kept: ListSelection | None
        if request.GET.get("all"):
            kept = select_all(asked, actor=self.actor, at=self.now)
        else:
            before = find_selection(CUSTOMERS, request.GET.get("selected", ""), self.actor, self.now)
            ticks = {"put": request.GET.getlist("customer"), "taken": request.GET.get("was", "").split(SEPARATOR)}
            kept = select_rows(asked, before, ticks, actor=self.actor, at=self.now)
        then = QueryDict(request.GET.get("then", request.GET.get("from", "")).removeprefix("?"), mutable=True)
        then.pop("selected", None)
        if kept is not None:
            then["selected"] = str(kept.pk)
        return self.go(parts.list_url(CUSTOMERS, then.urlencode()))


def shown(found: CustomerList) -> Shown:
    """The list as its reader looks at it, for the parts that every list has."""
    asked = found.asked
    return Shown(CUSTOMERS, asked.address, asked.view, asked.arrangement, LABELS, WORDS)


def filters(at: Shown) -> list[Item]:
    """The filter menus: each is part of one plain GET form."""
    figures = [text(at, "used_min"), text(at, "used_max"), text(at, "limit_min"), text(at, "limit_max")]
    dates = [
        text(at, "expires_min", hint="+0d"), text(at, "expires_max", hint="+30d"), text(at, "review_max", hint="+0d"),
        text(at, "reviewed_max", hint="-365d"),
    ]  # fmt: skip
    more = [
        choice(at, "over", YES_NO.items()), choice(at, "credit", CREDIT.items()), choice(at, "holds", YES_NO.items()),
        choice(at, "temporary", YES_NO.items()), choice(at, "cover", COVER.items()),
        choice(at, "excluded", YES_NO.items()), choice(at, "agency", YES_NO.items()), text(at, "status"),
        text(at, "group"), text(at, "credit_group"), text(at, "entity", hint="NL01"),
        text(at, "controller", hint="me, none or a user name"), text(at, "country", hint="NL"),
        text(at, "currency", hint="EUR"),
    ]  # fmt: skip
    return [
        parts.panel(at, "figures", "Limit and use", figures),
        parts.panel(at, "dates", "Dates", dates),
        parts.panel(at, "more", "More", more, wide=True),
    ]


def row_of(customer: Customer, found: CustomerList, kept: Live | None) -> Item:
    """A customer as the cells draw it."""
    return {
        "customer": customer,
        "position": found.facts.of(customer),
        "facts": found.facts,
        "url": reverse("customer", args=[customer.legal_entity_id, customer.account]),
        "cover_ends": getattr(customer, "cover_ends", None),
        "selected": kept is not None and customer.pk in kept.ids,
    }


def picked(found: CustomerList, kept: Live | None) -> Item:
    """What is selected before anything is ticked here: in all, and on other pages."""
    address = found.asked.address
    here = [customer for customer in found.page.rows if kept is not None and customer.pk in kept.ids]
    count = len(kept.ids) if kept else 0
    return {
        "from": address.url(selected=None).removeprefix("?"),
        "token": str(kept.selection.pk) if kept else "",
        "was": SEPARATOR.join(customer.key for customer in here),
        "count": count,
        "elsewhere": count - len(here),
        "sums": {},
        "everything": bool(kept and kept.selection.everything),
        "taken_at": kept.selection.taken_at if kept else None,
        "clear_url": address.url(selected=None),
    }


def _all(found: CustomerList, kept: Live | None) -> Item | None:
    """The offer to take everything that matches, where that is more than this page shows."""
    if found.count <= len(found.page.rows) or found.more or (kept is not None and kept.selection.everything):
        return None
    label = f"Select all {grouped(found.count)} that match"
    return {"label": label, "url": reverse("customer-selection"), "name": "all", "value": "1"}


def _mixed(found: CustomerList) -> bool:
    return len({found.facts.of(customer).currency for customer in found.page.rows}) > 1
