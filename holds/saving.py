"""Saving holds in bulk, on condition that nobody changed them since they were read (`reliability.md` C01, S7)."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from customers.bulk import insert_rows, update_rows
from customers.errors import Refused
from holds.models import Hold, HoldLook, HoldReason

_HOLD_COLUMNS = {
    "payer_id": "bigint",
    "status": "text",
    "version": "integer",
    "checkpoint": "text",
    "pro_forma": "boolean",
    "posting_request": "jsonb",
    "last_decision_id": "uuid",
    "evaluated_at": "timestamptz",
    "forced": "boolean",
    "forced_reason_id": "bigint",
    "forced_by": "text",
    "forced_at": "timestamptz",
    "forced_note": "text",
    "forced_until": "date",
    "ready_to_release": "boolean",
    "review_date": "date",
    "snoozed_until": "date",
    "wakes_on": "jsonb",
    "assignee_id": "integer",
    "note": "text",
    "workflow_state": "text",
    "release_mode": "text",
    "release_reason_id": "bigint",
    "decided_at": "timestamptz",
    "decided_by": "text",
    "reason_codes": "jsonb",
    "chips": "jsonb",
    "amount": "numeric",
    "amount_unknown": "boolean",
    "over_limit": "numeric",
    "used_percent": "numeric",
    "limiting_group": "text",
    "overdue_amount": "numeric",
    "ship_date": "date",
}
_SEEN_COLUMNS = {"last_decision_id": "uuid", "evaluated_at": "timestamptz"}
_SCREENED_COLUMNS = _SEEN_COLUMNS | {
    "payer_id": "bigint",
    "version": "integer",
    "ready_to_release": "boolean",
    "workflow_state": "text",
    "reason_codes": "jsonb",
    "chips": "jsonb",
    "amount": "numeric",
    "amount_unknown": "boolean",
    "over_limit": "numeric",
    "used_percent": "numeric",
    "limiting_group": "text",
    "overdue_amount": "numeric",
    "ship_date": "date",
}
"""What looking again may change of a hold."""
_NEW_REASON_COLUMNS = {
    "hold_id": "uuid",
    "type": "text",
    "rule": "text",
    "level": "text",
    "account": "text",
    "evidence": "jsonb",
    "message": "text",
    "valid": "boolean",
    "added_at": "timestamptz",
    "cleared_at": "timestamptz",
}
_REASON_COLUMNS = {
    "level": "text",
    "evidence": "jsonb",
    "message": "text",
    "valid": "boolean",
    "cleared_at": "timestamptz",
}
_KEYS = {"id": "uuid", "old_version": "integer"}


def save_holds(holds: Sequence[Hold], *, raised: bool = True) -> None:
    """Write `holds` as they are now; with `raised` their versions are one above those in the database.

    Raises `Refused` with `stale` if any of them was changed since it was read; the transaction must not commit.
    """
    _save_columns(_HOLD_COLUMNS, holds, 1 if raised else 0)


def save_screened(holds: Sequence[Hold], *, raised: bool = True) -> None:
    """`save_holds` of what looking again may change. Raises `Refused` as it does."""
    _save_columns(_SCREENED_COLUMNS, holds, 1 if raised else 0)


def save_evaluated(holds: Sequence[Hold]) -> None:
    """Write only when and with which decision `holds` were last looked at. Raises `Refused` as `save_holds`."""
    _save_columns(_SEEN_COLUMNS, holds, 0)


def _save_columns(columns: Mapping[str, str], holds: Sequence[Hold], step: int) -> None:
    rows = [
        {**{name: getattr(hold, name) for name in columns}, "id": hold.pk, "old_version": hold.version - step}
        for hold in holds
    ]
    _expect(update_rows("holds_hold", columns, rows, keys=_KEYS), holds)


_SAVE_LOOKS = """
    INSERT INTO holds_holdlook (hold_id, looked_at, fingerprint, version)
    SELECT hold_id, %s, fingerprint, version
    FROM unnest(%s::uuid[], %s::text[], %s::integer[]) AS new (hold_id, fingerprint, version)
    ON CONFLICT (hold_id) DO UPDATE SET looked_at = excluded.looked_at, fingerprint = excluded.fingerprint,
        version = excluded.version
"""


def save_looks(holds: Sequence[Hold], fingerprints: Sequence[str], at: dt.datetime) -> None:
    """Write when holds were looked at, and the names of the facts that were seen; in one statement."""
    if holds:
        values: list[Any] = [at, [str(hold.pk) for hold in holds], list(fingerprints), [hold.version for hold in holds]]
        with connection.cursor() as cursor:
            cursor.execute(_SAVE_LOOKS, values)


def save_looked_at(hold_ids: Sequence[uuid.UUID], at: dt.datetime) -> None:
    """Write when holds were looked at for which nothing had changed."""
    if hold_ids:
        HoldLook.objects.filter(pk__any_of=hold_ids).update(looked_at=at)


def add_reasons(reasons: Sequence[HoldReason]) -> None:
    """Insert new reasons, in one statement."""
    columns = _NEW_REASON_COLUMNS
    insert_rows("holds_holdreason", columns, [{name: getattr(row, name) for name in columns} for row in reasons])


def save_reasons(reasons: Sequence[HoldReason]) -> None:
    """Write what may change of reasons that exist: check mark, evidence, sentence."""
    rows = [{name: getattr(reason, name) for name in (*_REASON_COLUMNS, "id")} for reason in reasons]
    update_rows("holds_holdreason", _REASON_COLUMNS, rows, keys={"id": "bigint"})


def _expect(count: int, holds: Sequence[Hold]) -> None:
    if count != len(holds):
        raise Refused("stale", "The hold was changed by somebody else meanwhile; look at it again.")
