"""What checks would say if limits were others: the very decision of a posting, asked about facts that were changed
(`engine.whatif`). Questions only: nothing is stored, nothing changes."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar

from credit_mgmt.engine.decision import Decision
from credit_mgmt.engine.exposure import Book
from credit_mgmt.engine.facts import CustomerPosition, GroupPosition
from credit_mgmt.gathering import Manner, Request, gather
from credit_mgmt.loading import Loaded

A = TypeVar("A", CustomerPosition, GroupPosition)


@dataclass(frozen=True, slots=True)
class TriedLimit:
    """A limit that is tried, in its account's currency: instead of the base limit with its date, or a temporary one."""

    amount: Decimal
    expires_on: dt.date | None = None
    temporary: bool = False

    def on(self, account: A) -> A:
        """The account with this limit in force. A base limit is tried as it is once no temporary limit hides it."""
        if self.temporary:
            return replace(account, temporary_limit=self.amount)
        return replace(account, limit=self.amount, temporary_limit=None, expires_on=self.expires_on)


@dataclass(frozen=True, slots=True)
class Compared:
    """What a check of an order says now, and what it would say."""

    request: Request
    now: Decision
    then: Decision


def compare_limits(
    requests: Sequence[Request],
    *,
    limits: Mapping[str, TriedLimit],
    as_of: Mapping[str, dt.date],
    evaluation: bool = False,
) -> list[Compared]:
    """The decisions on orders, in the order given, as limits are and with `limits` by account (`USMF:US-001`,
    `group:G1`); each order sees the credit that those before it took. The facts are read once.

    `as_of` is the business date by legal entity; `evaluation` looks at them as held orders are (`domain 7`). A group's
    new date is its members', too (`domain 3.4`). Raises `NotFound` for an order that isn't there.
    """
    if not requests:
        return []
    gathered = gather(requests, as_of, Manner(evaluation=evaluation))
    days = {day: replace(loaded, book=_with(loaded, limits)) for day, loaded in gathered.batch.days.items()}
    changed = replace(gathered, batch=replace(gathered.batch, days=days))
    now = [checked.decision for checked in gathered.decide()]
    then = [checked.decision for checked in changed.decide()]
    return [Compared(*parts) for parts in zip(requests, now, then, strict=True)]


def _with(loaded: Loaded, limits: Mapping[str, TriedLimit]) -> Book:
    """A book of its own with the limits in it, from before any order was decided."""
    positions = {key: _customer(position, limits) for key, position in loaded.book.positions.items()}
    groups = [
        replace(_tried(group, limits), members=tuple(positions[member.account] for member in group.members))
        for group in loaded.book.groups.values()
    ]
    return Book(positions.values(), groups)


def _customer(position: CustomerPosition, limits: Mapping[str, TriedLimit]) -> CustomerPosition:
    of_group = limits.get(position.group or "")
    if of_group is not None and not of_group.temporary and position.account not in limits:
        return replace(position, expires_on=of_group.expires_on)
    return _tried(position, limits)


def _tried(account: A, limits: Mapping[str, TriedLimit]) -> A:
    tried = limits.get(account.account)
    return account if tried is None else tried.on(account)
