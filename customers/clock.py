"""The only clock of the system.

Below the edge (page, API, task, command, admin) a date is always an argument. Edges ask here, and here alone, so that
`CREDIT_TODAY` can pin the day in tests and demonstrations (`api.md` Actions); the setting is refused in production.
"""

import datetime as dt
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone


def now() -> dt.datetime:
    """The present instant, aware, in UTC. Never pinned: instants are evidence, dates are business."""
    return timezone.now()  # noqa: TID251 - this is the one place


def today(time_zone: str) -> dt.date:
    """Today's business date in a legal entity's time zone (`domain 1`), or the pinned day of `CREDIT_TODAY`."""
    pinned: dt.date | None = settings.CREDIT_TODAY
    return pinned or now().astimezone(ZoneInfo(time_zone)).date()
