"""What the pages of journals have in common: the journal of the address, dialogs about it, errors by line."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.journals import journal_of
from credit_mgmt.journals.display import OPEN
from credit_mgmt.journals.effects import Effects
from credit_mgmt.models import LimitJournal
from customers.access import Action
from customers.errors import FieldError, InvalidInput, Refused
from customers.views import PageView, add_errors

Item = dict[str, Any]
_LINE = re.compile(r"lines\[(\d+)\](?:\.(\w+))?")


def url_of(journal: LimitJournal | str, page: str = "journal", query: str = "") -> str:
    """The address of a page about a journal."""
    number = journal if isinstance(journal, str) else journal.number
    return reverse(page, args=[number]) + query


def by_line(errors: Iterable[FieldError]) -> dict[int, dict[str, str]]:
    """Errors of lines by the number in their path, and then by field; what is about the line itself has no field."""
    found: dict[int, dict[str, str]] = {}
    for error in errors:
        if match := _LINE.fullmatch(error.field):
            found.setdefault(int(match[1]), {})[match[2] or ""] = error.message
    return found


class JournalView(PageView):
    """A page about one journal."""

    looks = Action.VIEW_EXPOSURE
    section = "journals"
    effects: ClassVar[Effects | None] = None
    """What lines would do to holds; the room of the holds hands it in with the route, as this one doesn't know it."""

    def with_holds(self, journal: LimitJournal, rows: list[Item]) -> list[Item]:
        """The rows (`journal_display.line_rows`) with what their lines would do to holds, where that can be said."""
        count = self.effects
        shown = [row for row in rows if not row["withheld"]]
        if count is None or journal.status not in OPEN or not shown:
            return rows
        found = count(journal, [row["line"] for row in shown], today=self.today_of)
        for row in shown:
            row["holds"] = effect = found.by_line[row["line"].number] if found.counted else None
            for name in ("cleared", "placed") if effect is not None else ():
                row[name] = [order.removeprefix(f"{journal.legal_entity_id}:") for order in getattr(effect, name)]
        return rows

    def journal(self, number: str, action: Action | None = None) -> LimitJournal:
        """The journal of the address; with `action`, for who may do that with it. Raises `NotFound`, `NotAllowed`."""
        found = journal_of(number, self.actor)
        if action is not None:
            self.require(action, found.legal_entity_id)
        return found

    @property
    def signed(self) -> Item:
        """Who acts, and when: what every verb takes."""
        return {"actor": self.actor, "at": self.now}


class JournalDialog(JournalView):
    """GET asks, POST calls one service and goes on. Subclasses say what is asked and what is done."""

    action: ClassVar[Action] = Action.MAKE_JOURNALS
    template = "credit_mgmt/journal_dialog.html"

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """The dialog, or the same as a page."""
        journal = self.journal(number, self.action)
        return self._show(journal, self.form(journal, None))

    def post(self, request: HttpRequest, number: str) -> HttpResponse:
        """Do it; what is wrong is said and nothing typed is lost."""
        journal = self.journal(number, self.action)
        form = self.form(journal, request.POST)
        if not form.is_valid():
            return self._show(journal, form, status=422)
        try:
            said, url = self.perform(journal, form.cleaned_data)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._show(journal, form, status=422)
        except Refused as problem:
            form.add_error(None, problem.message)
            return self._show(self.journal(number), form, status=409, problem=problem)
        messages.success(request, said)
        return self.go(url)

    def form(self, journal: LimitJournal, data: QueryDict | None) -> Form:
        """The form; without fields where only a yes is asked for."""
        return Form(data)

    def perform(self, journal: LimitJournal, given: Mapping[str, Any]) -> tuple[str, str]:
        """Call the service; returns what was done, in words, and where to go on."""
        raise NotImplementedError

    def words(self, journal: LimitJournal) -> Item:
        """`dialog_heading`, `summary`, `submit`, `note`, and what else the template shows."""
        raise NotImplementedError

    def _show(
        self, journal: LimitJournal, form: Form, status: int = 200, problem: Refused | None = None
    ) -> HttpResponse:
        context = {
            "form": form,
            "journal": journal,
            "action_url": self.request.path,
            "cancel_url": url_of(journal),
            "refused": problem,
            "lines_url": url_of(journal, query="?show=error") if problem is not None and problem.errors else "",
        }
        return self.page(self.template, {**context, **self.words(journal)}, status=status)
