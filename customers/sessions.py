"""When a session ends: after 30 idle minutes, and after 12 hours in any case (`reliability.md` S06).

What a page asks by itself while nobody does anything (polls, `X-Background`) is no use of it: a list that is left open
must not stay open for ever. Two minutes before the end the page says so (`ux.md` 3.0, Accessibility).
"""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.generic import View

from customers import clock

STARTED, SEEN = "session_started", "session_seen"
SEEN_STEP_SECONDS = 60  # a session's last use is written at most this often
WARN_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Left:
    """The seconds until the session ends; `for_good` where using it does not put that off."""

    seconds: int
    for_good: bool

    @property
    def warn_in(self) -> int:
        """Seconds until the page says that it ends; 0: now."""
        return max(0, self.seconds - WARN_SECONDS)

    @property
    def ends_at(self) -> dt.datetime:
        """When that is."""
        return clock.now() + dt.timedelta(seconds=self.seconds)


def is_background(request: HttpRequest) -> bool:
    """Whether the page asked by itself; saying so can only make a session end sooner."""
    return "X-Background" in request.headers


def left_of(request: HttpRequest) -> Left:
    """How long the session lasts if it is not used any more; not positive once it has ended."""
    now = int(clock.now().timestamp())
    idle = request.session.get(SEEN, now) + settings.SESSION_IDLE_SECONDS - now
    whole = request.session.get(STARTED, now) + settings.SESSION_ABSOLUTE_SECONDS - now
    return Left(min(idle, whole), whole <= idle)


def use(request: HttpRequest, *, at_once: bool = False) -> None:
    """The session is used now; written once a minute at most, unless `at_once`."""
    now = int(clock.now().timestamp())
    seen = request.session.get(SEEN, now)
    if at_once or STARTED not in request.session or now - seen >= SEEN_STEP_SECONDS:
        request.session[STARTED], request.session[SEEN] = request.session.get(STARTED, now), now


class SessionPage(View):
    """GET `/session/`: how long the session lasts, as a part of the page that comes back before the end.

    Asked for by a person, it puts the end off: every request does.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        """The part; without htmx there is nothing to show."""
        if not request.headers.get("HX-Request") or not request.user.is_authenticated:
            return redirect("/")
        if not is_background(request):
            use(request, at_once=True)
        return render(request, "registration/session.html", {"session": left_of(request)})
