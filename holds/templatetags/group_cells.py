"""The cells of the list of credit groups: `{% load group_cells %}`, `{% group_cell column row %}`."""

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
from customers.models import CustomerCreditGroup
from holds.group_list.columns import NOT_SHOWN, Facts

register = template.Library()
Row = Mapping[str, Any]
Column = ListColumn[CustomerCreditGroup, Facts]


def _td(css: str, label: str, content: Any) -> SafeString:
    return format_html('<td class="{}" data-label="{}">{}</td>', css, label, content)


def _group(row: Row, column: Column) -> SafeString:
    number = row["group"].number
    link = format_html('<a href="{}">{}</a>', reverse("group", args=[number]), number)
    return _td("doc frozen-1", column.label, link)


def _description(row: Row, column: Column) -> SafeString:
    return _td("card-title", column.label, row["group"].description or formats.NONE)


def _limit(row: Row, column: Column) -> SafeString:
    group = row["group"]
    if group.withheld:
        return _td("num muted", column.label, NOT_SHOWN)
    said = formats.limit_amount(group.limit, group.currency_id)
    if group.temporary is not None:
        return _td("num", column.label, format_html('{}<span class="sub">{}</span>', said, "temporary"))
    return _td("num", column.label, said)


def _exposure(row: Row, column: Column) -> SafeString:
    group = row["group"]
    if group.withheld:
        return _td("num card-value muted", column.label, NOT_SHOWN)
    exposure = row["facts"].exposure(group)
    if exposure is None:
        return _td("num card-value", column.label, format_html('?<span class="sub">{}</span>', "no rate"))
    return _td("num card-value", column.label, formats.amount(exposure, group.currency_id))


def _used(row: Row, column: Column) -> SafeString:
    return _td("num", column.label, formats.percent(row["facts"].used(row["group"])))


def _free(row: Row, column: Column) -> SafeString:
    free = row["facts"].free(row["group"])
    return _td("num", column.label, formats.NONE if free is None else formats.amount(free, row["group"].currency_id))


def _members(row: Row, column: Column) -> SafeString:
    count = formats.count(len(row["group"].seen))
    if row["group"].withheld:
        return _td("num", column.label, format_html('{}<span class="sub">{}</span>', count, "and others"))
    return _td("num", column.label, count)


def _holds(row: Row, column: Column) -> SafeString:
    count = row["group"].open_holds
    if not count:
        return _td("num", column.label, "0")
    url = f"{reverse('hold-list')}?{urlencode({'credit_group': row['group'].number})}"
    return _td("num", column.label, format_html('<a href="{}">{}</a>', url, count))


def _status(row: Row, column: Column) -> SafeString:
    words, tone = row["facts"].status(row["group"])
    return _td(tone, column.label, words)


def _other(row: Row, column: Column) -> SafeString:
    value = column.value(row["group"], row["facts"])
    if isinstance(value, dt.date):
        return _td("", column.label, formats.short_date(value, row["facts"].today))
    if isinstance(value, Decimal):
        return _td("num", column.label, formats.amount(value))
    return _td("num" if column.right else "", column.label, formats.NONE if value in (None, "") else value)


_DRAWN: Mapping[str, Callable[[Row, Column], SafeString]] = {
    "group": _group, "description": _description, "limit": _limit, "exposure": _exposure, "used": _used,
    "free": _free, "members": _members, "holds": _holds, "status": _status,
}  # fmt: skip


@register.simple_tag
def group_cell(column: Column, row: Row) -> SafeString:
    """One cell of a group's row."""
    return _DRAWN.get(column.name, _other)(row, column)
