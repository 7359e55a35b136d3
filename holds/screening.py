"""Looking again at orders on hold: check marks, readiness, figures (`domain 7`). One implementation for the job that
evaluates everything and for one order that the ERP changed.

Everything is decided first, in the order given, and written then: a fixed number of statements, and only differences.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from credit_mgmt import decisions
from credit_mgmt.checks import Checked, Request, gather_for_evaluation
from credit_mgmt.loading import OrderRow
from credit_mgmt.models import DecisionRecord
from customers.marks import Causes
from holds import recording
from holds.causes import causes_of
from holds.events import Change, EventType, Keys, tell
from holds.locking import LockedOrders, reasons_of
from holds.models import Hold, HoldReason
from holds.saving import add_reasons, save_evaluated, save_looks, save_reasons, save_screened
from holds.snoozing import wake_changed

_SHOWN = (
    "payer_id", "workflow_state", "reason_codes", "chips", "amount", "amount_unknown", "over_limit", "used_percent",
    "overdue_amount", "ship_date",
)  # fmt: skip
"""What an evaluation may change of a hold without changing a check mark."""


@dataclass(slots=True)
class Screened:
    """A hold that was looked at again: its reasons before and now, and what changed among them."""

    hold: Hold
    row: OrderRow
    before: list[str]
    was_ready: bool
    difference: recording.Difference
    is_decided_anew: bool
    decided_before: uuid.UUID | None = None
    chips_before: Sequence[Mapping[str, Any]] = ()
    causes: Causes = field(default_factory=list)
    """What made it change, as far as that is known (`holds.causes`)."""

    @property
    def changed(self) -> bool:
        """Whether a check mark changed, or readiness."""
        return bool(self.difference) or self.was_ready != self.hold.ready_to_release


def screen_holds(
    holds: Sequence[Hold],
    locked: LockedOrders,
    *,
    as_of: Mapping[str, dt.date],
    at: dt.datetime,
    recalled: bool = False,
) -> list[Screened]:
    """Check the orders of active `holds` again, each at its checkpoint, in the order given, and write what changed.

    An order without a remaining reason is ready to release and takes its credit for those after it. `as_of` is today by
    legal entity. `recalled`: the orders were changed, so what is in workflow comes back. The decisions are stored.
    """
    if not holds:
        return []
    requests = [Request(hold.order_id, hold.checkpoint, hold.pro_forma) for hold in holds]
    checked = gather_for_evaluation(requests, as_of=as_of).decide()
    return record_checked(holds, checked, locked, at=at, recalled=recalled)


def record_checked(
    holds: Sequence[Hold],
    checked: Sequence[Checked],
    locked: LockedOrders,
    *,
    at: dt.datetime,
    recalled: bool = False,
    fingerprints: Sequence[str] = (),
    asked_by: Mapping[uuid.UUID, Causes] | None = None,
) -> list[Screened]:
    """Bring `holds` up to date with the decisions about their orders, write what changed, and store the decisions.

    `fingerprints` name what each decision follows from, so that the same need not be decided again. `asked_by`: the
    events that the evaluation was asked for by, by hold.
    """
    if not holds:
        return []
    last = {hold.order_id: hold.last_decision_id for hold in holds}
    ids = decisions.record_decisions(
        checked, kind=DecisionRecord.Kind.EVALUATION, actor=locked.actor, at=at, known=last
    )
    rows = reasons_of(holds)
    before = [_shown(hold) for hold in holds]
    screened = [
        _screen(hold, rows[hold.pk], one, decision_id, at=at, recalled=recalled)
        for hold, one, decision_id in zip(holds, checked, ids, strict=True)
    ]
    if not recalled:
        _name_causes([one for one in screened if one.changed], asked_by)
    _write(screened, before, locked, at, recalled)
    wake_changed([one.hold for one in screened if one.changed], at=at)
    save_looks(holds, fingerprints or [""] * len(holds), at)
    return screened


def _screen(
    hold: Hold, rows: list[HoldReason], one: Checked, decision_id: uuid.UUID, *, at: dt.datetime, recalled: bool
) -> Screened:
    """Bring one hold up to date in memory."""
    row = one.row
    if hold.payer_id != row.payer_id:
        hold.payer_id = row.payer_id
    screened = Screened(
        hold,
        row,
        list(hold.reason_codes),
        hold.ready_to_release,
        recording.Difference(),
        hold.last_decision_id != decision_id,
        hold.last_decision_id,
        hold.chips,
    )
    screened.difference = recording.compare(hold, rows, one.decision.reasons, at)
    rows += screened.difference.added
    hold.ready_to_release = recording.is_ready(rows)
    hold.last_decision_id, hold.evaluated_at = decision_id, at
    if recalled:
        hold.workflow_state = ""
    recording.show(hold, rows)
    worth = recording.Worth(row.amount, row.currency, row.ship_date)
    recording.set_figures(hold, worth, one.decision.figures, one.setting)
    return screened


def _name_causes(changed: Sequence[Screened], asked_by: Mapping[uuid.UUID, Causes] | None) -> None:
    found = causes_of([(one.hold, one.decided_before) for one in changed], asked_by)
    for one in changed:
        one.causes = found.get(one.hold.pk, [])


def _write(
    screened: Sequence[Screened], before: Sequence[tuple[Any, ...]], locked: LockedOrders, at: dt.datetime,
    recalled: bool,
) -> None:  # fmt: skip
    """Holds whose check marks changed get a new version and an event; others only the figures that are new."""
    changed, redrawn, seen = [], [], []
    for one, values in zip(screened, before, strict=True):
        hold = one.hold
        if one.changed:
            hold.version += 1
            changed.append(one)
        elif hold.pk in locked.moved or _shown(hold) != values:
            redrawn.append(hold)
        elif one.is_decided_anew:
            seen.append(hold)
    add_reasons([row for one in changed for row in one.difference.added])
    save_reasons([row for one in screened for row in one.difference.changed_rows])
    save_screened([one.hold for one in changed])
    save_screened(redrawn, raised=False)
    save_evaluated(seen)
    tell([_change(one, recalled) for one in changed], actor=locked.actor, at=at)


def _shown(hold: Hold) -> tuple[Any, ...]:
    return tuple(getattr(hold, name) for name in _SHOWN)


def _change(one: Screened, recalled: bool) -> Change:
    data: dict[str, Any] = {**one.difference.described(), "reasons": one.hold.reason_codes}
    if recalled:
        data["cause"] = "modified"
    if one.causes:
        data["causes"] = one.causes
    keys = Keys(one.row.key, one.row.customer_key, one.row.payer_key)
    return Change(one.hold, _type(one), one.hold.status, data, keys)


def _type(one: Screened) -> EventType:
    """What the change is called: the most important thing that happened."""
    if one.hold.ready_to_release != one.was_ready:
        return EventType.READY if one.hold.ready_to_release else EventType.NOT_READY
    return EventType.REASON_CLEARED if one.difference.cleared else EventType.REASON_ADDED
