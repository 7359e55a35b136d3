"""The orders behind a figure of a backtest (`ux` 3.10, *See the 135*): a list to sort, to narrow, and to take away."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse

from credit_mgmt.backtests.file import csv_lines
from credit_mgmt.backtests.phrases import LABELS
from credit_mgmt.backtests.reading import Asked, backtest_seen, orders_behind
from credit_mgmt.models import Backtest, BacktestRow
from credit_mgmt.pages.backtests import columns_of
from customers.access import Action
from customers.listing import Address, page_of, sort_keys
from customers.models import Document
from customers.views import PageView

Item = dict[str, Any]
SORTS = {"value": "value", "date": "date", "order": "order_id"}
COLUMNS = (
    ("order", "Order", ""), ("", "Customer", ""), ("date", "Checked", ""), ("", "Document", ""),
    ("value", "Value", "right"), ("", "Currency", ""), ("", "Now", ""), ("", "Tried", ""), ("", "Otherwise", ""),
    ("", "Became", ""), ("", "Data", ""),
)  # fmt: skip
STOPPED = {"": "All", "new": "Newly stopped", "gone": "No longer stopped", "now": "Stopped now", "then": "Stopped then"}
RELEASED = {"now": "Not checked now", "then": "No longer checked"}
OTHERWISE = {"yes": True, "no": False}
DOCUMENTS = dict(Document.choices)


class BacktestOrders(PageView):
    """GET `/backtests/<uuid>/orders/?stopped=new&became=on_time`."""

    looks = Action.VIEW_EXPOSURE
    section = "rules"

    def get(self, request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
        """The list, or with `format=csv` the file of all its rows."""
        backtest = backtest_seen(job_id, self.actor)
        if backtest.totals is None:
            raise Http404("The backtest has not finished.")
        address = Address(request.GET, rows=self.rows)
        rows = orders_behind(backtest, _asked(address))
        if request.GET.get("format") == "csv":
            return _file(backtest, address)
        sort, keys = sort_keys(request.GET.get("sort", ""), SORTS, ("-value",), "pk")
        after, before = request.GET.get("after", ""), request.GET.get("before", "")
        page = page_of(rows, keys, per=address.per, after=after, before=before)
        now, tried = columns_of(backtest)
        return self.page(
            "credit_mgmt/backtest_orders.html",
            {
                "backtest": backtest,
                "rows": [_row(row) for row in page.rows],
                "columns": _heads(address, sort, now, tried),
                "tabs": _tabs(backtest, address),
                "filters": _filters(address),
                "chips": _chips(address),
                "clear_url": request.path,
                "hidden": [{"name": "stopped", "value": address.one("stopped")}] if address.one("stopped") else [],
                "exports": [{"label": "CSV", "url": address.url(format="csv")}],
                "pager": address.pager(page),
                "problems": address.problems,
                "back_url": reverse("backtest", args=[backtest.pk]),
            },
        )


def _asked(address: Address) -> Asked:
    """What the address asks for; what is not known is said and narrows nothing."""
    return Asked(
        stopped=_one(address, "stopped", STOPPED),
        became=_one(address, "became", LABELS),
        otherwise=OTHERWISE.get(_one(address, "otherwise", OTHERWISE)),
        released=_one(address, "released", RELEASED),
    )


def _one(address: Address, key: str, known: Any) -> str:
    return next(iter(address.choices(key, map(str, known))), "")


def _row(row: BacktestRow) -> Item:
    order = row.order
    return {
        "row": row,
        "order": order,
        "url": reverse("order", args=[order.legal_entity_id, order.number]),
        "document": DOCUMENTS[row.checkpoint],
        "now": _said(row.stopped_now, row.released_now),
        "then": _said(row.stopped_then, row.released_then),
        "became": LABELS[BacktestRow.Became(row.became)],
    }


def _said(stopped: bool, released: bool) -> str:
    return "Stopped" if stopped else "Not checked" if released else "Passed"


def _heads(address: Address, sort: list[str], now: str, tried: str) -> list[Item]:
    """The columns; the two that compare are called as on the page of the result."""
    words = {"Now": now, "Tried": tried}
    return address.heads([(name, words.get(label, label), align) for name, label, align in COLUMNS], sort)


def _tabs(backtest: Backtest, address: Address) -> list[Item]:
    """One tab for each set, with its size in the whole backtest."""
    totals: Item = backtest.totals or {}
    orders = totals["orders"]
    counts = {
        "new": totals["newly_stopped"],
        "gone": totals["no_longer_stopped"],
        "now": orders["now"],
        "then": orders["then"],
    }
    chosen = address.one("stopped")
    return [
        {
            "label": label,
            "url": f"?{urlencode({'stopped': name})}" if name else "?",
            "count": counts.get(name),
            "active": name == chosen,
        }
        for name, label in STOPPED.items()
    ]


def _filters(address: Address) -> list[Item]:
    asked = {
        "became": ("Became", {str(name): label for name, label in LABELS.items()}),
        "otherwise": ("Held otherwise", {"yes": "Yes", "no": "No: new work"}),
        "released": ("Not checked", RELEASED),
    }
    return [
        {
            "name": name,
            "label": label,
            "single": True,
            "blank": True,
            "summary": words.get(address.one(name), ""),
            "options": [
                {"value": value, "label": word, "selected": value == address.one(name)} for value, word in words.items()
            ],
        }
        for name, (label, words) in asked.items()
    ]


def _chips(address: Address) -> list[Item]:
    return [
        {"label": f"{one['label']}: {one['summary']}", "remove_url": address.url(**{one["name"]: None})}
        for one in _filters(address)
        if one["summary"]
    ]


def _file(backtest: Backtest, address: Address) -> HttpResponse:
    """All rows that the address asks for, by value."""
    rows = orders_behind(backtest, _asked(address)).order_by("-value", "pk")
    disposition = {"Content-Disposition": f'attachment; filename="backtest-{backtest.last_day}.csv"'}
    answer = StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8", headers=disposition)
    return answer  # type: ignore[return-value]  # a stream is an answer too
