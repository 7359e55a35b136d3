"""The orders behind a figure of a backtest as CSV, row by row."""

import csv
import io
from collections.abc import Iterator

from django.db.models import QuerySet

from credit_mgmt.models.backtests import BacktestRow
from customers.money import amount_text
from customers.rates import minor_units
from customers.spreadsheets import BOM, as_text

COLUMNS = (
    "sales_order", "customer", "customer_name", "legal_entity", "date", "checkpoint", "value", "currency",
    "stopped_now", "stopped_then", "otherwise", "released_now", "released_then", "became", "exact",
)  # fmt: skip
_FLAGS = ("stopped_now", "stopped_then", "otherwise", "released_now", "released_then")
_READ_AT_ONCE = 2_000


def csv_lines(rows: QuerySet[BacktestRow]) -> Iterator[bytes]:
    """The file in pieces; names and dates as the API has them. `value` is in `currency`."""
    units = minor_units()
    yield BOM + _line(COLUMNS)
    for row in rows.iterator(chunk_size=_READ_AT_ONCE):
        payer = row.order.payer
        yield _line((
            as_text(row.order.key), as_text(payer.key), as_text(payer.name), row.legal_entity_id, row.date.isoformat(),
            row.checkpoint, "" if row.value is None else amount_text(row.value, units.get(row.currency, 2)),
            row.currency, *("true" if getattr(row, name) else "false" for name in _FLAGS), row.became,
            "false" if row.decision is None else "true",
        ))  # fmt: skip


def _line(cells: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()
