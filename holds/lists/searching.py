"""Finding holds by text: part of an order's number, of a customer's name or account, of a note; a hold or an invoice
by its number. Each place is looked at through an index of its own (`customers.trigrams`), never all holds.
"""

import re
from collections.abc import Collection
from typing import Any

from django.db.models import Q, QuerySet

from customers.models import Customer, CustomerTransaction, SalesOrder
from customers.trigrams import TextIndex
from holds.models import Hold

NOTE = TextIndex("hold_note_text", "holds_hold", "note", "note <> ''")
TEXT_INDEXES = (NOTE,)
HOLD_NUMBER = re.compile(r"[Hh]-?0*(\d{1,12})")


def found_by(text: str, legal_entities: Collection[str]) -> Q:
    """The holds that `text` finds; `legal_entities` are those that the reader sees, for the numbers of invoices.

    Holds of whoever ordered are found as well as those of whoever pays.
    """
    if not text:
        return Q()
    customers = Customer.objects.filter(Q(name__icontains=text) | Q(account__icontains=text)).values("pk")
    holds = Hold.objects.order_by()
    parts = [
        holds.filter(order__in=SalesOrder.objects.filter(number__icontains=text).values("pk")),
        holds.filter(order__in=SalesOrder.objects.filter(customer__in=customers).values("pk")),
        holds.filter(payer__in=customers),
        holds.filter(~Q(note=""), note__icontains=text),
        holds.filter(payer__in=_invoiced(text, legal_entities)),
    ]
    number = HOLD_NUMBER.fullmatch(text)
    if number:
        parts.append(holds.filter(number=f"H-{number[1]:0>6}"))
    first, *others = (part.values("pk") for part in parts)
    return Q(pk__in=first.union(*others))


def _invoiced(number: str, legal_entities: Collection[str]) -> QuerySet[CustomerTransaction, Any]:
    """Customers with an invoice, credit note or payment of exactly this number."""
    found = CustomerTransaction.objects.filter(legal_entity__in=sorted(legal_entities), number=number)
    return found.values("customer")
