"""How a person wants pages to look and to be used: read with the person, written by one verb.

Whoever is signed in arrives with the preferences (`SignedIn`), so that no page asks for them by itself.
"""

import zoneinfo
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Count, OuterRef, Subquery

from customers.access import Action, Actor, NotAllowed
from customers.errors import FieldError, InvalidInput
from customers.models import Notification, Preferences
from customers.models.preferences import PAGE_SIZES, Density, NumberStyle, Shortcuts, Theme

_DEFAULTS = Preferences()
UNREAD = Subquery(
    Notification.objects.filter(user=OuterRef("pk"), read_at=None)
    .order_by()
    .values("user")
    .annotate(count=Count("pk"))
    .values("count")
)
_CHOICES: dict[str, tuple[Any, str]] = {
    "theme": (Theme.values, "Choose light, dark, or as the system."),
    "density": (Density.values, "Choose compact, comfortable or touch."),
    "shortcuts": (Shortcuts.values, "Choose single letters, with Alt, or off."),
    "page_size": (PAGE_SIZES, "Choose 25, 50, 100 or 200 rows."),
    "number_style": (NumberStyle.values, "Choose one of the four ways to write numbers."),
}


class SignedIn(ModelBackend):
    """People sign in with a password; whoever is signed in is read in one query, together with the preferences and
    with how much they were told and have not read (`unread`)."""

    def get_user(self, user_id: Any) -> Any:
        """The active person of a session, or None."""
        people = get_user_model()._default_manager.select_related("preferences").annotate(unread=UNREAD)
        user = people.filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None


def preferences_of(user: AbstractBaseUser | AnonymousUser) -> Preferences:
    """What `user` chose; the defaults for who chose nothing, and for strangers. Not to be changed: see the verb."""
    return getattr(user, "preferences", None) or _DEFAULTS


def set_preferences(*, actor: Actor, **values: Any) -> Preferences:
    """Keep what a person chose; what is not named stays.

    `home_view` is not looked up here: the room of the list that has the views offers them, and a view that has gone
    leads to the list. Raises `InvalidInput` with each wrong field, `NotAllowed` for machines.
    """
    if actor.user_id is None or not actor.user_id:
        raise NotAllowed(Action.VIEW, None, "Only people have preferences.")
    problems = [
        FieldError(name, "invalid_choice", words)
        for name, (allowed, words) in _CHOICES.items()
        if name in values and values[name] not in allowed
    ]
    if (zone := values.get("time_zone")) and zone not in zoneinfo.available_timezones():
        problems.append(
            FieldError("time_zone", "unknown", f"“{zone}” is no time zone: write it like Europe/Amsterdam.")
        )
    if problems:
        raise InvalidInput(problems)
    found, _ = Preferences.objects.update_or_create(user_id=actor.user_id, defaults=values)
    return found
