"""How names, amounts, percentages and dates are written wherever people read them (ux 4.3).

Figures follow the reader of the page that is being drawn (`customers.numbers`); who keeps a sentence makes it in a
block of `numbers.kept()`.
"""

import datetime as dt
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from credit_mgmt.engine.extending import label_of
from customers.numbers import grouped, restyled

LABELS = {
    "days_overdue": "Days overdue",
    "account_status": "Account status",
    "payment_terms": "Terms of payment",
    "limit_expired": "Limit expired",
    "overdue_amount": "Overdue amount",
    "sales_order": "Order value",
    "limit_used": "Limit used",
    "limit_exceeded": "Limit exceeded",
    "payment_terms_changed": "Terms raised",
    "settlement_discount_changed": "Discount raised",
    "account_on_hold": "Account on hold",
    "cannot_be_evaluated": "Cannot be evaluated",
    "forced": "Forced",
    "posting_failed": "Posting failed",
    "multiple": "Multiple",
    "ready_to_release": "Ready to release",
}
"""Names of reason types, and of what a hold shows where only one label fits (`domain 4.4`)."""

LEVELS = {"table": "this customer", "group": "its credit management group", "all": "all customers"}


def reason_label(code: str) -> str:
    """The name of a reason type; of another package's as its class says."""
    return LABELS.get(code) or label_of(code)


def amount(text: str | None, currency: str | None = None) -> str:
    """An amount with separators and its currency code: `228,050.00 USD`; a true minus; `?` where it is not known."""
    if text is None:
        return "?"
    number = grouped(Decimal(text)).replace("-", "\u2212")
    return number if currency is None else f"{number} {currency}"


def amount_of(evidence: Mapping[str, str], key: str, currency: str = "currency") -> str:
    """An amount of the evidence with the currency that stands beside it."""
    return amount(evidence.get(key), evidence.get(currency))


def short_amount(text: str | None) -> str:
    """An amount on a chip, without decimals: `41,200`."""
    return amount(None if text is None else str(Decimal(text).quantize(Decimal(1), rounding=ROUND_HALF_UP)))


def percent(text: str | Decimal) -> str:
    """A percentage (ux 4.3): whole, one decimal between 99.5 and 100.5, above 999 % as `10×`."""
    value = Decimal(text)
    if value > 999:
        return f"{grouped((value / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))}\u00d7"
    close = Decimal("99.5") <= value <= Decimal("100.5")
    shown = value.quantize(Decimal("0.1") if close else Decimal(1), rounding=ROUND_HALF_UP)
    return f"{restyled(str(shown))} %".replace("-", "\u2212")


def plain_percent(text: str) -> str:
    """A percentage as it was set up: `100 %`, `62.5 %`."""
    return f"{restyled(text)} %"


def day(text: str | None) -> str:
    """A date as people read it: `9 Nov 2026`."""
    if not text or text == "None":
        return "no date"
    date = dt.date.fromisoformat(text)
    return f"{date.day} {date:%b %Y}"


def account_name(account: str | None) -> str:
    """A credit account in words: `customer USMF:US-001`, `credit group G1`."""
    if not account:
        return "the customer"
    kind, _, number = account.partition(":")
    return f"credit group {number}" if kind == "group" else f"customer {account}"
