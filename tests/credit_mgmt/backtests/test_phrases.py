"""The table of a backtest in words (`ux` 3.10): what more or fewer means, and what the figures rest on."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from credit_mgmt.backtests.phrases import data_words, history_words, lines_of
from credit_mgmt.backtests.totals import Cell, table_of
from credit_mgmt.models import Backtest

DAY = dt.date(2026, 11, 20)
DATA = {"orders": 200, "exact": 192, "rebuilt": 8, "not_rebuildable": 0}


def backtest(*cells: Cell, by_rule: bool = True, **data: int) -> Backtest:
    table = table_of(cells, days=180, by_rule=by_rule, minor_units={"EUR": 2, "USD": 2})
    return Backtest(
        by_rule=by_rule, totals={**table, "data": {**DATA, **data}}, first_day=DAY, last_day=DAY, history_from=DAY
    )


def cell(orders: int, became: str = "on_time", currency: str = "EUR", **seen: bool) -> Cell:
    flags = dict.fromkeys(("stopped_now", "stopped_then", "otherwise", "released_now", "released_then"), False)
    return Cell(**{**flags, **seen}, became=became, currency=currency, orders=orders, value=Decimal(100 * orders))


def said(tested: Backtest) -> dict[str, tuple[int, int, str, str]]:
    return {line.label: (line.now, line.then, line.difference, line.note) for line in lines_of(tested)}


def test_more_is_said_as_a_delay_and_as_what_it_catches() -> None:
    tested = backtest(cell(90, stopped_then=True), cell(3, "late", "USD", stopped_then=True, otherwise=True))
    assert said(tested) == {
        "Orders stopped": (0, 93, "+93", "0.52 a day, 9,000.00 EUR and 300.00 USD delayed"),
        "More than 30 days late": (0, 3, "+3", "good catches"),
        "Written off": (0, 0, "0", ""),
        "Paid on time": (0, 90, "+90", "good customers stopped"),
        "Not yet known": (0, 0, "0", ""),
        "Already stopped by another rule or check": (0, 3, "+3", "so new work is 90 orders"),
    }


def test_fewer_is_said_the_other_way() -> None:
    tested = backtest(cell(1, stopped_now=True), cell(2, "late", stopped_now=True))
    words = said(tested)
    assert words["Orders stopped"] == (3, 0, "−3", "0.02 a day less, 300.00 EUR no longer delayed")
    assert words["More than 30 days late"] == (2, 0, "−2", "missed")
    assert words["Paid on time"] == (1, 0, "−1", "good customers no longer stopped")
    assert words["Already stopped by another rule or check"] == (0, 0, "0", "so new work is −3 orders")


def test_of_an_exclusion_orders_are_held_by_all_rules_together() -> None:
    tested = backtest(cell(1, stopped_now=True), cell(7, released_then=True), by_rule=False)
    assert [label for label in said(tested) if "Orders" in label or "longer" in label or "Already" in label] == [
        "Orders held", "No longer checked at all",
    ]  # fmt: skip
    assert said(tested)["No longer checked at all"] == (0, 7, "+7", "")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "200 orders: 96 % exact from stored checks, 4 % rebuilt from invoices."),
        ({"exact": 200, "rebuilt": 0}, "200 orders: 100 % exact from stored checks, 0 % rebuilt from invoices."),
        ({"exact": 1999, "rebuilt": 1}, "200 orders: over 99 % exact from stored checks, under 1 % rebuilt"),
        ({"not_rebuildable": 1}, "1 order left out, as too little is known of their day."),
        ({"orders": 0, "exact": 0, "rebuilt": 0}, "No order was checked or invoiced in these days"),
    ],
)
def test_what_the_figures_rest_on(data: dict[str, Any], words: str) -> None:
    assert words in data_words(backtest(**data))


@pytest.mark.parametrize(
    ("history_from", "words"),
    [(None, "No checks are stored yet"), (DAY, ""), (DAY + dt.timedelta(1), "Stored checks begin on 21 Nov 2026")],
)
def test_how_far_back_stored_checks_reach(history_from: dt.date | None, words: str) -> None:
    tested = backtest()
    tested.history_from = history_from
    assert history_words(tested).startswith(words)
    assert bool(history_words(tested)) is bool(words)
