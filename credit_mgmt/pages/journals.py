"""The list of limit adjustment journals (`ux.md` 3.7), by its address."""

import datetime as dt
import json
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.journal_list import JOURNALS, JournalList, counts_of, journal_list, read_address
from credit_mgmt.journal_list.columns import COLUMNS
from credit_mgmt.journal_list.filters import FILTERS, ME, POSTED, SOURCE, STATUS, TYPE
from credit_mgmt.journal_list.selecting import SEPARATOR, live_selection, select_all, select_rows
from credit_mgmt.journals.forms import GENERATE
from customers import access
from customers.access import Action
from customers.listing import parts
from customers.listing.columns import with_currency
from customers.listing.parts import Shown, menu, text
from customers.listing.selections import find_selection
from customers.models import LegalEntity, ListSelection
from customers.numbers import grouped
from customers.views import PageView

Item = dict[str, Any]
WORDS = {
    "status": STATUS, "type": TYPE, "source": SOURCE, "posted": POSTED,
    **{key: {ME: "Me"} for key in ("owner", "not_submitted_by", "approver", "posted_by")},
}  # fmt: skip
LABELS = {key: item.label for key, item in FILTERS.items()}


class JournalListPage(PageView):
    """GET `/journals/`."""

    looks = Action.VIEW_EXPOSURE
    section = "journals"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page; htmx asks for the same address and takes the part that it needs."""
        found = journal_list(request.GET, actor=self.actor, today=self.today, rows=self.rows)
        clean = parts.canonical(request.GET, found.asked.view)
        address = f"{request.path}?{clean.urlencode()}" if clean else request.path
        if clean != request.GET and not request.headers.get("HX-Request"):
            return self.go(address)
        answer = self.page("credit_mgmt/journals.html", self._context(found))
        if clean != request.GET:
            answer["HX-Push-Url"] = address
        return answer

    def _context(self, found: JournalList) -> Item:
        asked = found.asked
        at = Shown(JOURNALS, asked.address, asked.view, asked.arrangement, LABELS, WORDS)
        mixed = len({row.legal_entity.accounting_currency_id for row in found.page.rows}) > 1
        columns = with_currency(asked.columns, COLUMNS["currency"], mixed=mixed)
        tabs, more_tabs = parts.tabs(at, counts_of(asked))
        bulk = bulk_actions(self)
        kept = live_selection(asked, self.request.GET.get("selected", ""), self.actor, self.now) if bulk else None
        ids = frozenset(int(key) for key in kept.keys) if kept else frozenset()
        rows = found.page.rows
        return {
            "found": found,
            "rows": rows,
            "facts": found.facts,
            "chosen": ids,
            "tabs": tabs,
            "more_tabs": more_tabs,
            "view_acts": parts.view_acts(at),
            "search": {"name": "q", "value": asked.address.one("q"), "placeholder": "Number or description",
                       "label": "Search journals"},
            "filters": _filters(self, at),
            "hidden": parts.hidden(at, ("status", "type", "source", "entity")),
            "chips": parts.chips(at),
            "empty_chips": parts.chips(at, search=True),
            "clear_url": parts.clear_url(at),
            "tools": [parts.columns_tool(at)],
            "exports": parts.export_items(at) if rows else [],
            "columns": columns,
            "heads": parts.heads(at, columns, asked.sort),
            "counted": f"{grouped(min(found.count, 10_000))}{'+' if found.more else ''}",
            "changes_url": _changes_url(found, self.now),
            "bulk_actions": bulk,
            "picked": _picked(found, kept, ids),
            "select_all": _all(found, kept) if bulk else None,
            "keep_url": reverse("journal-selection"),
            "pager": asked.address.pager(found.page),
            "filtered": bool(parts.chips(at, search=True)) or asked.view.slug != JOURNALS.first,
            "actions": _actions(self),
        }  # fmt: skip


class KeepJournals(PageView):
    """`/journals/selection/`: keep what is ticked, or take all that match, and go on with it. A plain GET form, which
    changes nothing but what its reader has in hand."""

    looks = Action.VIEW_EXPOSURE
    section = "journals"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Freeze, and back to the list."""
        asked = read_address(QueryDict(request.GET.get("from", "")), actor=self.actor, today=self.today)
        if request.GET.get("all"):
            kept: ListSelection | None = select_all(asked, actor=self.actor, at=self.now)
        else:
            before = find_selection(JOURNALS, request.GET.get("selected", ""), self.actor, self.now)
            put, taken = request.GET.getlist("journal"), request.GET.get("was", "").split(SEPARATOR)
            kept = select_rows(asked, before, put=put, taken=taken, actor=self.actor, at=self.now)
        then = QueryDict(request.GET.get("then", request.GET.get("from", "")).removeprefix("?"), mutable=True)
        then.pop("selected", None)
        if kept is not None:
            then["selected"] = str(kept.pk)
        return self.go(parts.list_url(JOURNALS, then.urlencode()))


class JournalChanges(PageView):
    """GET `/journals/changes/`: what happened to a list since its page was drawn (`ux.md` 3.0, Live): a count."""

    looks = Action.VIEW_EXPOSURE
    section = "journals"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The notice, or nothing where nothing happened."""
        since = _moment(request.GET.get("since", ""))
        if since is None:
            return HttpResponse(status=204)
        query = QueryDict(request.GET.get("from", ""))
        asked = read_address(query, actor=self.actor, today=self.today)
        seen = [number for number in request.GET.get("rows", "").split(SEPARATOR) if number]
        changed = asked.visible.filter(changed_at__gt=since).exclude(changed_by=self.actor.reference)
        shown = asked.matching.filter(pk__in=changed.values("pk")) | changed.filter(number__in=seen)
        count = shown.order_by().values("pk").distinct().count()
        if not count:
            return HttpResponse(status=204)
        context = {"count": count, "since": since, "url": parts.list_url(JOURNALS, query.urlencode())}
        answer = self.page("credit_mgmt/_journals_changed.html", context)
        answer["HX-Trigger"] = json.dumps({"list-changed": f"{grouped(count)} changed"})
        return answer


def bulk_actions(page: PageView) -> list[Item]:
    """The actions on a selection that the reader may do somewhere."""
    known = (
        (Action.MAKE_JOURNALS, "Submit…", "submit", "user-check"),
        (Action.POST_JOURNALS, "Post…", "post", "check"),
        (Action.MAKE_JOURNALS, "Cancel drafts…", "cancel", "x"),
    )
    acts = [
        {"label": label, "url": reverse("journal-cancel") if act == "cancel" else reverse("journal-many", args=[act]),
         "icon": icon}
        for action, label, act, icon in known
        if page.may(action)
    ]  # fmt: skip
    return [*acts, {"label": "Export…", "url": reverse("journal-export-chosen"), "icon": "download"}] if acts else []


def _filters(page: PageView, at: Shown) -> list[Item]:
    """The filter menus: each is part of one plain GET form."""
    entities = access.scoped(LegalEntity.objects.all(), page.actor, page.looks, path="code").order_by("code")
    codes = [(entity.code, f"{entity.code} {entity.name}".strip(), None) for entity in entities]
    choices = {"status": STATUS, "type": TYPE, "source": SOURCE}
    dates = [
        text(at, "changed_min", hint="-7d"), text(at, "changed_max", hint="+0d"),
        text(at, "posted_min", hint="-30d"), text(at, "posted_max", hint="+0d"),
    ]  # fmt: skip
    more = [
        text(at, "owner", hint="me"), text(at, "approver", hint="me"), text(at, "posted_by", hint="me"),
        text(at, "customer", hint="NL01:C-10427"), text(at, "group", hint="G-021"), text(at, "amount_min"),
        text(at, "amount_max"), text(at, "lines_min"),
    ]  # fmt: skip
    return [
        *(menu(at, key, [(value, label, None) for value, label in words.items()]) for key, words in choices.items()),
        *([menu(at, "entity", codes)] if len(codes) > 1 else []),
        parts.panel(at, "dates", "Dates", dates),
        parts.panel(at, "more", "More", more, wide=True),
    ]


def _picked(found: JournalList, kept: ListSelection | None, ids: frozenset[int]) -> Item:
    """What is selected before anything is ticked here: in all, and on other pages."""
    address = found.asked.address
    here = [row.number for row in found.page.rows if row.pk in ids]
    return {
        "from": address.url(selected=None).removeprefix("?"),
        "token": str(kept.pk) if kept else "",
        "was": SEPARATOR.join(here),
        "count": len(ids),
        "elsewhere": len(ids) - len(here),
        "sums": {},
        "everything": bool(kept and kept.everything),
        "taken_at": kept.taken_at if kept else None,
        "clear_url": address.url(selected=None),
    }


def _all(found: JournalList, kept: ListSelection | None) -> Item | None:
    """The offer to take everything that matches, where that is more than this page shows."""
    if found.count <= len(found.page.rows) or found.more or (kept is not None and kept.everything):
        return None
    label = f"Select all {grouped(found.count)} that match"
    return {"label": label, "url": reverse("journal-selection"), "name": "all", "value": "1"}


def _changes_url(found: JournalList, now: dt.datetime) -> str:
    """The address at which a page asks for its changes: its list, its moment, its rows."""
    query = found.asked.address.url(selected=None).removeprefix("?")
    rows = SEPARATOR.join(row.number for row in found.page.rows)
    return f"{reverse('journal-changes')}?{urlencode({'from': query, 'since': now.isoformat(), 'rows': rows})}"


def _moment(written: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _actions(page: PageView) -> list[Item]:
    if not page.may(Action.MAKE_JOURNALS):
        return []
    new = reverse("journal-new")
    return [
        {"label": "Generate…", "url": f"{new}?then={GENERATE}", "icon": "list-checks", "dialog": True},
        {"label": "New journal…", "url": new, "icon": "plus", "dialog": True, "primary": True, "shortcut": "c"},
    ]
