"""What a backtest is asked: which rules, which days, which orders (`api.md` Jobs, `backtest_rules`)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from credit_mgmt.backtests.tried import Tried, tried_rules
from customers import clock
from customers.access import Action, Actor, scoped
from customers.errors import FieldError, InvalidInput
from customers.jobs import Start
from customers.models import Customer, LegalEntity

GIVEN = ("rule", "versions", "days", "to", "legal_entity", "customers")
DAYS = 180
MOST_DAYS = 730
MOST_CUSTOMERS = 1_000
MOST_RULES = 50
Parameters = dict[str, Any]


def read_parameters(given: Mapping[str, Any]) -> Parameters:
    """The parameters of the job kind, as far as they can be read without knowing who asks."""
    unknown = sorted(set(given) - set(GIVEN))
    if unknown:
        raise InvalidInput.of(f"parameters.{unknown[0]}", "unknown_field", f"Give {', '.join(GIVEN)}.")
    told = {name: value for name, value in given.items() if value is not None}
    errors = [*_wrong_rules(told), *_wrong_days(told), *_wrong_customers(told)]
    if errors:
        raise InvalidInput(errors)
    return told


def _wrong_rules(told: Parameters) -> list[FieldError]:
    names = told.get("versions")
    if (names is None) == ("rule" not in told):
        return [FieldError("parameters.rule", "required", "Name a rule, or several versions of rules: one of the two.")]
    if names is None:
        return []
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        return [FieldError("parameters.versions", "invalid", 'Give a list of versions, such as ["DO-07/4"].')]
    if len(names) > MOST_RULES:
        return [FieldError("parameters.versions", "too_many", f"Try at most {MOST_RULES} rules at once.")]
    return []


def _wrong_days(told: Parameters) -> list[FieldError]:
    errors = []
    days = told.get("days", DAYS)
    if type(days) is not int or not 1 <= days <= MOST_DAYS:
        errors.append(FieldError("parameters.days", "out_of_range", f"Look back 1 to {MOST_DAYS} days."))
    try:
        dt.date.fromisoformat(str(told.get("to", "2000-01-01")))
    except ValueError:
        errors.append(FieldError("parameters.to", "invalid", "Give the last day as YYYY-MM-DD, or leave it out."))
    return errors


def _wrong_customers(told: Parameters) -> list[FieldError]:
    keys = told.get("customers", [])
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        return [FieldError("parameters.customers", "invalid", 'Give a list of customers, such as ["USMF:US-001"].')]
    if len(keys) > MOST_CUSTOMERS:
        return [FieldError("parameters.customers", "too_many", f"Name at most {MOST_CUSTOMERS:,} customers.")]
    return []


def resolve(told: Parameters, actor: Actor, now: dt.datetime) -> Start:
    """The parameters as they are stored: rules by their versions, the period by its days, one legal entity if it is
    one. What the actor may not see is unknown to them. Raises `InvalidInput`."""
    tried = tried_rules(told, actor)
    entity = _legal_entity(told, tried, actor)
    customers = _customers(told, entity, actor)
    today = max(clock.today(zone) for zone in _zones(entity, actor))
    to = dt.date.fromisoformat(str(told.get("to", today)))
    if to > today:
        raise InvalidInput.of("parameters.to", "in_the_future", "The last day is today or before.")
    stored: Parameters = {
        "versions": [version["key"] for version in tried.versions],
        "days": told.get("days", DAYS),
        "to": to.isoformat(),
    }
    if entity is not None:
        stored["legal_entity"] = entity
    if customers:
        stored["customers"] = customers
    return Start(stored)


def _legal_entity(told: Parameters, tried: Tried, actor: Actor) -> str | None:
    """The legal entity that is asked about: the one named, or the only one that the rules are for."""
    of_rules = tried.legal_entities()
    only = next(iter(of_rules)) if len(of_rules) == 1 else None
    named = told.get("legal_entity")
    if named is None:
        return only
    known = scoped(LegalEntity.objects.all(), actor, Action.VIEW_EXPOSURE, path="code").filter(pk=str(named))
    if not known.exists():
        raise InvalidInput.of("parameters.legal_entity", "unknown", f"There is no legal entity {named}.")
    if only is not None and only != named:
        remedy = f"The rule is for {only} alone: name that, or leave it out."
        raise InvalidInput.of("parameters.legal_entity", "other_entity", remedy)
    return str(named)


def _zones(entity: str | None, actor: Actor) -> list[str]:
    entities = scoped(LegalEntity.objects.all(), actor, Action.VIEW_EXPOSURE, path="code")
    if entity is not None:
        entities = entities.filter(pk=entity)
    return list(entities.order_by("pk").values_list("time_zone", flat=True)) or ["UTC"]


def _customers(told: Parameters, entity: str | None, actor: Actor) -> list[str]:
    keys = list(dict.fromkeys(told.get("customers", [])))
    accounts = [key.partition(":")[2] for key in keys]
    rows = scoped(Customer.objects.all(), actor, Action.VIEW_EXPOSURE).filter(account__in=accounts)
    known = {f"{code}:{account}" for code, account in rows.order_by("pk").values_list("legal_entity", "account")}
    errors = []
    for position, key in enumerate(keys):
        field = f"parameters.customers[{position}]"
        if key not in known:
            errors.append(FieldError(field, "unknown", f"There is no customer {key}."))
        elif entity is not None and not key.startswith(f"{entity}:"):
            errors.append(FieldError(field, "other_entity", f"Customer {key} is not of {entity}."))
    if errors:
        raise InvalidInput(errors)
    return keys


def days_of(stored: Parameters) -> tuple[dt.date, dt.date]:
    """First and last day of the period of a job, both included."""
    last = dt.date.fromisoformat(stored["to"])
    return last - dt.timedelta(days=stored["days"] - 1), last
