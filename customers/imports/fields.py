"""What a field of a row may hold: cleaners that return a Python value or say what is wrong and what would be right.

Rows come typed (`Decimal`, `date`, `bool`, keys as text): edges parse text, this module checks meaning.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from django.db import models

from customers.access import Action
from customers.errors import FieldError
from customers.models.columns import KEY_PART
from customers.money import LARGEST

Clean = Callable[[Any], Any]
EARLIEST = dt.date(1900, 1, 1)
LATEST = dt.date(2100, 12, 31)
PRICE_PLACES = 4
"""Unit prices and quantities may have this many decimals, whatever the currency."""
REQUIRED: Any = object()


class Wrong(Exception):
    """A value that a cleaner refuses."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a resource.

    `column` is the model's attribute, `refers_to` the kind of thing that the value is a key of, `amount_in` the field
    that names the currency whose decimals bind the value. A field that is `ours` keeps its value when a PUT leaves it
    out; `action` is the right needed to change it.
    """

    name: str
    clean: Clean
    column: str = ""
    default: Any = REQUIRED
    refers_to: str = ""
    amount_in: str = ""
    ours: bool = False
    action: Action | None = None

    @property
    def attribute(self) -> str:
        """The attribute of the model that holds the value."""
        return self.column or self.name


def text(longest: int, *, blank: bool = True) -> Clean:
    """Text of at most `longest` characters, without control characters."""

    def clean(value: Any) -> str:
        if not isinstance(value, str):
            raise Wrong("invalid", "Give a text.")
        if len(value) > longest:
            raise Wrong("too_long", f"Use at most {longest} characters.")
        if not blank and not value.strip():
            raise Wrong("blank", "Give a text that is not empty.")
        if any(ord(letter) < 32 and letter not in "\n\t" for letter in value):
            raise Wrong("invalid", "Leave out control characters.")
        return value

    return clean


def flag(value: Any) -> bool:
    """True or false, and nothing that merely looks like it."""
    if not isinstance(value, bool):
        raise Wrong("invalid", "Give true or false.")
    return value


def whole(low: int, high: int) -> Clean:
    """A whole number between `low` and `high`."""

    def clean(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong("invalid", "Give a whole number.")
        if not low <= value <= high:
            raise Wrong("out_of_range", f"Give a whole number from {low} to {high}.")
        return value

    return clean


def number(*, low: Decimal | None = Decimal(0), high: Decimal = LARGEST, places: int = PRICE_PLACES) -> Clean:
    """A finite decimal number from `low` to `high` with at most `places` decimals; never a float."""

    def clean(value: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, Decimal | int):
            raise Wrong("invalid", "Give a decimal number, such as 1250.00.")
        amount = Decimal(value)
        if not amount.is_finite():
            raise Wrong("not_a_number", "Give a finite number: NaN and Infinity are not amounts.")
        if amount > high or amount < (-high if low is None else low):
            smallest = -high if low is None else low
            raise Wrong("out_of_range", f"Give a number from {smallest} to {high}.")
        if decimals(amount) > places:
            raise Wrong("too_many_decimals", f"Use at most {places} decimals.")
        return amount + 0  # no negative zero

    return clean


def decimals(amount: Decimal) -> int:
    """How many decimals a finite `amount` really needs: 2 for 1.2500."""
    # Not by normalize(), which would round a number with more digits than the context holds.
    _, digits, exponent = amount.as_tuple()
    if not isinstance(exponent, int) or exponent >= 0 or not any(digits):
        return 0
    written = "".join(map(str, digits))
    return max(0, -exponent - (len(written) - len(written.rstrip("0"))))


def day(value: Any) -> dt.date:
    """A date that a business could mean."""
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
        raise Wrong("invalid", "Give a date, such as 2026-01-31.")
    if not EARLIEST <= value <= LATEST:
        raise Wrong("out_of_range", f"Give a date between {EARLIEST} and {LATEST}.")
    return value


def choice(choices: type[models.TextChoices]) -> Clean:
    """One of `choices`."""

    def clean(value: Any) -> str:
        if value not in choices.values:
            raise Wrong("invalid_choice", f"Use one of: {', '.join(choices.values)}.")
        return str(value)

    return clean


def time_zone(value: Any) -> str:
    """A time zone of the IANA database."""
    if value not in available_timezones():
        raise Wrong("invalid_choice", "Use the name of a time zone, such as Europe/Berlin.")
    return str(value)


def matching(pattern: str, message: str) -> Clean:
    """Text that matches `pattern` from end to end."""
    compiled = re.compile(pattern)

    def clean(value: Any) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise Wrong("invalid_key", message)
        return value

    return clean


key_part = matching(KEY_PART, "Use 1 to 20 letters, digits, '-', '_' or '.'.")
key_pair = matching(f"{KEY_PART}:{KEY_PART}", "Use legal entity, colon and number, such as USMF:1001.")
currency_code = matching(r"[A-Z]{3}", "Use the three capital letters of a currency, such as EUR.")
country_code = matching(r"([A-Z]{2})?", "Use the two capital letters of a country, such as DE.")


def clean_row(
    fields: Mapping[str, Field], row: Any, path: str = "", *, read_only: Iterable[str] = ()
) -> tuple[dict[str, Any], list[FieldError]]:
    """The cleaned values of the fields that `row` names, and what is wrong with them, at paths below `path`."""
    if not isinstance(row, Mapping):
        return {}, [FieldError(path, "invalid", "Give an object with named fields.")]
    values: dict[str, Any] = {}
    errors: list[FieldError] = []
    prefix = f"{path}." if path else ""
    for name, value in row.items():
        field = fields.get(name)
        if field is None:
            errors.append(_unknown(f"{prefix}{name}", name in read_only, fields))
            continue
        if value is None and field.default is None:
            values[name] = None
            continue
        try:
            values[name] = field.clean(value)
        except Wrong as wrong:
            errors.append(FieldError(f"{prefix}{name}", wrong.code, wrong.message))
    return values, errors


def _unknown(path: str, is_read_only: bool, fields: Mapping[str, Field]) -> FieldError:
    if is_read_only:
        return FieldError(path, "read_only", "This is worked out by the system: leave it out.")
    return FieldError(path, "unknown_field", f"There is no such field. Use: {', '.join(sorted(fields))}.")


def clean_rows(
    fields: Mapping[str, Field], rows: Any, path: str, *, most: int
) -> tuple[list[dict[str, Any]], list[FieldError]]:
    """A list inside a row: every element cleaned, left-out fields at their defaults; errors say which element."""
    if not isinstance(rows, list | tuple):
        return [], [FieldError(path, "invalid", "Give a list.")]
    if len(rows) > most:
        return [], [FieldError(path, "too_many", f"Give at most {most} of them.")]
    cleaned: list[dict[str, Any]] = []
    errors: list[FieldError] = []
    for position, row in enumerate(rows):
        here = f"{path}[{position}]"
        values, wrong = clean_row(fields, row, here)
        if not wrong or isinstance(row, Mapping):
            wrong += missing(fields, values, row, here)
        errors += wrong
        cleaned.append({name: values.get(name, field.default) for name, field in fields.items()})
    return cleaned, errors


def missing(
    fields: Mapping[str, Field], values: Mapping[str, Any], row: Mapping[str, Any], path: str = ""
) -> list[FieldError]:
    """An error for each required field that `row` does not name."""
    prefix = f"{path}." if path else ""
    return [
        FieldError(f"{prefix}{name}", "required", "This is required.")
        for name, field in fields.items()
        if field.default is REQUIRED and name not in values and name not in row
    ]


def named(*fields: Field) -> dict[str, Field]:
    """Fields by their names."""
    return {field.name: field for field in fields}


def amount_error(amount: Decimal | None, minor_units: int, currency: str, path: str) -> FieldError | None:
    """What is wrong with the decimals of `amount` in `currency`, if anything."""
    if amount is None or decimals(amount) <= minor_units:
        return None
    return FieldError(path, "too_many_decimals", f"Amounts in {currency} have {minor_units} decimals.")
