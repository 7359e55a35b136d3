"""Who has the page of a hold open (`ux.md` 3.0, Live): a heartbeat every 15 seconds, and no lock.

It is a courtesy between colleagues. Nothing is decided by it, and where no heartbeat comes nothing is missing.
"""

import datetime as dt
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection

from customers.access import Actor
from holds.models import Hold

GONE_AFTER = dt.timedelta(seconds=45)
"""Two heartbeats may be lost before somebody counts as gone."""

# One statement: the reader is seen here, is no longer seen where it last was long ago, and learns who else is here.
_SEEN = """
    WITH left_behind AS (
        DELETE FROM holds_holdviewer WHERE user_id = %(user)s AND seen_at < %(gone)s AND hold_id <> %(hold)s
    ), here AS (
        INSERT INTO holds_holdviewer (hold_id, user_id, seen_at) VALUES (%(hold)s, %(user)s, %(at)s)
        ON CONFLICT (hold_id, user_id) DO UPDATE SET seen_at = greatest(excluded.seen_at, holds_holdviewer.seen_at)
    )
    SELECT user_id FROM holds_holdviewer WHERE hold_id = %(hold)s AND user_id <> %(user)s AND seen_at >= %(gone)s
"""


def seen(*, hold: Hold, actor: Actor, at: dt.datetime) -> list[str]:
    """Note that `actor` looks at `hold`, and return the names of those who do too, sorted. Only people are noted."""
    if actor.user_id is None:
        return []
    values: dict[str, Any] = {"hold": hold.pk, "user": actor.user_id, "at": at, "gone": at - GONE_AFTER}
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, values)
        others = [row[0] for row in cursor.fetchall()]
    people = get_user_model().objects.filter(pk__in=others, is_active=True) if others else ()
    return sorted(person.get_full_name() or person.get_username() for person in people)
