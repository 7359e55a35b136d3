"""Where all credit accounts stand, kept for lists that are sorted and narrowed by it (`ux.md` 3.6, 3.9).

A list of a hundred thousand customers cannot add up a hundred thousand exposures to find the largest. So a task does,
every minute: first what was marked (`outdated`) and accounts whose credit was used since, then what is oldest, until
its time is over. The figures are those of `exposure.positions` and `credit_groups.standing`, to the cent; lists say of
when they are, and show those of their rows as they are now.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Min, Q, QuerySet

from credit_mgmt.credit_groups.standing import GroupOverview, overviews
from credit_mgmt.engine.texts import used_percent
from credit_mgmt.exposure import Position, positions
from credit_mgmt.models import AccountFigures, CreditAccount
from customers.bulk import as_json
from customers.money import ZERO, round_half_up

CHUNK = 500
OLD = dt.timedelta(hours=1)
"""Figures that are older are worked out again, whatever happened."""
LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('account figures', 0))"
LARGEST_PERCENT = Decimal("1E+14")
_COLUMNS = {
    "account_id": "bigint",
    "exposure": "numeric",
    "over_limit": "numeric",
    "used_percent": "numeric",
    "overdue_amount": "numeric",
    "days_overdue": "integer",
    "as_of": "date",
    "at": "timestamptz",
    "version": "bigint",
}
_NAMES = ", ".join(_COLUMNS)
_WRITE = f"""
    INSERT INTO credit_mgmt_accountfigures ({_NAMES}, due)
    SELECT {_NAMES}, false
    FROM jsonb_to_recordset(%s::jsonb) AS r({", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())})
    ORDER BY account_id
    ON CONFLICT (account_id) DO UPDATE SET
        {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "account_id")}, due = false
"""  # noqa: S608 - made of constants

Row = dict[str, Any]


def outdated(customer_ids: Collection[int]) -> None:
    """Let the figures of these customers and of their groups be worked out again soon. One statement."""
    concerned = Q(account__customer__in=customer_ids) | Q(account__group__members__in=customer_ids)
    keys = AccountFigures.objects.filter(concerned, due=False).values("pk")
    AccountFigures.objects.filter(pk__in=keys).update(due=True)


def refresh(*, today: Mapping[str, dt.date], at: Callable[[], dt.datetime], budget: dt.timedelta) -> int:
    """Work out what is due, until nothing is or the time is over; returns how many. One worker at a time.

    `today` is the date by legal entity; groups go by the earliest.
    """
    began, done = at(), 0
    while today and at() - began <= budget:
        with transaction.atomic():
            if not _mine():
                return done
            found = _next(min(today.values()), at())
            if not found:
                return done
            _write(_rows(found, today, at()))
        done += len(found)
    return done


def refreshed_at(accounts: QuerySet[CreditAccount]) -> dt.datetime | None:
    """Of when the oldest figures of these accounts are."""
    moment: dt.datetime | None = AccountFigures.objects.filter(account__in=accounts).aggregate(at=Min("at"))["at"]
    return moment


def _mine() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        return bool(cursor.fetchone()[0])


def _next(first_day: dt.date, now: dt.datetime) -> list[CreditAccount]:
    """The next handful: without figures, marked, used since, of another day, or older than `OLD`."""
    related = ("customer", "group")
    due = Q(figures=None) | Q(figures__due=True) | ~Q(figures__version=F("version"))
    rows = CreditAccount.objects.select_related(*related).order_by("pk")
    found = list(rows.filter(due)[:CHUNK])
    if found:
        return found
    old = AccountFigures.objects.filter(Q(at__lt=now - OLD) | Q(as_of__lt=first_day)).order_by("at", "pk")
    return list(rows.filter(pk__in=list(old.values_list("pk", flat=True)[:CHUNK])))


def _rows(found: Iterable[CreditAccount], today: Mapping[str, dt.date], at: dt.datetime) -> list[Row]:
    """The figures of accounts, whosever they are; customers of a legal entity have its date."""
    customers: dict[dt.date, list[CreditAccount]] = {}
    groups: list[CreditAccount] = []
    first = min(today.values())
    for account in found:
        if account.customer is not None:
            customers.setdefault(today.get(account.customer.legal_entity_id, first), []).append(account)
        else:
            groups.append(account)
    rows = [row for day, some in customers.items() for row in _of_customers(some, day, at)]
    return rows + (_of_groups(groups, first, at) if groups else [])


def _of_customers(found: Sequence[CreditAccount], day: dt.date, at: dt.datetime) -> list[Row]:
    standing = positions([account.customer_id for account in found if account.customer_id], day)
    return [_of_position(account, standing[account.customer_id or 0], at) for account in found]


def _of_position(account: CreditAccount, position: Position, at: dt.datetime) -> Row:
    figures = _figures(position.total, position.total_limit, position.as_of)
    overdue = {"overdue_amount": position.overdue_amount, "days_overdue": position.days_overdue}
    return {"account_id": account.pk, **figures, **overdue, "at": at, "version": account.version}


def _of_groups(found: Sequence[CreditAccount], day: dt.date, at: dt.datetime) -> list[Row]:
    standing = overviews([str(account.group_id) for account in found], day)
    return [_of_group(account, standing[str(account.group_id)], at) for account in found]


def _of_group(account: CreditAccount, group: GroupOverview, at: dt.datetime) -> Row:
    late = [member.overdue for member in group.members]
    overdue = sum((amount or ZERO for amount in late), ZERO) if None not in late else None
    days = max((member.days_overdue for member in group.members), default=0)
    figures = _figures(group.exposure, group.limit, group.as_of)
    return {"account_id": account.pk, **figures, "overdue_amount": overdue, "days_overdue": days, "at": at,
            "version": account.version}  # fmt: skip


def _figures(exposure: Decimal | None, limit: Decimal | None, as_of: dt.date) -> Row:
    over = None if exposure is None or limit is None or exposure <= limit else exposure - limit
    share = None if exposure is None or limit is None else used_percent(exposure, limit)
    if share is not None:
        share = min(round_half_up(share, 2), LARGEST_PERCENT)
    return {"exposure": exposure, "over_limit": over, "used_percent": share, "as_of": as_of}


def _write(rows: Sequence[Row]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [as_json(rows)])
