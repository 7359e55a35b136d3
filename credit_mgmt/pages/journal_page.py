"""One journal (`ux.md` 3.8): its state and what may be done now, and its lines with what would follow from them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django_fsm import can_proceed

from credit_mgmt.journals.checks import approval_required
from credit_mgmt.journals.display import OPEN, line_rows
from credit_mgmt.journals.kept import undoable
from credit_mgmt.models import LimitJournal, LimitJournalLine, RequiredApproval
from credit_mgmt.models.journals import Problem
from credit_mgmt.pages.journal_adjusting import undo_words
from credit_mgmt.pages.journal_base import Item, JournalView, url_of
from customers.access import Action
from customers.listing import Address, page_of, sort_keys
from customers.people import names_of

Status = LimitJournal.Status
SORTS = {
    "line": "number",
    "account": "customer__account",
    "current": "current_limit",
    "new": "new_limit",
    "to": "new_to",
}
SHOWN = {"all": "All lines", Problem.ERROR.value: "With errors", Problem.WARNING.value: "With warnings"}
_SEARCH = {"placeholder": "Account or name", "label": "Search lines"}
Typed = Mapping[int, Mapping[str, str]]


class JournalPage(JournalView):
    """GET `/journals/USMF-000088/`."""

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """The journal and a page of its lines."""
        return self.show(self.journal(number), request.GET)

    def show(
        self,
        journal: LimitJournal,
        params: QueryDict,
        *,
        typed: Typed | None = None,
        wrong: Typed | None = None,
        problem: str = "",
        status: int = 200,
    ) -> HttpResponse:
        """The page; after a refusal with what was typed, and why it was refused."""
        address = Address(params, rows=self.rows)
        show = params.get("show", "all")
        rows = _narrowed(journal.lines.all(), show, address.one("q"))
        sort, keys = sort_keys(params.get("sort", ""), SORTS, ("line",), "number")
        place = {name: params.get(name, "") for name in ("after", "before")}
        page = page_of(rows, keys, per=address.per, related=("customer", "group"), **place)
        today = self.today_of(journal.legal_entity_id)
        editable = can_proceed(journal.cancel) and self.may(Action.MAKE_JOURNALS, journal.legal_entity_id)
        context = {
            "journal": journal,
            "editable": editable,
            "open": journal.status in OPEN,
            "holds": self.effects is not None,
            "rows": self.drawn(journal, page.rows, typed=typed, wrong=wrong),
            "columns": address.heads(columns_of(journal, with_holds=self.effects is not None), sort),
            "search": {"name": "q", "value": address.one("q"), **_SEARCH},
            "hidden": [{"name": key, "value": params[key]} for key in ("show", "sort") if key in params],
            "filtered": show != "all" or bool(address.one("q")),
            "pager": address.pager(page),
            "query": params.urlencode(),
            "problem": problem,
            "wrong": wrong or {},
            "today": today,
            **self.head(journal),
        }
        context["show_tabs"] = _show_tabs(context["problems"], address, show) if context["open"] else []
        return self.page("credit_mgmt/journal.html", context, status=status)

    def drawn(
        self,
        journal: LimitJournal,
        lines: Sequence[LimitJournalLine],
        *,
        typed: Typed | None = None,
        wrong: Typed | None = None,
    ) -> list[Item]:
        """The lines as rows, with what would follow from them, for holds too."""
        today = self.today_of(journal.legal_entity_id)
        rows = line_rows(journal, lines, actor=self.actor, today=today, typed=typed, wrong=wrong)
        return self.with_holds(journal, rows)

    def head(self, journal: LimitJournal) -> Item:
        """What stands above the lines: state, sums, what may be done."""
        people = names_of([journal.owner, journal.submitted_by, journal.decided_by, journal.posted_by])
        needs_approval = any(
            approval_required(journal.legal_entity_id, subject) for subject in RequiredApproval.Subject.values
        )
        may_post = self.may(Action.POST_JOURNALS, journal.legal_entity_id)
        submits = can_proceed(journal.submit) and (needs_approval or not may_post)
        return {
            **sums_of(journal),
            "names": people,
            "steps": _steps(journal, needs_approval),
            "next": _next(journal, people, needs_approval=needs_approval, may_post=may_post),
            "actions": self._actions(journal, submits=submits, may_post=may_post),
            "more_items": self._more(journal),
            "exports": [
                {"label": words, "url": url_of(journal, "journal-lines-export", f"?format={form}")}
                for form, words in (("csv", "Lines as CSV"), ("xlsx", "Lines as XLSX"))
            ],
        }

    def _actions(self, journal: LimitJournal, *, submits: bool, may_post: bool) -> list[Item]:
        """What the reader may do now, the next step last and marked."""
        if not self.may(Action.MAKE_JOURNALS, journal.legal_entity_id):
            return []
        actions: list[Item] = []
        if can_proceed(journal.cancel):
            actions += [
                {"label": "Check", "url": url_of(journal, "journal-check"), "icon": "list-checks", "post": True},
                {"label": "Generate…", "url": url_of(journal, "journal-generate"), "icon": "copy"},
                {"label": "Paste…", "url": url_of(journal, "journal-paste"), "icon": "file-text"},
            ]
        if can_proceed(journal.reopen):
            actions.append({"label": "Back to draft…", "url": url_of(journal, "journal-recall"), "dialog": True})
        if submits:
            actions.append(
                {"label": "Submit…", "url": url_of(journal, "journal-submit"), "dialog": True, "primary": True}
            )
        elif can_proceed(journal.post) and may_post:
            actions.append({"label": "Post…", "url": url_of(journal, "journal-post"), "dialog": True, "primary": True})
        if journal.status == Status.POSTED:
            reverse_url = url_of(journal, "journal-reverse")
            actions.append({"label": "Reverse…", "url": reverse_url, "icon": "undo-2", "dialog": True})
        return actions

    def _more(self, journal: LimitJournal) -> list[Item]:
        shown = journal.status in OPEN and journal.line_count
        effects: list[Item] = (
            [{"label": "What posting would do", "url": url_of(journal, "journal-effects")}] if shown else []
        )
        if not self.may(Action.MAKE_JOURNALS, journal.legal_entity_id):
            return effects
        copy: Item = {"label": "Copy to a new draft", "url": url_of(journal, "journal-copy"), "post": True}
        if not can_proceed(journal.cancel):
            return [*effects, copy]
        return [
            *effects,
            *self._undo(journal),
            {"label": "Change all lines…", "url": url_of(journal, "journal-adjust")},
            {"label": "Add ten lines…", "url": url_of(journal, "journal-add", "?rows=10")},
            {"label": "Refresh current limits", "url": url_of(journal, "journal-refresh"), "post": True},
            {"label": "Description…", "url": url_of(journal, "journal-describe"), "dialog": True},
            copy,
            {"label": "Cancel journal…", "url": f"{reverse('journal-cancel')}?journal={journal.number}",
             "danger": True, "dialog": True},
        ]  # fmt: skip

    def _undo(self, journal: LimitJournal) -> list[Item]:
        """Taking back what the reader did to many lines at once, while that can be."""
        acts = undoable(actor=self.actor, at=self.now, journal=journal)
        return [
            {"label": f"Undo: {undo_words(act.kind, act.count).lower()}…", "url": url_of(journal, "journal-undo"),
             "dialog": True}
            for act in acts
        ]  # fmt: skip


def _narrowed(rows: QuerySet[LimitJournalLine], show: str, text: str) -> QuerySet[LimitJournalLine]:
    if show in Problem.values:
        rows = rows.filter(problem=show)
    if text:
        paths = ("customer__account", "customer__name", "group__number", "group__description")
        found = Q()
        for path in paths:
            found |= Q(**{f"{path}__icontains": text})
        rows = rows.filter(found)
    return rows


def columns_of(journal: LimitJournal, *, with_holds: bool) -> list[tuple[str, str, str]]:
    """The columns of `ux.md` 3.8; consequences only while the journal can still have any."""
    temporary = journal.type == LimitJournal.Type.TEMPORARY
    columns = [("line", "Line", "right"), ("account", "For", ""), ("current", "Current limit", "right")]
    columns += [("new", "New limit", "right"), ("", "Change", "right")]
    columns += [("", "New from", "")] if temporary else []
    columns += [("to", "New to", "")]
    columns += [("", "Exposure", "right"), ("", "Used after", "right")] if journal.status in OPEN else []
    columns += [("", "Holds", "right")] if journal.status in OPEN and with_holds else []
    return [*columns, ("", "Note", "")]


def sums_of(journal: LimitJournal) -> Item:
    """The figures above the lines; amounts in the legal entity's accounting currency."""
    counts = journal.lines.order_by().exclude(problem="").values_list("problem").annotate(count=Count("pk"))
    problems = dict(counts)
    currency = journal.legal_entity.accounting_currency_id
    errors, warnings = problems.get(Problem.ERROR, 0), problems.get(Problem.WARNING, 0)
    open_figures: list[Item] = [
        {"label": "Errors", "value": errors, "kind": "count", "tone": "late" if errors else ""},
        {"label": "Warnings", "value": warnings, "kind": "count"},
    ]
    posted: list[Item] = [{"label": "Posted", "value": journal.posted_at, "kind": "time"}]
    figures: list[Item] = [
        {"label": "Lines", "value": journal.line_count, "kind": "count"},
        {"label": "Increase", "value": journal.increase, "kind": "amount", "unit": currency, "hint": currency},
        {"label": "Decrease", "value": journal.decrease, "kind": "amount", "unit": currency, "hint": currency},
        *(open_figures if journal.status in OPEN else posted if journal.posted_at else []),
    ]
    return {"figures": figures, "problems": problems}


def _show_tabs(problems: Mapping[str, int], address: Address, show: str) -> list[Item]:
    return [
        {
            "label": label,
            "url": address.url(show=None if name == "all" else name),
            "active": name == show,
            "count": None if name == "all" else problems.get(name, 0),
        }
        for name, label in SHOWN.items()
    ]


def _steps(journal: LimitJournal, needs_approval: bool) -> list[Item]:
    """The states on the way, and where the journal stands."""
    if journal.status == Status.CANCELLED:
        return [{"label": "Cancelled", "current": True}]
    way = [Status.DRAFT, *((Status.IN_WORKFLOW,) if needs_approval or journal.status == Status.IN_WORKFLOW else ())]
    way += [Status.REJECTED] if journal.status == Status.REJECTED else [Status.APPROVED, Status.POSTED]
    at = way.index(Status(journal.status))
    return [
        {"label": step.label, "done": place < at, "current": place == at, "next": place == at + 1}
        for place, step in enumerate(way)
    ]


def _next(journal: LimitJournal, names: Mapping[str, str], *, needs_approval: bool, may_post: bool) -> str:
    """What comes next, in a sentence."""
    if journal.status == Status.DRAFT:
        if needs_approval:
            return f"Journals of {journal.legal_entity_id} need approval: submit it when its lines are right."
        return (
            "Nothing is in force yet: post it when its lines are right."
            if may_post
            else "A credit manager posts it: submit it when its lines are right."
        )
    said: dict[Any, str] = {
        Status.IN_WORKFLOW: f"Waits for approval. Submitted by {names.get(journal.submitted_by, '')}.",
        Status.APPROVED: "Approved, and not in force until a credit manager posts it.",
        Status.REJECTED: f"Rejected by {names.get(journal.decided_by, '')}. Take it back to draft to change it.",
        Status.POSTED: f"In force, posted by {names.get(journal.posted_by, '')}. It never changes; it can be reversed.",
        Status.CANCELLED: "Cancelled. Its number stays, so that numbers have no gaps.",
    }
    return said[journal.status]
