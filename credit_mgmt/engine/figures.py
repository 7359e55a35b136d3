"""The figures beside a decision: exposure, limit, overdue, and the parts of the exposure bar (ux 3.1, 3.2)."""

from decimal import Decimal

from credit_mgmt.engine.case import Case, TestedLimit
from credit_mgmt.engine.exposure import converted, total_by_currency, total_limit
from credit_mgmt.engine.facts import LimitType
from credit_mgmt.engine.texts import percent_text, used_percent
from customers.money import ZERO, MissingRate

Figures = dict[str, str | None]

_NO_FIGURES: tuple[str, ...] = (
    "exposure_without",
    "exposure_after",
    "free_limit",
    "over_limit",
    "used_percent",
    "tighter",
    "overdue_amount",
    "overdue",
    "not_due",
    "delivered",
    "ordered",
    "this_order",
)


def figures_of(case: Case) -> Figures:
    """What a hold shows beside its reasons, in the payer's `currency`; `group_…` figures in `group_currency`.

    A figure that needs a missing rate is None, and `missing_rate` says which; else `total_limit` None is unlimited.
    `over_limit`, `free_limit` and `used_percent` are those of the `tighter` limit, own or group.
    """
    position = case.position
    days, _ = case.days_overdue()
    figures: Figures = {
        "currency": position.currency,
        "total_limit": None,
        "days_overdue": str(days),
    }
    try:
        if not position.unlimited:
            figures["total_limit"] = case.text(total_limit(position, case.rates), position.currency)
        figures.update(_own(case))
        limits = () if case.untested else case.limits()
        figures.update(_room(case, limits))
    except MissingRate as missing:
        figures.update({name: None for name in _NO_FIGURES if name not in figures})
        figures["missing_rate"] = f"{missing.from_currency}>{missing.to_currency}"
    return figures


def _own(case: Case) -> Figures:
    """The payer's exposure and the parts of the bar, which add up to the exposure after the order."""
    text, currency = case.text, case.position.currency
    without, after = case.own_exposure()
    overdue = case.overdue()
    balance = _balance(case)
    orders = without - balance
    counts_ordered = case.position.limit_type not in (LimitType.BALANCE, LimitType.BALANCE_PACKING_SLIP)
    delivered = converted(case.rates, case.delivered, currency) if counts_ordered else orders
    overdue_text = text(overdue, currency)
    return {
        "exposure_without": text(without, currency),
        "exposure_after": text(after, currency),
        "overdue_amount": overdue_text,
        "overdue": overdue_text,
        "not_due": text(balance - overdue, currency),
        "delivered": text(delivered, currency),
        "ordered": text(orders - delivered, currency),
        "this_order": text(after - without, currency),
    }


def _balance(case: Case) -> Decimal:
    """Open receivables, in the payer's currency. Raises `MissingRate`."""
    amounts = total_by_currency((part.currency, part.balance) for part in case.position.parts)
    return converted(case.rates, amounts, case.position.currency)


def _room(case: Case, limits: tuple[TestedLimit, ...]) -> Figures:
    """Free limit, excess and use of the tighter of the limits that bind; the group's own figures beside them."""
    figures: Figures = {"over_limit": None, "free_limit": None, "used_percent": None, "tighter": None}
    tightest: Decimal | None = None
    for limit in limits:
        if limit.kind == "group":
            figures.update(_group(case, limit))
        free = case.convert(limit.limit - limit.without, limit.currency, case.position.currency)
        room = case.convert(limit.limit - limit.after, limit.currency, case.position.currency)
        if tightest is None or room < tightest:
            tightest = room
            percent = used_percent(limit.after, limit.limit)
            figures["tighter"] = limit.kind
            figures["used_percent"] = None if percent is None else percent_text(percent)
            figures["free_limit"] = case.text(free, case.position.currency)
            figures["over_limit"] = case.text(max(ZERO, -room), case.position.currency)
    return figures


def _group(case: Case, limit: TestedLimit) -> Figures:
    return {
        "group": limit.account,
        "group_currency": limit.currency,
        "group_limit": case.text(limit.limit, limit.currency),
        "group_exposure_without": case.text(limit.without, limit.currency),
        "group_exposure_after": case.text(limit.after, limit.currency),
    }
