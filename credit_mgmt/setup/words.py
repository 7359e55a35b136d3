"""What each parameter is called, and in one sentence what it means for an order, in either position (`ux.md` 3.11)."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """A parameter's name, and what it does: of a switch when it is on and off, else one sentence."""

    label: str
    on: str
    off: str = ""

    @property
    def sentence(self) -> str:
        """Both positions in a row, or what it does."""
        return f"On: {self.on} Off: {self.off}" if self.off else self.on


PARAMETERS: Mapping[str, Said] = {
    "check_credit_limit_for_sales_order": Said(
        "Check the credit limit of sales orders",
        "rules of the type credit limit used are run, and exceeding the limit is told.",
        "an order is never stopped because of the limit.",
    ),
    "message_when_exceeding_credit_limit": Said(
        "When an order exceeds the limit",
        "Warning: the decision says so and the order passes. Error: the order is held.",
    ),
    "check_customer_credit_groups_credit_limit": Said(
        "Check the limit of the credit group",
        "a member's order must fit its group's limit first, then its own.",
        "only the customer's own limit counts.",
    ),
    "unlimited_customers_skip_the_group_limit": Said(
        "Unlimited customers skip the group's limit",
        "an unlimited member's order is never stopped by its group's limit.",
        "the group's limit stops it, too.",
    ),
    "check_when_payment_terms_are_increased": Said(
        "Check when terms of payment get easier",
        "an order that gets terms of a higher rank is held.",
        "terms may change without a check.",
    ),
    "check_when_settlement_discount_is_increased": Said(
        "Check when the cash discount gets higher",
        "an order that gets a discount of a higher rank is held.",
        "discounts may change without a check.",
    ),
    "ignore_limit_expired_when_date_is_blank": Said(
        "A limit without an expiration date never expires",
        "such a customer's orders pass the rule credit limit expired.",
        "its limit counts as expired.",
    ),
    "allow_edit_of_order_value_after_release": Said(
        "A released order's value may rise",
        "grace and clearance last when the value rises.",
        "a rise beyond the tolerance ends them, and the next document is checked.",
    ),
    "release_tolerance_percent": Said(
        "Release tolerance, %", "By so much a released order's value may rise before it is checked again."
    ),
    "automatically_release": Said(
        "Release automatically",
        "No: a hold without a reason left waits for a person. Else an evaluation releases it, with or without posting.",
    ),
    "automatic_release_reason": Said(
        "Reason to release automatically", "Stands with every hold that an evaluation releases; needed where it may."
    ),
    "modified_order_reason": Said(
        "Reason for modified orders",
        "A held order that is changed until nothing blocks it is released with it; without one it waits for a person.",
    ),
    "cancelled_order_reason": Said("Reason for cancelled orders", "Closes the hold of an order that is cancelled."),
    "require_review_date": Said(
        "Require a review date",
        "nobody releases without a day on which to look again.",
        "the day may be left out.",
    ),
    "require_backtest_before_activation": Said(
        "Require a backtest before a rule is activated",
        "a draft counts only after a backtest of it that is at most seven days old.",
        "a draft may be activated without one. Rules for all legal entities go by the default row.",
    ),
    "posting": Said(
        "Who posts documents",
        "Internal: we move the document and post invoices. External: we answer cleared or held, and the ERP reports.",
    ),
    "remove_blocked_load_lines": Said(
        "Remove blocked load lines",
        "the event of a hold tells the ERP to take the order's lines off their load.",
        "the lines stay on their load.",
    ),
    "ignore_open_items_below": Said(
        "Ignore open items below", "A customer that owes less on an invoice is not overdue with it."
    ),
    "disputed_amounts_count_as_overdue": Said(
        "Disputed amounts count as overdue",
        "a dispute changes nothing.",
        "what is disputed is left out of days and amounts overdue.",
    ),
    "credit_limit_type": Said("What uses credit", "The exposure that is compared with the limit."),
    "open_orders_that_use_credit": Said(
        "Open orders that use credit",
        "Approved: held orders use none, so that two of them do not hold each other. All: every open order does.",
    ),
    "credit_limit_exchange_rate_type": Said(
        "Exchange rate type", "Amounts in other currencies are converted with rates of this type."
    ),
    "allow_manual_editing_of_credit_limits": Said(
        "Limits may be edited on the customer",
        "a limit is also changed by hand, with its entry in the history.",
        "limits change by journals only.",
    ),
    "enforce_eligible_credit_limit": Said(
        "A limit above the eligible limit", "No: it may be posted. Warn: the journal says so. Refuse: it is not posted."
    ),
    "dso_1_months": Said("DSO 1, months", "Days sales outstanding are worked out over so many months."),
    "dso_2_months": Said("DSO 2, months", "The same over another window, to see where it is going."),
    "average_balance_1_months": Said("Average balance 1, months", "Also the window of the average payment days."),
    "average_balance_2_months": Said("Average balance 2, months", "The same over another window."),
    "average_limit_months": Said("Average credit limit, months", "The mean share of the limit that balances use."),
    "average_exposure_months": Said("Average exposure, months", "The mean share of the limit that exposure uses."),
    "decision_retention_days": Said(
        "Keep decisions, days", "Stored decisions are removed after so long; backtests reach back no further."
    ),
}

SECTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("holds", "Holds", (
        "check_customer_credit_groups_credit_limit", "check_when_payment_terms_are_increased",
        "check_when_settlement_discount_is_increased", "ignore_limit_expired_when_date_is_blank",
        "disputed_amounts_count_as_overdue", "ignore_open_items_below", "automatically_release",
        "automatic_release_reason", "modified_order_reason", "cancelled_order_reason", "require_review_date",
        "allow_edit_of_order_value_after_release", "release_tolerance_percent", "posting", "remove_blocked_load_lines",
    )),
    ("limits", "Limits", (
        "credit_limit_type", "open_orders_that_use_credit", "check_credit_limit_for_sales_order",
        "message_when_exceeding_credit_limit", "unlimited_customers_skip_the_group_limit",
        "credit_limit_exchange_rate_type", "allow_manual_editing_of_credit_limits", "enforce_eligible_credit_limit",
    )),
    ("statistics", "Statistics", (
        "dso_1_months", "dso_2_months", "average_balance_1_months", "average_balance_2_months", "average_limit_months",
        "average_exposure_months", "decision_retention_days", "require_backtest_before_activation",
    )),
)  # fmt: skip
"""The sections of the page: its anchor, its heading, and its parameters in their order."""
NAMES = tuple(name for _, _, names in SECTIONS for name in names)

FIELDS: Mapping[str, str] = {
    "code": "Code",
    "type": "Type",
    "description": "Description",
    "legal_entity_id": "Legal entity",
    "customer_wording": "Words for the customer",
    "requires_note": "Needs a note",
    "open": "Open",
    "processing_hold": "Stops",
    "net_days": "Net days",
    "rank": "Rank",
    "uses_credit": "Uses credit",
    "percent": "Percent",
}
"""Columns of master data in words, for the history."""
