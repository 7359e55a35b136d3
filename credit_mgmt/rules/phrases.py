"""What a version of a rule says, in words: whom it is for, what it does and when."""

from decimal import Decimal

from credit_mgmt.engine.extending import own_type, value_words
from credit_mgmt.messages import reason_label
from credit_mgmt.models import BlockingRule, RuleVersion
from credit_mgmt.templatetags.formats import amount, percent

EVERYBODY = "Every customer"
TYPE_WORDS = dict(BlockingRule.Type.choices)


def type_words(kind: str) -> str:
    """What a type is called; one of another package as its class says."""
    return TYPE_WORDS.get(kind) or reason_label(kind)


def aim(version: RuleVersion) -> str:
    """Whom the rule is for."""
    customer, group = version.customer, version.credit_management_group
    if customer is not None:
        return f"{customer.key} {customer.name}"
    if group is not None:
        return f"{group.code} {group.description}".strip()
    return EVERYBODY


def effect(version: RuleVersion) -> str:
    """What the rule does."""
    if version.action == BlockingRule.Action.BLOCKING:
        return "Block"
    return "Exclude, release the order" if version.release_sales_order else "Exclude"


def condition(version: RuleVersion) -> str:
    """When a blocking rule exceeds, or up to where an exclusion excuses, from its own values."""
    blocks = version.action == BlockingRule.Action.BLOCKING
    above, joint = ("above", "and") if blocks else ("up to", "and")
    parts = [f"{above} {value}" for value in _values(version)]
    if version.account_status_id:
        parts.append(f"status is {version.account_status_id}")
    if version.payment_terms_id:
        parts.append(f"terms are {version.payment_terms_id}")
    return f" {joint} ".join(parts) or "–"


def _values(version: RuleVersion) -> list[str]:
    """The values of the rule, each with its unit."""
    if own_type(version.type) is not None:
        return _own_values(version)
    unit = "d after it ended" if version.type == BlockingRule.Type.LIMIT_EXPIRED else "d overdue"
    values = [] if version.days is None else [f"{version.days} {unit}"]
    if version.amount is not None:
        words = {"sales_order": "of order value", "overdue_amount": "overdue", "days_overdue": "overdue"}
        value = f"{amount(version.amount, version.currency_id or '')} {version.currency_id}"
        values.append(f"{value} {words.get(version.type, '')}".strip())
    if version.threshold_percent is not None:
        values.append(f"{percent(Decimal(version.threshold_percent), 0)} of the limit used")
    if version.threshold_amount is not None:
        value = amount(version.threshold_amount, version.currency_id or "")
        values.append(f"{value} {version.currency_id} of exposure")
    return values


def _own_values(version: RuleVersion) -> list[str]:
    """The values of a rule of another package's type, with its own words behind them."""
    days, share = version.days, version.threshold_percent
    shown = {
        "days": None if days is None else f"{days} d",
        "amount": _amount(version.amount, version),
        "threshold_percent": None if share is None else f"{share.normalize():f}",
        "threshold_amount": _amount(version.threshold_amount, version),
    }
    return [
        f"{text} {value_words(version.type, name).unit}".strip() for name, text in shown.items() if text is not None
    ]


def _amount(value: Decimal | None, version: RuleVersion) -> str | None:
    currency = version.currency_id or ""
    return None if value is None else f"{amount(value, currency)} {currency}".strip()
