"""Amounts and dates as people write them, in two locales; nothing is guessed (issue 4)."""

import datetime as dt
from decimal import Decimal

import pytest

from credit_mgmt.engine.typed import NotRead, Style, amount_typed, day_typed, style_of


@pytest.mark.parametrize(
    ("text", "style", "expected"),
    [
        ("1234", None, "1234"),
        ("1,234.50", None, "1234.50"),
        ("1.234,50", None, "1234.50"),
        ("1,234,567", None, "1234567"),
        ("1.234.567", None, "1234567"),
        ("0.5", None, "0.5"),
        ("0,500", None, "0.500"),  # no thousands begin with a zero
        ("12,5", None, "12.5"),
        ("1234,567", None, "1234.567"),
        ("€ 1.234,50", None, "1234.50"),
        ("1 234,50 €", None, "1234.50"),
        ("EUR 1,234.50", None, "1234.50"),
        ("1'234.50", None, "1234.50"),
        ("1\u00a0234,50", None, "1234.50"),
        ("-1,234.50", None, "-1234.50"),
        ("\u22121.234,50", None, "-1234.50"),
        ("(1,234.50)", None, "-1234.50"),
        ("1,234", Style.POINT, "1234"),
        ("1,234", Style.COMMA, "1.234"),
        ("1.234", Style.COMMA, "1234"),
    ],
)
def test_an_amount_is_read_in_both_ways_of_writing(text, style, expected):
    assert amount_typed(text, "EUR", style) == Decimal(expected)


@pytest.mark.parametrize(
    ("text", "style", "code"),
    [
        ("1,234", None, "ambiguous_number"),
        ("1.234", None, "ambiguous_number"),
        ("1.234,50", Style.POINT, "invalid"),
        ("1,23,456.00", None, "invalid"),
        ("1.2.3", None, "invalid"),
        ("abc", None, "invalid"),
        ("12x", None, "invalid"),
        ("", None, "invalid"),
        ("NaN", None, "invalid"),
        ("1e5", None, "invalid"),
        ("USD 5.00", None, "other_currency"),
        ("£5.00", None, "other_currency"),
        ("\u0661\u0662", None, "invalid"),
    ],
)
def test_what_is_no_amount_or_two_is_refused(text, style, code):
    with pytest.raises(NotRead) as refused:
        amount_typed(text, "EUR", style)
    assert refused.value.code == code


def test_a_dollar_sign_stands_for_many_currencies():
    assert amount_typed("$5.00", "CAD") == 5


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1,234", "1,234.50"], Style.POINT),
        (["1.234", "99,5"], Style.COMMA),
        (["1,234", "5"], None),
        (["1,234.50", "1.234,50"], None),
    ],
)
def test_a_block_shows_how_its_numbers_are_written(texts, expected):
    assert style_of(texts) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2027-12-31", "2027-12-31"),
        (" 31.12.2027 ", "2027-12-31"),
        ("1.2.2027", "2027-02-01"),
        ("12/31/2027", "2027-12-31"),
        ("31/12/2027", "2027-12-31"),
        ("3/3/2027", "2027-03-03"),
    ],
)
def test_a_date_is_read_where_it_is_one(text, expected):
    assert day_typed(text) == dt.date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("03/04/2027", "ambiguous_date"),
        ("31.02.2027", "invalid"),
        ("tomorrow", "invalid"),
        ("31.12.27", "invalid"),
        ("\u0663.3.2027", "invalid"),
    ],
)
def test_what_is_no_date_or_two_is_refused(text, code):
    with pytest.raises(NotRead) as refused:
        day_typed(text)
    assert refused.value.code == code
