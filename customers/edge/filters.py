"""Query parameters of lists: documented ones only, everything else is a 400 (`api.md`, `reliability.md` S08).

A parameter given twice means *any of*; different ones mean *all of*; empty means *has none*. Dates, times and amounts
also come with `_min` and `_max`, both inclusive.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import QueryDict
from rest_framework import serializers

from customers.edge.fields import CodeField, DayField, KeyField, TextField, decimal_from
from customers.edge.problems import field_errors
from customers.errors import FieldError, InvalidInput

M = TypeVar("M", bound=Model)
RESERVED = ("cursor", "page_size", "ordering")


class _AmountParameter(serializers.Field[Any, Any, Any, Any]):
    def to_internal_value(self, data: Any) -> Any:
        return decimal_from(data, numbers=True)


class _FlagParameter(serializers.Field[Any, Any, Any, Any]):
    def to_internal_value(self, data: Any) -> bool:
        if data not in {"true", "false"}:
            raise serializers.ValidationError("Give true or false.", code="invalid")
        return bool(data == "true")


@dataclass(frozen=True, slots=True)
class Filter:
    """A documented parameter: the ORM path that it looks at, how its text is read, and its OpenAPI schema."""

    path: str
    field: serializers.Field[Any, Any, Any, Any]
    schema: Mapping[str, Any]
    is_range: bool = False
    is_key: bool = False
    number: str = "account"
    nullable: bool = True

    def condition(self, values: Iterable[str]) -> Q:
        """Rows that have any of `values`. Raises `ValidationError`."""
        condition, read = Q(), []
        for value in values:
            if value == "" and self.nullable:
                condition |= Q(**{f"{self.path}__isnull": True})
                if isinstance(self.field, TextField) and not isinstance(self.field, CodeField):
                    condition |= Q(**{self.path: ""})
            else:
                read.append(self.field.run_validation(value))
        if not read:
            return condition
        if not self.is_key:
            return condition | Q(**{f"{self.path}__in": read})
        for key in read:
            entity, _, number = key.partition(":")
            condition |= Q(**{f"{self.path}__legal_entity": entity, f"{self.path}__{self.number}": number})
        return condition

    def bound(self, side: str, value: str) -> Q:
        """Rows at or above (`min`), at or below (`max`) `value`. Raises `ValidationError`."""
        lookup = "gte" if side == "min" else "lte"
        return Q(**{f"{self.path}__{lookup}": self.field.run_validation(value)})


def text(path: str) -> Filter:
    """Exact text."""
    return Filter(path, TextField(allow_blank=True), {"type": "string"})


def code(path: str) -> Filter:
    """The code of something, by exact match."""
    return Filter(path, CodeField(), {"type": "string"})


def choice(path: str, choices: Any) -> Filter:
    """One of a `TextChoices`."""
    return one_of(path, [value for value in choices.values if value])


def one_of(path: str, allowed: list[str]) -> Filter:
    """One of these values."""
    return Filter(path, serializers.ChoiceField(choices=allowed), {"type": "string", "enum": allowed}, nullable=False)


def flag(path: str) -> Filter:
    """`true` or `false`."""
    return Filter(path, _FlagParameter(), {"type": "boolean"}, nullable=False)


def day(path: str) -> Filter:
    """A date; also `_min` and `_max`."""
    return Filter(path, DayField(), {"type": "string", "format": "date"}, is_range=True)


def instant(path: str) -> Filter:
    """A time with zone; also `_min` and `_max`."""
    return Filter(path, serializers.DateTimeField(), {"type": "string", "format": "date-time"}, is_range=True)


def amount(path: str) -> Filter:
    """An amount or another number; also `_min` and `_max`."""
    return Filter(path, _AmountParameter(), {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}, is_range=True)


def whole(path: str) -> Filter:
    """A whole number; also `_min` and `_max`."""
    return Filter(path, serializers.IntegerField(), {"type": "integer"}, is_range=True)


def key(path: str, number: str = "account") -> Filter:
    """A business key `LE:NUMBER`; `path` leads to the object, `number` is the column of the key's second part."""
    return Filter(path, KeyField(), {"type": "string"}, is_key=True, number=number)


@dataclass(frozen=True, slots=True)
class _OwnKey(Filter):
    """The business key of the rows themselves; `path` names the columns of its two parts."""

    def condition(self, values: Iterable[str]) -> Q:
        """Rows that have any of the keys `values`. Raises `ValidationError`."""
        first, second = self.path.split()
        condition = Q()
        for value in values:
            one, _, other = str(self.field.run_validation(value)).partition(":")
            condition |= Q(**{first: one, second: other})
        return condition


def own_key(number: str = "number", entity: str = "legal_entity") -> Filter:
    """The row's own business key, made of the columns `entity` and `number`."""
    return _OwnKey(f"{entity} {number}", KeyField(), {"type": "string"}, nullable=False)


def uuid(path: str) -> Filter:
    """A UUID."""
    return Filter(path, serializers.UUIDField(), {"type": "string", "format": "uuid"})


def names_of(filters: Mapping[str, Filter]) -> list[str]:
    """Every parameter that `filters` make: `_min` and `_max` where there is an order."""
    return [
        name + side for name, each in filters.items() for side in (("", "_min", "_max") if each.is_range else ("",))
    ]


def apply(queryset: QuerySet[M], filters: Mapping[str, Filter], params: QueryDict) -> QuerySet[M]:
    """`queryset` narrowed down as `params` ask. Raises `InvalidInput` for unknown parameters and unreadable values."""
    known = names_of(filters)
    errors = [
        FieldError(name, "unknown_parameter", f"There is no such parameter. Use: {', '.join((*known, *RESERVED))}.")
        for name in params
        if name not in known and name not in RESERVED
    ]
    for name in known:
        if name not in params:
            continue
        try:
            queryset = queryset.filter(_condition(filters, name, params.getlist(name)))
        except serializers.ValidationError as problem:
            errors += field_errors(problem.detail, name)
    if errors:
        raise InvalidInput(errors)
    return queryset


def _condition(filters: Mapping[str, Filter], name: str, values: list[str]) -> Q:
    if name in filters:
        return filters[name].condition(values)
    stem, _, side = name.rpartition("_")
    return filters[stem].bound(side, values[-1])
