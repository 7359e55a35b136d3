"""`/holds/changes/`: what happened to a list since its page was drawn (`ux.md` 3.0, Live): counts, never rows.

The page asks every 20 seconds while it is looked at. Rows never move by themselves: what is new waits for *Show*, what
somebody else decided stays in its place, greyed.
"""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone

from customers import access, people
from customers.access import Action
from customers.listing.parts import list_url
from customers.numbers import grouped
from customers.views import PageView
from holds.lists import HoldList, read_address
from holds.lists.columns import HOLDS
from holds.lists.tallies import MOST
from holds.models import Hold

SEPARATOR = "."


def changes_url(found: HoldList, now: dt.datetime) -> str:
    """The address at which a page asks for its changes: its list, its moment, its rows with their versions."""
    rows = SEPARATOR.join(f"{hold.number}:{hold.version}" for hold in found.page.rows)
    query = found.address.url(selected=None, peek=None).removeprefix("?")
    return f"{reverse('hold-changes')}?{urlencode({'from': query, 'since': now.isoformat(), 'rows': rows})}"


class Changes(PageView):
    """GET: the notice, or nothing where nothing happened."""

    looks = Action.VIEW
    section = "holds"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Counts, and which of the rows were decided by somebody else."""
        since = _moment(request.GET.get("since", ""))
        if since is None:
            return HttpResponse(status=204)
        query = QueryDict(request.GET.get("from", ""))
        asked = read_address(query, actor=self.actor, now=self.now, today=self.today)
        fresh = asked.matching.filter(held_at__gt=since).order_by().values("pk")[: MOST + 1].count()
        seen = _seen(request.GET.get("rows", ""))
        visible = access.scoped(Hold.objects.all(), self.actor).filter(number__in=seen)
        moved = [hold for hold in visible.order_by("number") if hold.version != seen[hold.number]]
        decided = [hold for hold in moved if hold.status != Hold.Status.ACTIVE]
        if not fresh and not moved:
            return HttpResponse(status=204)
        words = _words(fresh, len(moved), since)
        answer = self.page("holds/_notice.html", {"words": words, "url": list_url(HOLDS, query.urlencode())})
        said: dict[str, Any] = {"list-changed": words}
        if decided:
            said["rows-decided"] = _decided(decided)
        answer["HX-Trigger"] = json.dumps(said)
        return answer


def _moment(text: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _seen(text: str) -> Mapping[str, int]:
    pairs = (word.partition(":") for word in text.split(SEPARATOR))
    return {number: int(version) for number, _, version in pairs if version.isdecimal() and len(version) < 10}


def _words(fresh: int, moved: int, since: dt.datetime) -> str:
    """`3 new, 1 changed since 09:14`."""
    counts = [f"{grouped(min(fresh, MOST))}{'+' if fresh > MOST else ''} new"] if fresh else []
    counts += [f"{grouped(moved)} changed"] if moved else []
    return f"{', '.join(counts)} since {since.astimezone(timezone.get_current_timezone()):%H:%M}"


def _decided(holds: list[Hold]) -> list[dict[str, str]]:
    """`Released by Jan de Wit 14:02`."""
    names = people.names_of(hold.decided_by for hold in holds)
    zone = timezone.get_current_timezone()
    return [
        {
            "number": hold.number,
            "words": f"{hold.get_status_display()} by {names.get(hold.decided_by) or 'the system'}"
            + (f" {hold.decided_at.astimezone(zone):%H:%M}" if hold.decided_at else ""),
        }
        for hold in holds
    ]
