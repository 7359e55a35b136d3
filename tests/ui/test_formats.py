"""How figures are written: ux 4.3, every case of its table."""

import datetime as dt
from decimal import Decimal

import pytest

from credit_mgmt.templatetags import formats

TODAY = dt.date(2026, 11, 20)
NOW = dt.datetime(2026, 11, 20, 9, 14, tzinfo=dt.UTC)
SPACE = formats.NARROW


class TestAmount:
    @pytest.mark.parametrize(
        ("value", "currency", "text"),
        [
            ("1204350", "EUR", "1,204,350.00"),
            ("0", "EUR", "0.00"),
            ("-4480.5", "EUR", "−4,480.50"),
            ("1234.5", "JPY", "1,235"),
            ("1234.5", "KWD", "1,234.500"),
            ("0.005", "EUR", "0.01"),
            ("-0.004", "EUR", "0.00"),
            ("99999999999999.99", "", "99,999,999,999,999.99"),
        ],
    )
    def test_has_the_minor_units_of_its_currency_a_true_minus_and_rounds_half_up(self, value, currency, text):
        assert formats.amount(Decimal(value), currency) == text

    def test_shows_a_dash_for_none(self):
        assert formats.amount(None) == "–"

    @pytest.mark.parametrize("value", [1.5, "many", Decimal("NaN"), Decimal("Infinity")])
    def test_refuses_what_is_not_an_exact_number(self, value):
        with pytest.raises(TypeError):
            formats.amount(value)


class TestShortAmount:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("4812345.67", "4.81 M"),
            ("38200000", "38.2 M"),
            ("999500", "1.00 M"),
            ("999499", "999 K"),
            ("9995", "10.0 K"),
            ("950", "950"),
            ("-6940000", "−6.94 M"),
            ("1234567890", "1.23 B"),
        ],
    )
    def test_keeps_three_digits(self, value, text):
        assert formats.short_amount(Decimal(value)) == text.replace(" ", SPACE)


class TestLimitAmount:
    def test_says_that_a_limit_of_zero_is_no_credit(self):
        assert formats.limit_amount(Decimal(0), "EUR") == "No credit (0.00)"

    def test_says_unlimited_in_words(self):
        assert formats.limit_amount("unlimited") == "Unlimited"

    def test_is_an_amount_otherwise(self):
        assert formats.limit_amount(Decimal(210000), "EUR") == "210,000.00"


class TestPercent:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("108.6", "109 %"),
            ("99.4", "99 %"),
            ("99.5", "99.5 %"),
            ("100", "100.0 %"),
            ("100.3", "100.3 %"),
            ("100.5", "100.5 %"),
            ("100.51", "101 %"),
            ("999", "999 %"),
            ("1000", "10×"),
            ("-12", "−12 %"),
        ],
    )
    def test_never_lets_a_reader_take_just_over_for_exactly_at(self, value, text):
        assert formats.percent(Decimal(value)) == text.replace(" ", SPACE)

    def test_has_the_decimals_that_a_heading_asks_for(self):
        assert formats.percent(Decimal("108.6"), 1) == f"108.6{SPACE}%"

    def test_shows_a_dash_for_none(self):
        assert formats.percent(None) == "–"


class TestAge:
    @pytest.mark.parametrize(
        ("ago", "text"),
        [
            (dt.timedelta(days=67, hours=23), "67 d"),
            (dt.timedelta(hours=24), "1 d"),
            (dt.timedelta(hours=23, minutes=59), "23 h"),
            (dt.timedelta(minutes=59), "59 min"),
            (dt.timedelta(minutes=-5), "0 min"),
        ],
    )
    def test_counts_whole_days_then_hours_then_minutes(self, ago, text):
        assert formats.age(NOW - ago, NOW) == text.replace(" ", SPACE)


class TestDates:
    def test_leave_out_the_year_only_when_it_is_the_current_one(self):
        assert formats.short_date(dt.date(2026, 11, 24), TODAY) == f"24{SPACE}Nov"
        assert formats.short_date(dt.date(2025, 1, 2), TODAY) == f"2{SPACE}Jan{SPACE}2025"
        assert formats.short_date(None, TODAY) == "–"

    def test_are_relative_up_to_a_day(self):
        assert formats.when(NOW, NOW) == "just now"
        assert formats.when(NOW - dt.timedelta(hours=5), NOW) == f"5{SPACE}h ago"
        assert formats.when(NOW + dt.timedelta(hours=2), NOW) == f"in 2{SPACE}h"
        assert formats.when(NOW - dt.timedelta(hours=24), NOW) == f"19{SPACE}Nov"
        assert formats.when(NOW + dt.timedelta(days=2), NOW) == f"22{SPACE}Nov"

    def test_name_their_zone_where_they_are_exact(self):
        assert formats.exact_time(NOW) == "20 Nov 2026, 09:14 UTC"
