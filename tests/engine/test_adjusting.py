"""What an adjustment makes of a limit (`domain 8`): amount, rounding, dates."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_mgmt.engine.adjusting import (
    AbsoluteDates,
    Adjustment,
    Basis,
    LeftOut,
    Offset,
    Proposal,
    RelativeDates,
    Rounding,
    ValueType,
    adjusted,
    propose,
)

UNTIL = dt.date(2027, 12, 31)
FIXED, PERCENT = ValueType.FIXED, ValueType.PERCENTAGE
UP, DOWN, NEAREST = Rounding.UP, Rounding.DOWN, Rounding.NEAREST


def an_adjustment(value: str = "0", value_type: ValueType = FIXED, **options) -> Adjustment:
    return Adjustment(Decimal(value), value_type, **{"dates": AbsoluteDates(UNTIL), **options})


@pytest.mark.parametrize(
    ("limit", "change", "round_off", "rounding", "expected"),
    [
        ("100000", ("5000", FIXED), None, NEAREST, "105000"),
        ("100000", ("-5000", FIXED), None, NEAREST, "95000"),
        ("100000", ("10", PERCENT), None, NEAREST, "110000"),
        ("100000", ("-25", PERCENT), None, NEAREST, "75000"),
        ("12345.67", ("10", PERCENT), None, NEAREST, "13580.24"),  # 13,580.237, half up to cents
        ("12345.67", ("10", PERCENT), "10", UP, "13590"),
        ("12345.67", ("10", PERCENT), "10", DOWN, "13580"),
        ("12345.67", ("10", PERCENT), "10", NEAREST, "13580"),
        ("12345", ("0", FIXED), "10", NEAREST, "12350"),  # a half goes up
        ("13580", ("0", FIXED), "10", UP, "13580"),  # a multiple stays
        ("13580", ("0", FIXED), "10", DOWN, "13580"),
        ("100", ("0", FIXED), "250", UP, "250"),
        ("100", ("0", FIXED), "250", DOWN, "0"),
        ("0", ("10", PERCENT), "1000", UP, "0"),  # nothing stays nothing
        ("100", ("-150", FIXED), "100", UP, "0"),  # up is towards more
        ("100", ("-150", FIXED), "100", DOWN, "-100"),
    ],
)
def test_a_limit_is_adjusted_then_rounded_off(limit, change, round_off, rounding, expected):
    step = Decimal(round_off) if round_off else None
    adjustment = an_adjustment(*change, round_off=step, rounding=rounding)
    assert adjusted(Decimal(limit), adjustment, 2) == Decimal(expected)


def test_a_yen_has_no_decimals():
    assert adjusted(Decimal(1005), an_adjustment("10", PERCENT), 0) == Decimal(1106)  # 1,105.5


@pytest.mark.parametrize(
    ("day", "offset", "expected"),
    [
        ("2026-12-31", Offset(days=1), "2027-01-01"),
        ("2026-01-31", Offset(months=1), "2026-02-28"),
        ("2028-01-31", Offset(months=1), "2028-02-29"),
        ("2026-03-31", Offset(months=-1), "2026-02-28"),
        ("2026-05-31", Offset(months=1), "2026-06-30"),
        ("2026-01-31", Offset(months=13), "2027-02-28"),
        ("2028-02-29", Offset(years=1), "2029-02-28"),
        ("2028-02-29", Offset(years=4), "2032-02-29"),
        ("2024-02-29", Offset(years=-124), "1900-02-28"),  # 1900 was no leap year
        ("2026-01-31", Offset(months=1, days=1), "2026-03-01"),  # the month first, the day afterwards
        ("2026-12-31", Offset(years=1, months=-12), "2026-12-31"),
        ("9999-12-31", Offset(days=1), None),
        ("9999-12-31", Offset(years=1), None),
        ("0001-01-01", Offset(months=-1), None),
    ],
)
def test_a_date_is_shifted_and_a_missing_day_is_the_last_of_its_month(day, offset, expected):
    assert offset.after(dt.date.fromisoformat(day)) == (dt.date.fromisoformat(expected) if expected else None)


@given(st.dates(dt.date(1950, 1, 1), dt.date(2150, 12, 31)), st.integers(-600, 600))
def test_months_forth_and_back_never_lead_past_where_they_began(day, months):
    shifted = Offset(months=months).after(day)
    assert shifted is not None
    back = Offset(months=-months).after(shifted)
    assert back is not None
    assert back <= day
    assert (back.year, back.month) == (day.year, day.month)


JUNE = (dt.date(2026, 6, 1), dt.date(2026, 6, 30))
A_MONTH_ON = RelativeDates(to_offset=Offset(months=1), from_offset=Offset(months=1))


@pytest.mark.parametrize(
    ("basis", "adjustment", "for_temporary", "expected"),
    [
        (Basis(Decimal(100), None), an_adjustment("50"), False, Proposal(Decimal(150), None, UNTIL)),
        (
            Basis(Decimal(100), dt.date(2026, 1, 31)),
            an_adjustment("0", dates=A_MONTH_ON),
            False,
            Proposal(Decimal(100), None, dt.date(2026, 2, 28)),
        ),
        (
            Basis(Decimal(100), JUNE[1], JUNE[0]),
            an_adjustment("10", PERCENT, dates=A_MONTH_ON),
            True,
            Proposal(Decimal(110), dt.date(2026, 7, 1), dt.date(2026, 7, 30)),
        ),
        (
            Basis(Decimal(100), None),
            an_adjustment("50", dates=AbsoluteDates(UNTIL, TODAY := dt.date(2026, 3, 1))),
            True,
            Proposal(Decimal(150), TODAY, UNTIL),
        ),
        (Basis(Decimal(100), None, excluded=True), an_adjustment("1"), False, LeftOut.EXCLUDED),
        (Basis(Decimal(100), None, unlimited=True), an_adjustment("1"), False, LeftOut.UNLIMITED),
        (Basis(Decimal(100), None), an_adjustment("1", dates=A_MONTH_ON), False, LeftOut.NO_DATE),
        (Basis(Decimal(100), UNTIL), an_adjustment("1", dates=A_MONTH_ON), True, LeftOut.NO_DATE),
        (Basis(Decimal(100), dt.date.max), an_adjustment("1", dates=A_MONTH_ON), False, LeftOut.DATE_OUT_OF_RANGE),
        (Basis(Decimal(100), None), an_adjustment("-100.01"), False, LeftOut.BELOW_ZERO),
        (Basis(Decimal(100), None), an_adjustment("-100"), False, Proposal(Decimal(0), None, UNTIL)),
        (Basis(Decimal("9e14"), None), an_adjustment("100", PERCENT), False, LeftOut.TOO_LARGE),
    ],
)
def test_a_line_is_proposed_or_it_is_said_why_not(basis, adjustment, for_temporary, expected):
    assert propose(basis, adjustment, for_temporary=for_temporary) == expected
