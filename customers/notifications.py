"""Telling people (`ux.md` 3.18): one notification for what came together, read and forgotten at will.

Who tells calls `tell`, with everything that came together; who draws or mails a notification asks `described`, whose
words and addresses the top room gives, since it knows the pages (`speak_with`). Mail is `customers.notification_mail`.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F, Q, QuerySet

from customers.access import Action, Actor, NotAllowed
from customers.errors import FieldError, InvalidInput
from customers.models.notifications import Channel, MailState, Notification, NotificationChoice, NotificationKind

TOGETHER = dt.timedelta(minutes=10)
"""What comes so soon after an unread one of the same kind and the same detail is added to it."""
MAIL_AFTER = dt.timedelta(minutes=1)
"""Mail waits for what else comes."""
KEPT = dt.timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Told:
    """Something that `user` (id) is told of: `subject` as people call it, `target` its key, `detail` who or when."""

    user: int
    kind: NotificationKind
    subject: str
    target: str
    detail: str = ""

    @property
    def together(self) -> tuple[int, str, str]:
        """What is alike in this is told as one: assigned by the same person, or of the same kind."""
        return self.user, self.kind, self.detail if self.kind == NotificationKind.ASSIGNED else ""


class Words(NamedTuple):
    """A notification in words, and the address that it leads to."""

    text: str
    path: str


Speak = Callable[[Notification], Words]
_speak: list[Speak] = []


def speak_with(speak: Speak) -> None:
    """Say who knows the words of notifications; called once per process, by the room that has the pages."""
    _speak[:] = [speak]


def described(notification: Notification) -> Words:
    """The words of a notification, for its page and its mail."""
    return _speak[0](notification)


# --- telling ----------------------------------------------------------------------------------------------------------


def tell(told: Iterable[Told], *, at: dt.datetime) -> None:
    """Tell people, each as they chose, in the caller's transaction: one notification for what is alike.

    A handful of statements, whatever the number. Who chose to hear nothing of a kind is not told.
    """
    alike: dict[tuple[int, str, str], list[Told]] = {}
    for one in told:
        alike.setdefault(one.together, []).append(one)
    if not alike:
        return
    people = _people({user for user, _, _ in alike})
    channels, open_ones = _channels(people), _open(people, at)
    for key, some in sorted(alike.items()):
        user, kind, _ = key
        channel = channels.get((user, kind), Channel.SCREEN.value)
        if channel == Channel.NONE or user not in people:
            continue
        mail = MailState.DUE if channel == Channel.MAIL and people[user] else MailState.NO
        found = open_ones.get(key)
        if found is None or not _add(found, some, at, mail):
            _write(some, at, mail)


def _channels(users: Collection[int]) -> Mapping[tuple[int, str], str]:
    rows = NotificationChoice.objects.filter(user__in=users).order_by().values_list("user_id", "kind", "channel")
    return {(user, kind): channel for user, kind, channel in rows}


def _people(users: Collection[int]) -> Mapping[int, str]:
    """Those who are still with us, with the address of their mail."""
    people = get_user_model()._default_manager.filter(pk__in=users, is_active=True)
    return dict(people.order_by().values_list("pk", "email"))


def _open(users: Collection[int], at: dt.datetime) -> dict[tuple[int, str, str], Notification]:
    """Unread and recent ones, to which more can be added; each run is told of by itself."""
    rows = Notification.objects.filter(user__in=users, read_at=None, at__gte=at - TOGETHER).order_by("at", "pk")
    rows = rows.exclude(kind=NotificationKind.RUN_ENDED)
    return {_told(row).together: row for row in rows}


def _told(row: Notification) -> Told:
    return Told(row.user_id, NotificationKind(row.kind), row.subject, row.target, row.detail)


def _add(found: Notification, some: list[Told], at: dt.datetime, mail: MailState) -> bool:
    """Whether it could be added; not where it was read meanwhile."""
    mine, last = Notification.objects.filter(pk=found.pk), some[-1]
    added = mine.filter(read_at=None).update(
        count=F("count") + len(some), subject=last.subject[:120], target=last.target, at=at
    )
    if added and mail:
        mine.filter(mail__in=[MailState.NO, MailState.DUE]).update(mail=mail, mail_at=at + MAIL_AFTER)
    return bool(added)


def _write(some: list[Told], at: dt.datetime, mail: MailState) -> None:
    last = some[-1]
    Notification.objects.create(
        user_id=last.user,
        kind=last.kind,
        subject=last.subject[:120],
        target=last.target,
        detail=last.detail[:120],
        count=len(some),
        at=at,
        mail=mail,
        mail_at=at + MAIL_AFTER if mail else None,
    )


# --- reading ----------------------------------------------------------------------------------------------------------


def notifications_of(actor: Actor) -> QuerySet[Notification]:
    """What `actor` was told, newest first."""
    return Notification.objects.filter(user=actor.user_id).order_by("-at", "-pk")


def mark_read(*, actor: Actor, at: dt.datetime, only: int | None = None, target: str | None = None) -> int:
    """Mark what `actor` was told as read: everything, or one of them, or what is about `target`. Returns how many."""
    mine = notifications_of(actor).filter(read_at=None).order_by()
    if only is not None:
        mine = mine.filter(pk=only)
    if target is not None:
        mine = mine.filter(target=target)
    return mine.update(read_at=at)


def forget_read(*, now: dt.datetime) -> int:
    """Delete what is older than 90 days, read or not. Returns how many."""
    return Notification.objects.filter(at__lt=now - KEPT).delete()[0]


# --- how one is told --------------------------------------------------------------------------------------------------


def channels_of(actor: Actor) -> dict[str, str]:
    """How `actor` is told of each kind. One query."""
    chosen = _channels([actor.user_id] if actor.user_id else [])
    return {kind: chosen.get((actor.user_id or 0, kind), Channel.SCREEN.value) for kind in NotificationKind.values}


@transaction.atomic
def choose_channels(*, actor: Actor, channels: Mapping[str, str]) -> None:
    """Keep how `actor` is told of the kinds in `channels`; of the others it stays.

    Raises `InvalidInput` at each wrong field, named like its kind; `NotAllowed` for machines.
    """
    if not actor.user_id:
        raise NotAllowed(Action.VIEW, None, "Only people are told of anything.")
    problems = [
        FieldError(kind, "invalid_choice", "Choose on screen, by mail, or not at all.")
        for kind, channel in channels.items()
        if kind not in NotificationKind.values or channel not in Channel.values
    ]
    if problems:
        raise InvalidInput(problems)
    rows = [NotificationChoice(user_id=actor.user_id, kind=kind, channel=value) for kind, value in channels.items()]
    NotificationChoice.objects.bulk_create(
        rows, update_conflicts=True, update_fields=["channel"], unique_fields=["user", "kind"]
    )
    off = [kind for kind, channel in channels.items() if channel != Channel.MAIL]
    waiting = Q(user=actor.user_id, kind__in=off, mail=MailState.DUE)
    Notification.objects.filter(waiting).update(mail=MailState.NO, mail_at=None)
