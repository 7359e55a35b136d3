"""Posting a document ourselves: what changes of an order and, for an invoice, of its customer's account (`domain 5.3`).

Whether the document may be posted is for the caller, who holds the locks of the credit accounts and has read the orders
inside. Everything here is a fixed number of statements, whatever the number of orders.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db import connection
from django.db.models import Func

from customers.bulk import update_rows
from customers.errors import NotDecided
from customers.models import CustomerTransaction, Document, DueItem, SalesOrder, SalesOrderLine
from customers.money import ZERO
from customers.orders import line_value

CHANGES_AMOUNTS = (Document.PACKING_SLIP, Document.INVOICE)
"""Documents that change what is left of an order."""
NOTHING = ZERO
"""What is left of an order that was invoiced."""

_STATUSES = {"document_status": "text", "credit_status": "text", "awaiting_document": "text"}
_AMOUNTS = {"uninvoiced_amount": "numeric", "delivered_uninvoiced_amount": "numeric"}


def save_orders(orders: Sequence[SalesOrder], *, amounts: bool = False) -> None:
    """Write the statuses of `orders` in one statement and raise their versions; with `amounts` also what is left.

    Only the rooms' services move statuses, under the locks of the accounts; amounts are the feed's too, which asks for
    no lock. So amounts are written on condition that nobody changed the order since it was read. Raises `NotDecided`.
    """
    columns = _STATUSES | _AMOUNTS if amounts else _STATUSES
    keys = {"id": "bigint", "old_version": "integer"} if amounts else {"id": "bigint"}
    rows = [
        {"id": order.pk, "old_version": order.version, **{name: getattr(order, name) for name in columns}}
        for order in orders
    ]
    saved = update_rows("customers_salesorder", columns, rows, keys=keys, raised=["version"])
    if saved != len(orders):
        raise NotDecided("An order was changed at this very moment; nothing was posted. Ask again.")
    for order in orders:
        order.version += 1


def post(orders: Sequence[SalesOrder], document: str, *, on: Mapping[str, dt.date]) -> None:
    """Post `document` of each order on its legal entity's business date: move the status and what is left.

    The packing slip delivers every line in full; the invoice makes the payer's transaction of what is uninvoiced. The
    orders given are changed in place, credit status included as the caller has set it, and saved.
    """
    if document == Document.PACKING_SLIP:
        _deliver(orders)
    elif document == Document.INVOICE:
        _invoice(orders, on)
    for order in orders:
        order.document_status = document
        order.awaiting_document = ""
    save_orders(orders, amounts=document in CHANGES_AMOUNTS)


def _deliver(orders: Sequence[SalesOrder]) -> None:
    """Every line is delivered in full; what of that is not invoiced is `domain 3.2`'s delivered not invoiced."""
    by_order: dict[int, list[SalesOrderLine]] = defaultdict(list)
    for line in SalesOrderLine.objects.filter(order__in=[order.pk for order in orders]).order_by("pk"):
        by_order[line.order_id].append(line)
    short = []
    for order in orders:
        delivered = ZERO
        for line in by_order[order.pk]:
            if line.delivered < line.quantity:
                line.delivered = line.quantity
                short.append({"id": line.pk, "delivered": line.delivered})
            delivered += line_value(line, line.delivered, order.currency.minor_units)
        invoiced = order.amount - order.uninvoiced_amount
        order.delivered_uninvoiced_amount = min(order.uninvoiced_amount, max(ZERO, delivered - invoiced))
    update_rows("customers_salesorderline", {"delivered": "numeric"}, short, keys={"id": "bigint"})


def use_no_numbers() -> None:
    """Until the savepoint is rolled back, invoices get no number of the sequence: for what is posted only to see."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('customers.preview', 'on', true)")


def deliver_as_reported(orders: Sequence[SalesOrder]) -> None:
    """An ERP posted the packing slips: in full, unless it has fed what it delivered. The caller saves the orders."""
    lines = SalesOrderLine.objects.filter(order__in=[order.pk for order in orders], delivered__gt=0)
    fed = set(lines.values_list("order_id", flat=True))
    _deliver([order for order in orders if order.pk not in fed])


def _invoice(orders: Sequence[SalesOrder], on: Mapping[str, dt.date]) -> None:
    """An invoice on the payer for what is not invoiced yet, due by the order's terms; nothing is left of the order."""
    due = [order for order in orders if order.uninvoiced_amount > 0]
    invoices = [
        CustomerTransaction(
            legal_entity_id=order.legal_entity_id,
            series=CustomerTransaction.Series.INVOICE,
            number=Func(function="customers_next_invoice_number"),
            kind=CustomerTransaction.Kind.INVOICE,
            customer_id=order.payer_id,
            date=on[order.legal_entity_id],
            currency_id=order.currency_id,
            amount=order.uninvoiced_amount,
            sales_order=order,
        )
        for order in due
    ]
    CustomerTransaction.objects.bulk_create(invoices)
    DueItem.objects.bulk_create(_due_item(invoice, order) for invoice, order in zip(invoices, due, strict=True))
    for order in orders:
        order.uninvoiced_amount = order.delivered_uninvoiced_amount = NOTHING


def _due_item(invoice: CustomerTransaction, order: SalesOrder) -> DueItem:
    days = order.payment_terms.net_days if order.payment_terms else 0
    return DueItem(
        transaction_id=invoice.pk,
        customer_id=invoice.customer_id,
        currency_id=invoice.currency_id,
        date=invoice.date,
        due_date=invoice.date + dt.timedelta(days=days),
        amount=invoice.amount,
        open_amount=invoice.amount,
    )
