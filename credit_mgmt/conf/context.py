"""The frame around every page: destinations of the top bar, granted legal entities, running jobs.

Destinations are those of the rooms (`holds.destinations`); what only the wiring knows is added here.
"""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from customers.access import Action, Actor, actor_of_user
from customers.models.preferences import Density, NumberStyle, Shortcuts, Theme
from customers.preferences import preferences_of
from customers.sessions import left_of
from holds.destinations import destinations
from holds.home import home_url
from holds.pages.job_badge import badge_of, running_jobs


def frame(request: HttpRequest) -> dict[str, Any]:
    """What `base.html` shows around a page; nothing around a fragment or for strangers."""
    if not request.user.is_authenticated or request.headers.get("HX-Request"):
        return {}
    actor: Actor = getattr(request, "actor", None) or actor_of_user(request.user)
    section = getattr(request, "section", "")
    home = home_url(request.user)
    places = [
        {
            "label": to.label,
            "url": home if to.section == "holds" else to.url,
            "active": section == to.section,
            "key": to.key,
        }
        for to in destinations(actor, bar=True)
    ]
    return {
        "nav": places,
        "nav_more": _more(request, actor),
        "unread": _unread(request),
        "scope": {"label": _scope(actor)},
        "jobs": badge_of(running_jobs(actor)),
        "session": left_of(request),
        "time_zone": timezone.get_current_timezone_name(),
        **_preferred(request),
        **_offered(actor),
    }


# For scripts: locales of browsers that write numbers so; English is what they start from.
_LOCALES: dict[str, str] = {
    NumberStyle.POINT_COMMA: "de",
    NumberStyle.SPACE_COMMA: "fr",
    NumberStyle.APOSTROPHE_POINT: "de-CH",
}


def _preferred(request: HttpRequest) -> dict[str, str]:
    """What the reader prefers, as attributes of the page, so that its first paint is right; defaults say nothing."""
    chosen = preferences_of(request.user)
    return {
        "theme": "" if chosen.theme == Theme.SYSTEM else chosen.theme,
        "density": "" if chosen.density == Density.COMPACT else chosen.density,
        "keys": "" if chosen.shortcuts == Shortcuts.ON else chosen.shortcuts,
        "number_locale": _LOCALES.get(chosen.number_style, ""),
    }


def _offered(actor: Actor) -> dict[str, str]:
    """Search and preferences, for whoever was granted anything."""
    if not actor.may(Action.VIEW):
        return {}
    return {"search_url": reverse("search"), "preferences_url": reverse("preferences")}


def _more(request: HttpRequest, actor: Actor) -> list[dict[str, Any]]:
    """What stands in the account menu: what the reader did and was told, who covers, preferences, administration."""
    counts = {"notifications": _unread(request)}
    links = [
        {"label": to.label, "url": to.url, "key": to.key, "count": counts.get(to.route, 0)}
        for to in destinations(actor, bar=False)
    ]
    if _is_staff(request):
        links.append({"label": "Administration", "url": reverse("admin:index")})
    return links


def _unread(request: HttpRequest) -> int:
    """How much the reader was told and has not read; it came with the reader (`customers.preferences.SignedIn`)."""
    return getattr(request.user, "unread", 0) or 0


def _is_staff(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_staff", False))


def _scope(actor: Actor) -> str:
    """The legal entities that the reader sees, in words."""
    entities = actor.entities(Action.VIEW)
    if entities is None:
        return "All legal entities"
    return ", ".join(sorted(entities)) or "No legal entity"
