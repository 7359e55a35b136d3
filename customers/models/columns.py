"""Columns that every table of the system shares: money, percentages, business keys; and the checks that go with them.

A bound from above also refuses NaN, which PostgreSQL sorts above every number (`reliability.md` finding 9), and a
precision refuses Infinity.
"""

from decimal import Decimal
from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.expressions import Combinable

from customers.money import LARGEST

KEY_PART = r"[A-Za-z0-9._-]{1,20}"
"""One part of a business key (`api.md` Conventions)."""

key_validator = RegexValidator(rf"^{KEY_PART}$", "Use 1 to 20 letters, digits, '-', '_' or '.'.", code="invalid_key")


def money(**options: Any) -> models.DecimalField[Any, Any]:
    """A money column: below 10^15, four decimals; its currency stands beside it or is the legal entity's."""
    return models.DecimalField(max_digits=19, decimal_places=4, **options)


def percentage(**options: Any) -> models.DecimalField[Any, Any]:
    """A percentage column: 12.5 means 12.5 %."""
    return models.DecimalField(max_digits=9, decimal_places=4, **options)


def business_key(**options: Any) -> models.CharField[str | Combinable, str]:
    """One part of a business key, safe in a URL."""
    return models.CharField(max_length=20, validators=[key_validator], **options)


def finite(name: str, *fields: str, floor: int | None = 0, ceiling: Decimal = LARGEST) -> models.CheckConstraint:
    """The constraint `name`: each of `fields` is a number (not NaN) up to `ceiling`, at least `floor` where given."""
    condition = Q()
    for field in fields:
        bound = Q(**{f"{field}__lte": ceiling})
        if floor is not None:
            bound &= Q(**{f"{field}__gte": Decimal(floor)})
        condition &= bound | Q(**{f"{field}__isnull": True})
    return models.CheckConstraint(condition=condition, name=name)


def one_of(name: str, field: str, choices: type[models.TextChoices]) -> models.CheckConstraint:
    """The constraint `name`: `field` holds one of `choices`."""
    return models.CheckConstraint(condition=Q(**{f"{field}__in": choices.values}), name=name)
