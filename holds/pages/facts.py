"""Facts of an order and of its customer's credit, as the pages of this room draw them."""

from decimal import Decimal
from typing import Any

from django.urls import reverse

from credit_mgmt.flags import flags_of_order, set_by
from customers.models import SalesOrder

Item = dict[str, Any]


def order_facts(order: SalesOrder, accounting_currency: str, value: Decimal | None) -> list[Item]:
    """What an order is: value in its currency and, where another, in the accounting currency; terms, dates, people."""
    items: list[Item] = [
        {
            "label": "Value",
            "value": order.amount,
            "kind": "amount",
            "unit": order.currency_id,
            "hint": order.currency_id,
        }
    ]
    if value is not None and order.currency_id != accounting_currency:
        items.append(
            {"label": f"In {accounting_currency}", "value": value, "kind": "amount", "unit": accounting_currency}
        )
    items += [
        {"label": "Requested ship date", "value": order.requested_ship_date, "kind": "date"},
        {"label": "Documents", "value": order.get_document_status_display()},
        {"label": "Terms of payment", "value": order.payment_terms_id, "kind": "doc"},
    ]
    if order.cash_discount_id:
        items.append({"label": "Cash discount", "value": order.cash_discount_id, "kind": "doc"})
    items.append(_customer("Customer", order.customer))
    if order.payer_id != order.customer_id:
        items.append(_customer("Invoice account", order.payer))
    if order.order_type != SalesOrder.Type.SALES:
        items.append({"label": "Type", "value": order.get_order_type_display()})
    if order.customer.sales_person:
        items.append({"label": "Sales", "value": order.customer.sales_person})
    return [*items, *_flags(order)]


def _flags(order: SalesOrder) -> list[Item]:
    """What takes the order out of checks, or was taken back, and who did it (`domain 4.1`, `13`). One query."""
    flags = flags_of_order(order)
    known = (
        ("exclude_from_credit_management", "Credit management", "This order is excluded", "Not excluded any more"),
        ("intercompany", "Intercompany", "Yes", "Cleared"),
    )
    return [
        {"label": label, "value": on if flag.on else off, "hint": set_by(flag)}
        for name, label, on, off in known
        if (flag := flags[name]).on or flag.at is not None
    ]


def _customer(label: str, customer: Any) -> Item:
    url = reverse("customer", args=[customer.legal_entity_id, customer.account])
    return {"label": label, "value": customer.name, "hint": customer.key, "url": url}
