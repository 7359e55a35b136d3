"""Limit adjustment journals (`ux.md` 3.7): the list, and how one begins."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.journals import cancel_journals, create_journal
from credit_mgmt.journals.forms import GENERATE, LINES, PASTE, NewJournalForm
from credit_mgmt.models import LimitJournal
from credit_mgmt.pages.journal_base import url_of
from customers import access
from customers.access import Action, Actor
from customers.errors import InvalidInput
from customers.listing import Address, page_of, sort_keys
from customers.models import LegalEntity
from customers.people import names_of
from customers.views import PageView, add_errors

Item = dict[str, Any]
Status = LimitJournal.Status
SORTS = {
    "journal": "number", "description": "description", "lines": "line_count", "increase": "increase",
    "decrease": "decrease", "changed": "changed_at", "posted": "posted_at",
}  # fmt: skip
COLUMNS = (
    ("journal", "Journal", ""), ("", "Type", ""), ("description", "Description", ""), ("lines", "Lines", "right"),
    ("increase", "Increase", "right"), ("decrease", "Decrease", "right"), ("", "Currency", ""), ("", "Status", ""),
    ("", "Owner", ""), ("changed", "Changed", ""), ("", "Source", ""), ("posted", "Posted", ""),
)  # fmt: skip
View = Callable[[Actor, dt.date], Q]
VIEWS: dict[str, tuple[str, View]] = {
    "my-drafts": ("My drafts", lambda actor, day: Q(status=Status.DRAFT, owner=actor.reference)),
    "to-approve": ("To approve", lambda actor, day: Q(status=Status.IN_WORKFLOW) & ~Q(submitted_by=actor.reference)),
    "approved": ("Approved, not posted", lambda actor, day: Q(status=Status.APPROVED)),
    "posted": (
        "Posted this month",
        lambda actor, day: Q(status=Status.POSTED, posted_at__date__gte=day.replace(day=1)),
    ),
    "all": ("All", lambda actor, day: Q()),
}
NEXT_PAGE = {LINES: "journal", GENERATE: "journal-generate", PASTE: "journal-paste"}
MINE = "me"


class JournalListPage(PageView):
    """GET `/journals/`; POST cancels the drafts that were ticked."""

    looks = Action.VIEW_EXPOSURE
    section = "journals"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Journals by their last change, or as the address asks."""
        address = Address(request.GET, rows=self.rows)
        visible = access.scoped(LimitJournal.objects.all(), self.actor)
        slug = request.GET.get("view", "all")
        slug = slug if slug in VIEWS else "all"
        entities = [entity.code for entity in _entities(self.actor, self.looks)]
        rows = visible.filter(self._view(slug), _narrowed(address, entities, self.actor))
        sort, keys = sort_keys(request.GET.get("sort", ""), SORTS, ("-changed",), "number")
        place = {name: request.GET.get(name, "") for name in ("after", "before")}
        page = page_of(rows.select_related("legal_entity"), keys, per=address.per, **place)
        names = names_of(signer for row in page.rows for signer in (row.owner, row.posted_by))
        return self.page(
            "credit_mgmt/journals.html",
            {
                "rows": page.rows,
                "names": names,
                "tabs": self._tabs(visible, slug),
                "search": {"name": "q", "value": address.one("q"), "placeholder": "Number or description",
                           "label": "Search journals"},
                "filters": _filters(address, entities),
                "hidden": [{"name": key, "value": request.GET[key]} for key in ("view", "sort", "customer", "group")
                           if key in request.GET],
                "chips": _chips(address),
                "columns": address.heads(COLUMNS, sort),
                "pager": address.pager(page),
                "filtered": slug != "all" or bool(_chips(address)),
                "actions": _actions(self),
                "bulk_actions": [{"label": "Cancel drafts…", "url": reverse("journal-cancel"), "icon": "x"}],
            },
        )  # fmt: skip

    def _view(self, slug: str) -> Q:
        return VIEWS[slug][1](self.actor, self.today("UTC"))

    def _tabs(self, visible: QuerySet[LimitJournal], active: str) -> list[Item]:
        """The views with what waits in them, counted in one query."""
        counted = [slug for slug in VIEWS if slug != "all"]
        counts = visible.order_by().aggregate(
            **{slug.replace("-", "_"): Count("pk", filter=self._view(slug)) for slug in counted}
        )
        return [
            {"label": label, "url": f"?view={slug}", "active": slug == active,
             "count": counts.get(slug.replace("-", "_"))}
            for slug, (label, _) in VIEWS.items()
        ]  # fmt: skip


def _narrowed(address: Address, entities: Iterable[str], actor: Actor) -> Q:
    condition = Q()
    for key, column, allowed in (
        ("status", "status", Status.values),
        ("type", "type", LimitJournal.Type.values),
        ("source", "origin", LimitJournal.Origin.values),
        ("entity", "legal_entity", list(entities)),
    ):
        if chosen := address.choices(key, allowed):
            condition &= Q(**{f"{column}__in": chosen})
    if owners := address.all("owner"):
        condition &= Q(owner__in=[actor.reference if owner == MINE else owner for owner in owners])
    if key := address.one("customer"):
        entity, _, account = key.partition(":")
        condition &= Q(lines__customer__legal_entity=entity, lines__customer__account=account)
    if group := address.one("group"):
        condition &= Q(lines__group=group)
    if text := address.one("q"):
        condition &= Q(number__icontains=text) | Q(description__icontains=text)
    return condition


def _filters(address: Address, entities: Sequence[str]) -> list[Item]:
    offered: tuple[tuple[str, str, Sequence[tuple[str, str]]], ...] = (
        ("status", "Status", Status.choices),
        ("type", "Type", LimitJournal.Type.choices),
        ("entity", "Entity", [(code, code) for code in entities]),
        ("source", "Source", LimitJournal.Origin.choices),
        ("owner", "Owner", [(MINE, "Me")]),
    )
    filters = []
    for name, label, choices in offered:
        chosen = address.all(name)
        options = [{"value": value, "label": words, "selected": value in chosen} for value, words in choices]
        summary = ", ".join(str(option["label"]) for option in options if option["selected"])
        filters.append({"name": name, "label": label, "summary": summary, "options": options})
    return filters


_WORDS = {
    "status": dict(Status.choices), "type": dict(LimitJournal.Type.choices),
    "source": dict(LimitJournal.Origin.choices), "owner": {MINE: "Me"},
}  # fmt: skip


def _chips(address: Address) -> list[Item]:
    labels = {"status": "Status", "type": "Type", "entity": "Entity", "source": "Source", "owner": "Owner",
              "customer": "Customer", "group": "Group", "q": "Search"}  # fmt: skip
    return [
        {"label": f"{label}: {_WORDS.get(key, {}).get(word, word)}", "remove_url": address.without(key, word)}
        for key, label in labels.items()
        for word in address.all(key)
    ]


def _actions(page: PageView) -> list[Item]:
    if not page.may(Action.MAKE_JOURNALS):
        return []
    new = reverse("journal-new")
    return [
        {"label": "Generate…", "url": f"{new}?then={GENERATE}", "icon": "list-checks", "dialog": True},
        {"label": "New journal…", "url": new, "icon": "plus", "dialog": True, "primary": True, "shortcut": "c"},
    ]


def _entities(actor: Actor, action: Action) -> list[LegalEntity]:
    return list(access.scoped(LegalEntity.objects.all(), actor, action, path="code").order_by("code"))


class NewJournalPage(PageView):
    """`/journals/new/`."""

    looks = Action.MAKE_JOURNALS
    section = "journals"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for legal entity, type, and how the lines will come."""
        then = request.GET.get("then", LINES)
        initial = {"type": LimitJournal.Type.CREDIT_LIMIT, "then": then if then in NEXT_PAGE else LINES}
        return self._show(self._form(None, initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make the draft and go where its lines come from."""
        form = self._form(request.POST)
        if not form.is_valid():
            return self._show(form, status=422)
        given = dict(form.cleaned_data)
        then = given.pop("then")
        try:
            made = create_journal(**given, actor=self.actor, at=self.now)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._show(form, status=422)
        messages.success(request, f"Journal {made.number} made.")
        return self.go(url_of(made, NEXT_PAGE[then]))

    def _form(self, data: QueryDict | None, initial: Item | None = None) -> NewJournalForm:
        entities = _entities(self.actor, Action.MAKE_JOURNALS)
        return NewJournalForm(data, initial=initial, entities=entities)

    def _show(self, form: NewJournalForm, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "dialog_heading": "New limit journal",
            "summary": "A draft changes nothing until it is posted.",
            "submit": "Make draft",
            "action_url": self.request.path,
            "cancel_url": reverse("journal-list"),
        }
        return self.page("credit_mgmt/journal_dialog.html", context, status=status)


class CancelJournalsPage(PageView):
    """`/journals/cancel/?journal=USMF-000001`: drafts, all or none; their numbers stay."""

    looks = Action.MAKE_JOURNALS
    section = "journals"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask first, naming them."""
        numbers = request.GET.getlist("journal")
        rows = access.scoped(LimitJournal.objects.filter(number__in=numbers), self.actor).order_by("number")
        found = list(rows)
        count = len(found)
        context = {
            "journals": found,
            "dialog_heading": f"Cancel {count} journals" if count != 1 else f"Cancel journal {found[0].number}",
            "nothing_to_do": not found,
            "action_url": request.path,
            "cancel_url": reverse("journal-list"),
        }
        return self.page("credit_mgmt/journal_cancel.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Cancel them."""
        cancelled = cancel_journals(journals=request.POST.getlist("journal"), actor=self.actor, at=self.now)
        messages.success(request, f"Cancelled: {', '.join(journal.number for journal in cancelled)}.")
        return self.go(reverse("journal-list"))
