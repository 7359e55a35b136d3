"""Saving holds in bulk, on condition that nobody changed them since they were read (`reliability.md` C01, S7)."""

from collections.abc import Sequence
from typing import Any

from customers.bulk import update_rows
from customers.errors import Refused
from holds.models import Hold, HoldReason

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
    "overdue_amount": "numeric",
    "ship_date": "date",
}
_SEEN_COLUMNS = {"last_decision_id": "uuid", "evaluated_at": "timestamptz"}
_REASON_COLUMNS = {
    "level": "text",
    "evidence": "jsonb",
    "message": "text",
    "valid": "boolean",
    "cleared_at": "timestamptz",
}
_KEYS = {"id": "uuid", "old_version": "integer"}


def _values(hold: Hold) -> dict[str, Any]:
    return {name: getattr(hold, name) for name in _HOLD_COLUMNS}


def save_holds(holds: Sequence[Hold], *, raised: bool = True) -> None:
    """Write `holds` as they are now; with `raised` their versions are one above those in the database.

    Raises `Refused` with `stale` if any of them was changed since it was read; the transaction must not commit.
    """
    step = 1 if raised else 0
    rows = [{**_values(hold), "id": hold.pk, "old_version": hold.version - step} for hold in holds]
    _expect(update_rows("holds_hold", _HOLD_COLUMNS, rows, keys=_KEYS), holds)


def save_evaluated(holds: Sequence[Hold]) -> None:
    """Write only when and with which decision `holds` were last looked at. Raises `Refused` as `save_holds`."""
    rows = [
        {
            "id": hold.pk,
            "old_version": hold.version,
            "last_decision_id": hold.last_decision_id,
            "evaluated_at": hold.evaluated_at,
        }
        for hold in holds
    ]
    _expect(update_rows("holds_hold", _SEEN_COLUMNS, rows, keys=_KEYS), holds)


def save_reasons(reasons: Sequence[HoldReason]) -> None:
    """Write what may change of reasons that exist: check mark, evidence, sentence."""
    rows = [{name: getattr(reason, name) for name in (*_REASON_COLUMNS, "id")} for reason in reasons]
    update_rows("holds_holdreason", _REASON_COLUMNS, rows, keys={"id": "bigint"})


def _expect(count: int, holds: Sequence[Hold]) -> None:
    if count != len(holds):
        raise Refused("stale", "The hold was changed by somebody else meanwhile; look at it again.")
