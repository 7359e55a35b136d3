"""My recent actions, and taking them back (`ux.md` 3.0, Reversibility): for the whole window, not only while a toast
stays."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from customers.access import Action
from customers.views import PageView
from holds.pages.bulk import came_from, undo_tag, undo_url
from holds.pages.selection import plural
from holds.recent import UNDO_WITHIN, Act, can_undo, recent_acts, undo
from holds.words import act_words, event_icon

ORDERS_SHOWN = 5
MINUTE = 60


class RecentPage(PageView):
    """GET `/holds/recent/` (`g z`)."""

    looks = Action.VIEW
    section = "holds"

    def get(self, request: HttpRequest) -> HttpResponse:
        """What the reader did last, with *Undo* where it can be taken back."""
        acts = recent_acts(actor=self.actor)
        return self.page("holds/recent.html", {"acts": [_described(act, self.now) for act in acts]})


class UndoPage(PageView):
    """`/holds/undo/<moment>/`: GET asks, POST takes back what the reader did at that moment."""

    looks = Action.VIEW
    section = "holds"

    def get(self, request: HttpRequest, moment: int) -> HttpResponse:
        """Ask first: a link never changes anything."""
        at = _instant(moment)
        acts = [act for act in recent_acts(actor=self.actor) if act.at == at]
        if not acts:
            raise Http404("There is no such action of yours.")
        context = {
            "acts": [_described(act, self.now) for act in acts],
            "action_url": request.path,
            "cancel_url": reverse("hold-recent"),
            "nothing_to_do": not any(can_undo(act, self.now) for act in acts),
            "dialog_heading": "Take back",
        }
        return self.page("holds/undo.html", context)

    def post(self, request: HttpRequest, moment: int) -> HttpResponse:
        """Take it back, hold by hold; what cannot be says why."""
        result = undo(moment=_instant(moment), actor=self.actor, at=self.now)
        if result.succeeded:
            messages.success(request, f"{plural(len(result.succeeded), 'hold')} taken back.", undo_tag(self.now))
        for message in dict.fromkeys(failure.message for failure in result.failed):
            messages.warning(request, message)
        path = came_from(request)
        return self.go(reverse("hold-recent") if not path or path.startswith("/holds/undo/") else path)


def _described(act: Act, now: dt.datetime) -> dict[str, Any]:
    first = act.events[:ORDERS_SHOWN]
    icon, tone = event_icon(act.type)
    possible = can_undo(act, now)
    return {
        "words": act_words(act.events[0], len(act.events)),
        "icon": icon,
        "tone": tone,
        "at": act.at,
        "holds": [event.hold for event in first],
        "more": len(act.events) - len(first),
        "undo_url": undo_url(act.at) if possible else "",
        "minutes": int((UNDO_WITHIN - (now - act.at)).total_seconds() // MINUTE) + 1 if possible else 0,
        "undone": act.undone,
    }


def _instant(moment: int) -> dt.datetime:
    try:
        return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=moment)
    except OverflowError:
        raise Http404("There is no such action of yours.") from None
