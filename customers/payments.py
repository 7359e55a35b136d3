"""Payments: settling invoices with them, and taking them back when they bounce (`domain 1`)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from customers.access import Action, Actor, authorize
from customers.errors import InvalidInput, NotFound, Refused
from customers.imports import upsert_one
from customers.imports.attempts import again_if_overtaken
from customers.imports.batch import TodayIn
from customers.imports.references import split
from customers.imports.settling import Ledger
from customers.imports.sql import claim
from customers.marks import Cause, CauseKind, mark_customers
from customers.models import CustomerTransaction
from customers.money import ZERO


def settle(
    *, payment: str, settlements: Sequence[Mapping[str, Any]], actor: Actor, today: TodayIn | None = None
) -> None:
    """Let `payment` (`LE:NUMBER`) settle exactly these invoices: `{invoice, amount, date?}`, in the payment's currency.

    What it settled before is replaced. Raises `NotFound`, `NotAllowed`, `InvalidInput` (above the open amount, another
    customer's invoice, …); nothing is written then.
    """
    row = {"key": payment, "settlements": list(settlements)}
    upsert_one("payments", row, actor=actor, today=today, replace=False)


def reverse_payment(*, key: str, actor: Actor, on: dt.date) -> CustomerTransaction:
    """Take the payment `LE:NUMBER` back on the day `on`: what it settled is open again from that day (`domain 1`).

    History stays: the settlements get counterparts dated `on` (or their own date where that is later), and the payment
    itself is used up. Raises `NotFound`, `NotAllowed`, `Refused` (`already_reversed`), `InvalidInput` for a day before
    the payment's.
    """
    entity, number = split(key)
    authorize(actor, Action.FEED, entity, key)
    return again_if_overtaken(lambda: _reverse(entity, number, on))


def _reverse(entity: str, number: str, on: dt.date) -> CustomerTransaction:
    series = CustomerTransaction.Series.PAYMENT
    payment = CustomerTransaction.objects.filter(legal_entity=entity, series=series, number=number).first()
    if payment is None:
        raise NotFound(f"Payment {entity}:{number} was not found.")
    if payment.reversed_on is not None:
        raise Refused("already_reversed", f"{payment.key} was reversed on {payment.reversed_on} already.")
    if on < payment.date:
        raise InvalidInput.of("on", "out_of_range", f"The payment is of {payment.date}: give that day or a later one.")
    claim([payment])
    ledger = Ledger()
    ledger.load([payment.pk])
    [item] = ledger.items_of(payment.pk)
    for row in list(ledger.settlements_of([item])):
        ledger.record(item, row.debit, -row.amount, max(on, row.date))
    if item.open_amount:
        ledger.record(item, None, -item.open_amount, on)
    ledger.write()
    payment.reversed_on = on
    payment.save(update_fields=["reversed_on"])
    if item.open_amount != ZERO:
        raise AssertionError("a reversed payment leaves nothing open")
    mark_customers([payment.customer_id], Cause(CauseKind.PAYMENT_REVERSED, payment.key))
    return payment
