"""The rows of one call on their way from what was sent to what is written."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from customers.access import Actor
from customers.errors import FieldError
from customers.imports.references import References

TodayIn = Callable[[str], dt.date]
"""The business date of a legal entity, by its code."""


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row.

    `status` is created, updated, unchanged or failed; `changed` names the fields that really changed, in the words of
    the API, so that higher rooms know what to look at again.
    """

    index: int
    key: str | None
    status: str
    errors: tuple[FieldError, ...] = ()
    changed: frozenset[str] = frozenset()


@dataclass(slots=True)
class Entry:
    """One row: as sent, cleaned, merged with what exists, and what is wrong with it."""

    index: int
    raw: Mapping[str, Any]
    identity: tuple[Any, ...] | None = None
    key: str | None = None
    given: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    existing: Any = None
    instance: Any = None
    plan: Any = None
    errors: list[FieldError] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)

    @property
    def status(self) -> str:
        """Created, updated, unchanged or failed."""
        if self.errors:
            return "failed"
        if self.existing is None:
            return "created"
        return "updated" if self.changed else "unchanged"

    def fail(self, field_name: str, code: str, message: str) -> None:
        """Note one error."""
        self.errors.append(FieldError(field_name, code, message))

    def result(self) -> RowResult:
        """What the caller is told."""
        changed = frozenset() if self.errors else frozenset(self.changed)
        return RowResult(self.index, self.key, self.status, tuple(self.errors), changed)


@dataclass(slots=True)
class Batch:
    """All rows of a call, who sent them, and what they refer to."""

    entries: list[Entry]
    actor: Actor
    today: TodayIn | None
    replace: bool
    references: References = field(default_factory=References)
    ledger: Any = None

    @property
    def good(self) -> Iterator[Entry]:
        """The rows with which nothing is wrong so far."""
        return (entry for entry in self.entries if not entry.errors)

    @property
    def to_write(self) -> list[Entry]:
        """The good rows that are new or really change something."""
        return [entry for entry in self.good if entry.status != "unchanged"]

    def today_in(self, legal_entity: str) -> dt.date | None:
        """Today in a legal entity, where the edge told us."""
        return self.today(legal_entity) if self.today else None


def batch_of(rows: Sequence[Mapping[str, Any]], *, actor: Actor, today: TodayIn | None, replace: bool) -> Batch:
    """A batch of `rows`, nothing cleaned yet."""
    return Batch([Entry(index, row) for index, row in enumerate(rows)], actor, today, replace)
