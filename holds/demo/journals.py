"""Limit journals of the demonstration: two drafts, one that waits to be posted, one in force (`domain 8`).

They are made by the services, by the people of the demonstration, of customers with a limit that is no group's.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model

from credit_mgmt.journals.approval import submit_journal
from credit_mgmt.journals.lines import LineInput, make_journal
from credit_mgmt.journals.posting import post_journal
from credit_mgmt.models import CreditAccount
from customers.access import Actor, actor_of_user

ENTITY = "NL01"
Today = Callable[[str], dt.date]
Limits = Sequence[tuple[str, Decimal]]
"""Accounts with their limits."""


def make_journals(now: dt.datetime, today: Today) -> None:
    """Make them, as the credit manager and a clerk would."""
    manager, clerk = _person("manager"), _person("clerk")
    limits, day = _limits(), today(ENTITY)
    until, season = day + dt.timedelta(days=400), (day + dt.timedelta(days=9), day + dt.timedelta(days=45))
    common: dict[str, Any] = {"legal_entity": ENTITY, "at": now, "today": today}
    make_journal(
        type="credit_limit", description="Yearly review", actor=manager, **common,
        lines=_lines(limits[5::2], "1.10", until) + _lines(limits[6::12], "0.75", until),
    )  # fmt: skip
    make_journal(
        type="temporary_credit_limit", description="Seasonal uplift, retail", actor=manager, **common,
        lines=_lines(limits[8::4], "1.30", season[1], season[0]),
    )  # fmt: skip
    asked = make_journal(
        type="credit_limit", description="As agreed with sales", actor=clerk, **common,
        lines=_lines(limits[:1], "1.25", until),
    )  # fmt: skip
    submit_journal(journal=asked.number, actor=clerk, at=now, today=today)
    posted = make_journal(
        type="credit_limit", description="After the annual accounts", actor=manager, **common,
        lines=_lines(limits[1:5], "1.15", until),
    )  # fmt: skip
    post_journal(journal=posted.number, actor=manager, at=now, today=today)


def _person(name: str) -> Actor:
    return actor_of_user(get_user_model()._default_manager.get(username=name))


def _limits() -> list[tuple[str, Decimal]]:
    """Customers that have a limit of their own and no group, by account."""
    accounts = CreditAccount.objects.filter(
        customer__legal_entity=ENTITY, customer__credit_group=None, unlimited=False, limit_amount__gt=0
    )
    rows = accounts.order_by("customer__account").values_list("customer__account", "limit_amount")
    return list(rows[:72])


def _lines(limits: Limits, factor: str, last: dt.date, first: dt.date | None = None) -> list[LineInput]:
    """Limits multiplied and rounded to hundreds."""
    return [
        LineInput(
            customer=f"{ENTITY}:{account}", new_limit=round(limit * Decimal(factor), -2), new_from=first, new_to=last
        )
        for account, limit in limits
    ]
