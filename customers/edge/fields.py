"""Shapes of input and output: strict objects, amounts as text, business keys (`api.md` Conventions).

Serializers check shape; meaning (does it exist, may it be negative, does it fit its currency) is the services' work.
Input leaves a serializer keyed by the names of the API, typed: `Decimal`, `date`, `bool`, keys as text.
"""

import base64
import binascii
import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.fields import get_attribute

from customers.models import Currency
from customers.models.columns import KEY_PART
from customers.money import round_half_up

WRITTEN = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
KEY = re.compile(f"{KEY_PART}:{KEY_PART}")
CODE = re.compile(KEY_PART)
KEY_MESSAGE = (
    "Give legal entity, colon and number, such as USMF:1001; each part 1 to 20 letters, digits, '-', '_' or '.'."
)
PRICE_PLACES = 4


class StrictSerializer(serializers.Serializer[Any]):
    """An object whose every field is known: an unknown or read-only one in a request is an error."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The typed values of the fields that `data` names, by the names of the API."""
        if not isinstance(data, Mapping):
            message = ErrorDetail("Give an object with named fields.", "invalid")
            raise serializers.ValidationError({"non_field_errors": [message]})
        errors: dict[str, Any] = {name: self._stranger(name) for name in data if name not in self._writable_names()}
        values: dict[str, Any] = {}
        for field in self._writable_fields:
            name = str(field.field_name)
            if name not in data and self.partial:
                continue
            try:
                values[name] = field.run_validation(data.get(name, serializers.empty))
            except serializers.ValidationError as problem:
                errors[name] = problem.detail
            except serializers.SkipField:
                continue
        if errors:
            raise serializers.ValidationError(errors)
        return values

    def _writable_names(self) -> frozenset[str]:
        names: frozenset[str] | None = self.__dict__.get("_names")
        if names is None:
            names = frozenset(str(field.field_name) for field in self._writable_fields)
            self.__dict__["_names"] = names
        return names

    def _stranger(self, name: str) -> list[ErrorDetail]:
        if name in self.fields:
            return [ErrorDetail("This is worked out by the system: leave it out.", "read_only")]
        known = ", ".join(sorted(self._writable_names()))
        return [ErrorDetail(f"There is no such field. Use: {known}.", "unknown_field")]


def decimal_from(value: Any, *, numbers: bool) -> Decimal:
    """The decimal number that `value` writes; JSON numbers with a fraction only where `numbers`.

    Raises `ValidationError` that says what is wrong: NaN and Infinity, exponents, floats, other digits.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise _wrong("invalid", 'Give a number as text, such as "1250.00".')
    if isinstance(value, Decimal) and not numbers:
        raise _wrong("float", 'Write an amount as text, such as "1250.00": JSON numbers lose digits on their way.')
    text = str(value)
    if WRITTEN.fullmatch(text):
        return Decimal(text)
    if re.fullmatch(r"[+-]?(nan|snan|inf|infinity)", text.strip(), re.IGNORECASE):
        raise _wrong("not_a_number", "NaN and Infinity are not amounts.")
    if re.fullmatch(r"[+-]?[0-9.]+e[+-]?[0-9]+", text.strip(), re.IGNORECASE):
        raise _wrong("exponent", "Write the number out, without an exponent.")
    raise _wrong("invalid", 'Give a number as text with a decimal point and nothing else, such as "1250.00".')


def _wrong(code: str, message: str) -> serializers.ValidationError:
    return serializers.ValidationError(message, code=code)


def amount_text(amount: Decimal, minor_units: int) -> str:
    """`amount` as the API shows it: with its currency's decimals."""
    return f"{round_half_up(amount, minor_units):f}"


@extend_schema_field({"type": "string", "format": "byte"})
class ContentField(serializers.Field[bytes, str, str, bytes]):
    """The bytes of a file, as base64; at most `largest`."""

    def __init__(self, *, largest: int, **options: Any) -> None:
        self.largest = largest
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> bytes:
        """The bytes. Raises `ValidationError` for what is no base64, nothing, or too large."""
        if not isinstance(data, str) or not data:
            raise _wrong("invalid", "Send the content of the file as base64.")
        if len(data) > self.largest * 4 // 3 + 4:
            raise _wrong("too_large", f"Send at most {self.largest // 1024 // 1024} MB: split the file.")
        try:
            return base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError) as problem:
            raise _wrong("invalid", "Send the content of the file as base64.") from problem

    def to_representation(self, value: bytes) -> str:
        """The content as base64."""
        return base64.b64encode(value).decode()


@extend_schema_field({"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["1250.00"]})
class AmountField(serializers.Field[Decimal, Any, str, Any]):
    """An amount as text with its currency's decimals; `currency` is the path from the object to the currency's code."""

    def __init__(self, *, currency: str, **options: Any) -> None:
        self.currency = currency
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> Decimal:
        """The amount; never a float."""
        return decimal_from(data, numbers=False)

    def get_attribute(self, instance: Any) -> Any:
        """The amount together with its currency's decimals, which only the whole object knows."""
        amount = super().get_attribute(instance)
        if amount is None:
            return None
        return amount, self._minor_units(get_attribute(instance, self.currency.split(".")))

    def to_representation(self, value: Any) -> str:
        """The amount as text."""
        amount, minor_units = value
        return amount_text(Decimal(amount), minor_units)

    def _minor_units(self, currency: str) -> int:
        units: dict[str, int] | None = self.context.get("minor_units")
        if units is None:  # once per answer, not per row
            units = dict(Currency.objects.order_by().values_list("code", "minor_units"))
            cast(dict[str, Any], self.context)["minor_units"] = units
        return units.get(currency, 2)


class PriceField(AmountField):
    """A price per unit: at least its currency's decimals, up to four where they are needed."""

    def to_representation(self, value: Any) -> str:
        """The price as text."""
        price, minor_units = value
        needed = -int(Decimal(price).normalize().as_tuple().exponent)
        return amount_text(Decimal(price), min(max(needed, minor_units), PRICE_PLACES))


@extend_schema_field({"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["12.5"]})
class NumberField(serializers.Field[Decimal, Any, str, Any]):
    """A decimal number that is no amount: a quantity, a percentage, a rate. Text or an exact JSON number."""

    def to_internal_value(self, data: Any) -> Decimal:
        """The number, exact."""
        return decimal_from(data, numbers=True)

    def to_representation(self, value: Any) -> str:
        """The number as text without needless zeros."""
        return f"{Decimal(value).normalize():f}"


class TextField(serializers.CharField):
    """Text and nothing that could be turned into text."""

    def to_internal_value(self, data: Any) -> str:
        """The text as sent."""
        if not isinstance(data, str):
            raise _wrong("invalid", "Give a text.")
        return super().to_internal_value(data)


class CodeField(TextField):
    """The code of something: one part of a business key."""

    def to_internal_value(self, data: Any) -> str:
        """The code."""
        if not isinstance(data, str) or not CODE.fullmatch(data):
            raise _wrong("invalid_key", "Give a code of 1 to 20 letters, digits, '-', '_' or '.'.")
        return data


@extend_schema_field({"type": "string", "pattern": f"^{KEY_PART}:{KEY_PART}$", "examples": ["USMF:US-001"]})
class KeyField(serializers.Field[str, Any, str, Any]):
    """A reference by business key, `LE:NUMBER`. The object at `source` has a `key`."""

    def to_internal_value(self, data: Any) -> str:
        """The key, well formed; whether it exists is the service's question."""
        if not isinstance(data, str) or not KEY.fullmatch(data):
            raise _wrong("invalid_key", KEY_MESSAGE)
        return data

    def to_representation(self, value: Any) -> str:
        """The key of the object, or the key itself."""
        return value if isinstance(value, str) else str(value.key)


class FlagField(serializers.BooleanField):
    """True or false, and nothing that merely looks like it."""

    def to_internal_value(self, data: Any) -> bool:
        """The flag."""
        if not isinstance(data, bool):
            raise _wrong("invalid", "Give true or false.")
        return data


class WholeField(serializers.IntegerField):
    """A whole number: a JSON number without fraction."""

    def to_internal_value(self, data: Any) -> int:
        """The number."""
        if isinstance(data, bool) or not isinstance(data, int):
            raise _wrong("invalid", "Give a whole number.")
        return data


class DayField(serializers.DateField):
    """A date, `YYYY-MM-DD`."""

    def to_internal_value(self, value: Any) -> dt.date:
        """The date."""
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            raise _wrong("invalid", "Give a date as YYYY-MM-DD, such as 2026-01-31.")
        day: dt.date = super().to_internal_value(value)
        return day


@extend_schema_field(OpenApiTypes.ANY)
class JsonField(serializers.JSONField):
    """Any JSON value, e.g. the evidence of a decision."""
