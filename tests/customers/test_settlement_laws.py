"""Laws of settling, for any sequence of payments, replacements and reversals (Hypothesis)."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.access import system_actor
from customers.imports import upsert
from customers.models import DueItem, Settlement
from customers.payments import reverse_payment
from customers.receivables import due_items_on
from tests.customers.conftest import Put

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]

FIRST = dt.date(2026, 1, 1)
DAYS = [FIRST + dt.timedelta(days=n) for n in range(0, 50, 7)]
ACTOR = system_actor("tests")
LAWFUL = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

cents = st.integers(1, 10_000).map(lambda n: Decimal(n) / 100)
days = st.integers(0, 40).map(lambda n: FIRST + dt.timedelta(days=n))


@contextmanager
def undone() -> Iterator[None]:
    """Take back what one example wrote."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@dataclass(frozen=True)
class Paid:
    number: int
    invoice: int
    amount: Decimal
    date: dt.date
    reversed_after: int | None


payments = st.lists(
    st.builds(Paid, st.integers(0, 3), st.integers(0, 2), cents, days, st.none() | st.integers(0, 20)), max_size=8
)
invoices = st.lists(st.tuples(cents, cents, days), min_size=3, max_size=3)


def feed_invoices(rows: list[tuple[Decimal, Decimal, dt.date]]) -> None:
    upsert("invoices", [_invoice(n, *row) for n, row in enumerate(rows)], actor=ACTOR, today=None, atomic=True)


def _invoice(number: int, first: Decimal, second: Decimal, date: dt.date) -> dict[str, Any]:
    return {
        "key": f"USMF:I-{number}", "customer": "USMF:US-001", "invoice_date": date, "amount": first + second,
        "instalments": [
            {"due_date": date + dt.timedelta(days=30), "amount": first},
            {"due_date": date + dt.timedelta(days=60), "amount": second},
        ],
    }  # fmt: skip


def feed_payment(paid: Paid) -> bool:
    """Feed one payment; whether it was accepted."""
    row = {
        "key": f"USMF:P-{paid.number}", "customer": "USMF:US-001", "date": paid.date, "amount": paid.amount,
        "settlements": [{"invoice": f"USMF:I-{paid.invoice}", "amount": paid.amount}],
    }  # fmt: skip
    [result] = upsert("payments", [row], actor=ACTOR, today=None)
    if result.status in ("created", "updated") and paid.reversed_after is not None:
        on = paid.date + dt.timedelta(days=paid.reversed_after)
        reverse_payment(key=f"USMF:P-{paid.number}", actor=ACTOR, on=on)
    return result.status != "failed"


def check_kept_amounts() -> None:
    """What is open is the amount less what is settled, on both sides, and lies between nothing and the amount."""
    taken = dict(Settlement.objects.values_list("debit").annotate(total=Sum("amount")).order_by("debit"))
    given_by = dict(Settlement.objects.values_list("credit").annotate(total=Sum("amount")).order_by("credit"))
    for item in DueItem.objects.all():
        settled = taken.get(item.pk, 0) if item.amount > 0 else -given_by.get(item.pk, 0)
        assert item.open_amount == item.amount - settled
        assert min(0, item.amount) <= item.open_amount <= max(0, item.amount)


def balances() -> list[Decimal]:
    """The customer's balance on each of some days."""
    totals = [due_items_on(day).aggregate(total=Sum("open"))["total"] for day in DAYS]
    return [total or Decimal(0) for total in totals]


@LAWFUL
@given(rows=invoices, paid=payments)
def test_open_is_always_amount_less_settled(rows: list[Any], paid: list[Paid]) -> None:
    with undone():
        feed_invoices(rows)
        for one in paid:
            feed_payment(one)
            check_kept_amounts()


@LAWFUL
@given(rows=invoices, paid=payments)
def test_the_balance_of_a_day_is_what_was_billed_less_what_was_paid_by_then(rows: list[Any], paid: list[Paid]) -> None:
    with undone():
        feed_invoices(rows)
        stands: dict[int, Paid] = {}
        for one in paid:
            before = stands.get(one.number)
            if feed_payment(one) and (before is None or before.reversed_after is None):
                stands[one.number] = one
        expected = []
        for day in DAYS:
            billed = sum(first + second for first, second, date in rows if date <= day)
            expected.append(billed - sum(one.amount for one in stands.values() if _counts(one, day)))
        assert balances() == expected


def _counts(paid: Paid, day: dt.date) -> bool:
    bounced = paid.reversed_after is not None and paid.date + dt.timedelta(days=paid.reversed_after) <= day
    return paid.date <= day and not bounced


@LAWFUL
@given(rows=invoices, paid=payments, again=invoices)
def test_other_instalments_keep_what_was_settled(rows: list[Any], paid: list[Paid], again: list[Any]) -> None:
    with undone():
        feed_invoices(rows)
        for one in paid:
            feed_payment(one)
        before = _settled()
        changed = [_invoice(n, first + 100, second + 100, date) for n, (first, second, date) in enumerate(again)]
        results = upsert("invoices", changed, actor=ACTOR, today=None)
        refused = {error.code for result in results for error in result.errors}
        assert refused <= {"settled"}  # overlapping payments, one of them bounced
        assert _settled() == before
        check_kept_amounts()


def _settled() -> dict[str, Decimal]:
    """What is settled of each invoice."""
    rows = Settlement.objects.exclude(debit=None).values_list("debit__transaction__number")
    return {number: total for number, total in rows.annotate(total=Sum("amount")) if total}


@LAWFUL
@given(rows=invoices, paid=payments)
def test_taking_every_payment_back_restores_what_was_open(rows: list[Any], paid: list[Paid]) -> None:
    with undone():
        feed_invoices(rows)
        for one in paid:
            feed_payment(Paid(one.number, one.invoice, one.amount, one.date, 5))
        for item in DueItem.objects.all():
            assert item.open_amount == max(Decimal(0), item.amount)


@LAWFUL
@given(rows=invoices, paid=payments, seed=st.randoms())
def test_the_order_of_writes_does_not_matter_for_the_balance_of_any_day(
    rows: list[Any], paid: list[Paid], seed: Any
) -> None:
    by_number = {one.number: one for one in paid}
    distinct = [replace(one, amount=min(one.amount, Decimal(1))) for one in by_number.values()]
    roomy = [(first + len(distinct), second, date) for first, second, date in rows]
    shuffled = list(distinct)
    seed.shuffle(shuffled)
    seen = []
    for order in (distinct, shuffled):
        with undone():
            feed_invoices(roomy)
            assert all([feed_payment(one) for one in order])
            seen.append(balances())
    assert seen[0] == seen[1]


@LAWFUL
@given(amount=st.sampled_from(["NaN", "sNaN", "Infinity", "-Infinity", "1e400", "-1", "0", "1e-400", "1e15"]))
def test_what_is_no_amount_is_refused_wherever_it_stands(amount: str, put: Put) -> None:
    bad = Decimal(amount)
    put("invoices", _invoice(0, Decimal(5), Decimal(5), FIRST))
    payment = {"key": "USMF:P-1", "customer": "USMF:US-001", "date": FIRST, "amount": Decimal(1)}
    rows = [payment | {"amount": bad}, payment | {"settlements": [{"invoice": "USMF:I-0", "amount": bad}]}]
    for row in rows:
        [result] = put("payments", row, fails=True)
        assert result.status == "failed"
    assert not Settlement.objects.exists()
