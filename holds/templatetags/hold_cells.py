"""The cells of the hold list: `{% load hold_cells %}`, `{% hold_cell column row %}`.

Written in Python because a page has thousands; words and figures are those of every page (`credit_mgmt.templatetags`).
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from credit_mgmt.templatetags import credit, formats
from customers.listing.columns import Column as ListColumn
from holds.lists.columns import Facts
from holds.models import Hold

register = template.Library()
Row = Mapping[str, Any]
Column = ListColumn[Hold, Facts]


def _td(css: str, label: str, content: Any) -> SafeString:
    return format_html('<td class="{}" data-label="{}">{}</td>', css, label, content)


def _order(row: Row, column: Column) -> SafeString:
    link = format_html('<a href="{}">{}</a>', row["url"], row["hold"].order_number)
    return _td("doc frozen-1 card-title", column.label, format_html("{}{}", link, _peek(row)))


def _peek(row: Row) -> SafeString:
    """The way to the panel beside the list; where there is no room or no script, the list opens with it."""
    peek = '<a class="peek-link" href="{}" data-peek="{}">{}</a>'
    return format_html(peek, row["peek_url"], row["peek_panel"], credit.icon("eye", label="Peek"))


def _customer(row: Row, column: Column) -> SafeString:
    payer = row["hold"].payer
    link = format_html('<a href="{}" title="{}">{}</a>', row["customer_url"], payer.key, payer.name)
    return _td("name", column.label, link)


def _why(row: Row, column: Column) -> SafeString:
    message, again = row.get("message"), row.get("retry_url")
    retry = format_html(' <a href="{}" data-dialog>Retry</a>', again) if again else ""
    said = format_html('<span class="row-message">{}{}</span>', message, retry) if message else ""
    return format_html('<td class="wide card-line">{}{}</td>', credit.reason_chips(row["chips"]), said)


def _value(row: Row, column: Column) -> SafeString:
    hold = row["hold"]
    if hold.amount_unknown:
        content: Any = format_html('?<span class="sub">{}</span>', "no rate")
    else:
        content = formats.amount(hold.amount, hold.currency)
    order = hold.order
    if order.currency_id != hold.currency:
        original = f"{formats.amount(order.amount, order.currency_id)} {order.currency_id}"
        content = format_html('{}<span class="sub">{}</span>', content, original)
    return _td("num card-value", column.label, content)


def _over(row: Row, column: Column) -> SafeString:
    over = column.value(row["hold"], row["facts"])
    return _money(row, column) if over else _td("num", column.label, formats.NONE)


def _money(row: Row, column: Column) -> SafeString:
    return _td("num", column.label, formats.amount(column.value(row["hold"], row["facts"]), row["hold"].currency))


def _used(row: Row, column: Column) -> SafeString:
    return _td("num", column.label, formats.percent(column.value(row["hold"], row["facts"])))


def _ship(row: Row, column: Column) -> SafeString:
    day = formats.short_date(row["hold"].ship_date, row["today"])
    if row["past"]:
        return _td("", column.label, format_html('{} <span class="late">{}</span>', day, credit.icon("clock", "past")))
    return _td("", column.label, day)


def _held(row: Row, column: Column) -> SafeString:
    return _td("num", column.label, credit.age(row["hold"].held_at, row["now"]))


def _own(row: Row, column: Column) -> SafeString:
    owner = row["hold"].assignee
    if not owner:
        return _td("", column.label, formats.NONE)
    name = owner.get_full_name() or owner.get_username()
    return _td("", column.label, format_html('<span title="{}">{}</span>', name, credit.initials(owner)))


def _status(row: Row, column: Column) -> SafeString:
    return _td("", column.label, credit.status_badge(row["status"], forced=row["hold"].forced))


def _other(row: Row, column: Column) -> SafeString:
    """A column without a way of its own to be drawn: by the type of its value."""
    value = column.value(row["hold"], row["facts"])
    if isinstance(value, dt.datetime):
        return _td("", column.label, credit.when(value, row["now"]))
    if isinstance(value, dt.date):
        return _td("", column.label, formats.short_date(value, row["today"]))
    return _td("num" if column.right else "", column.label, formats.NONE if value in (None, "") else value)


_DRAWN: Mapping[str, Callable[[Row, Column], SafeString]] = {
    "order": _order, "customer": _customer, "why": _why, "value": _value, "over": _over, "used": _used,
    "overdue": _money, "free": _money, "ship": _ship, "held": _held, "own": _own, "status": _status,
}  # fmt: skip


@register.simple_tag
def hold_cell(column: Column, row: Row) -> SafeString:
    """One cell of a hold's row."""
    return _DRAWN.get(column.name, _other)(row, column)
