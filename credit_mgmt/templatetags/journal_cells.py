"""The cells of the list of journals: `{% load journal_cells %}`, `{% journal_cell column journal facts now %}`.

Words and figures are those of every page (`credit_mgmt.templatetags`); a sum is read as an increase or a decrease.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from credit_mgmt.journal_list.columns import Facts
from credit_mgmt.models import LimitJournal
from credit_mgmt.templatetags import formats
from credit_mgmt.templatetags.credit import status_badge, when
from customers.listing.columns import Column as ListColumn

register = template.Library()
Column = ListColumn[LimitJournal, Facts]


def _td(css: str, label: str, content: object) -> SafeString:
    return format_html('<td class="{}" data-label="{}">{}</td>', css, label, content)


def _journal(journal: LimitJournal, column: Column) -> SafeString:
    link = format_html('<a href="{}">{}</a>', reverse("journal", args=[journal.number]), journal.number)
    return _td("doc frozen-1 card-title", column.label, link)


def _description(journal: LimitJournal, column: Column) -> SafeString:
    return _td("card-line", column.label, journal.description or formats.NONE)


def _sum(journal: LimitJournal, column: Column, amount: Decimal | None, sign: str, css: str) -> SafeString:
    """A sum with its word for who listens; without an exchange rate there is none."""
    if amount is None:
        return _td(css, column.label, format_html('?<span class="sub">{}</span>', "no rate"))
    written = formats.amount(amount, journal.legal_entity.accounting_currency_id)
    word = f"{column.label.lower()} "
    return _td(css, column.label, format_html('<span class="sr-only">{}</span>{}{}', word, sign, written))


def _increase(journal: LimitJournal, column: Column) -> SafeString:
    return _sum(journal, column, journal.increase, "", "num card-value")


def _decrease(journal: LimitJournal, column: Column) -> SafeString:
    return _sum(journal, column, journal.decrease, "\N{MINUS SIGN}" if journal.decrease else "", "num")


def _status(journal: LimitJournal, column: Column) -> SafeString:
    return _td("", column.label, status_badge(journal.status))


def _reverses(journal: LimitJournal, column: Column) -> SafeString:
    if journal.reverses is None:
        return _td("", column.label, formats.NONE)
    url = reverse("journal", args=[journal.reverses.number])
    return _td("doc", column.label, format_html('<a href="{}">{}</a>', url, journal.reverses.number))


_DRAWN: Mapping[str, Callable[[LimitJournal, Column], SafeString]] = {
    "journal": _journal, "description": _description, "increase": _increase, "decrease": _decrease,
    "status": _status, "reverses": _reverses,
}  # fmt: skip


@register.simple_tag
def journal_cell(column: Column, journal: LimitJournal, facts: Facts, now: dt.datetime) -> SafeString:
    """One cell of a journal's row; a column without a way of its own is drawn by the type of its value."""
    if column.name in _DRAWN:
        return _DRAWN[column.name](journal, column)
    value = column.value(journal, facts)
    if isinstance(value, dt.datetime):
        return _td("", column.label, when(value, now))
    if isinstance(value, dt.date):
        return _td("", column.label, formats.short_date(value, now.date()))
    if isinstance(value, int):
        return _td("num", column.label, formats.count(value))
    return _td("num" if column.right else "", column.label, value or formats.NONE)
