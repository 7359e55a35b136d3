"""The table of a backtest adds up, whatever the rows (`ux` 3.10)."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from credit_mgmt.backtests.totals import Cell, table_of
from credit_mgmt.models.backtests import Became

CELLS = st.lists(
    st.builds(
        Cell,
        stopped_now=st.booleans(),
        stopped_then=st.booleans(),
        otherwise=st.booleans(),
        released_now=st.booleans(),
        released_then=st.booleans(),
        became=st.sampled_from(Became.values),
        currency=st.sampled_from(["EUR", "JPY"]),
        orders=st.integers(1, 500),
        value=st.integers(0, 10**9).map(Decimal),
    ),
    max_size=30,
)
UNITS = {"EUR": 2, "JPY": 0}


@given(CELLS, st.integers(1, 730), st.booleans())
def test_every_line_reconciles(cells: list[Cell], days: int, by_rule: bool) -> None:
    table = table_of(cells, days=days, by_rule=by_rule, minor_units=UNITS)
    orders = table["orders"]
    for column in ("now", "then", "difference"):
        assert sum(line[column] for line in table["became"].values()) == orders[column]
    for line in (orders, *table["became"].values(), table["released"], *filter(None, [table["otherwise"]])):
        assert line["then"] - line["now"] == line["difference"]
    for value in table["values"]:
        assert Decimal(value["then"]) - Decimal(value["now"]) == Decimal(value["difference"])
    assert table["newly_stopped"] - table["no_longer_stopped"] == orders["difference"]
    new_for_others = table["otherwise"]["difference"] if by_rule else 0
    assert table["new_work"] + new_for_others == orders["difference"]


@given(CELLS)
def test_the_table_is_the_sum_of_its_rows(cells: list[Cell]) -> None:
    table = table_of(cells, days=180, by_rule=True, minor_units=UNITS)
    assert table["orders"]["then"] == sum(cell.orders for cell in cells if cell.stopped_then)
    assert sum(Decimal(value["now"]) for value in table["values"]) == sum(c.value for c in cells if c.stopped_now)


def test_without_orders_everything_is_zero() -> None:
    table = table_of([], days=180, by_rule=True, minor_units={})
    assert table["orders"] == {"now": 0, "then": 0, "difference": 0}
    assert (table["per_day"], table["values"]) == ("0.00", [])
