"""From one hold to the next of the list it came from, with or without a script (`ux.md` 3.0, Keyboard: `[` and `]`)."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from customers.access import Action
from customers.views import PageView
from holds.lists.neighbours import place_of, step_from
from holds.pages.hold_actions import step_url
from holds.pages.hold_detail import hold_or_404

WAYS = {"next": True, "previous": False}


class HoldStep(PageView):
    """GET `/holds/H-000123/next/?from=view%3Dmine` and `previous/`."""

    looks = Action.VIEW
    section = "holds"

    def get(self, request: HttpRequest, number: str, way: str) -> HttpResponse:
        """On to the hold beside this one; at the end of the list, back to the list."""
        hold, listed = hold_or_404(number, self), request.GET.get("from", "")
        found = step_from(hold, listed, forward=WAYS[way], actor=self.actor, now=self.now, today=self.today)
        if found:
            return self.go(f"{reverse('hold-detail', args=[found])}?{urlencode({'from': listed})}")
        messages.info(request, f"{hold.order.number} was the {'last' if WAYS[way] else 'first'} of the list.")
        return self.go(f"{reverse('hold-list')}{f'?{listed}' if listed else ''}")


class HoldPlace(PageView):
    """GET `/holds/H-000123/place/?from=view%3Dmine`: “4 of 61” and the ways on, fetched once the page stands."""

    looks = Action.VIEW
    section = "holds"

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """The fragment; whoever asks for it as a page gets the hold's page."""
        listed = request.GET.get("from", "")
        if not request.headers.get("HX-Request"):
            return self.go(f"{reverse('hold-detail', args=[number])}?{urlencode({'from': listed})}")
        hold = hold_or_404(number, self)
        place = place_of(hold, listed, actor=self.actor, now=self.now, today=self.today)
        text = f"{place.number} of {place.total}" if place.number is not None else f"left the list of {place.total}"
        ways = {"previous": place.previous, "next": place.next}
        shown = {name: step_url(hold.number, name, listed) if found else "" for name, found in ways.items()}
        return self.page("holds/_steps.html", {"place": {**shown, "text": text}})
