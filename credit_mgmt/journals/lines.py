"""The lines of a draft: written, changed, refreshed and removed, thousands by the statements of one (`domain 8`).

A line may be wrong: what is found of it is written beside it, and posting refuses. What cannot be a line at all is
refused here, by its place in what was given: `lines[3].customer`.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.db.models import Max, Q

from credit_mgmt.journals import create_journal, describe, editing
from credit_mgmt.journals.checks import lines_of, look_at, write_findings
from credit_mgmt.journals.kept import keep, kept
from credit_mgmt.journals.owners import Owner, find_owners, owners_of
from credit_mgmt.journals.totals import write_totals
from credit_mgmt.models import JournalUndo, LimitJournal, LimitJournalLine
from customers.access import Actor
from customers.bulk import insert_rows, update_rows
from customers.errors import FieldError, InvalidInput
from customers.money import LARGEST, round_half_up

Today = Callable[[str], dt.date]
"""The business date of a legal entity."""
MOST_LINES = 10_000
"""Lines that are given in one call; more are generated, or come in a file piece by piece."""


class _Keep:
    """The value stays as it is."""


KEEP: Final = _Keep()


@dataclass(frozen=True, slots=True)
class LineInput:
    """A line as people give it: a customer (`USMF:US-001`) or a customer credit group, and its new limit.

    `new_limit` is in the currency of the account: the legal entity's, or the group's. `new_from` is required in
    journals of temporary limits.
    """

    customer: str | None = None
    credit_group: str | None = None
    new_limit: Decimal | None = None
    new_from: dt.date | None = None
    new_to: dt.date | None = None


@dataclass(frozen=True, slots=True)
class LineChange:
    """What is to change of the line with a number; `KEEP` for what stays."""

    number: int
    new_limit: Decimal | _Keep | None = KEEP
    new_from: dt.date | _Keep | None = KEEP
    new_to: dt.date | _Keep | None = KEEP


@transaction.atomic
def make_journal(
    *,
    legal_entity: str,
    type: str,
    lines: Sequence[LineInput],
    actor: Actor,
    at: dt.datetime,
    today: Today,
    description: str = "",
) -> LimitJournal:
    """A new draft with its lines, or nothing. Raises as `create_journal` and `add_lines`."""
    made = create_journal(legal_entity=legal_entity, type=type, description=description, actor=actor, at=at)
    return add_lines(journal=made.number, lines=lines, actor=actor, at=at, today=today) if lines else made


def rewrite_journal(
    *,
    journal: str,
    actor: Actor,
    at: dt.datetime,
    today: Today,
    description: str | None = None,
    lines: Sequence[LineInput] | None = None,
    version: int | None = None,
) -> LimitJournal:
    """Give a draft another description, other lines in the place of all that it has, or both; None leaves it.

    Raises as `add_lines`.
    """
    with editing(journal, actor=actor, at=at, version=version) as draft:
        if description is not None:
            describe(draft, description)
        if lines is not None:
            draft.lines.all().delete()
            _add(draft, lines, actor, today(draft.legal_entity_id))
    return draft


def add_lines(
    *,
    journal: str,
    lines: Sequence[LineInput],
    actor: Actor,
    at: dt.datetime,
    today: Today,
    version: int | None = None,
) -> LimitJournal:
    """Add lines to a draft, all or none. Raises `InvalidInput` with `lines[3].customer`, and as `editing`."""
    with editing(journal, actor=actor, at=at, version=version) as draft:
        _add(draft, lines, actor, today(draft.legal_entity_id))
    return draft


def change_lines(
    *,
    journal: str,
    changes: Sequence[LineChange],
    actor: Actor,
    at: dt.datetime,
    today: Today,
    version: int | None = None,
) -> LimitJournal:
    """Change amounts and dates of lines of a draft, all or none; what was in force when they were made stays.

    Raises `InvalidInput` with `lines[NUMBER].new_to`, and as `editing`.
    """
    with editing(journal, actor=actor, at=at, version=version) as draft:
        lines = {
            line.number: line
            for line in draft.lines.filter(number__in=[change.number for change in changes]).select_related("currency")
        }
        errors = [error for change in changes for error in _change(draft, lines.get(change.number), change)]
        if errors:
            raise InvalidInput(errors)
        rows = [{name: getattr(line, name) for name in (*CHANGED_COLUMNS, "id")} for line in lines.values()]
        update_rows(LimitJournalLine._meta.db_table, CHANGED_COLUMNS, rows, keys={"id": "bigint"})
        settle(draft, today(draft.legal_entity_id), lines.values())
    return draft


def refresh_lines(
    *,
    journal: str,
    actor: Actor,
    at: dt.datetime,
    today: Today,
    numbers: Collection[int] | None = None,
    version: int | None = None,
) -> LimitJournal:
    """Take what is in force now for what the lines (all of them, if none are named) compare themselves with."""
    with editing(journal, actor=actor, at=at, version=version) as draft:
        rows = draft.lines.all() if numbers is None else draft.lines.filter(number__in=numbers)
        lines = list(rows.order_by("number"))
        day = today(draft.legal_entity_id)
        owners = owners_of(draft, customers=_ids(lines), groups=_groups(lines), today=day)
        seen = [{**owners[line.customer_id or str(line.group_id)].snapshot(), "id": line.pk} for line in lines]
        update_rows(LimitJournalLine._meta.db_table, _SEEN, seen, keys={"id": "bigint"})
        settle(draft, day, lines)
    return draft


def remove_lines(
    *,
    journal: str,
    numbers: Collection[int],
    actor: Actor,
    at: dt.datetime,
    today: Today,
    version: int | None = None,
) -> LimitJournal:
    """Remove lines of a draft; the others keep their numbers. `undoing.take_back` brings them back.

    Raises `InvalidInput` for one that isn't there, and as `editing`.
    """
    with editing(journal, actor=actor, at=at, version=version) as draft:
        lines = list(draft.lines.filter(number__in=numbers))
        missing = sorted(set(numbers) - {line.number for line in lines})
        if missing:
            raise InvalidInput.of("lines", "not_found", f"There is no line {missing[0]}.")
        keep(draft, JournalUndo.Kind.REMOVED, [kept(line) for line in lines], actor=actor, at=at)
        draft.lines.filter(number__in=numbers).delete()
        settle(draft, today(draft.legal_entity_id), lines)
    return draft


def _add(draft: LimitJournal, lines: Sequence[LineInput], actor: Actor, today: dt.date) -> None:
    if len(lines) > MOST_LINES:
        raise InvalidInput.of("lines", "too_many", f"Give at most {MOST_LINES:,} lines in one call.")
    named = [(line.customer, line.credit_group) for line in lines]
    owners, errors = find_owners(draft, named, actor=actor, today=today)
    for index, line in enumerate(lines):
        errors += _wrong(draft, f"lines[{index}]", line, owners.get(index))
    if errors:
        raise InvalidInput(errors)
    insert_lines(draft, [(owners[index], line) for index, line in enumerate(lines)])
    touched = [owners[index] for index in range(len(lines))]
    settle(draft, today, touched)


def insert_lines(
    draft: LimitJournal, lines: Sequence[tuple[Owner, LineInput]], reverses: Sequence[int | None] | None = None
) -> Q:
    """Write lines below those that are there, in one statement; nothing is asked. Which they are. Within `editing`."""
    last = draft.lines.aggregate(last=Max("number"))["last"] or 0
    origin = reverses or [None] * len(lines)
    rows = [
        {
            **owner.snapshot(),
            "journal_id": draft.pk,
            "legal_entity_id": draft.legal_entity_id,
            "number": number,
            "customer_id": owner.customer_id,
            "group_id": owner.group_id,
            "currency_id": owner.currency,
            "new_limit": line.new_limit,
            "new_from": line.new_from,
            "new_to": line.new_to,
            "reverses_id": reversed_line,
            "approval": "",
            "problem": "",
            "findings": [],
        }
        for number, ((owner, line), reversed_line) in enumerate(zip(lines, origin, strict=True), start=last + 1)
    ]
    insert_rows(LimitJournalLine._meta.db_table, INSERTED_COLUMNS, rows)
    return Q(number__gt=last)


def _change(draft: LimitJournal, line: LimitJournalLine | None, change: LineChange) -> Iterator[FieldError]:
    """Make the change in memory; what is wrong with it."""
    path = f"lines[{change.number}]"
    if line is None:
        yield FieldError(path, "not_found", f"There is no line {change.number}.")
        return
    given = {name: getattr(change, name) for name in CHANGED_COLUMNS}
    for name, value in given.items():
        if value is not KEEP:
            setattr(line, name, value)
    values = LineInput(new_limit=line.new_limit, new_from=line.new_from, new_to=line.new_to)
    yield from _wrong_values(draft, path, values, line.currency_id, line.currency.minor_units)


def _wrong(draft: LimitJournal, path: str, line: LineInput, owner: Owner | None) -> list[FieldError]:
    """What keeps this from being a line, but for whom it is meant for."""
    if owner is None:
        return list(_wrong_values(draft, path, line, "", None))
    return list(_wrong_values(draft, path, line, owner.currency, owner.minor_units))


def _wrong_values(
    draft: LimitJournal, path: str, line: LineInput, currency: str, units: int | None
) -> Iterator[FieldError]:
    limit = line.new_limit
    if limit is None:
        yield FieldError(f"{path}.new_limit", "required", "Give the new limit; 0 means no credit.")
    elif not limit.is_finite() or abs(limit) > LARGEST:
        yield FieldError(f"{path}.new_limit", "out_of_range", f"Give an amount from 0 to {LARGEST}.")
    elif units is not None and limit != round_half_up(limit, units):
        message = f"{currency} has {units} decimals: use no more."
        yield FieldError(f"{path}.new_limit", "too_many_decimals", message)
    if line.new_to is None:
        yield FieldError(f"{path}.new_to", "required", "Say until when: give the last day, such as 2027-12-31.")
    if line.new_from is None and draft.type == LimitJournal.Type.TEMPORARY:
        yield FieldError(f"{path}.new_from", "required", "A temporary limit begins on a day: give it.")


_SEEN = {
    "current_limit": "numeric",
    "current_expires_on": "date",
    "current_temporary": "numeric",
    "current_temporary_from": "date",
    "current_temporary_to": "date",
}
CHANGED_COLUMNS = {"new_limit": "numeric", "new_from": "date", "new_to": "date"}
INSERTED_COLUMNS = {
    "journal_id": "bigint",
    "legal_entity_id": "text",
    "number": "integer",
    "customer_id": "bigint",
    "group_id": "text",
    "currency_id": "text",
    **_SEEN,
    **CHANGED_COLUMNS,
    "reverses_id": "bigint",
    "approval": "text",
    "problem": "text",
    "findings": "jsonb",
}


def settle(draft: LimitJournal, today: dt.date, touched: Iterable[Owner | LimitJournalLine]) -> None:
    """Look again at all lines of the accounts that were touched, and add up. Within `editing`."""
    known = list(touched)
    only = lines_of(_ids(known), _groups(known))
    write_findings(look_at(draft, today=today, only=only))
    write_totals(draft, today)


def _ids(touched: Iterable[Owner | LimitJournalLine]) -> set[int]:
    return {one.customer_id for one in touched if one.customer_id is not None}


def _groups(touched: Iterable[Owner | LimitJournalLine]) -> set[str]:
    return {one.group_id for one in touched if one.group_id is not None}
