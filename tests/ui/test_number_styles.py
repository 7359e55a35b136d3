"""Number styles (`ux.md` 3.18, 4.3): every figure of a page follows the reader; fields read what the reader writes."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from credit_mgmt.engine.typed import NotRead
from credit_mgmt.fields import NumberField
from credit_mgmt.journals.cells import typed_amount
from credit_mgmt.messages import phrases
from credit_mgmt.templatetags import formats
from customers import numbers

SPACES = str.maketrans({"_": "\N{NARROW NO-BREAK SPACE}", "~": formats.NARROW})
"""So that the table can be read: a space between thousands, and one before a unit."""
STYLES = ("comma_point", "point_comma", "space_comma", "apostrophe_point")


@pytest.mark.parametrize(
    ("written", "value", "texts"),
    [
        (formats.amount, "1234.5", ("1,234.50", "1.234,50", "1_234,50", "1’234.50")),
        (formats.amount, "-1204350.005", ("−1,204,350.01", "−1.204.350,01", "−1_204_350,01", "−1’204’350.01")),
        (formats.amount, "0", ("0.00", "0,00", "0,00", "0.00")),
        (formats.amount, "-0.004", ("0.00", "0,00", "0,00", "0.00")),
        (formats.amount, "999.99", ("999.99", "999,99", "999,99", "999.99")),
        (formats.limit_amount, "0", ("No credit (0.00)", "No credit (0,00)", "No credit (0,00)", "No credit (0.00)")),
        (formats.short_amount, "4812345.67", ("4.81~M", "4,81~M", "4,81~M", "4.81~M")),
        (formats.percent, "100.04", ("100.0~%", "100,0~%", "100,0~%", "100.0~%")),
        (formats.percent, "250000", ("2,500×", "2.500×", "2_500×", "2’500×")),
        (formats.count, "12345", ("12,345", "12.345", "12_345", "12’345")),
        (formats.days, "1200", ("1,200~d", "1.200~d", "1_200~d", "1’200~d")),
        (formats.rate, "1.08435", ("1.0844", "1,0844", "1,0844", "1.0844")),
    ],
)
def test_each_style_writes_a_figure_its_own_way(written, value, texts):
    for style, text in zip(STYLES, texts, strict=True):
        with numbers.override(style):
            assert written(Decimal(value)) == text.translate(SPACES)


def test_a_number_keeps_the_decimals_that_it_has():
    with numbers.override("point_comma"):
        assert numbers.grouped(12345) == "12.345"
        assert numbers.grouped(Decimal("12345.50")) == "12.345,50"
        assert numbers.grouped(10**17 + 1, 0) == "100.000.000.000.000.001"


def test_a_style_ends_with_its_block_also_after_an_error():
    with pytest.raises(ZeroDivisionError), numbers.override("point_comma"):
        raise ZeroDivisionError
    assert formats.amount(Decimal("1234.5")) == "1,234.50"


def test_there_is_no_other_style():
    with pytest.raises(ValueError, match="roman"), numbers.override("roman"):
        pass


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("value", ["1234.50", "0.00", "-1204350.01", "12.00", "999999.99"])
def test_a_field_reads_what_a_page_shows(style, value):
    with numbers.override(style):
        assert NumberField(decimal_places=4).clean(formats.amount(Decimal(value))) == Decimal(value)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("text", ["1234.5000", "1234.50", "0.125", "1234", "-4480.5"])
def test_a_field_reads_what_it_shows_itself(style, text):
    with numbers.override(style):
        assert NumberField().clean(text) == Decimal(text)


@pytest.mark.parametrize(
    ("style", "text", "code"),
    [
        ("point_comma", "1.234", "ambiguous_number"),
        ("space_comma", "1,234", "ambiguous_number"),
        ("comma_point", "1.234,50", "invalid"),
        ("apostrophe_point", "12,5", "invalid"),
        ("point_comma", "1.23,4.5", "invalid"),
        ("point_comma", "many", "invalid"),
    ],
)
def test_a_field_never_guesses(style, text, code):
    with numbers.override(style), pytest.raises(ValidationError) as caught:
        NumberField().clean(text)
    assert caught.value.error_list[0].code == code


@pytest.mark.parametrize(
    ("style", "text", "value"),
    [
        ("comma_point", "1,234", "1234"),
        ("comma_point", "=150,000*1.1", "165000"),
        ("point_comma", "1.234,50", "1234.50"),
        ("point_comma", "=150.000,00*1,1", "165000"),
        ("space_comma", "1 234,50", "1234.50"),
    ],
)
def test_a_cell_of_a_journal_reads_the_same(style, text, value):
    with numbers.override(style):
        assert typed_amount(text, "EUR", 2) == Decimal(value)


@pytest.mark.parametrize("text", ["1.234", "=1.234*2"])
def test_a_cell_of_a_journal_never_guesses(text):
    with numbers.override("point_comma"), pytest.raises(NotRead) as caught:
        typed_amount(text, "EUR", 2)
    assert caught.value.code == "ambiguous_number"


def test_evidence_is_written_alike_for_everybody():
    with numbers.override("point_comma"):
        assert phrases.amount("1234.50", "EUR") == "1.234,50 EUR"
        assert phrases.percent("100.26") == "100,3 %"
        assert phrases.plain_percent("62.5") == "62,5 %"
        with numbers.kept():
            assert phrases.amount("1234.50", "EUR") == "1,234.50 EUR"
        assert numbers.restyled("41,200.50") == "41.200,50", "what is kept is read back"
