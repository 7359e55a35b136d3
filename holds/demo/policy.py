"""What the demonstration's credit administrator set up: parameters and rules, each naming its legal entity, so that
the default row keeps the product's own defaults (`domain 10`)."""

from decimal import Decimal

from holds.demo.company import Row, Trader

PARAMETERS: dict[str, Row] = {
    "NL01": {
        "check_when_payment_terms_are_increased": True,
        "allow_manual_editing_of_credit_limits": True,
        "automatic_release_reason": "PAID",
        "modified_order_reason": "CHANGED",
        "cancelled_order_reason": "CANCELLED",
    },
    "DE01": {
        "message_when_exceeding_credit_limit": "error",
        "modified_order_reason": "CHANGED",
        "cancelled_order_reason": "CANCELLED",
    },
    "US01": {
        "automatically_release": "without_posting",
        "automatic_release_reason": "PAID",
        "cancelled_order_reason": "CANCELLED",
        "ignore_open_items_below": Decimal(25),
    },
}


def rules(traders: list[Trader]) -> list[Row]:
    """All seven types over the three entities; exclusions for one patient customer and for very small orders."""
    patient = next(trader.key for trader in traders if trader.entity == "NL01" and trader.habit.name == "late")
    found: list[Row] = []
    for entity, currency, days in (("NL01", "EUR", 45), ("DE01", "EUR", 60), ("US01", "USD", 60)):
        found += [
            _rule(entity, "DO-01", "days_overdue", days=days),
            _rule(entity, "PT-01", "payment_terms", payment_terms="N90"),
            _rule(entity, "LE-01", "limit_expired", days=10),
            _rule(
                entity,
                "OA-01",
                "overdue_amount",
                amount=Decimal(4000),
                currency=currency,
                threshold_percent=Decimal(60),
            ),
            _rule(entity, "SO-01", "sales_order", amount=Decimal(50_000), currency=currency),
            _rule(entity, "LU-01", "limit_used", threshold_percent=Decimal(100)),
        ]
    found += [
        _rule("NL01", "DO-02", "days_overdue", days=30, valid_for="group", credit_management_group="WHOLESALE"),
        _rule("NL01", "DX-01", "days_overdue", action="exclusion", days=100, valid_for="table", customer=patient),
        _rule("DE01", "AS-01", "account_status", account_status="WATCH"),
        _rule(
            "US01",
            "SX-01",
            "sales_order",
            action="exclusion",
            amount=Decimal(150),
            currency="USD",
            release_sales_order=True,
        ),
    ]
    return found


def _rule(entity: str, code: str, rule_type: str, **values: object) -> Row:
    return {
        "code": f"{entity}-{code}",
        "name": "",
        "legal_entity": entity,
        "type": rule_type,
        "action": "blocking",
        "valid_for": "all",
        **values,
    }
