"""What is wrong with the lines of a journal (`domain 8`): looked at when a line is saved, and again under the lock.

Pure: every line is judged by facts, none by the order in which it stands, so that posting n lines in any order is the
same. An error refuses the posting of the whole journal; a warning is shown and refuses nothing.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made_by
from decimal import Decimal
from enum import StrEnum

from credit_mgmt.engine.eligibility import above_eligible
from customers.money import LARGEST, ZERO, amount_text, round_half_up


class Level(StrEnum):
    """How bad a finding is."""

    WARNING = "warning"
    ERROR = "error"


class Code(StrEnum):
    """What can be found of a line; stable, the sentences are in `journal_phrases`."""

    NEGATIVE = "negative"
    TOO_LARGE = "too_large"
    TOO_MANY_DECIMALS = "too_many_decimals"
    TO_BEFORE_FROM = "to_before_from"
    TO_IN_THE_PAST = "to_in_the_past"
    IN_FORCE_AT_ONCE = "in_force_at_once"
    DUPLICATE = "duplicate"
    OVERLAPS_LINE = "overlaps_line"
    OVERLAPS_TEMPORARY = "overlaps_temporary"
    STALE = "stale"
    ABOVE_ELIGIBLE = "above_eligible"
    ELIGIBLE_UNKNOWN = "eligible_unknown"
    WAITS_FOR_APPROVAL = "waits_for_approval"
    LINE_REJECTED = "line_rejected"
    UNLIMITED = "unlimited"
    NOTHING_TO_REVERSE = "nothing_to_reverse"


class Eligible(StrEnum):
    """Parameter *enforce eligible credit limit* (`domain 10`)."""

    NO = "no"
    WARN = "warn"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found: of which field, and the figures that were compared, as text."""

    code: Code
    level: Level
    field: str
    values: Mapping[str, str] = made_by(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Period:
    """A temporary limit in its account's currency, both days included."""

    amount: Decimal
    first: dt.date
    last: dt.date


@dataclass(frozen=True, slots=True)
class Line:
    """A line and what is in force now; amounts in its account's currency.

    `eligible` is the customer's eligible credit limit, None where it has none; `eligible_unknown` where its rate is
    missing. `seen` and `seen_temporary` were in force when the line was made.
    """

    number: int
    account: str
    new_limit: Decimal
    new_from: dt.date | None
    new_to: dt.date | None
    seen: Decimal
    now: Decimal
    minor_units: int = 2
    seen_temporary: Period | None = None
    temporaries: Sequence[Period] = ()
    eligible: Decimal | None = None
    eligible_unknown: bool = False
    unlimited: bool = False
    approval: str = ""
    reverses: bool = False

    def told(self, amount: Decimal) -> str:
        """An amount of the line as a finding says it."""
        return amount_text(amount, self.minor_units)

    @property
    def owner_field(self) -> str:
        """The field that names the account."""
        return "credit_group" if self.account.startswith("group:") else "customer"


@dataclass(frozen=True, slots=True)
class Journal:
    """What all lines have in common; `today` in the journal's legal entity."""

    today: dt.date
    temporary: bool
    eligible: Eligible = Eligible.NO
    lines_need_approval: bool = False


def examine(journal: Journal, lines: Iterable[Line]) -> dict[int, tuple[Finding, ...]]:
    """What is found of each line, by its number; lines of one account are compared with each other."""
    of_account: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        of_account[line.account].append(line)
    found: dict[int, tuple[Finding, ...]] = {}
    for mates in of_account.values():
        clashes = _overlapping(mates) if journal.temporary else _repeated(mates)
        for line in mates:
            found[line.number] = tuple(_findings(journal, line, clashes.get(line.number)))
    return found


def _repeated(mates: Sequence[Line]) -> dict[int, int]:
    """For each line of an account that has several, another one: the first, or for the first the second."""
    if len(mates) < 2:
        return {}
    first, second = sorted(line.number for line in mates)[:2]
    return {line.number: second if line.number == first else first for line in mates}


def _overlapping(mates: Sequence[Line]) -> dict[int, int]:
    """For each line whose period shares a day with another's, such another one. In the order of the first days, so
    that a line need only be compared with the one that lasts longest of those before it."""
    clashes: dict[int, int] = {}
    longest, until = 0, dt.date.min
    for first, number, last in sorted((days[0], line.number, days[1]) for line in mates if (days := _days(line))):
        if longest and until >= first:
            clashes[number] = longest
            clashes.setdefault(longest, number)
        if not longest or last > until:
            longest, until = number, last
    return clashes


def _days(line: Line) -> tuple[dt.date, dt.date] | None:
    """The first and the last day of the temporary limit that the line asks for, where it asks for one that can be."""
    if line.reverses or line.new_from is None or line.new_to is None or line.new_from > line.new_to:
        return None
    return line.new_from, line.new_to


def _findings(journal: Journal, line: Line, clash: int | None) -> Iterator[Finding]:
    yield from _of_amount(line)
    yield from _of_dates(journal, line)
    yield from _of_other_limits(journal, line, clash)
    yield from _of_staleness(journal, line)
    yield from _of_eligibility(journal, line)
    yield from _of_approval(journal, line)
    if line.unlimited:
        yield Finding(Code.UNLIMITED, Level.WARNING, line.owner_field)


def _of_amount(line: Line) -> Iterator[Finding]:
    if line.new_limit < ZERO:
        yield Finding(Code.NEGATIVE, Level.ERROR, "new_limit", {"limit": line.told(line.new_limit)})
    if line.new_limit > LARGEST:
        yield Finding(Code.TOO_LARGE, Level.ERROR, "new_limit", {"largest": line.told(LARGEST)})
    if line.new_limit != round_half_up(line.new_limit, line.minor_units):
        yield Finding(Code.TOO_MANY_DECIMALS, Level.ERROR, "new_limit", {"decimals": str(line.minor_units)})


def _of_dates(journal: Journal, line: Line) -> Iterator[Finding]:
    if line.reverses or line.new_to is None:
        return
    if line.new_from is not None and line.new_to < line.new_from:
        days = {"from": line.new_from.isoformat(), "to": line.new_to.isoformat()}
        yield Finding(Code.TO_BEFORE_FROM, Level.ERROR, "new_to", days)
    if line.new_to < journal.today:
        days = {"to": line.new_to.isoformat(), "today": journal.today.isoformat()}
        yield Finding(Code.TO_IN_THE_PAST, Level.ERROR, "new_to", days)
    if not journal.temporary and line.new_from is not None and line.new_from > journal.today:
        yield Finding(Code.IN_FORCE_AT_ONCE, Level.ERROR, "new_from", {"from": line.new_from.isoformat()})


def _of_other_limits(journal: Journal, line: Line, clash: int | None) -> Iterator[Finding]:
    if clash is not None and journal.temporary:
        yield Finding(Code.OVERLAPS_LINE, Level.ERROR, "new_from", {"line": str(clash)})
    elif clash is not None:
        yield Finding(Code.DUPLICATE, Level.ERROR, line.owner_field, {"line": str(clash)})
    wanted = _days(line) if journal.temporary else None
    if wanted is None:
        return
    first, last = wanted
    for period in line.temporaries:
        if period.first <= last and first <= period.last:
            days = {"from": period.first.isoformat(), "to": period.last.isoformat(), "limit": line.told(period.amount)}
            yield Finding(Code.OVERLAPS_TEMPORARY, Level.ERROR, "new_from", days)


def _of_staleness(journal: Journal, line: Line) -> Iterator[Finding]:
    if line.seen != line.now:
        yield Finding(
            Code.STALE, Level.ERROR, "current_limit", {"seen": line.told(line.seen), "now": line.told(line.now)}
        )
    elif journal.temporary and line.seen_temporary is not None and line.seen_temporary not in line.temporaries:
        code = Code.NOTHING_TO_REVERSE if line.reverses else Code.STALE
        values = {"seen": line.told(line.seen_temporary.amount)}
        yield Finding(code, Level.ERROR, "current_temporary_limit", values)
    elif journal.temporary and line.reverses and line.new_to is not None and line.new_to < journal.today:
        yield Finding(Code.NOTHING_TO_REVERSE, Level.ERROR, "new_to", {"seen": line.told(line.new_limit)})


def _of_eligibility(journal: Journal, line: Line) -> Iterator[Finding]:
    if journal.eligible is Eligible.NO or (journal.temporary and line.reverses):
        return
    level = Level.ERROR if journal.eligible is Eligible.REFUSE else Level.WARNING
    if line.eligible_unknown:
        yield Finding(Code.ELIGIBLE_UNKNOWN, level, "new_limit")
    elif line.eligible is not None and above_eligible(line.new_limit, line.eligible):
        values = {"limit": line.told(line.new_limit), "eligible": line.told(line.eligible)}
        yield Finding(Code.ABOVE_ELIGIBLE, level, "new_limit", values)


def _of_approval(journal: Journal, line: Line) -> Iterator[Finding]:
    if line.approval == "rejected":
        yield Finding(Code.LINE_REJECTED, Level.ERROR, "approval")
    elif line.approval == "pending" or (journal.lines_need_approval and line.approval != "approved"):
        yield Finding(Code.WAITS_FOR_APPROVAL, Level.ERROR, "approval")
