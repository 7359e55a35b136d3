"""A rule as a sentence: with inputs in the editor, with values where it is read (`ux` 3.10).

Both are made of the same parts, so that what the editor asks for is what the rule then says. A type of another package
has the labels and units of its class.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from credit_mgmt.engine.extending import value_words
from credit_mgmt.engine.rules import types
from credit_mgmt.models import BlockingRule, RuleVersion
from credit_mgmt.rules.phrases import EVERYBODY, aim, type_words
from credit_mgmt.templatetags.formats import amount
from customers.numbers import restyled


class Part(NamedTuple):
    """One value of a rule with the words around it: `the oldest unpaid invoice is` more than 30 `days past due`."""

    name: str
    before: str
    after: str = ""
    compares: bool = True
    """*More than* for a blocking rule, *up to* for an exclusion; else the value is alike or not."""
    exclusions_only: bool = False
    or_else: bool = False
    """An alternative to the part before it, of which exclusions have one or the other."""


_PARTS: dict[str, tuple[Part, ...]] = {
    "days_overdue": (
        Part("days", "the oldest unpaid invoice is", "days past due"),
        Part("amount", "all that is overdue is", exclusions_only=True, or_else=True),
    ),
    "account_status": (Part("account_status", "the customer’s account status is", compares=False),),
    "payment_terms": (Part("payment_terms", "the order’s terms of payment are", compares=False),),
    "limit_expired": (Part("days", "the credit limit ended", "days ago"),),
    "overdue_amount": (
        Part("amount", "the overdue amount is"),
        Part("threshold_percent", "with the order", "% of the total credit limit is used"),
        Part("threshold_amount", "with the order exposure is", exclusions_only=True, or_else=True),
    ),
    "sales_order": (Part("amount", "the value of the order is"),),
    "limit_used": (Part("threshold_percent", "with the order", "% of the total credit limit is used"),),
}


def parts_of(kind: str) -> tuple[Part, ...]:
    """The values of a type in the order of its sentence, without the currency, which stands with its amount."""
    if kind in _PARTS:
        return _PARTS[kind]
    test = types[kind]
    names = dict.fromkeys((*test.blocking_values, *test.exclusion_values))
    return tuple(
        Part(name, value_words(kind, name).label or name.replace("_", " "), value_words(kind, name).unit, True)
        for name in names
        if name != "currency"
    )


def when(version: RuleVersion) -> str:
    """When the rule blocks, or while what it excuses: the parts that have a value."""
    blocks = version.action == BlockingRule.Action.BLOCKING
    said = []
    for part in parts_of(version.type):
        value = _value(version, part.name)
        if value:
            compared = ("more than " if blocks else "up to ") if part.compares else ""
            space = "\N{NO-BREAK SPACE}" if part.after.startswith("%") else " "
            said.append(f"{part.before} {compared}{value}{space}{part.after}".strip())
    return " and ".join(said) or "nothing is said"


def reads_as(version: RuleVersion) -> str:
    """The rule as one sentence: whose orders, what happens to them, and when."""
    whom = aim(version)
    whose = f"Orders of {'every customer' if whom == EVERYBODY else whom}"
    where = f" in {version.legal_entity_id}" if version.legal_entity_id else ""
    if version.action == BlockingRule.Action.BLOCKING:
        return f"{whose}{where} are stopped when {when(version)}."
    kind = type_words(version.type).lower()
    if version.release_sales_order:
        return f"{whose}{where} pass while {when(version)}: no other rule or check is looked at."
    return f"{whose}{where} are not stopped by broader rules on {kind} while {when(version)}."


def _value(version: RuleVersion, name: str) -> str:
    value = getattr(version, f"{name}_id" if name in ("account_status", "payment_terms") else name)
    if value is None:
        return ""
    if name in ("amount", "threshold_amount"):
        currency = version.currency_id or ""
        return f"{amount(value, currency)} {currency}".strip()
    if isinstance(value, Decimal):
        return restyled(f"{value.normalize():f}")
    return str(value)


_LABELS: Mapping[str, str] = {
    "name": "Name", "action": "Effect", "valid_for": "Valid for", "customer": "Customer",
    "credit_management_group": "Credit management group", "legal_entity": "Legal entity", "days": "Days",
    "amount": "Amount", "currency": "Currency", "threshold_percent": "Threshold, % of the limit",
    "threshold_amount": "Threshold amount", "account_status": "Account status", "payment_terms": "Terms of payment",
    "release_sales_order": "Releases the order", "valid_from": "Valid from", "valid_to": "Valid to",
}  # fmt: skip
_CHOICES = {
    "action": dict(BlockingRule.Action.choices),
    "valid_for": dict(BlockingRule.ValidFor.choices),
}


class Difference(NamedTuple):
    """One value that two versions don't share, in words; an empty text is none."""

    label: str
    before: str
    after: str


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """What changed from one version's values to another's (`version_values`), in the order of the editor."""
    return [
        Difference(label, _told(name, before[name]), _told(name, after[name]))
        for name, label in _LABELS.items()
        if before[name] != after[name]
    ]


def _told(name: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return restyled(f"{value.normalize():f}")
    return str(_CHOICES.get(name, {}).get(value, value))
