"""Amounts and percentages as people type them into forms, read the way the reader writes numbers.

Fields show plain digits with a point. They read thousands that are set apart too, and a comma before the decimals for
who writes so; but what such a reader may have meant in two ways, as `1.234`, is refused and never guessed.
"""

import re
from decimal import Decimal
from typing import Any

from django import forms

from credit_mgmt.engine.typed import NotRead, Style, amount_typed
from customers.numbers import comma_before_decimals

_NUMBER = re.compile(r"[-\N{MINUS SIGN}]?[0-9][0-9.,'\N{RIGHT SINGLE QUOTATION MARK}\s]*")


def reader_style() -> Style | None:
    """How the numbers that the reader types are written: with a point, or with whatever they show for certain.

    Who reads a comma before the decimals meets points in fields and files too, hence None: an ambiguous one is refused.
    """
    return None if comma_before_decimals() else Style.POINT


class NumberField(forms.DecimalField):
    """An amount or a percentage, in the reader's style or with a point."""

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # as forms.DecimalField
        """The number that `value` writes. Raises `ValidationError` that says how to write it."""
        text = value.strip() if isinstance(value, str) else ""
        if not _NUMBER.fullmatch(text):
            return super().to_python(value)
        try:
            return amount_typed(text, "", reader_style())
        except NotRead as problem:
            if problem.code == "ambiguous_number":
                message = f"“{text}” may be read in two ways: write it with two decimals, or without separators."
                raise forms.ValidationError(message, code=problem.code) from None
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None
