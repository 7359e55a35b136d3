"""What a person is told of, and how they want to be told (`ux.md` 3.18). It decides nothing and is no evidence."""

from typing import TypeAlias

from django.conf import settings
from django.db import models
from django.db.models import Q

from customers.models.columns import one_of


class NotificationKind(models.TextChoices):
    """What one can be told of."""

    ASSIGNED = "assigned", "Holds assigned to me"
    RETURNED = "returned", "Snoozed holds of mine that are back"
    READY = "ready", "Holds of mine that became ready"
    RUN_ENDED = "run_ended", "My runs that have ended"
    EXPIRES = "expires", "Limits and cover of my customers that end soon"


class Channel(models.TextChoices):
    """How one is told: on the page of notifications, there and by mail, or not at all."""

    SCREEN = "screen", "On screen"
    MAIL = "mail", "On screen and by mail"
    NONE = "none", "Not at all"


class MailState(models.TextChoices):
    """What became of the mail of a notification."""

    NO = "", "None is sent"
    DUE = "due", "To be sent"
    SENDING = "sending", "Handed over; never sent again, whatever became of it"
    SENT = "sent", "Sent"
    FAILED = "failed", "Given up"


class NotificationChoice(models.Model):
    """How a person wants to be told of one kind; who chose nothing has no row, and is told on screen."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=NotificationKind.choices)
    channel = models.CharField(max_length=6, choices=Channel.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="one_channel_per_person_and_kind"),
            one_of("choice_of_known_kind", "kind", NotificationKind),
            one_of("channel_is_known", "channel", Channel),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} {self.channel}"


class Notification(models.Model):
    """A person is told of something: of one thing, which `subject` calls and `target` names, or of `count` alike."""

    Kind: TypeAlias = NotificationKind
    Mail: TypeAlias = MailState

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=NotificationKind.choices)
    subject = models.CharField(max_length=120, help_text="what it is about, as people call it; of many, the last")
    target = models.CharField(max_length=60, help_text="its business key: H-000123, NL01:C-1, or a job's id")
    detail = models.CharField(max_length=120, blank=True, help_text="who did it, or when it ends")
    count = models.PositiveIntegerField(default=1)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    mail = models.CharField(max_length=7, choices=MailState.choices, blank=True, default=MailState.NO)
    mail_attempts = models.PositiveSmallIntegerField(default=0)
    mail_at = models.DateTimeField(null=True, help_text="not before")

    class Meta:
        constraints = [
            one_of("notification_kind_is_known", "kind", NotificationKind),
            one_of("notification_mail_is_known", "mail", MailState),
            models.CheckConstraint(condition=Q(count__gte=1), name="notification_is_about_something"),
            models.CheckConstraint(condition=~Q(mail="due") | Q(mail_at__isnull=False), name="due_mail_has_a_time"),
        ]
        indexes = [
            models.Index(fields=["user", "-at", "-id"], name="notification_of_user"),
            models.Index(fields=["user"], condition=Q(read_at=None), name="notification_unread"),
            models.Index(fields=["mail_at"], condition=Q(mail="due"), name="notification_mail_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target} for {self.user_id}"


class FeedPosition(models.Model):
    """How far a reader of ours has read the event feed."""

    reader = models.CharField(max_length=40, primary_key=True)
    sequence = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.reader} at {self.sequence}"
