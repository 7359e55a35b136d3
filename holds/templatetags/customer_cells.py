"""The cells of the list of customers: `{% load customer_cells %}`, `{% customer_cell column row %}`.

Written in Python because a page has thousands; words and figures are those of every page (`credit_mgmt.templatetags`).
"""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from credit_mgmt.templatetags import formats
from customers.listing.columns import Column as ListColumn
from customers.models import Customer
from holds.customer_list.columns import Facts

register = template.Library()
Row = Mapping[str, Any]
Column = ListColumn[Customer, Facts]


def _td(css: str, label: str, content: Any) -> SafeString:
    return format_html('<td class="{}" data-label="{}">{}</td>', css, label, content)


def _account(row: Row, column: Column) -> SafeString:
    link = format_html('<a href="{}">{}</a>', row["url"], row["customer"].account)
    return _td("doc frozen-1", column.label, link)


def _name(row: Row, column: Column) -> SafeString:
    return _td("name card-title", column.label, row["customer"].name)


def _total(row: Row, column: Column) -> SafeString:
    position = row["position"]
    words = "Unlimited" if position.unlimited else formats.limit_amount(position.total_limit, position.currency)
    return _td("num", column.label, words)


def _exposure(row: Row, column: Column) -> SafeString:
    if row["position"].total is None:
        return _td("num card-value", column.label, format_html('?<span class="sub">{}</span>', "no rate"))
    return _td("num card-value", column.label, _amount(row, column))


def _money(row: Row, column: Column) -> SafeString:
    return _td("num", column.label, _amount(row, column))


def _amount(row: Row, column: Column) -> Any:
    value = column.value(row["customer"], row["facts"])
    if value is None:
        return formats.NONE
    return formats.amount(value if isinstance(value, Decimal) else None, row["position"].currency)


def _used(row: Row, column: Column) -> SafeString:
    return _td("num", column.label, formats.percent(column.value(row["customer"], row["facts"])))


def _oldest(row: Row, column: Column) -> SafeString:
    days = row["position"].days_overdue
    return _td("num", column.label, formats.days(days) if days else formats.NONE)


def _holds(row: Row, column: Column) -> SafeString:
    count = row["customer"].open_holds
    if not count:
        return _td("num", column.label, "0")
    url = f"{reverse('hold-list')}?{urlencode({'payer': row['customer'].key})}"
    return _td("num", column.label, format_html('<a href="{}">{}</a>', url, count))


def _status(row: Row, column: Column) -> SafeString:
    customer = row["customer"]
    said = customer.account_status_id or formats.NONE
    if customer.excluded:
        return _td("", column.label, format_html('{}<span class="sub">{}</span>', said, "excluded"))
    return _td("", column.label, said)


def _cover(row: Row, column: Column) -> SafeString:
    ends = row["cover_ends"]
    said = _amount(row, column)
    if ends is not None:
        words = f"ends {formats.short_date(ends, row['facts'].today)}"
        said = format_html('{}<span class="sub late">{}</span>', said, words)
    return _td("num", column.label, said)


def _other(row: Row, column: Column) -> SafeString:
    """A column without a way of its own to be drawn: by the type of its value."""
    value = column.value(row["customer"], row["facts"])
    if isinstance(value, dt.date):
        return _td("", column.label, formats.short_date(value, row["facts"].today))
    return _td("num" if column.right else "", column.label, formats.NONE if value in (None, "") else value)


_DRAWN: Mapping[str, Callable[[Row, Column], SafeString]] = {
    "account": _account, "name": _name, "total": _total, "exposure": _exposure, "free": _money, "used": _used,
    "overdue": _money, "oldest": _oldest, "holds": _holds, "status": _status, "base": _money, "temporary": _money,
    "cover": _cover,
}  # fmt: skip


@register.simple_tag
def customer_cell(column: Column, row: Row) -> SafeString:
    """One cell of a customer's row."""
    return _DRAWN.get(column.name, _other)(row, column)
