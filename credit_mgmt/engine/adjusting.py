"""What an adjustment makes of a limit (`domain 8`): amount, rounding, dates. Pure: no clock, no database.

Note [Month ends]. An offset counts years and months first and days afterwards. A day that the month does not have
becomes the month's last: 31 January and a month is 28 February, or 29 in a leap year; 29 February and a year is 28.
"""

import calendar
import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import StrEnum

from customers.money import LARGEST, ZERO, percent_of, round_half_up


class ValueType(StrEnum):
    """What the adjustment's value is."""

    FIXED = "fixed"
    PERCENTAGE = "percentage"


class Rounding(StrEnum):
    """Which multiple of the round-off amount is taken."""

    UP = "up"
    DOWN = "down"
    NEAREST = "nearest"


_FORMS = {Rounding.UP: ROUND_CEILING, Rounding.DOWN: ROUND_FLOOR, Rounding.NEAREST: ROUND_HALF_UP}


@dataclass(frozen=True, slots=True)
class Offset:
    """How far a date is moved; any part may be negative. See Note [Month ends]."""

    years: int = 0
    months: int = 0
    days: int = 0

    def after(self, day: dt.date) -> dt.date | None:
        """The day moved; None where the calendar ends."""
        months = day.year * 12 + day.month - 1 + self.years * 12 + self.months
        year, month = divmod(months, 12)
        if not dt.MINYEAR <= year <= dt.MAXYEAR:
            return None
        last = calendar.monthrange(year, month + 1)[1]
        try:
            return dt.date(year, month + 1, min(day.day, last)) + dt.timedelta(days=self.days)
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class AbsoluteDates:
    """The same dates for every line."""

    new_to: dt.date
    new_from: dt.date | None = None


@dataclass(frozen=True, slots=True)
class RelativeDates:
    """Offsets from the current dates of each limit."""

    to_offset: Offset
    from_offset: Offset = Offset()


@dataclass(frozen=True, slots=True)
class Adjustment:
    """How every limit is to change: `value` in the limit's own currency, or a percentage; either may be negative.

    `round_off` is an amount of which the new limit becomes a multiple; None leaves it at the currency's decimals.
    """

    value: Decimal
    value_type: ValueType
    dates: AbsoluteDates | RelativeDates
    round_off: Decimal | None = None
    rounding: Rounding = Rounding.NEAREST


@dataclass(frozen=True, slots=True)
class Basis:
    """The limit that is adjusted, in its account's currency, with its dates; a temporary limit has a first day."""

    limit: Decimal
    valid_to: dt.date | None
    valid_from: dt.date | None = None
    unlimited: bool = False
    excluded: bool = False
    minor_units: int = 2


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the limit would become."""

    new_limit: Decimal
    new_from: dt.date | None
    new_to: dt.date


class LeftOut(StrEnum):
    """Why a limit gets no line. In the order in which it is asked."""

    EXCLUDED = "excluded"
    UNLIMITED = "unlimited"
    NO_DATE = "no_date"
    DATE_OUT_OF_RANGE = "date_out_of_range"
    BELOW_ZERO = "below_zero"
    TOO_LARGE = "too_large"


def adjusted(limit: Decimal, adjustment: Adjustment, minor_units: int) -> Decimal:
    """The limit after the adjustment, rounded off; it may come out below zero."""
    if adjustment.value_type is ValueType.PERCENTAGE:
        changed = limit + percent_of(adjustment.value, limit)
    else:
        changed = limit + adjustment.value
    if adjustment.round_off:
        steps = (changed / adjustment.round_off).to_integral_value(rounding=_FORMS[adjustment.rounding])
        changed = steps * adjustment.round_off
    return round_half_up(changed, minor_units)


def propose(basis: Basis, adjustment: Adjustment, *, for_temporary: bool) -> Proposal | LeftOut:
    """The line that the adjustment makes of a limit, or why it makes none.

    `for_temporary`: the journal sets temporary limits, which begin on a day; a credit limit is in force once posted.
    """
    if basis.excluded:
        return LeftOut.EXCLUDED
    if basis.unlimited:
        return LeftOut.UNLIMITED
    dates = _dates(basis, adjustment.dates, for_temporary=for_temporary)
    if isinstance(dates, LeftOut):
        return dates
    new_limit = adjusted(basis.limit, adjustment, basis.minor_units)
    if new_limit < ZERO:
        return LeftOut.BELOW_ZERO
    if new_limit > LARGEST:
        return LeftOut.TOO_LARGE
    new_from, new_to = dates
    return Proposal(new_limit, new_from if for_temporary else None, new_to)


def _dates(
    basis: Basis, dates: AbsoluteDates | RelativeDates, *, for_temporary: bool
) -> tuple[dt.date | None, dt.date] | LeftOut:
    if isinstance(dates, AbsoluteDates):
        return dates.new_from, dates.new_to
    if basis.valid_to is None or (for_temporary and basis.valid_from is None):
        return LeftOut.NO_DATE
    new_to = dates.to_offset.after(basis.valid_to)
    new_from = dates.from_offset.after(basis.valid_from) if basis.valid_from is not None else None
    if new_to is None or (for_temporary and new_from is None):
        return LeftOut.DATE_OUT_OF_RANGE
    return new_from, new_to
