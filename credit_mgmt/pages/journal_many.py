"""What is done with the journals that were chosen in their list (`ux.md` 3.7): each by itself, and both lists said."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.journal_list import JOURNALS
from credit_mgmt.journal_list.selecting import Chosen, chosen_of
from credit_mgmt.journals.many import ACTS, AT_ONCE, KIND, LINES_AT_ONCE, Failure, act_on_journals
from customers import jobs
from customers.access import Action
from customers.listing import parts
from customers.views import PageView

Item = dict[str, Any]
SHOWN = 20
MOST_EXPORTED = 100
"""Journals that an address can name; more are narrowed in the list, or exported with it."""
WORDS = {
    "submit": ("Submit", "submitted", "What needs no approval is approved with that. Each can be taken back to draft."),
    "post": ("Post", "posted", "All lines of a journal are in force, or none. A posted journal can be reversed."),
    "cancel": ("Cancel", "cancelled", "Drafts only; their numbers stay. A cancelled journal can be copied."),
}
"""What is done, what was done, and what to know before."""


class ManyJournalsDialog(PageView):
    """`/journals/many/<act>/?journal=USMF-000001&journal=…`: submit, post or cancel each of the journals."""

    looks = Action.MAKE_JOURNALS
    section = "journals"
    act: ClassVar[str] = ""

    def get(self, request: HttpRequest, act: str = "") -> HttpResponse:
        """Ask first, naming them."""
        act = self._act(act)
        return self._show(act, chosen_of(request.GET, self.actor, self.now))

    def post(self, request: HttpRequest, act: str = "") -> HttpResponse:
        """Do it with each; many or long ones in the background."""
        act = self._act(act)
        chosen = chosen_of(request.POST, self.actor, self.now)
        if not chosen.journals:
            raise Http404("None of these journals was found.")
        if _long(chosen):
            started = jobs.start_job(KIND, {"act": act, "journals": chosen.numbers}, actor=self.actor, now=self.now)
            messages.success(request, f"{_plural(len(chosen.journals))}: in the background.")
            return self.go(reverse("job", args=[started.pk]))
        result = act_on_journals(act=act, journals=chosen.numbers, actor=self.actor, at=self.now, today=self.today_of)
        done = f"{WORDS[act][1].capitalize()}: {', '.join(result.done)}." if result.done else ""
        if result.failed:
            failed = {one.journal: one for one in result.failed}
            rest = tuple(journal for journal in chosen.journals if journal.number in failed)
            left = Chosen(rest, tuple(("journal", journal.number) for journal in rest))
            return self._show(act, left, failed=result.failed, said=done, status=409)
        messages.success(request, done)
        return self.go(self._back())

    def _act(self, act: str) -> str:
        act = act or self.act
        if act not in ACTS:
            raise Http404("There is no such action.")
        return act

    def _show(
        self, act: str, chosen: Chosen, *, failed: tuple[Failure, ...] = (), said: str = "", status: int = 200
    ) -> HttpResponse:
        verb, _, note = WORDS[act]
        count = len(chosen.journals)
        named = f"journal {chosen.journals[0].number}" if count == 1 else _plural(count)
        context: Item = {
            "form": None,
            "chosen": chosen,
            "shown": chosen.journals[:SHOWN],
            "more_count": max(0, count - SHOWN),
            "failed": failed,
            "said": said,
            "dialog_heading": f"{verb} {named}",
            "dialog_note": note,
            "verb": verb if act != "cancel" else f"{verb} {'journals' if count != 1 else 'journal'}",
            "danger": act == "cancel",
            "in_background": _long(chosen),
            "nothing_to_do": not chosen.journals,
            "action_url": self.request.path,
            "cancel_url": self._back(),
            "next": self._back(),
        }
        return self.page("credit_mgmt/journal_many.html", context, status=status)

    def _back(self) -> str:
        """The list from which they were chosen."""
        given = self.request.POST.get("next") or self.request.GET.get("next") or ""
        sent = "/" + self.request.headers.get("Referer", "").partition("//")[2].partition("/")[2]
        for url in (given, sent):
            if url.partition("?")[0] == reverse("journal-list"):
                return url
        return reverse("journal-list")


class ExportChosen(PageView):
    """GET `/journals/export-chosen/`: the ticked journals as a file, by the address that names them."""

    looks = Action.VIEW_EXPOSURE
    section = "journals"

    def get(self, request: HttpRequest) -> HttpResponse:
        """On to the file."""
        chosen = chosen_of(request.GET, self.actor, self.now)
        if not 0 < len(chosen.journals) <= MOST_EXPORTED:
            messages.warning(request, f"Tick 1 to {MOST_EXPORTED} journals, or export the list as it is filtered.")
            return self.go(parts.list_url(JOURNALS))
        query = urlencode([*(("journal", number) for number in chosen.numbers), ("format", "xlsx")])
        return self.go(f"{reverse('journal-export')}?{query}")


def _long(chosen: Chosen) -> bool:
    lines = sum(journal.line_count for journal in chosen.journals)
    return len(chosen.journals) > AT_ONCE or lines > LINES_AT_ONCE


def _plural(count: int) -> str:
    return f"{count:,} {'journals' if count != 1 else 'journal'}"
