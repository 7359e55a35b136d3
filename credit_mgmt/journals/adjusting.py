"""Many lines of a draft changed at once (`ux.md` 3.8): by a percentage or an amount, rounded, to other dates.

The figures come from the function that generates lines (`engine.adjusting`); a preview and the change are one walk.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from credit_mgmt.engine.adjusting import AbsoluteDates, Adjustment, Basis, LeftOut, Rounding, ValueType, propose
from credit_mgmt.journals import editing, journal_of
from credit_mgmt.journals.kept import CHANGED, keep, kept, values_of
from credit_mgmt.journals.lines import CHANGED_COLUMNS, MOST_LINES, Today, settle
from credit_mgmt.journals.owners import closed_groups
from credit_mgmt.journals.phrases import LEFT_OUT
from credit_mgmt.models import JournalUndo, LimitJournal, LimitJournalLine
from customers.access import Action, Actor, authorize
from customers.bulk import update_rows
from customers.errors import FieldError, InvalidInput
from customers.money import LARGEST, ZERO
from customers.rates import minor_units


@dataclass(frozen=True, slots=True)
class LineAdjustment:
    """How the new limits of lines change: `value` in each line's currency or in per cent, either may be negative.

    None for a date leaves it as it is; `round_off` is an amount of which the new limit becomes a multiple.
    """

    value: Decimal = ZERO
    value_type: str = ValueType.PERCENTAGE
    round_off: Decimal | None = None
    rounding: str = Rounding.NEAREST
    new_from: dt.date | None = None
    new_to: dt.date | None = None


@dataclass(frozen=True, slots=True)
class AdjustedLine:
    """A line and what it would say instead; `wrong` where it can't be changed so."""

    line: LimitJournalLine
    new_limit: Decimal | None
    new_from: dt.date | None
    new_to: dt.date | None
    wrong: str = ""


def preview_adjustment(
    *, journal: str, adjustment: LineAdjustment, actor: Actor, numbers: Collection[int] | None = None
) -> list[AdjustedLine]:
    """What the change would make of the lines (all, if none are named), in their order. Nothing is written.

    Raises `NotFound`, `NotAllowed`, `InvalidInput` as `adjust_lines` does, but for what is wrong with single lines.
    """
    found = journal_of(journal, actor)
    authorize(actor, Action.MAKE_JOURNALS, found.legal_entity_id)
    return _adjusted(found, adjustment, actor, numbers)


def adjust_lines(
    *,
    journal: str,
    adjustment: LineAdjustment,
    actor: Actor,
    at: dt.datetime,
    today: Today,
    numbers: Collection[int] | None = None,
    version: int | None = None,
) -> LimitJournal:
    """Change the lines of a draft (all, if none are named), or none of them; `undoing.take_back` takes it back.

    Raises `InvalidInput` with the field, or with `lines[NUMBER].new_limit`, and as `editing`.
    """
    with editing(journal, actor=actor, at=at, version=version) as draft:
        changed = _adjusted(draft, adjustment, actor, numbers)
        wrong = [
            FieldError(f"lines[{row.line.number}].new_limit", "not_adjusted", row.wrong) for row in changed if row.wrong
        ]
        if wrong:
            raise InvalidInput(wrong)
        before = [kept(row.line) for row in changed]
        for row in changed:
            for name in CHANGED:
                setattr(row.line, name, getattr(row, name))
        lines = [row.line for row in changed]
        left = [values_of(line) for line in lines]
        keep(draft, JournalUndo.Kind.CHANGED, before, left=left, actor=actor, at=at)
        rows = [{"id": line.pk, **{name: getattr(line, name) for name in CHANGED}} for line in lines]
        update_rows(LimitJournalLine._meta.db_table, CHANGED_COLUMNS, rows, keys={"id": "bigint"})
        settle(draft, today(draft.legal_entity_id), lines)
    return draft


def _adjusted(
    journal: LimitJournal, adjustment: LineAdjustment, actor: Actor, numbers: Collection[int] | None
) -> list[AdjustedLine]:
    _refuse_bad_values(adjustment, temporary=journal.type == LimitJournal.Type.TEMPORARY)
    rows = journal.lines.select_related("customer", "group").order_by("number")
    lines = list((rows if numbers is None else rows.filter(number__in=numbers))[: MOST_LINES + 1])
    if len(lines) > MOST_LINES:
        raise InvalidInput.of("lines", "too_many", f"Change at most {MOST_LINES:,} lines at once.")
    missing = sorted(set(numbers or ()) - {line.number for line in lines})
    if missing or not lines:
        message = f"There is no line {missing[0]}." if missing else "The journal has no lines."
        raise InvalidInput.of("lines", "not_found", message)
    closed = closed_groups({line.group_id for line in lines if line.group_id}, actor)
    units = minor_units()
    temporary = journal.type == LimitJournal.Type.TEMPORARY
    return [_one(line, adjustment, units[line.currency_id], temporary, line.group_id in closed) for line in lines]


def _one(line: LimitJournalLine, adjustment: LineAdjustment, units: int, temporary: bool, closed: bool) -> AdjustedLine:
    new_to, new_from = adjustment.new_to or line.new_to, adjustment.new_from or line.new_from
    if closed:
        return _left(line, _sentence("not_granted"))
    if new_to is None:
        return _left(line, "It takes a temporary limit back: remove it instead.")
    change = Adjustment(
        adjustment.value,
        ValueType(adjustment.value_type),
        AbsoluteDates(new_to, new_from),
        adjustment.round_off,
        Rounding(adjustment.rounding),
    )
    basis = Basis(line.new_limit, line.new_to, line.new_from, minor_units=units)
    proposal = propose(basis, change, for_temporary=temporary)
    if isinstance(proposal, LeftOut):
        return _left(line, _sentence(proposal))
    return AdjustedLine(line, proposal.new_limit, new_from, proposal.new_to)


def _left(line: LimitJournalLine, why: str) -> AdjustedLine:
    """The line as it is."""
    return AdjustedLine(line, None, line.new_from, line.new_to, why)


def _sentence(code: str) -> str:
    return f"{LEFT_OUT[code].capitalize()}."


def _refuse_bad_values(given: LineAdjustment, *, temporary: bool) -> None:
    errors: list[FieldError] = []
    if given.value_type not in list(ValueType):
        errors.append(FieldError("value_type", "invalid_choice", f"Choose one of {', '.join(ValueType)}."))
    if given.rounding not in list(Rounding):
        errors.append(FieldError("rounding_form", "invalid_choice", f"Choose one of {', '.join(Rounding)}."))
    if not given.value.is_finite() or abs(given.value) > LARGEST:
        errors.append(FieldError("adjustment", "out_of_range", f"Give a number up to {LARGEST}."))
    step = given.round_off
    if step is not None and not (step.is_finite() and ZERO < step <= LARGEST):
        errors.append(
            FieldError("round_off", "out_of_range", "Give an amount above 0, such as 10.00, or leave it out.")
        )
    if given.new_from is not None and not temporary:
        errors.append(FieldError("new_from", "invalid", "A credit limit is in force once it is posted: leave it out."))
    if not errors and not (given.value or step or given.new_to or given.new_from):
        errors.append(FieldError("adjustment", "required", "Say what changes: an amount, a percentage, or a date."))
    if errors:
        raise InvalidInput(errors)
