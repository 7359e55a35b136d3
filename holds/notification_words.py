"""The words of notifications, and the pages that they lead to: this room has the pages (`customers.notifications`)."""

import datetime as dt
from collections.abc import Callable, Mapping

from django.urls import reverse

from customers.models import Notification
from customers.notifications import Words
from customers.numbers import grouped

Kind = Notification.Kind
ENDING = {"limit": "Limit", "temporary_limit": "Temporary limit", "cover": "Cover"}


def speak(told: Notification) -> Words:
    """A notification in words, without a full stop, and where it leads."""
    one, many = _WORDS[told.kind]
    return one(told) if told.count == 1 else many(told, grouped(told.count))


def _hold(told: Notification) -> str:
    return reverse("hold-detail", args=[told.target])


def _mine() -> str:
    return f"{reverse('hold-list')}?view=mine"


def _assigned(told: Notification) -> Words:
    by = f" by {told.detail}" if told.detail else ""
    return Words(f"{told.subject} was assigned to you{by}", _hold(told))


def _assigned_many(told: Notification, count: str) -> Words:
    by = f" by {told.detail}" if told.detail else ""
    return Words(f"{count} holds were assigned to you{by}", _mine())


def _run(told: Notification) -> Words:
    return Words(f"Your run “{told.subject}” {told.detail}", reverse("job", args=[told.target]))


def _expires(told: Notification) -> Words:
    what, _, day = told.detail.partition(" ")
    entity, _, account = told.target.partition(":")
    ends = f"{dt.date.fromisoformat(day):%-d %b %Y}"
    return Words(
        f"{ENDING.get(what, 'Limit')} of {told.subject} ends on {ends}", reverse("customer", args=[entity, account])
    )


_WORDS: Mapping[str, tuple[Callable[[Notification], Words], Callable[[Notification, str], Words]]] = {
    Kind.ASSIGNED: (_assigned, _assigned_many),
    Kind.RETURNED: (
        lambda told: Words(f"{told.subject}, which was snoozed, is back", _hold(told)),
        lambda told, count: Words(f"{count} snoozed holds of yours are back", _mine()),
    ),
    Kind.READY: (
        lambda told: Words(f"{told.subject} became ready to release", _hold(told)),
        lambda told, count: Words(
            f"{count} of your holds became ready to release", f"{reverse('hold-list')}?view=ready&owner=me"
        ),
    ),
    Kind.RUN_ENDED: (_run, lambda told, count: _run(told)),
    Kind.EXPIRES: (
        _expires,
        lambda told, count: Words(
            f"{count} limits and covers of your customers end within 30 days", reverse("customer-list")
        ),
    ),
}
"""Of one, and of many alike."""
