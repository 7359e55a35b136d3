"""Lines of a draft changed together (`ux.md` 3.8): asked for, looked at, and only then done; and taking that back.

The preview is a GET, so that it has an address and writes nothing; the button below it sends the same values again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict

from credit_mgmt.journals.adjusting import AdjustedLine, adjust_lines, preview_adjustment
from credit_mgmt.journals.display import change_of
from credit_mgmt.journals.forms import AdjustForm
from credit_mgmt.journals.kept import undoable
from credit_mgmt.journals.undoing import take_back
from credit_mgmt.masking import Mask
from credit_mgmt.models import LimitJournal
from credit_mgmt.pages.journal_base import Item, JournalDialog, JournalView, by_line, url_of
from customers.access import Action
from customers.errors import InvalidInput, Refused
from customers.views import add_errors

SHOWN = 100
"""Lines of a preview that are shown, those that can't be changed first."""


class AdjustPage(JournalView):
    """`/journals/<number>/adjust/?line=1&line=2`: these lines; without any, all."""

    looks = Action.MAKE_JOURNALS

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """The form; with values, what they would change."""
        journal = self.journal(number, Action.MAKE_JOURNALS)
        if "preview" not in request.GET:
            return self._show(journal, self._form(journal, None))
        form = self._form(journal, request.GET)
        rows = self._preview(journal, form)
        return self._show(journal, form, rows, status=422 if rows is None else 200)

    def post(self, request: HttpRequest, number: str) -> HttpResponse:
        """Change the lines, all or none."""
        journal = self.journal(number, Action.MAKE_JOURNALS)
        form = self._form(journal, request.POST)
        if not form.is_valid():
            return self._show(journal, form, status=422)
        numbers = _numbers(request.POST)
        try:
            adjust_lines(
                journal=number, adjustment=form.adjustment_given(), numbers=numbers, today=self.today_of, **self.signed
            )
        except InvalidInput as problem:
            if by_line(problem.errors):
                return self._show(journal, form, self._preview(journal, form), status=422)
            add_errors(form, problem)
            return self._show(journal, form, status=422)
        except Refused as problem:
            form.add_error(None, problem.message)
            return self._show(journal, form, status=409)
        count = journal.line_count if numbers is None else len(numbers)
        said = f"{count:,} {'lines' if count != 1 else 'line'} changed."
        messages.success(request, said, undo_tag(journal))
        return self.go(url_of(journal))

    def _form(self, journal: LimitJournal, data: QueryDict | None) -> AdjustForm:
        return AdjustForm(data, temporary=journal.type == LimitJournal.Type.TEMPORARY)

    def _preview(self, journal: LimitJournal, form: AdjustForm) -> list[AdjustedLine] | None:
        """What the form would change; None with the errors beside their fields."""
        if not form.is_valid():
            return None
        numbers = _numbers(form.data)
        try:
            return preview_adjustment(
                journal=journal.number, adjustment=form.adjustment_given(), numbers=numbers, actor=self.actor
            )
        except InvalidInput as problem:
            add_errors(form, problem)
            return None

    def _show(
        self, journal: LimitJournal, form: AdjustForm, rows: Sequence[AdjustedLine] | None = None, status: int = 200
    ) -> HttpResponse:
        sent = form.data if form.is_bound else self.request.GET
        numbers = _numbers(sent)
        wrong = sum(1 for row in rows or () if row.wrong)
        context: Item = {
            "journal": journal,
            "form": form,
            "numbers": numbers or (),
            "count": journal.line_count if numbers is None else len(numbers),
            "looked": rows is not None,
            "wrong": wrong,
            "rows": self._rows(journal, rows or ()),
            "repeated": [
                (name, value)
                for name in (*form.fields, "line")
                for value in (sent.getlist(name) if isinstance(sent, QueryDict) else ())
            ],
            "today": self.today_of(journal.legal_entity_id),
        }
        return self.page("credit_mgmt/journal_adjust.html", context, status=status)

    def _rows(self, journal: LimitJournal, rows: Sequence[AdjustedLine]) -> list[Item]:
        mask = Mask(self.actor)
        shown = sorted(rows, key=lambda row: (not row.wrong, row.line.number))[:SHOWN]
        return [
            {
                "row": row,
                "line": row.line,
                "key": row.line.customer.account if row.line.customer else f"group {row.line.group_id}",
                "name": getattr(row.line.customer, "name", "") or getattr(row.line.group, "description", ""),
                "withheld": mask.hides_group(row.line.group_id),
                "change": None if row.new_limit is None else change_of(row.line.new_limit, row.new_limit),
            }
            for row in shown
        ]


class UndoLinesDialog(JournalDialog):
    """`/journals/<number>/undo/`: what was done to many lines at once, taken back."""

    def perform(self, journal: LimitJournal, given: Mapping[str, Any]) -> tuple[str, str]:
        """Take it back; what somebody changed since stays."""
        undone = take_back(journal=journal.number, today=self.today_of, **self.signed)
        said = f"{undone.lines:,} {'lines are' if undone.lines != 1 else 'line is'} again as before."
        if undone.stayed:
            said += f" {undone.stayed:,} changed since and stay."
        return said, url_of(journal)

    def words(self, journal: LimitJournal) -> Item:
        """What would be taken back."""
        acts = undoable(actor=self.actor, at=self.now, journal=journal)
        return {
            "dialog_heading": f"Take back in journal {journal.number}",
            "summary": undo_words(acts[0].kind, acts[0].count) if acts else "There is nothing to take back.",
            "submit": "Take back",
            "note": "Lines that somebody changed since stay as they are.",
        }


def undo_tag(journal: LimitJournal) -> str:
    """The tag of a message that adds *Undo* for what was just done to lines of the journal."""
    return f"undo:{url_of(journal, 'journal-undo')}"


def undo_words(kind: str, count: int) -> str:
    """What was done to lines, in words."""
    return f"{kind.capitalize()} {count:,} {'lines' if count != 1 else 'line'}"


def _numbers(data: Mapping[str, Any]) -> list[int] | None:
    """The lines that are meant; None for all."""
    given = data.getlist("line") if isinstance(data, QueryDict) else []
    return sorted({int(number) for number in given if number.isdigit()}) or None
