"""What was open and overdue on a day (`domain 1`, `3.3`)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from customers.access import system_actor
from customers.models import DueItem
from customers.payments import reverse_payment
from customers.receivables import due_items_on, overdue_on
from tests.customers.conftest import Put

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]


def january(day: int) -> dt.date:
    return dt.date(2026, 1, 1) + dt.timedelta(days=day - 1)


@pytest.fixture
def history(put: Put, company: None) -> None:
    """100 billed on the 1st, due on the 10th; 60 paid on the 12th, settled on the 15th, bounced on the 20th."""
    put(
        "invoices",
        {"key": "USMF:I-1", "customer": "USMF:US-001", "invoice_date": january(1), "due_date": january(10),
         "amount": Decimal(100), "disputed_amount": Decimal(30)},
    )  # fmt: skip
    settlement = {"invoice": "USMF:I-1", "amount": Decimal(60), "date": january(15)}
    put(
        "payments",
        {"key": "USMF:P-1", "customer": "USMF:US-001", "date": january(12), "amount": Decimal(60),
         "settlements": [settlement]},
    )  # fmt: skip
    reverse_payment(key="USMF:P-1", actor=system_actor("tests"), on=january(20))


def overdue(day: int, **options: Any) -> Decimal:
    items = due_items_on(january(day)).annotate(overdue=overdue_on(january(day), **options))
    return items.aggregate(total=Sum("overdue"))["total"] or Decimal(0)


@pytest.mark.usefixtures("history")
class TestAnotherDay:
    @pytest.mark.parametrize(
        ("day", "balance", "overdue_amount"),
        [
            (0, 0, 0),
            (1, 100, 0),
            (10, 100, 0),  # due on the day is not overdue: due date < date
            (11, 100, 100),
            (12, 40, 100),  # paid, but not yet applied
            (14, 40, 100),
            (15, 40, 40),
            (19, 40, 40),
            (20, 100, 100),
            (99, 100, 100),
        ],
    )
    def test_sees_what_was_dated_up_to_it(self, day: int, balance: int, overdue_amount: int) -> None:
        total = due_items_on(january(day)).aggregate(total=Sum("open"))["total"] or 0
        assert (total, overdue(day)) == (balance, overdue_amount)

    def test_disputed_amounts_may_be_left_out(self) -> None:
        assert [overdue(day, disputed_count=False) for day in (14, 15, 20)] == [70, 10, 70]

    def test_items_below_a_minimum_may_be_ignored(self) -> None:
        minimum = {"USD": Decimal("40.01")}
        assert [overdue(day, minimums=minimum) for day in (14, 15, 20)] == [100, 0, 100]

    def test_where_nothing_was_settled_later_the_kept_amount_says_the_same(self) -> None:
        day = january(20)
        both = [due_items_on(day, settled_later=later).aggregate(total=Sum("open"))["total"] for later in (True, False)]
        assert both[0] == both[1] == 100
        assert DueItem.objects.filter(open_amount=0).count() == 1
