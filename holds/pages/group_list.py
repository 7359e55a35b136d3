"""The list of credit groups (`ux.md` 3.9), and the change of many limits at once."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.credit_groups.bulk import adjust_groups
from credit_mgmt.fields import NumberField
from credit_mgmt.forms import DateInput
from credit_mgmt.journals.today import add_to_todays_drafts
from customers.access import Action
from customers.errors import InvalidInput, Refused
from customers.listing import parts
from customers.listing.columns import with_currency
from customers.listing.parts import Shown, choice, text
from customers.listing.selections import find_selection
from customers.models import ListSelection
from customers.numbers import grouped
from customers.views import PageView, add_errors
from holds.group_list import GROUPS, MOST, GroupList, group_list, read_address
from holds.group_list.columns import COLUMNS, LABELS
from holds.group_list.selecting import SEPARATOR, Chosen, chosen_of, keep, keep_all, live_selection
from holds.pages.limit_ways import by_hand
from holds.pages.selection import plural

Item = dict[str, Any]
YES_NO = (("yes", "Yes"), ("no", "No"))
WORDS = {"holds": dict(YES_NO), "over": dict(YES_NO)}
JOURNAL, AT_ONCE = "journal", "at_once"


class GroupListPage(PageView):
    """GET `/groups/`."""

    looks = Action.VIEW_EXPOSURE
    section = "customers"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page; htmx asks for the same address and takes the part that it needs."""
        found = group_list(request.GET, actor=self.actor, today=self.today, rows=self.rows)
        clean = parts.canonical(request.GET, found.asked.view)
        address = f"{request.path}?{clean.urlencode()}" if clean else request.path
        if clean != request.GET and not request.headers.get("HX-Request"):
            return self.go(address)
        answer = self.page("groups/list.html", self._context(found))
        if clean != request.GET:
            answer["HX-Push-Url"] = address
        return answer

    def _context(self, found: GroupList) -> Item:
        asked = found.asked
        at = Shown(GROUPS, asked.address, asked.view, asked.arrangement, LABELS, WORDS)
        mixed = len({group.currency_id for group in found.page.rows}) > 1
        columns = with_currency(asked.columns, COLUMNS["currency"], mixed=mixed)
        tabs, more_tabs = parts.tabs(at, {})
        bulk = _bulk(self)
        kept = live_selection(asked, self.request.GET.get("selected", ""), self.now) if bulk else None
        return {
            "found": found,
            "tabs": tabs,
            "more_tabs": more_tabs,
            "view_acts": parts.view_acts(at),
            "search": {"name": "q", "value": asked.address.one("q"), "placeholder": "Number or description",
                       "label": "Search credit groups"},
            "filters": _filters(at),
            "hidden": parts.hidden(at),
            "chips": parts.chips(at),
            "clear_url": parts.clear_url(at),
            "tools": [parts.columns_tool(at)],
            "exports": parts.export_items(at) if found.page.rows else [],
            "columns": columns,
            "heads": parts.heads(at, columns, asked.sort),
            "rows": [_row(group, found, kept) for group in found.page.rows],
            "counted": f"{grouped(min(found.count, MOST))}{'+' if found.count > MOST else ''}",
            "bulk_actions": bulk,
            "picked": _picked(found, kept),
            "select_all": _all(found, kept) if bulk else None,
            "keep_url": reverse("group-selection"),
            "pager": asked.address.pager(found.page),
            "filtered": bool(at.filters) or asked.view.slug != "all",
            "empty_chips": parts.chips(at, search=True),
            "actions": _new_action(self),
        }  # fmt: skip


class KeepGroups(PageView):
    """`/groups/selection/`: keep what is ticked, or take all that match, and go on with it; a plain GET form."""

    looks = Action.VIEW_EXPOSURE
    section = "customers"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Freeze, and back to the list."""
        asked = read_address(QueryDict(request.GET.get("from", "")), actor=self.actor, today=self.today)
        kept: ListSelection | None
        if request.GET.get("all"):
            kept = keep_all(asked, at=self.now)
        else:
            before = find_selection(GROUPS, request.GET.get("selected", ""), self.actor, self.now)
            taken = request.GET.get("was", "").split(SEPARATOR)
            kept = keep(asked, before, put=request.GET.getlist("group"), taken=taken, at=self.now)
        then = QueryDict(request.GET.get("then", request.GET.get("from", "")).removeprefix("?"), mutable=True)
        then.pop("selected", None)
        if kept is not None:
            then["selected"] = str(kept.pk)
        return self.go(parts.list_url(GROUPS, then.urlencode()))


def _filters(at: Shown) -> list[Item]:
    figures = [text(at, name) for name in ("used_min", "used_max", "limit_min", "limit_max")]
    dates = [
        text(at, "expires_min", hint="+0d"), text(at, "expires_max", hint="+30d"), text(at, "review_max", hint="+0d"),
    ]  # fmt: skip
    more = [
        choice(at, "over", YES_NO), choice(at, "holds", YES_NO), text(at, "entity", hint="NL01"),
        text(at, "currency", hint="EUR"),
    ]  # fmt: skip
    return [
        parts.panel(at, "figures", "Limit and use", figures),
        parts.panel(at, "dates", "Dates", dates),
        parts.panel(at, "more", "More", more),
    ]


def _row(group: Any, found: GroupList, kept: ListSelection | None) -> Item:
    return {"group": group, "facts": found.facts, "selected": kept is not None and group.pk in kept.keys}


def _picked(found: GroupList, kept: ListSelection | None) -> Item:
    """What is selected before anything is ticked here: in all, and on other pages."""
    address = found.asked.address
    here = [group.pk for group in found.page.rows if kept is not None and group.pk in kept.keys]
    count = len(kept.keys) if kept else 0
    return {
        "from": address.url(selected=None).removeprefix("?"),
        "token": str(kept.pk) if kept else "",
        "was": SEPARATOR.join(here),
        "count": count,
        "elsewhere": count - len(here),
        "sums": {},
        "everything": bool(kept and kept.everything),
        "taken_at": kept.taken_at if kept else None,
        "clear_url": address.url(selected=None),
    }


def _all(found: GroupList, kept: ListSelection | None) -> Item | None:
    if found.count <= len(found.page.rows) or found.count > MOST or (kept is not None and kept.everything):
        return None
    label = f"Select all {grouped(found.count)} that match"
    return {"label": label, "url": reverse("group-selection"), "name": "all", "value": "1"}


def _new_action(page: PageView) -> list[Item]:
    if not page.may(Action.MANAGE_CREDIT_GROUPS):
        return []
    return [{"label": "New group…", "url": reverse("group-new"), "icon": "plus", "dialog": True}]


def _ways(page: PageView) -> list[tuple[str, str]]:
    """How the reader may change limits of groups: by journal, and at once where that is allowed by hand."""
    ways = []
    if page.may(Action.MAKE_JOURNALS):
        ways.append((JOURNAL, "By lines in today's draft journal"))
    if page.may(Action.MANAGE_CREDIT_GROUPS) and by_hand(None):
        ways.append((AT_ONCE, "At once, by hand"))
    return ways


def _bulk(page: PageView) -> list[Item]:
    if not (page.may(Action.MAKE_JOURNALS) or page.may(Action.MANAGE_CREDIT_GROUPS)):
        return []
    return [{"label": "Change limit…", "url": reverse("group-bulk-limit"), "shortcut": "l", "icon": "scale"}]


# --- many limits ------------------------------------------------------------------------------------------------------


class _LimitsForm(forms.Form):
    way = forms.ChoiceField(label="How", widget=forms.RadioSelect)
    value_type = forms.ChoiceField(
        label="Change", choices=[("percentage", "By per cent"), ("fixed", "By an amount")], initial="percentage"
    )
    adjustment = NumberField(label="By", help_text="Negative to lower the limit; 0 changes the date alone.")
    new_to = forms.DateField(label="New limit to", widget=DateInput)

    def __init__(self, *args: Any, ways: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["way"].choices = ways  # type: ignore[attr-defined]
        self.fields["way"].initial = ways[0][0] if ways else None


class GroupLimitsDialog(PageView):
    """`/groups/bulk/limit/`: limits and dates of many groups, by journal or at once; each by itself."""

    looks = Action.VIEW_EXPOSURE
    section = "customers"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask by how much, and until when."""
        return self._show(chosen_of(request.GET, self.actor, self.now), _LimitsForm(ways=self._allowed()))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Do it; what is wrong is said beside its field and nothing typed is lost."""
        chosen = chosen_of(request.POST, self.actor, self.now)
        form = _LimitsForm(request.POST, ways=self._allowed())
        if not chosen.groups or not form.is_valid():
            return self._show(chosen, form, status=422)
        given = dict(form.cleaned_data)
        way = given.pop("way")
        try:
            return self._by_journal(chosen, given) if way == JOURNAL else self._at_once(chosen, form, given)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._show(chosen, form, status=422)
        except Refused as problem:
            form.add_error(None, problem.message)
            return self._show(chosen, form, status=409)

    def _allowed(self) -> list[tuple[str, str]]:
        """The ways there are. Raises `NotAllowed` where there is none."""
        ways = _ways(self)
        if not ways:
            self.require(Action.MAKE_JOURNALS, None)
        return ways

    def _by_journal(self, chosen: Chosen, given: Item) -> HttpResponse:
        found = add_to_todays_drafts(
            groups=chosen.numbers, given={**given, "dates": "absolute"}, actor=self.actor, at=self.now,
            today=self.today_of,
        )  # fmt: skip
        for one in found:
            messages.success(self.request, one.words())
        if len(found) == 1:
            return self.go(reverse("journal", args=[found[0].journal.number]))
        return self.go(f"{reverse('journal-list')}?view=my-drafts")

    def _at_once(self, chosen: Chosen, form: forms.Form, given: Item) -> HttpResponse:
        result = adjust_groups(groups=chosen.numbers, actor=self.actor, today=self.today_of, at=self.now, **given)
        done = f"{plural(len(result.changed), 'limit')} changed." if result.changed else ""
        if not result.failed:
            messages.success(self.request, done or "The limits were that already.")
            return self.go(parts.list_url(GROUPS))
        rest = tuple(group for group in chosen.groups if group.number in result.failed)
        outcomes = [{"key": group.number, "name": group.description, "message": result.failed[group.number]}
                    for group in rest]  # fmt: skip
        left = Chosen(rest, tuple(("group", group.number) for group in rest))
        return self._show(left, form, status=422, outcomes=outcomes, said=done)

    def _show(self, chosen: Chosen, form: forms.Form, status: int = 200, **more: Any) -> HttpResponse:
        context = {
            "form": form,
            "chosen": chosen,
            "dialog_heading": f"Change the limit: {plural(len(chosen.groups), 'group')}",
            "action_url": self.request.path,
            "cancel_url": parts.list_url(GROUPS),
            "nothing_to_do": not chosen.groups,
        }
        return self.page("groups/bulk_limit.html", {**context, **more}, status=status)
