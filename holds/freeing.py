"""Orders that use less credit than before: the other orders of who pays for them are looked at again (`domain 7`).

Credit is freed here and there: an order is cancelled, gets smaller, moves to another payer, goes on hold. Each of these
marks the payers (`customers.marks`); their holds are evaluated within seconds (`holds.reevaluation`).
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from credit_mgmt import policies
from customers.marks import Cause, CauseKind, mark_each
from customers.models import SalesOrder

Draws = tuple[int, str, str | None, Decimal]
"""What an order draws on credit: payer, currency, terms, and what is not invoiced."""


def mark_freed(orders: Iterable[SalesOrder], kind: CauseKind = CauseKind.ORDER) -> None:
    """The credit that these orders used is free again."""
    mark_each((order.payer_id, Cause(kind, order.key)) for order in orders)


def drawn_by(order_ids: Iterable[int]) -> dict[int, Draws]:
    """What those of the orders that may use credit draw now. One query, none where there are no orders.

    An order on hold uses no credit, unless the parameter says that all open orders do (`domain 3.2`).
    """
    ids = list(order_ids)
    if not ids:
        return {}
    rows = SalesOrder.objects.filter(pk__in=ids).order_by("pk")
    values = rows.values_list(
        "pk", "legal_entity_id", "credit_status", "payer_id", "currency_id", "payment_terms_id", "uninvoiced_amount"
    )
    policy = policies.current_policy()
    found: dict[int, Draws] = {}
    for pk, entity, status, *draws in values:
        parameters = policy.parameters_of(entity)
        all_of_them = parameters is not None and parameters.all_open_orders_use_credit
        if all_of_them or status != SalesOrder.CreditStatus.ON_HOLD:
            found[pk] = (draws[0], draws[1], draws[2], draws[3])
    return found


def mark_reduced(changed: Sequence[int], before: Mapping[int, Draws]) -> None:
    """Of orders that were really changed, mark who paid for those that draw less than `before`, or on another credit.

    An order that only grew frees nothing. The order itself, where it is on hold, is looked at by who changed it.
    """
    ids = [order_id for order_id in changed if order_id in before]
    if not ids:
        return
    marks = []
    for order in SalesOrder.objects.filter(pk__in=ids).order_by("pk"):
        payer, currency, terms, amount = before[order.pk]
        same = (order.payer_id, order.currency_id, order.payment_terms_id) == (payer, currency, terms)
        if not same or order.uninvoiced_amount < amount:
            marks.append((payer, Cause(CauseKind.ORDER, order.key)))
    mark_each(marks)
