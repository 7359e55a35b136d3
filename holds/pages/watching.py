"""The heartbeat of a hold's page: who else looks, and whether somebody decided meanwhile (`ux.md` 3.0, Live)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from customers.access import Action
from customers.views import PageView
from holds.models import Hold, HoldEvent
from holds.pages.hold_actions import actions_of
from holds.pages.hold_detail import hold_or_404
from holds.presence import seen
from holds.words import actor_words, details_of, event_words

Item = dict[str, Any]


class HoldSeen(PageView):
    """POST `/holds/H-000123/seen/`, every 15 seconds while the page is looked at."""

    looks = Action.VIEW
    section = "holds"

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """Nothing to see without a page around it."""
        return self.go(reverse("hold-detail", args=[number]))

    def post(self, request: HttpRequest, number: str) -> HttpResponse:
        """Note that the reader is here; say who else is, and what was done to the hold since `version`.

        Only two small regions are answered: whatever the reader has typed elsewhere on the page stays.
        """
        hold = hold_or_404(number, self)
        version = request.POST.get("version", "")
        shown = int(version) if version.isdigit() and len(version) < 10 else hold.version
        context = {
            "hold": hold,
            "viewers": seen(hold=hold, actor=self.actor, at=self.now),
            "conflict": _conflict(self, hold, shown),
            "version": shown,
            "actions": actions_of(self, hold) if hold.version != shown else None,
        }
        return self.page("holds/_seen.html", context)


def _conflict(page: PageView, hold: Hold, shown: int) -> Item | None:
    """What others did since the page was drawn: the decision if there was one, else the latest change."""
    events = [
        event
        for event in HoldEvent.objects.filter(hold=hold, version__gt=shown).order_by("version")
        if event.actor != page.actor.reference
    ] if hold.version > shown else []  # fmt: skip
    if not events:
        return None
    decided = [event for event in events if event.to_status != event.from_status]
    event = (decided or events)[-1]
    return {
        "title": f"{event_words(event)} {actor_words(event.actor, event.actor_name)}",
        "at": event.at,
        "text": details_of(event.data),
        "decided": hold.status != Hold.Status.ACTIVE,
    }
