"""The backtest of `ux` 3.10, figure by figure: DO-07 holds from 60 days overdue on; the draft from 30."""

import datetime as dt

import pytest

from credit_mgmt.models import Backtest
from customers.models import SalesOrder
from tests.credit_mgmt.backtests.world import (
    NOTHING,
    TODAY,
    a_customer,
    check,
    draft_of,
    invoice,
    orders_of,
    rows,
    run,
    settle,
    start,
)
from tests.factories_credit import BlockingRuleFactory

pytestmark = pytest.mark.django_db

DUE = TODAY - dt.timedelta(days=69)
LATE, WRITTEN_OFF, ON_TIME, UNKNOWN = "late", "written_off", "on_time", "unknown"


def let_become(orders: list[SalesOrder], ends: dict[str, int]) -> None:
    """Invoice the orders, so many of them with each end; of what is not known yet, half is not even invoiced."""
    left = iter(orders)
    for end, count in ends.items():
        for number, order in zip(range(count), left, strict=False):
            if end == UNKNOWN and number % 2:
                continue
            item = invoice(order, TODAY - dt.timedelta(days=30) if end == UNKNOWN else DUE)
            if end == LATE:
                settle(item, DUE + dt.timedelta(days=31))
            elif end == ON_TIME:
                settle(item, DUE + dt.timedelta(days=30))
            elif end == WRITTEN_OFF:
                settle(item, DUE + dt.timedelta(days=50), "write_off")


@pytest.fixture
def tested() -> Backtest:
    rule = BlockingRuleFactory(type="days_overdue", days=60, name="DO-07")
    BlockingRuleFactory(name="CLU-01")
    now = orders_of(a_customer(70, limit=NOTHING), [100] * 201) + orders_of(a_customer(70), [100] * 111)
    new = orders_of(a_customer(45, limit=NOTHING), [14_000] * 88)
    new += orders_of(a_customer(45), [14_000] * 46 + [28_000])
    passing = orders_of(a_customer(), [100] * 20)
    check(now + new + passing)
    let_become(now, {LATE: 118, WRITTEN_OFF: 3, ON_TIME: 162, UNKNOWN: 29})
    let_become(new, {LATE: 23, WRITTEN_OFF: 1, ON_TIME: 100, UNKNOWN: 11})
    draft_of(rule, days=30)
    return run(start(rule=str(rule.rule_id)))


def test_every_figure(tested: Backtest) -> None:
    assert tested.job.status == "finished", tested.job.items.values_list("message", flat=True)
    totals = tested.totals
    assert totals["orders"] == {"now": 312, "then": 447, "difference": 135}
    assert totals["became"] == {
        LATE: {"now": 118, "then": 141, "difference": 23},
        WRITTEN_OFF: {"now": 3, "then": 4, "difference": 1},
        ON_TIME: {"now": 162, "then": 262, "difference": 100},
        UNKNOWN: {"now": 29, "then": 40, "difference": 11},
    }
    assert totals["otherwise"] == {"now": 201, "then": 289, "difference": 88}
    assert totals["new_work"] == 47
    assert totals["per_day"] == "0.75"
    assert totals["values"] == [
        {"currency": "USD", "now": "31200.00", "then": "1935200.00", "difference": "1904000.00"}
    ]
    assert totals["data"] == {
        "orders": 467, "exact": 467, "rebuilt": 0, "not_rebuildable": 0, "stopped_now": 312, "stopped_then": 447
    }  # fmt: skip


def test_the_rows_are_the_orders_behind_the_figures(tested: Backtest) -> None:
    found = rows(tested)
    assert len(found) == 447
    newly = [row for row in found if row.stopped_then and not row.stopped_now]
    assert sum(row.value or 0 for row in newly) == 1_904_000
    assert len([row for row in newly if row.became == ON_TIME]) == 100
    assert {(row.currency, row.checkpoint, row.decision is None) for row in found} == {("USD", "confirmation", False)}
