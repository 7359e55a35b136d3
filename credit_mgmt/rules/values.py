"""What a rule may say, and the words for what it may not (`domain 4.2`, `4.3`).

What a type needs and refuses is said by its class in the engine; nothing here knows the seven types by name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Model

from credit_mgmt.engine.rules import RuleTest, types
from credit_mgmt.models import BlockingRule, RuleVersion
from credit_mgmt.rules.phrases import type_words
from customers.access import Action, Actor, authorize
from customers.errors import FieldError, InvalidInput
from customers.models import AccountStatus, CreditManagementGroup, Currency, Customer, LegalEntity, PaymentTerms
from customers.money import LARGEST, ZERO

LARGEST_PERCENT = Decimal(9999)
LONGEST = 36_500
LONGEST_TEXTS = {"name": 40, "why": 300}
VALUES = ("days", "amount", "currency", "threshold_percent", "threshold_amount", "account_status", "payment_terms")
"""The fields of a rule that only some types have."""

DEFAULTS: Mapping[str, Any] = {
    "name": "",
    "type": None,
    "action": BlockingRule.Action.BLOCKING,
    "valid_for": BlockingRule.ValidFor.ALL,
    "customer": None,
    "credit_management_group": None,
    "risk_group": None,
    "legal_entity": None,
    **dict.fromkeys(VALUES),
    "release_sales_order": False,
    "valid_from": None,
    "valid_to": None,
    "why": "",
}
"""The fields of a rule, and what stands where nothing is given."""
COLUMNS = tuple(name for name in DEFAULTS if name not in ("type", "risk_group"))
"""Those that a version has of its own."""
_KINDS: Mapping[str, type[Model]] = {
    "credit_management_group": CreditManagementGroup,
    "legal_entity": LegalEntity,
    "currency": Currency,
    "account_status": AccountStatus,
    "payment_terms": PaymentTerms,
}
_AIMS = {"table": "customer", "group": "credit_management_group"}


@dataclass(frozen=True, slots=True)
class Read:
    """Values of a rule that are in order: as they were given, and the records that they name."""

    values: Mapping[str, Any]
    references: Mapping[str, Model | None]

    def into(self, version: RuleVersion) -> None:
        """Let `version` say this."""
        for name in COLUMNS:
            setattr(version, name, self.references[name] if name in self.references else self.values[name])


def read_values(given: Mapping[str, Any], *, base: Mapping[str, Any], actor: Actor) -> Read:
    """What a rule would say with `given` in place of what `base` says, references as keys (`api.md`).

    Raises `InvalidInput` naming every field that is wrong and what would be right; `NotAllowed` or `OutOfScope` where
    `actor` may not set up the legal entity that it is for.
    """
    merged = {**base, **given}
    if not merged["name"]:
        merged["name"] = default_name(merged["type"])
    errors = [*_unknown_fields(given), *_too_long(merged), *_wrong_shape(merged), *_wrong_values(merged)]
    references = _references(merged, errors)
    _check_customer(merged, references, errors)
    if errors:
        raise InvalidInput(errors)
    authorize(actor, Action.SETUP, merged["legal_entity"], f"Legal entity {merged['legal_entity']}")
    return Read(merged, references)


def default_name(rule_type: str | None) -> str:
    """What a rule is called that nobody gave a name."""
    return type_words(str(rule_type or ""))


def version_values(version: RuleVersion) -> dict[str, Any]:
    """What a version says in the words of `api.md`, references as keys."""
    values = {name: getattr(version, f"{name}_id" if name in _KINDS else name) for name in COLUMNS}
    customer = version.customer.key if version.customer else None
    return {**values, "type": version.rule.type, "customer": customer, "risk_group": None}


def _unknown_fields(values: Mapping[str, Any]) -> Iterator[FieldError]:
    for name in values.keys() - DEFAULTS.keys():
        yield FieldError(name, "unknown_field", "A blocking rule has no such field.")


def _wrong_shape(values: Mapping[str, Any]) -> Iterator[FieldError]:
    """Type, action, aim, release flag and validity."""
    for name, choices in (("type", list(types)), ("action", BlockingRule.Action.values)):
        if values[name] not in choices:
            yield FieldError(name, "invalid_choice", f"Use one of: {', '.join(choices)}.")
    if values["valid_for"] not in BlockingRule.ValidFor.values:
        yield FieldError("valid_for", "invalid_choice", f"Use one of: {', '.join(BlockingRule.ValidFor.values)}.")
    for valid_for, target in _AIMS.items():
        if values["valid_for"] == valid_for and values[target] is None:
            yield FieldError(target, "required", f"A rule that is valid for '{valid_for}' needs a {_words(target)}.")
        if values["valid_for"] != valid_for and values[target] is not None:
            message = f"Leave it out, or make the rule valid for '{valid_for}'."
            yield FieldError(target, "not_used", message)
    if values["risk_group"] is not None:
        yield FieldError("risk_group", "unknown_reference", "There is no such risk group. Leave it out.")
    if values["release_sales_order"] and values["action"] == BlockingRule.Action.BLOCKING:
        message = "Only exclusions release the sales order. Leave it out, or make the rule an exclusion."
        yield FieldError("release_sales_order", "only_for_exclusions", message)
    if values["valid_from"] and values["valid_to"] and values["valid_to"] < values["valid_from"]:
        yield FieldError("valid_to", "ends_before_it_starts", "Give a last day on or after the first.")


def _too_long(values: Mapping[str, Any]) -> Iterator[FieldError]:
    for name, longest in LONGEST_TEXTS.items():
        if len(values[name] or "") > longest:
            yield FieldError(name, "too_long", f"Use at most {longest} characters.")


def _wrong_values(values: Mapping[str, Any]) -> Iterator[FieldError]:
    """The values that the type needs and refuses, as its class says."""
    test = types.get(values["type"])
    if test is None or values["action"] not in BlockingRule.Action.values:
        return
    blocking = values["action"] == BlockingRule.Action.BLOCKING
    allowed = test.blocking_values if blocking else test.exclusion_values
    kind = f"{'Blocking' if blocking else 'Exclusion'} rules of type {_words(values['type'])}"
    for name in VALUES:
        if values[name] is not None and name not in allowed:
            yield FieldError(name, "not_used", f"{kind} have no {_words(name)}. Leave it out.")
    yield from _missing_values(test, values, blocking=blocking)
    yield from _wrong_numbers(values)


def _missing_values(test: RuleTest, values: Mapping[str, Any], *, blocking: bool) -> Iterator[FieldError]:
    for name in _needed(test, values, blocking=blocking):
        if values[name] is None and name != "currency":
            yield FieldError(name, "required", f"Give the {_words(name)}.")
    for one, other in () if blocking else _EITHER_OR:
        if {one, other} <= set(test.exclusion_values) and values[one] is not None and values[other] is not None:
            yield FieldError(other, "ambiguous", f"Give either the {_words(one)} or the {_words(other)}, not both.")
    amounts = (values["amount"], values["threshold_amount"])
    if values["currency"] is None and any(amount is not None for amount in amounts):
        yield FieldError("currency", "required", "Give the currency of the amount.")
    if values["currency"] is not None and all(amount is None for amount in amounts):
        yield FieldError("currency", "not_used", "A currency without an amount means nothing. Leave it out.")


_EITHER_OR = (("days", "amount"), ("threshold_percent", "threshold_amount"))
"""Exclusions of some types may say it in one way or the other (`domain 4.3`)."""


def _needed(test: RuleTest, values: Mapping[str, Any], *, blocking: bool) -> list[str]:
    """The values that the rule can't do without; an exclusion's threshold is optional where there are two kinds."""
    if blocking:
        return list(test.blocking_values)
    allowed = set(test.exclusion_values)
    needed = [name for name in test.exclusion_values if name != "threshold_amount"]
    if {"threshold_percent", "threshold_amount"} <= allowed:
        needed.remove("threshold_percent")
    if {"days", "amount"} <= allowed:
        needed.remove("days" if values["amount"] is not None else "amount")
    return needed


def _wrong_numbers(values: Mapping[str, Any]) -> Iterator[FieldError]:
    days, percent = values["days"], values["threshold_percent"]
    if days is not None and not 0 <= days <= LONGEST:
        yield FieldError("days", "out_of_range", f"Give a number of days from 0 to {LONGEST}.")
    if percent is not None and not (percent.is_finite() and ZERO <= percent <= LARGEST_PERCENT):
        yield FieldError("threshold_percent", "out_of_range", f"Give a percentage from 0 to {LARGEST_PERCENT}.")
    for name in ("amount", "threshold_amount"):
        amount = values[name]
        if amount is not None and not (amount.is_finite() and ZERO <= amount <= LARGEST):
            yield FieldError(name, "out_of_range", f"Give an amount from 0 to {LARGEST}.")


def _references(values: Mapping[str, Any], errors: list[FieldError]) -> dict[str, Model | None]:
    """The records that the rule names by key; an error for each that isn't there."""
    found: dict[str, Model | None] = {}
    for name, model in _KINDS.items():
        code = values[name]
        found[name] = None if code is None else model._default_manager.filter(pk=code).first()
        if code is not None and found[name] is None:
            errors.append(FieldError(name, "unknown_reference", f"There is no {_words(name)} {code}."))
    found["customer"] = None
    if values["customer"] is not None:
        entity, _, account = str(values["customer"]).partition(":")
        found["customer"] = Customer.objects.filter(legal_entity=entity, account=account).first()
        if found["customer"] is None:
            errors.append(FieldError("customer", "unknown_reference", f"There is no customer {values['customer']}."))
    return found


def _check_customer(
    values: Mapping[str, Any], references: Mapping[str, Model | None], errors: list[FieldError]
) -> None:
    customer, entity = references["customer"], values["legal_entity"]
    if isinstance(customer, Customer) and entity is not None and customer.legal_entity_id != entity:
        message = f"Customer {customer.key} is not of legal entity {entity}: name a customer of {entity}."
        errors.append(FieldError("customer", "other_legal_entity", message))


def _words(name: str) -> str:
    return name.replace("_", " ")
