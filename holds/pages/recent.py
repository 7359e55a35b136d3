"""My recent actions, and taking them back (`ux.md` 3.0, Reversibility): for the whole window, not only while a toast
stays."""

import datetime as dt
import uuid
from operator import itemgetter
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.journals.kept import undoable
from credit_mgmt.models import JournalUndo
from credit_mgmt.pages.journal_adjusting import undo_words
from customers import jobs
from customers.access import Action
from customers.views import PageView
from holds import undo_job
from holds.each import BulkResult
from holds.pages.bulk import came_from, undo_tag, undo_url
from holds.pages.selection import plural
from holds.recent import UNDO_WITHIN, Act, can_undo, holds_of_job, recent_acts, undo
from holds.words import act_words, event_icon

ORDERS_SHOWN = 5
FAILURES_SHOWN = 3
UNDO_AT_ONCE = 50
"""So many holds are taken back while a person waits."""
MINUTE = 60


class RecentPage(PageView):
    """GET `/holds/recent/` (`g z`)."""

    looks = Action.VIEW
    section = "holds"

    def get(self, request: HttpRequest) -> HttpResponse:
        """What the reader did last, with *Undo* where it can be taken back."""
        acts = [_described(act, self.now) for act in recent_acts(actor=self.actor)]
        acts += [_of_journal(act, self.now) for act in undoable(actor=self.actor, at=self.now)]
        acts.sort(key=itemgetter("at"), reverse=True)
        return self.page("holds/recent.html", {"acts": acts})


class UndoPage(PageView):
    """`/holds/undo/<moment>/`: GET asks, POST takes back what the reader did at that moment."""

    looks = Action.VIEW
    section = "holds"

    def get(self, request: HttpRequest, moment: int) -> HttpResponse:
        """Ask first: a link never changes anything."""
        at = _instant(moment)
        return self.ask([act for act in recent_acts(actor=self.actor) if act.at == at and not act.job])

    def post(self, request: HttpRequest, moment: int) -> HttpResponse:
        """Take it back, hold by hold; what cannot be says why."""
        return self.told(undo(moment=_instant(moment), actor=self.actor, at=self.now))

    def ask(self, acts: list[Act]) -> HttpResponse:
        """The question about `acts`. Raises `Http404` where there is none."""
        if not acts:
            raise Http404("There is no such action of yours.")
        context = {
            "acts": [_described(act, self.now) for act in acts],
            "action_url": self.request.path,
            "cancel_url": reverse("hold-recent"),
            "nothing_to_do": not any(can_undo(act, self.now) for act in acts),
            "dialog_heading": "Take back",
        }
        return self.page("holds/undo.html", context)

    def told(self, result: BulkResult) -> HttpResponse:
        """Say what was taken back, and of some why not, on the page from which it was asked."""
        if result.succeeded:
            messages.success(self.request, f"{plural(len(result.succeeded), 'hold')} taken back.", undo_tag(self.now))
        said = list(dict.fromkeys(failure.message for failure in result.failed))
        for message in said[:FAILURES_SHOWN]:
            messages.warning(self.request, message)
        if len(said) > FAILURES_SHOWN:
            messages.warning(
                self.request, f"{plural(len(said) - FAILURES_SHOWN, 'more hold')} could not be taken back."
            )
        path = came_from(self.request)
        return self.go(reverse("hold-recent") if not path or path.startswith("/holds/undo/") else path)


class UndoJobPage(UndoPage):
    """`/holds/undo/<job>/`: the same for what a job of the reader did to many holds."""

    def get(self, request: HttpRequest, job: uuid.UUID) -> HttpResponse:  # type: ignore[override]  # another key
        """Ask first."""
        return self.ask([act for act in recent_acts(actor=self.actor) if act.job == str(job)])

    def post(self, request: HttpRequest, job: uuid.UUID) -> HttpResponse:  # type: ignore[override]  # another key
        """Take it back; where that is many, in the background with an outcome for each."""
        holds = holds_of_job(job, self.actor.reference)
        if len(holds) <= UNDO_AT_ONCE:
            return self.told(undo(job=job, actor=self.actor, at=self.now))
        started = jobs.start_job(undo_job.KIND, {"job": str(job)}, actor=self.actor, now=self.now)
        messages.success(request, f"{plural(len(holds), 'hold')}: in the background, with an outcome for each.")
        return self.go(reverse("job", args=[started.pk]))


def undo_url_of(act: Act) -> str:
    """Where an act is taken back."""
    return reverse("hold-undo-job", args=[act.job]) if act.job else undo_url(act.at)


def _described(act: Act, now: dt.datetime) -> dict[str, Any]:
    first = act.events[:ORDERS_SHOWN]
    icon, tone = event_icon(act.type)
    possible = can_undo(act, now)
    return {
        "words": act_words(act.events[0], act.count),
        "icon": icon,
        "tone": tone,
        "at": act.at,
        "holds": [event.hold for event in first],
        "more": act.count - len(first),
        "undo_url": undo_url_of(act) if possible else "",
        "minutes": _minutes_left(act.at, now) if possible else 0,
        "undone": act.undone,
    }


def _of_journal(act: JournalUndo, now: dt.datetime) -> dict[str, Any]:
    """What was done to many lines of a draft at once, which can still be taken back."""
    return {
        "words": undo_words(act.kind, act.count),
        "icon": "trash-2" if act.kind == JournalUndo.Kind.REMOVED else "pencil",
        "tone": "",
        "at": act.at,
        "holds": [],
        "journal": act.journal,
        "more": 0,
        "undo_url": reverse("journal-undo", args=[act.journal.number]),
        "minutes": _minutes_left(act.at, now),
        "undone": 0,
    }


def _minutes_left(at: dt.datetime, now: dt.datetime) -> int:
    return int((UNDO_WITHIN - (now - at)).total_seconds() // MINUTE) + 1


def _instant(moment: int) -> dt.datetime:
    try:
        return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=moment)
    except OverflowError:
        raise Http404("There is no such action of yours.") from None
