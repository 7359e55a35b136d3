"""Lines from a spreadsheet and to one (`ux.md` 3.8): pasted or in a file, looked at row by row, then added."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from credit_mgmt.engine.typed import Style
from credit_mgmt.journals.files import FORMATS, write_lines
from credit_mgmt.journals.forms import PasteForm
from credit_mgmt.journals.pasting import Typed, as_block, paste_lines, read_lines
from credit_mgmt.models import LimitJournal
from credit_mgmt.pages.journal_base import Item, JournalView, by_line, url_of
from customers.access import Action
from customers.errors import InvalidInput, Refused
from customers.views import add_errors

SHOWN = 200
"""Rows of a block that are shown; errors of all are told."""


class PastePage(JournalView):
    """`/journals/<number>/paste/`: rows of a spreadsheet; POST looks at them, and adds them where that is asked."""

    looks = Action.MAKE_JOURNALS

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """An empty field."""
        journal = self.journal(number, Action.MAKE_JOURNALS)
        return self._show(journal, PasteForm())

    def post(self, request: HttpRequest, number: str) -> HttpResponse:
        """Look at the rows; with *add*, add them all or none."""
        journal = self.journal(number, Action.MAKE_JOURNALS)
        form = PasteForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._show(journal, form, status=422)
        block: dict[str, Any] = {"journal": number, "text": form.block(), "style": form.cleaned_data["style"]}
        try:
            typed = read_lines(**block, actor=self.actor)
            if "add" in request.POST and not typed.errors:
                paste_lines(**block, today=self.today_of, **self.signed)
                messages.success(request, f"{typed.rows:,} lines added.")
                return self.go(url_of(journal))
        except InvalidInput as problem:
            rows = by_line(problem.errors)
            if rows:
                return self._show(journal, form, typed, wrong=rows, status=422)
            add_errors(form, problem)
            return self._show(journal, form, status=422)
        except Refused as problem:
            form.add_error(None, problem.message)
            return self._show(journal, form, status=409)
        return self._show(journal, form, typed, wrong=by_line(typed.errors), status=422 if typed.errors else 200)

    def _show(
        self,
        journal: LimitJournal,
        form: PasteForm,
        typed: Typed | None = None,
        wrong: dict[int, dict[str, str]] | None = None,
        status: int = 200,
    ) -> HttpResponse:
        context: Item = {
            "journal": journal,
            "form": form,
            "typed": typed,
            **_handed_on(form, typed),
            "wrong": wrong or {},
            "rows": _rows(typed, wrong or {}) if typed else [],
            "temporary": journal.type == LimitJournal.Type.TEMPORARY,
            "today": self.today_of(journal.legal_entity_id),
        }
        return self.page("credit_mgmt/journal_paste.html", context, status=status)


def _handed_on(form: PasteForm, typed: Typed | None) -> Item:
    """What was read, for the form that adds it: a file goes on as the rows that were read of it."""
    if typed is None or typed.errors:
        return {}
    if form.cleaned_data["file"]:
        return {"was_read": as_block(typed), "was_style": Style.POINT.value}
    return {"was_read": form.cleaned_data["text"], "was_style": form.cleaned_data["style"]}


def _rows(typed: Typed, wrong: dict[int, dict[str, str]]) -> list[Item]:
    """Rows with errors first: they are what has to be looked at."""
    places = sorted(range(typed.rows), key=lambda place: (place not in wrong, place))
    return [
        {"number": place + 1, "line": typed.lines.get(place), "errors": wrong.get(place, {})}
        for place in places[:SHOWN]
    ]


class ExportPage(JournalView):
    """GET `/journals/<number>/export/?format=csv`: all lines as a file."""

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """The file."""
        journal = self.journal(number)
        form = request.GET.get("format", "csv")
        content = write_lines(journal=number, actor=self.actor, form=form)
        answer = HttpResponse(content, content_type=FORMATS[form])
        answer["Content-Disposition"] = f'attachment; filename="{journal.number}.{form}"'
        answer["X-Content-Type-Options"] = "nosniff"
        return answer
