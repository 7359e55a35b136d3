"""The eligible credit limit: the most that a customer may be given (`domain 2`, `8`)."""

from decimal import Decimal


def above_eligible(limit: Decimal, eligible: Decimal | None) -> bool:
    """Whether a limit is more than the customer is eligible for, both in one currency; None: nothing was said."""
    return eligible is not None and limit > eligible
