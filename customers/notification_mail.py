"""The mail of notifications: sent after the commit by a worker, never twice, and given up after three attempts.

Note [Never twice]. A mail is claimed by one conditional update before it is handed over. A worker that dies in between
leaves `sending` behind, which nobody takes up again: whether the mail went cannot be known, and it is on screen anyway.
Only where the server said no is it tried again, later each time.
"""

import datetime as dt
import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F

from customers.models.notifications import MailState, Notification
from customers.notifications import described

logger = logging.getLogger(__name__)
MOST_ATTEMPTS = 3
AT_ONCE = 200
"""Mails of one run: the next one comes in a minute."""
WAIT = dt.timedelta(minutes=5)
"""Before the second attempt; twice that before the third."""
REFUSED = (SMTPException, OSError)
"""What sending raises where no mail has gone."""


def send_due(*, now: dt.datetime) -> int:
    """Send what is due, each in an attempt of its own. Returns how many were sent."""
    due = Notification.objects.filter(mail=MailState.DUE, mail_at__lte=now).order_by("mail_at", "pk")
    return sum(_send(row, now) for row in list(due.select_related("user")[:AT_ONCE]))


def _send(row: Notification, now: dt.datetime) -> bool:
    """Whether this worker sent it. See Note [Never twice]."""
    mine = Notification.objects.filter(pk=row.pk, mail=MailState.DUE, mail_at=row.mail_at)
    if not mine.update(mail=MailState.SENDING, mail_attempts=F("mail_attempts") + 1):
        return False
    claimed = Notification.objects.filter(pk=row.pk, mail=MailState.SENDING)
    try:
        _message(row).send()
    except REFUSED as problem:
        attempts = row.mail_attempts + 1
        last = attempts >= MOST_ATTEMPTS
        claimed.update(mail=MailState.FAILED if last else MailState.DUE, mail_at=now + WAIT * attempts)
        logger.warning("mail of notification %s, attempt %s: %s", row.pk, attempts, problem)
        return False
    claimed.update(mail=MailState.SENT)
    return True


def _message(row: Notification) -> EmailMessage:
    text, path = described(row)
    text = " ".join(text.split())
    body = f"{text}.\n\n{settings.CREDIT_SITE_URL}{path}\n\nWhat you are told, and how: {settings.CREDIT_SITE_URL}"
    return EmailMessage(subject=text, body=f"{body}/me/notifications/\n", to=[row.user.email])
