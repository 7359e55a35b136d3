"""Sales orders: what is left of them, who pays them, how far they have come (`domain 3.2`).

Amounts are in the order's currency. What is left changes when lines are fed, when a linked invoice or credit note is
fed, when a document is posted (`customers.documents`) and when the order is cancelled.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from django.db import transaction
from django.db.models import Case, F, OuterRef, Q, Subquery, Sum, When
from django.db.models.functions import Coalesce

from customers.models import Customer, CustomerTransaction, SalesOrder
from customers.money import HUNDRED, ZERO, round_half_up

OPEN_ORDERS = ~Q(document_status=SalesOrder.DocumentStatus.INVOICE) & ~Q(
    credit_status=SalesOrder.CreditStatus.CANCELLED
)
"""Open until invoiced or cancelled (`api.md` Resources)."""


class Line(Protocol):
    """What of a line makes up amounts."""

    @property
    def quantity(self) -> Decimal: ...
    @property
    def unit_price(self) -> Decimal: ...
    @property
    def discount_percent(self) -> Decimal: ...
    @property
    def delivered(self) -> Decimal: ...
    @property
    def invoiced(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class PlainLine:
    """A line that is not (yet) a record."""

    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal = ZERO
    delivered: Decimal = ZERO
    invoiced: Decimal = ZERO


def line_value(line: Line, quantity: Decimal, minor_units: int) -> Decimal:
    """`quantity` at the line's net price (price less discount), rounded half-up to the currency's minor unit."""
    return round_half_up(quantity * line.unit_price * (HUNDRED - line.discount_percent) / HUNDRED, minor_units)


def order_amounts(  # noqa: PLR0917 - the terms of one formula
    lines: Iterable[Line],
    tax: Decimal,
    charges: Decimal,
    minor_units: int,
    invoiced_by_transactions: Decimal,
    document_status: str,
) -> tuple[Decimal, Decimal, Decimal]:
    """Gross amount, uninvoiced amount and delivered-not-invoiced amount of an order, in its currency (`domain 3.2`).

    Invoiced is the larger of what the lines say and what linked invoices less linked credit notes say: the two ways of
    saying so never count twice. Once the invoice is posted nothing is left.
    """
    amount, delivered, invoiced = tax + charges, ZERO, ZERO
    for line in lines:
        amount += line_value(line, line.quantity, minor_units)
        delivered += line_value(line, line.delivered, minor_units)
        invoiced += line_value(line, line.invoiced, minor_units)
    if document_status == SalesOrder.DocumentStatus.INVOICE:
        return amount, ZERO, ZERO
    invoiced = max(invoiced, invoiced_by_transactions)
    uninvoiced = min(amount, max(ZERO, amount - invoiced))
    return amount, uninvoiced, min(uninvoiced, max(ZERO, delivered - invoiced))


def nothing_left(amounts: tuple[Decimal, Decimal, Decimal]) -> tuple[Decimal, Decimal, Decimal]:
    """What `order_amounts` says, of an order that was cancelled: its amount, and nothing left of it."""
    return amounts[0], ZERO, ZERO


def invoiced_by_transactions(order_ids: Collection[int]) -> dict[int, Decimal]:
    """Linked invoices less linked credit notes by order, in the order's currency; one query."""
    kinds = CustomerTransaction.Kind
    rows = (
        CustomerTransaction.objects.filter(sales_order__in=order_ids, kind__in=[kinds.INVOICE, kinds.CREDIT_NOTE])
        .values_list("sales_order")
        .annotate(total=Sum(Case(When(kind=kinds.INVOICE, then=F("amount")), default=-F("amount"))))
        .order_by("sales_order")
    )
    return dict(rows)


@transaction.atomic
def recompute(*, order_ids: Collection[int]) -> frozenset[int]:
    """Work out again what is left of the orders; returns the ids of those that really changed. Six queries at most.

    The orders are claimed before what they are made of is read, so that of two transactions that each link an invoice
    to the same order the second one sees the first one's.
    """
    ids = sorted(set(order_ids))
    if not ids:
        return frozenset()
    SalesOrder.objects.filter(pk__in=ids).update(version=F("version"))
    linked = invoiced_by_transactions(ids)
    orders = list(SalesOrder.objects.filter(pk__in=ids).select_related("currency").prefetch_related("lines"))
    changed = [order for order in orders if _recompute_one(order, linked.get(order.pk, ZERO))]
    if changed:
        SalesOrder.objects.bulk_create(
            changed, update_conflicts=True, unique_fields=["pk"],
            update_fields=["amount", "uninvoiced_amount", "delivered_uninvoiced_amount", "version"],
        )  # fmt: skip
    return frozenset(order.pk for order in changed)


def _recompute_one(order: SalesOrder, linked: Decimal) -> bool:
    before = (order.amount, order.uninvoiced_amount, order.delivered_uninvoiced_amount)
    after = order_amounts(
        order.lines.all(), order.tax_amount, order.charges_amount, order.currency.minor_units, linked,
        order.document_status,
    )  # fmt: skip
    if order.credit_status == SalesOrder.CreditStatus.CANCELLED:
        after = nothing_left(after)
    if before == after:
        return False
    order.amount, order.uninvoiced_amount, order.delivered_uninvoiced_amount = after
    order.version += 1
    return True


@transaction.atomic
def move_payer(*, customer_ids: Sequence[int]) -> int:
    """Let the open orders of these customers be paid by whom the customers now name; returns how many moved.

    The caller holds the locks of the credit accounts on both sides (`domain 1`: changing the invoice account moves the
    commitments, under both locks).
    """
    payers = Customer.objects.annotate(pays=Coalesce("invoice_account", "pk")).filter(pk=OuterRef("customer"))
    payer = Subquery(payers.values("pays"))
    orders = SalesOrder.objects.filter(OPEN_ORDERS, customer__in=customer_ids).exclude(payer=payer)
    return orders.update(payer=payer, version=F("version") + 1)


@transaction.atomic
def set_credit_status(*, order_ids: Collection[int], status: str) -> int:
    """Move the credit status of orders; a cancelled order leaves nothing to be invoiced. Returns how many changed."""
    orders = SalesOrder.objects.filter(pk__in=order_ids).exclude(credit_status=status)
    touched = list(orders.values_list("pk", "credit_status"))
    moved = SalesOrder.objects.filter(pk__in=[pk for pk, _ in touched]).update(credit_status=status)
    cancelled = SalesOrder.CreditStatus.CANCELLED
    again = [pk for pk, before in touched if cancelled in (before, status)]
    if again:
        recompute(order_ids=again)
    return moved
