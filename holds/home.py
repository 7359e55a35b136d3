"""Where a person's day starts: the hold list, in the view that the person prefers (`ux.md` 2.2, 3.18)."""

from urllib.parse import urlencode

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.urls import reverse

from customers.preferences import preferences_of


def home_url(user: AbstractBaseUser | AnonymousUser) -> str:
    """The address of the person's home. A view that has gone leads to the list all the same."""
    view = preferences_of(user).home_view
    return reverse("hold-list") + (f"?{urlencode({'view': view})}" if view else "")
