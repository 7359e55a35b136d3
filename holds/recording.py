"""What a decision makes of a hold: its reasons with their check marks, its chips and its figures (`domain 6`, `7`).

Lists and pages read what is written here; they restate no rule. Nothing in this module writes to the database, so the
same bookkeeping serves one hold and twenty thousand.

Note [Reasons that no check can clear]. `forced` and `posting_failed` do not come from a decision. An evaluation leaves
them as they are: a person put the first there, and only a person can say that the second will not happen again.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Q

from credit_mgmt import messages
from credit_mgmt.engine.decision import Decision, Reason
from credit_mgmt.engine.facts import Setting
from customers import numbers
from customers.money import LARGEST, MissingRate, round_half_up
from holds.models import Hold, HoldReason

FORCED = "forced"
POSTING_FAILED = "posting_failed"
KEPT = frozenset({FORCED, POSTING_FAILED})
"""See Note [Reasons that no check can clear]."""
SEVERITY = (
    "account_on_hold", "cannot_be_evaluated", "posting_failed", "forced", "limit_exceeded", "limit_used",
    "overdue_amount", "days_overdue", "limit_expired", "account_status", "payment_terms", "sales_order",
    "payment_terms_changed", "settlement_discount_changed",
)  # fmt: skip
"""The order in which reasons are shown, worst first."""
_LARGEST_PERCENT = Decimal("9999999999.99")

Identity = tuple[str, str, str]


@dataclass(slots=True)
class Difference:
    """What an evaluation changed among the reasons of one hold."""

    added: list[HoldReason] = field(default_factory=list)
    regained: list[HoldReason] = field(default_factory=list)
    cleared: list[HoldReason] = field(default_factory=list)
    refreshed: list[HoldReason] = field(default_factory=list)
    """Still valid, with new numbers: not worth an event."""

    def __bool__(self) -> bool:
        """Whether check marks changed."""
        return bool(self.added or self.regained or self.cleared)

    @property
    def changed_rows(self) -> list[HoldReason]:
        """The reasons that exist in the database and must be written again."""
        return [*self.regained, *self.cleared, *self.refreshed]

    def described(self) -> dict[str, list[str]]:
        """The reason types that came and went, as events keep them."""
        came = sorted({reason.type for reason in (*self.added, *self.regained)})
        return {"added": came, "cleared": sorted({reason.type for reason in self.cleared})}


def reason_row(hold: Hold, reason: Reason, at: dt.datetime) -> HoldReason:
    """The row of a reason that `hold` has from `at` on, made of the very numbers that were compared."""
    return HoldReason(
        hold=hold,
        type=reason.type,
        rule=reason.rule or "",
        level=reason.level or "",
        account=reason.account or "",
        evidence=dict(reason.evidence),
        message=_kept_message(reason),
        valid=True,
        added_at=at,
    )


def compare(hold: Hold, existing: Sequence[HoldReason], found: Iterable[Reason], at: dt.datetime) -> Difference:
    """Move the check marks of `existing` to what was `found` (`domain 7`), and name what is new."""
    by_identity: dict[Identity, HoldReason] = {(row.type, row.rule, row.account): row for row in existing}
    difference, seen = Difference(), set()
    for reason in found:
        identity = (reason.type, reason.rule or "", reason.account or "")
        if identity in seen:
            continue
        seen.add(identity)
        row = by_identity.get(identity)
        if row is None:
            difference.added.append(reason_row(hold, reason, at))
        elif not row.valid or row.evidence != dict(reason.evidence):
            (difference.refreshed if row.valid else difference.regained).append(row)
            renew(row, reason)
    for identity, row in by_identity.items():
        if row.valid and identity not in seen and row.type not in KEPT:
            row.valid, row.cleared_at = False, at
            difference.cleared.append(row)
    return difference


def renew(row: HoldReason, reason: Reason) -> None:
    """Give `row` its check mark back, with the numbers of `reason`."""
    row.valid, row.cleared_at = True, None
    row.level, row.evidence, row.message = reason.level or "", dict(reason.evidence), _kept_message(reason)


def _kept_message(reason: Reason) -> str:
    """The sentence as it is stored: the same for everybody, whoever's request it was."""
    with numbers.kept():
        return messages.reason_message(reason)


def is_ready(reasons: Iterable[HoldReason]) -> bool:
    """Whether nothing but a person's force stands in the way of a release (`domain 7`)."""
    return all(not row.valid or row.type == FORCED for row in reasons)


def show(hold: Hold, reasons: Sequence[HoldReason]) -> None:
    """Write what the list shows of the reasons onto the hold: codes of the valid ones, chips of all, worst first."""
    ordered = sorted(reasons, key=lambda row: (not row.valid, severity(row.type), row.rule, row.account))
    hold.reason_codes = sorted({row.type for row in ordered if row.valid})
    hold.chips = [_chip(row) for row in ordered]


def _chip(row: HoldReason) -> dict[str, Any]:
    """What the list draws of a reason; `of` is whose figure the number is, where it is not the payer's own."""
    with numbers.kept():
        chip = messages.reason_chip(row)
    drawn = {"type": row.type, "text": chip.text, "number": chip.number, "valid": row.valid}
    of_others = row.account.startswith("group:") or "member" in row.evidence
    return {**drawn, "of": row.account} if of_others else drawn


def severity(type: str) -> int:
    """Where a reason stands among others: 0 is the worst. Types of other packages come last."""
    return SEVERITY.index(type) if type in SEVERITY else len(SEVERITY)


class Worth(NamedTuple):
    """What a hold shows of its order: the amount in the order's currency, and when it is to be shipped."""

    amount: Decimal
    currency: str
    ship_date: dt.date | None


def set_figures(hold: Hold, worth: Worth, figures: Mapping[str, str | None] | None, setting: Setting) -> None:
    """Write the figures beside the reasons onto the hold, in the entity's accounting currency (`ux` 3.1).

    A figure that is not known stays empty: nothing was checked (a forced hold), or a rate is missing (`domain 4.9`).
    """
    known = figures or {}
    try:
        hold.amount = setting.rates.convert(worth.amount, worth.currency, hold.currency)
        hold.amount_unknown = False
    except MissingRate:
        hold.amount, hold.amount_unknown = Decimal(0), True
    hold.over_limit = _number(known.get("over_limit"), LARGEST)
    hold.used_percent = _number(known.get("used_percent"), _LARGEST_PERCENT, places=2)
    of_group = known.get("tighter") == "group"
    hold.limiting_group = str(known.get("group") or "").removeprefix("group:") if of_group else ""
    hold.overdue_amount = _number(known.get("overdue_amount"), LARGEST)
    hold.ship_date = worth.ship_date


def _number(text: str | None, largest: Decimal, places: int = 4) -> Decimal | None:
    """The figure as its column holds it, cut at what fits there."""
    if text is None:
        return None
    value = Decimal(text)
    if abs(value) > largest:
        value = largest.copy_sign(value)
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -places:
        return value
    return round_half_up(value, places)


READY, MULTIPLE = "ready_to_release", "multiple"


def label(hold: Hold) -> str:
    """The one label of a hold where only one fits (`domain 4.4`): a reason type, `multiple`, or `ready_to_release`."""
    if hold.ready_to_release:
        return READY
    return hold.reason_codes[0] if len(hold.reason_codes) == 1 else MULTIPLE


def with_reason(word: str) -> Q:
    """Holds that have a valid reason of this type; or by a label that is no type: ready, or not exactly one reason."""
    if word == READY:
        return Q(ready_to_release=True)
    if word == MULTIPLE:
        return Q(ready_to_release=False) & (Q(reason_codes__1__isnull=False) | Q(reason_codes=[]))
    return Q(reason_codes__contains=[word])


def figures_of(decision: Decision | None) -> Mapping[str, str | None] | None:
    """The figures of a decision, or none where nothing was checked."""
    return None if decision is None else decision.figures
