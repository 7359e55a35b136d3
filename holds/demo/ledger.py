"""Two years of invoices and payments: who pays on time, who drags, who stopped paying three months ago."""

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from random import Random

from holds.demo.company import Row, Trader

INVOICES = 12_000
DAYS = 730
_CENT = Decimal("0.01")


def invoices_and_payments(random: Random, today: dt.date, traders: list[Trader]) -> tuple[list[Row], list[Row]]:
    """Rows for the import service: every invoice, and the payments that the customers' habits imply."""
    invoices: list[Row] = []
    payments: list[Row] = []
    numbers: dict[str, int] = defaultdict(int)
    chosen = random.choices(traders, weights=[trader.weight for trader in traders], k=INVOICES)
    dates = sorted(today - dt.timedelta(days=random.randint(1, DAYS)) for _ in range(INVOICES))
    for trader, date in zip(chosen, dates, strict=True):
        numbers[trader.entity] += 1
        invoice = _invoice(random, trader, date, numbers[trader.entity])
        invoices.append(invoice)
        payment = _payment(random, today, trader, invoice)
        if payment is not None:
            payments.append(payment)
    return invoices, payments


def _invoice(random: Random, trader: Trader, date: dt.date, serial: int) -> Row:
    factor = Decimal(str(round(random.lognormvariate(0, 0.6), 4)))
    disputed = random.random() < 0.01
    amount = (trader.typical * factor).quantize(_CENT)
    return {
        "legal_entity": trader.entity,
        "number": f"INV-{70000 + serial}",
        "customer": trader.key,
        "kind": "invoice",
        "invoice_date": date,
        "due_date": date + dt.timedelta(days=trader.net_days),
        "currency": trader.row["currency"],
        "amount": amount,
        "disputed_amount": (amount / 4).quantize(_CENT) if disputed else Decimal(0),
    }


def _payment(random: Random, today: dt.date, trader: Trader, invoice: Row) -> Row | None:
    """The payment of the invoice, or None where it is still to come."""
    habit = trader.habit
    paid_on = invoice["due_date"] + dt.timedelta(days=random.randint(habit.earliest, habit.latest))
    paid_on = max(paid_on, invoice["invoice_date"] + dt.timedelta(days=1))
    if paid_on > today or (habit.silent_for and paid_on > today - dt.timedelta(days=habit.silent_for)):
        return None
    share = Decimal("0.6") if random.random() < 0.015 and habit.silent_for else Decimal(1)
    amount = (invoice["amount"] * share).quantize(_CENT)
    return {
        "legal_entity": trader.entity,
        "number": invoice["number"].replace("INV-", "PAY-"),
        "customer": trader.key,
        "date": paid_on,
        "currency": invoice["currency"],
        "amount": amount,
        "settlements": [{"invoice": f"{trader.entity}:{invoice['number']}", "amount": amount, "date": paid_on}],
    }


def open_balances(invoices: list[Row], payments: list[Row]) -> dict[str, Decimal]:
    """What each customer owes, by key: limits of the demonstration are set so that they make sense beside it."""
    balances: dict[str, Decimal] = defaultdict(Decimal)
    for invoice in invoices:
        balances[invoice["customer"]] += invoice["amount"]
    for payment in payments:
        balances[payment["customer"]] -= payment["amount"]
    return balances
