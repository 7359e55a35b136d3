"""What a generation of lines is asked for: read from typed values, and kept by a job as JSON (`domain 8`, `api.md`)."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.db.models import Q

from credit_mgmt.engine.adjusting import AbsoluteDates, Adjustment, Offset, RelativeDates, Rounding, ValueType
from customers.errors import FieldError, InvalidInput
from customers.money import LARGEST

CUSTOMERS, GROUPS = "customers", "groups"
ABSOLUTE, RELATIVE = "absolute", "relative"
LONGEST_OFFSET = 36_500
"""Days (and so, more than enough, months and years) that a date is moved at most."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which customers or groups; everything that is given must hold. Of groups only their number and currency count."""

    account_from: str = ""
    account_to: str = ""
    accounts: tuple[str, ...] = ()
    credit_management_group: str = ""
    credit_group: str = ""
    account_status: str = ""
    currency: str = ""
    country: str = ""
    limit_min: Decimal | None = None
    limit_max: Decimal | None = None
    expires_before: dt.date | None = None

    def customers(self) -> Q:
        """As a condition on customers; a limit is in the legal entity's accounting currency."""
        found = self._range("account") & self._limits()
        for name in ("credit_management_group", "credit_group", "account_status", "currency", "country"):
            if value := getattr(self, name):
                found &= Q(**{name: value})
        return found

    def groups(self) -> Q:
        """As a condition on customer credit groups; a limit is in the group's currency."""
        found = self._range("number") & self._limits()
        if self.currency:
            found &= Q(currency=self.currency)
        return found & Q(number=self.credit_group) if self.credit_group else found

    def _range(self, column: str) -> Q:
        found = Q()
        if self.account_from:
            found &= Q(**{f"{column}__gte": self.account_from})
        if self.account_to:
            found &= Q(**{f"{column}__lte": self.account_to})
        return found & Q(**{f"{column}__in": self.accounts}) if self.accounts else found

    def _limits(self) -> Q:
        bounds: dict[str, Decimal | dt.date | None] = {
            "limit_amount__gte": self.limit_min,
            "limit_amount__lte": self.limit_max,
            "expires_on__lt": self.expires_before,
        }
        return Q(**{f"credit_account__{path}": value for path, value in bounds.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Generation:
    """From what lines are made, how, and for whom."""

    adjustment: Adjustment
    for_groups: bool = False
    include_limits: bool = True
    include_temporary_limits: bool = False
    filter: Filter = Filter()


_FILTERS: Final = tuple(field.name for field in fields(Filter))
_OF_GROUPS = (
    "account_from",
    "account_to",
    "accounts",
    "credit_group",
    "currency",
    "limit_min",
    "limit_max",
    "expires_before",
)
_OFFSETS = tuple(f"{end}_offset_{unit}" for end in ("from", "to") for unit in ("years", "months", "days"))
GIVEN: Final = (
    "source", "include_limits", "include_temporary_limits", "adjustment", "value_type", "round_off", "rounding_form",
    "dates", "new_from", "new_to", *_OFFSETS, "filter",
)  # fmt: skip
"""The names of `api.md` that make up a generation."""


def read_generation(given: Mapping[str, Any], *, temporary: bool) -> Generation:
    """The generation that typed values ask for, for a journal of temporary limits or of credit limits.

    Raises `InvalidInput` that names each field.
    """
    errors = list(_wrong(given, temporary))
    if errors:
        raise InvalidInput(errors)
    filters = dict(given.get("filter") or {})
    filters["accounts"] = tuple(filters.get("accounts") or ())
    return Generation(
        adjustment=Adjustment(
            value=given["adjustment"],
            value_type=ValueType(given.get("value_type") or ValueType.FIXED),
            dates=_dates(given),
            round_off=given.get("round_off"),
            rounding=Rounding(given.get("rounding_form") or Rounding.NEAREST),
        ),
        for_groups=given.get("source") == GROUPS,
        include_limits=given.get("include_limits", True),
        include_temporary_limits=given.get("include_temporary_limits", False),
        filter=Filter(**{name: value for name, value in filters.items() if value is not None}),
    )


def _dates(given: Mapping[str, Any]) -> AbsoluteDates | RelativeDates:
    if given.get("dates", ABSOLUTE) == ABSOLUTE:
        return AbsoluteDates(new_to=given["new_to"], new_from=given.get("new_from"))
    return RelativeDates(to_offset=_offset(given, "to"), from_offset=_offset(given, "from"))


def _offset(given: Mapping[str, Any], end: str) -> Offset:
    years, months, days = (given.get(f"{end}_offset_{unit}") or 0 for unit in ("years", "months", "days"))
    return Offset(years=years, months=months, days=days)


def _wrong(given: Mapping[str, Any], temporary: bool) -> Iterator[FieldError]:
    yield from _wrong_choices(given)
    yield from _wrong_amounts(given)
    yield from _wrong_dates(given, temporary)
    yield from _wrong_filter(given)
    if not given.get("include_limits", True) and not given.get("include_temporary_limits", False):
        message = "Include the credit limits, the temporary limits, or both."
        yield FieldError("include_limits", "required", message)


def _wrong_choices(given: Mapping[str, Any]) -> Iterator[FieldError]:
    choices = {
        "source": (CUSTOMERS, GROUPS),
        "value_type": tuple(ValueType),
        "rounding_form": tuple(Rounding),
        "dates": (ABSOLUTE, RELATIVE),
    }
    for name, allowed in choices.items():
        if given.get(name) is not None and given[name] not in allowed:
            yield FieldError(name, "invalid_choice", f"Choose one of {', '.join(allowed)}.")


def _wrong_amounts(given: Mapping[str, Any]) -> Iterator[FieldError]:
    value, step = given.get("adjustment"), given.get("round_off")
    if value is None:
        yield FieldError("adjustment", "required", "Say by how much: an amount or a percentage; 0 keeps the limit.")
    elif not value.is_finite() or abs(value) > LARGEST:
        yield FieldError("adjustment", "out_of_range", f"Give a number up to {LARGEST}.")
    if step is not None and not (step.is_finite() and 0 < step <= LARGEST):
        yield FieldError("round_off", "out_of_range", "Give an amount above 0, such as 10.00, or leave it out.")


def _wrong_dates(given: Mapping[str, Any], temporary: bool) -> Iterator[FieldError]:
    if given.get("dates", ABSOLUTE) == ABSOLUTE:
        if given.get("new_to") is None:
            yield FieldError("new_to", "required", "Say until when: give the last day, such as 2027-12-31.")
        if temporary and given.get("new_from") is None:
            yield FieldError("new_from", "required", "A temporary limit begins on a day: give it.")
    for name in _OFFSETS:
        if abs(given.get(name) or 0) > LONGEST_OFFSET:
            yield FieldError(name, "out_of_range", f"Give a whole number up to {LONGEST_OFFSET:,}.")


def _wrong_filter(given: Mapping[str, Any]) -> Iterator[FieldError]:
    allowed = _OF_GROUPS if given.get("source") == GROUPS else _FILTERS
    for name in sorted(set(given.get("filter") or {}) - set(allowed)):
        yield FieldError(f"filter.{name}", "unknown_field", f"Filter by {', '.join(allowed)}.")


def as_json(given: Mapping[str, Any]) -> dict[str, Any]:
    """The values as a job keeps them."""
    return {name: _plain(value) for name, value in given.items() if name in GIVEN and value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return str(value) if isinstance(value, Decimal | dt.date) else value


_AMOUNTS = frozenset({"adjustment", "round_off", "limit_min", "limit_max"})
_DAYS = frozenset({"new_from", "new_to", "expires_before"})


def from_json(stored: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """The typed values of what a job was given. Raises `InvalidInput` for what is no amount or no day."""
    values: dict[str, Any] = {}
    for name, value in stored.items():
        try:
            values[name] = _typed(name, value, path)
        except (ValueError, InvalidOperation):
            message = "Give an amount as text, a date as 2027-12-31."
            raise InvalidInput.of(f"{path}{name}", "invalid", message) from None
    return values


def _typed(name: str, value: Any, path: str) -> Any:
    if name == "filter" and isinstance(value, Mapping):
        return from_json(value, f"{path}filter.")
    if name in _AMOUNTS and value is not None:
        return Decimal(str(value))
    return dt.date.fromisoformat(str(value)) if name in _DAYS and value is not None else value
