"""The frame around every page: destinations of the top bar, granted legal entities, running jobs.

Destinations are named here, in the wiring, because no room knows the addresses of the rooms above it.
"""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from customers.access import Action, Actor, actor_of_user
from customers.models import Job

DESTINATIONS = (
    ("holds", "Holds", "hold-list", Action.VIEW, "h"),
    ("orders", "Orders", "order-list", Action.VIEW, "o"),
    ("customers", "Customers", "customer-list", Action.VIEW, "c"),
    ("rules", "Rules", "rule-list", Action.VIEW, "r"),
    ("parameters", "Parameters", "parameter-list", Action.VIEW, "p"),
    ("jobs", "Jobs", "job-list", Action.VIEW_JOBS, "b"),
)


def frame(request: HttpRequest) -> dict[str, Any]:
    """What `base.html` shows around a page; nothing around a fragment or for strangers."""
    if not request.user.is_authenticated or request.headers.get("HX-Request"):
        return {}
    actor: Actor = getattr(request, "actor", None) or actor_of_user(request.user)
    section = getattr(request, "section", "")
    destinations = [
        {"label": label, "url": reverse(name), "active": section == slug, "key": key}
        for slug, label, name, action, key in DESTINATIONS
        if actor.may(action)
    ]
    return {
        "nav": destinations,
        "nav_more": _more(request, actor),
        "scope": {"label": _scope(actor)},
        "jobs": {"running": _running(actor), "url": reverse("job-list") + "?status=running"},
        "time_zone": timezone.get_current_timezone_name(),
    }


def _more(request: HttpRequest, actor: Actor) -> list[dict[str, str]]:
    """What stands in the account menu: what the reader did, who covers, administration."""
    links = []
    if actor.may(Action.VIEW):
        links.append({"label": "My recent actions", "url": reverse("hold-recent"), "key": "z"})
    if actor.may(Action.WORK_HOLDS):
        links.append({"label": "Absence and cover", "url": reverse("hold-absence")})
    if _is_staff(request):
        links.append({"label": "Administration", "url": reverse("admin:index")})
    return links


def _is_staff(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_staff", False))


def _scope(actor: Actor) -> str:
    """The legal entities that the reader sees, in words."""
    entities = actor.entities(Action.VIEW)
    if entities is None:
        return "All legal entities"
    return ", ".join(sorted(entities)) or "No legal entity"


def _running(actor: Actor) -> int:
    """Jobs of the reader that are not finished yet."""
    return Job.objects.filter(actor=actor.reference, status__in=[Job.Status.QUEUED, Job.Status.RUNNING]).count()
