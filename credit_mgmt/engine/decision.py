"""The decision of a credit check: a value that carries every reason with the very numbers that were compared.

It is stored and shown: why was this order held, what were the numbers, what would clear it (`domain 4`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

type_codes = (
    "days_overdue",
    "account_status",
    "payment_terms",
    "limit_expired",
    "overdue_amount",
    "sales_order",
    "limit_used",
    "limit_exceeded",
    "payment_terms_changed",
    "settlement_discount_changed",
    "account_on_hold",
    "cannot_be_evaluated",
    "forced",
    "posting_failed",
)


class Outcome(StrEnum):
    """`domain 4`: passed, held, or not checked (with why)."""

    PASSED = "passed"
    HELD = "held"
    NOT_CHECKED = "not_checked"


class NotChecked(StrEnum):
    """Why an order was not checked, in the order in which it is asked (`domain 4.1`)."""

    INTERCOMPANY = "intercompany"
    ORDER_EXCLUDED = "order_excluded"
    CUSTOMER_EXCLUDED = "customer_excluded"
    IGNORED_UNTIL = "ignored_until"
    CHECKPOINT_OFF = "checkpoint_off"
    CLEARED_BY_RELEASE = "cleared_by_release"
    GRACE = "grace"


class Verdict(StrEnum):
    """What one rule said."""

    BLOCKED = "blocked"
    EXCUSED = "excused"
    RELEASED = "released"
    """An exclusion with *release sales order* excused: nothing else was looked at."""
    WITHIN = "within"
    """A blocking rule that did not exceed, or an exclusion that did not excuse."""
    SKIPPED = "skipped"
    """Not looked at, because a more specific level had decided, or a parameter switches its type off."""
    WARNED = "warned"
    """Above the total limit, where the parameter asks for a warning only (`domain 4.5`)."""
    UNKNOWN = "unknown"
    """A figure was missing; the cause is in `measured`."""


Evidence = Mapping[str, str]
"""Numbers as strings, exactly as compared, e.g. {"measured": "228050.00", "threshold": "210000.00", ...}."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason to hold. `account` names the customer or group whose figure exceeded."""

    type: str
    rule: str | None
    level: str | None
    account: str | None
    evidence: Evidence

    @property
    def identity(self) -> tuple[str, str | None, str | None]:
        """Two reasons with the same identity are the same reason seen twice (`domain 7`)."""
        return (self.type, self.rule, self.account)


class TraceLine(NamedTuple):
    """One rule that was looked at, with the figures that it compared; a named tuple, as there are many of them."""

    type: str
    rule: str | None
    level: str | None
    verdict: str
    measured: str | None = None
    threshold: str | None = None
    account: str | None = None
    why: str | None = None
    """A code, with a name after a colon where it has one: `limit_check_off`, `decided_by:CLU-03`."""
    name: str | None = None
    """Name of the rule."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing that would clear reasons: `action` with its `figures`; `clears` are reason types."""

    action: str
    clears: tuple[str, ...]
    figures: Evidence


@dataclass(frozen=True, slots=True)
class Draw:
    """Credit that the order uses if it passes: `amount` of `account`, in `currency`."""

    account: str
    account_id: int
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class InShadow:
    """What the decision would have been with one shadow version in force; only where that differs."""

    rule: str
    name: str
    version: int | None
    outcome: Outcome
    reasons: tuple[str, ...]
    """Types of the reasons that there would have been."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one order."""

    order_id: int
    order: str
    checkpoint: str
    pro_forma: bool
    outcome: Outcome
    not_checked_because: NotChecked | None = None
    reasons: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()
    trace: Sequence[TraceLine] = ()
    remedies: tuple[Remedy, ...] = ()
    draws: tuple[Draw, ...] = ()
    policy_version: int = 0
    figures: Mapping[str, str | None] | None = None
    """Exposure without and after the order, total limit, overdue: what a hold shows beside its reasons."""
    in_shadow: tuple[InShadow, ...] = ()
    """What rules in shadow would have made of it; they decide nothing."""

    @property
    def holds(self) -> bool:
        """Whether the order is stopped."""
        return self.outcome is Outcome.HELD
