"""The limit stack: every part of a total limit on a date, in force or not and why (`domain 3.1`, ux 3.2).

What the parts are is read elsewhere and given here as a plain list: the base limit, temporary limits, policies and
guarantees. A part that is not in force stays in the stack, with the reason as a word; sentences are made elsewhere.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Kind(StrEnum):
    """What a part of the limit is."""

    BASE = "base"
    TEMPORARY = "temporary"
    COVER = "cover"


class Off(StrEnum):
    """Why a part is not in force."""

    NOT_YET = "not_yet"
    OVER = "over"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"
    UNLIMITED = "unlimited"
    UNTESTED = "untested"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a total limit; `amount` in the account's currency, None where that needs a missing rate.

    In force from `first` to `last`, both included, where they are given; the base limit counts whatever its expiration
    (the rule *credit limit expired* is another matter).
    """

    kind: Kind
    amount: Decimal | None
    first: dt.date | None = None
    last: dt.date | None = None
    withdrawn_from: dt.date | None = None
    label: str = ""
    """What it is called, where its kind alone does not say it: `Insurance 40 %`."""
    source: str = ""
    """Where it comes from: the number of the journal, or of the policy."""
    remark: str = ""
    """What else is to be said of it: `included in exposure`."""


@dataclass(frozen=True, slots=True)
class StackLine:
    """A part of the limit, and why it is not in force; `until` is the last day of what replaces it."""

    component: Component
    off: Off | None = None
    until: dt.date | None = None

    @property
    def in_force(self) -> bool:
        """Whether it is part of the total limit."""
        return self.off is None


def limit_stack(
    components: Iterable[Component], *, as_of: dt.date, unlimited: bool = False, tested: bool = True, binds: bool = True
) -> tuple[StackLine, ...]:
    """The components in their order, each with why it is not in force on `as_of`.

    `unlimited`: the customer is, and nothing else counts (`domain 2`). `tested`: the credit limit type is not *none*.
    `binds`: its own limit is tested, rather than its group's standing in for it (`domain 3.4`).
    """
    parts = list(components)
    outside = {part: _outside(part, as_of) for part in parts}
    temporary = next((part for part in parts if part.kind is Kind.TEMPORARY and outside[part] is None), None)

    def line(part: Component) -> StackLine:
        if outside[part] is not None:
            return StackLine(part, outside[part])
        if unlimited:
            return StackLine(part, Off.UNLIMITED)
        if part.kind is Kind.BASE and temporary is not None:
            return StackLine(part, Off.REPLACED, _last_day(temporary))
        if not tested:
            return StackLine(part, Off.UNTESTED)
        return StackLine(part, None if binds else Off.GROUP)

    return tuple(line(part) for part in parts)


def _outside(part: Component, as_of: dt.date) -> Off | None:
    """Why the day is not one of the part's, or None."""
    if part.kind is Kind.BASE:
        return None
    if part.withdrawn_from is not None and part.withdrawn_from <= as_of:
        return Off.WITHDRAWN
    if part.first is not None and as_of < part.first:
        return Off.NOT_YET
    return Off.OVER if part.last is not None and as_of > part.last else None


def _last_day(part: Component) -> dt.date | None:
    if part.withdrawn_from is not None:
        return part.withdrawn_from - dt.timedelta(days=1)
    return part.last
