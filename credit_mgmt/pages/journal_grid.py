"""The lines of a draft as a grid (`ux.md` 3.8): all rows of a page saved by one form, or each row when it is left.

The form is whole without a script: values, what they were, and ticks. With one, a row is sent when the focus leaves it
(`keys.js`) and comes back with its consequences; the form stays what it is.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict

from credit_mgmt.journals.cells import typed_cells
from credit_mgmt.journals.checks import check_journal
from credit_mgmt.journals.display import CELLS
from credit_mgmt.journals.lines import LineChange, change_lines, refresh_lines, remove_lines
from credit_mgmt.models import LimitJournal
from credit_mgmt.pages.journal_adjusting import undo_tag
from credit_mgmt.pages.journal_base import JournalView, by_line, url_of
from credit_mgmt.pages.journal_page import JournalPage, sums_of
from customers.access import Action
from customers.errors import FieldError, InvalidInput, Refused
from customers.rates import minor_units

Cells = dict[str, str]


def typed_rows(data: QueryDict, only: int | None = None) -> dict[int, Cells]:
    """What was typed, by line: `new_limit-3` and its like; of the rows that say what they were, those that differ."""
    rows: dict[int, Cells] = {}
    for number in data.getlist("row"):
        if not number.isdigit() or (only is not None and int(number) != only):
            continue
        cells = {name: data.get(f"{name}-{number}", "").strip() for name in CELLS if f"{name}-{number}" in data}
        was = data.getlist(f"was-{number}")
        if cells and list(cells.values()) != was:
            rows[int(number)] = cells
    return rows


def changes_of(journal: LimitJournal, typed: Mapping[int, Cells]) -> tuple[list[LineChange], list[FieldError]]:
    """The changes that were typed, and what of them cannot be read, as `lines[3].new_limit`."""
    units = minor_units()
    rows = journal.lines.filter(number__in=list(typed)).values_list("number", "currency_id")
    currencies: dict[int, str] = dict(rows)
    changes: list[LineChange] = []
    errors: list[FieldError] = []
    for number, cells in typed.items():
        currency = currencies.get(number, "")
        try:
            values = typed_cells(cells, currency, units.get(currency, 2), f"lines[{number}].")
            changes.append(LineChange(number=number, **values))
        except InvalidInput as problem:
            errors += problem.errors
    return changes, errors


class SavesLines(JournalPage):
    """Saving what was typed into the grid."""

    def save(self, journal: LimitJournal, typed: Mapping[int, Cells], data: QueryDict) -> None:
        """Change the lines that were typed into, all or none. Raises `InvalidInput`, `Refused`."""
        changes, errors = changes_of(journal, typed)
        if errors:
            raise InvalidInput(errors)
        version = data.get("version", "")
        change_lines(
            journal=journal.number,
            changes=changes,
            version=int(version) if version.isdigit() else None,
            today=self.today_of,
            **self.signed,
        )


class LinesPage(SavesLines):
    """POST `/journals/<number>/lines/`: save the page, or do something with the lines that are ticked."""

    http_method_names = ["post"]
    looks = Action.MAKE_JOURNALS

    def post(self, request: HttpRequest, number: str) -> HttpResponse:
        """Do what the pressed button says: save, remove, refresh; changing the ticked lines has a page of its own."""
        journal = self.journal(number, Action.MAKE_JOURNALS)
        typed = typed_rows(request.POST)
        do = request.POST.get("do", "save")
        if do == "adjust":
            return self.go(url_of(journal, "journal-adjust", _lines_query(request.POST)))
        try:
            said = (
                self._ticked(journal, do, request.POST) if do in _TICKED else self._save(journal, typed, request.POST)
            )
        except InvalidInput as problem:
            words = " ".join(dict.fromkeys(error.message for error in problem.errors))
            return self._again(journal, typed, by_line(problem.errors), words, 422)
        except Refused as problem:
            return self._again(journal, typed, {}, f"{problem.message} What you typed is kept below.", 409)
        messages.success(request, said, undo_tag(journal) if do == "remove" else "")
        return self.go(url_of(journal, query=_query(request.GET)))

    def _save(self, journal: LimitJournal, typed: Mapping[int, Cells], data: QueryDict) -> str:
        if not typed:
            return "Nothing was changed."
        self.save(journal, typed, data)
        return f"{len(typed)} {'lines' if len(typed) != 1 else 'line'} saved."

    def _ticked(self, journal: LimitJournal, do: str, data: QueryDict) -> str:
        numbers = [int(number) for number in data.getlist("line") if number.isdigit()]
        if not numbers:
            raise InvalidInput.of("line", "required", "Tick the lines that are meant.")
        verb, done = _TICKED[do]
        verb(journal=journal.number, numbers=numbers, today=self.today_of, **self.signed)
        return f"{len(numbers)} {'lines' if len(numbers) != 1 else 'line'} {done}."

    def _again(
        self, journal: LimitJournal, typed: Mapping[int, Cells], wrong: Mapping[int, Cells], words: str, status: int
    ) -> HttpResponse:
        """The page of lines with what was typed and what is wrong with it; nothing was saved."""
        now = self.journal(journal.number)
        return self.show(now, self.request.GET, typed=typed, wrong=wrong, problem=words, status=status)


_TICKED: dict[str, tuple[Any, str]] = {
    "remove": (remove_lines, "removed"),
    "refresh": (refresh_lines, "compared with the current limits"),
}


def _lines_query(data: QueryDict) -> str:
    """The ticked lines as a query; none means all."""
    numbers = [number for number in data.getlist("line") if number.isdigit()]
    return f"?{urlencode([('line', number) for number in numbers])}" if numbers else ""


def _query(params: QueryDict) -> str:
    return f"?{params.urlencode()}" if params else ""


class LinePage(SavesLines):
    """POST `/journals/<number>/lines/<line>/`: one row, as an island: the row and the sums come back."""

    http_method_names = ["post"]
    looks = Action.MAKE_JOURNALS

    def post(self, request: HttpRequest, number: str, line: int) -> HttpResponse:
        """Save the row and look at it again."""
        journal = self.journal(number, Action.MAKE_JOURNALS)
        typed = typed_rows(request.POST, only=line)
        wrong: dict[int, Cells] = {}
        try:
            if typed:
                self.save(journal, typed, request.POST)
        except InvalidInput as problem:
            wrong = by_line(problem.errors)
        except Refused as problem:
            wrong = {line: {"": problem.message}}
        journal = self.journal(number)
        found = list(journal.lines.filter(number=line).select_related("customer", "group"))
        if not found:
            raise Http404(f"Line {line} was not found.")
        [row] = self.drawn(journal, found, typed=typed if wrong else {}, wrong=wrong)
        context = {
            "journal": journal,
            "row": row,
            "editable": True,
            "open": True,
            "holds": self.effects is not None,
            "today": self.today_of(journal.legal_entity_id),
            **sums_of(journal),
        }
        return self.page("credit_mgmt/journal_line.html", context)


class CheckPage(JournalView):
    """POST `/journals/<number>/check/`: look at all lines again."""

    http_method_names = ["post"]
    looks = Action.MAKE_JOURNALS

    def post(self, request: HttpRequest, number: str) -> HttpResponse:
        """Look, and show what was found."""
        journal = self.journal(number, Action.MAKE_JOURNALS)
        checked = check_journal(journal=number, today=self.today_of(journal.legal_entity_id), **self.signed)
        errors = checked.lines.filter(problem="error").count()
        if errors:
            messages.warning(request, f"{errors:,} lines have errors.")
            return self.go(url_of(journal, query="?show=error"))
        messages.success(request, "No line has an error.")
        return self.go(url_of(journal))


class RefreshPage(JournalView):
    """POST `/journals/<number>/refresh/`: compare all lines with what is in force now."""

    http_method_names = ["post"]
    looks = Action.MAKE_JOURNALS

    def post(self, request: HttpRequest, number: str) -> HttpResponse:
        """Take what is in force now for the current limits of all lines."""
        journal = self.journal(number, Action.MAKE_JOURNALS)
        refresh_lines(journal=number, today=self.today_of, **self.signed)
        messages.success(request, "All lines are compared with the limits of now.")
        return self.go(url_of(journal))
