"""Limits of many credit groups changed by hand, where the default row allows it: each succeeds or fails by itself."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from credit_mgmt.credit_groups import feed_groups
from credit_mgmt.engine.adjusting import AbsoluteDates, Adjustment, Basis, LeftOut, ValueType, propose
from credit_mgmt.journals.phrases import LEFT_OUT
from credit_mgmt.journals.requests import GROUPS, read_generation
from credit_mgmt.models import CreditAccount
from customers.access import Actor
from customers.money import ZERO

Today = Callable[[str], dt.date]


@dataclass(slots=True)
class Adjusted:
    """Groups whose limit changed, and why the others' did not, by number."""

    changed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def adjust_groups(
    *,
    groups: Sequence[str],
    value_type: str,
    adjustment: Decimal,
    new_to: dt.date,
    actor: Actor,
    today: Today,
    at: dt.datetime,
) -> Adjusted:
    """Adjust limits by an amount in each group's currency or by per cent, until a day; with its entry in the history.

    The limits are worked out as a journal does (`engine.adjusting`). Raises `InvalidInput` for what can be no
    adjustment, before anything is done.
    """
    given = {"source": GROUPS, "value_type": value_type, "adjustment": adjustment, "new_to": new_to}
    read_generation(given, temporary=False)
    how = Adjustment(value=adjustment, value_type=ValueType(value_type), dates=AbsoluteDates(new_to=new_to))
    accounts = CreditAccount.objects.filter(group__in=groups).select_related("currency")
    known = {str(account.group_id): account for account in accounts}
    result = Adjusted()
    rows: list[dict[str, object]] = []
    for number in groups:
        found = propose(_basis(known.get(number)), how, for_temporary=False)
        if isinstance(found, LeftOut):
            result.failed[number] = f"Left as it is: {LEFT_OUT.get(found, found)}."
        else:
            rows.append({"number": number, "credit_limit": found.new_limit, "credit_limit_to": found.new_to})
    for one, row in zip(feed_groups(rows=rows, actor=actor, today=today, at=at, replace=False), rows, strict=True):
        if one.errors:
            result.failed[str(row["number"])] = one.errors[0].message
        elif one.status != "unchanged":
            result.changed.append(str(row["number"]))
    return result


def _basis(account: CreditAccount | None) -> Basis:
    if account is None:
        return Basis(limit=ZERO, valid_to=None)
    return Basis(limit=account.limit_amount, valid_to=account.expires_on, minor_units=account.currency.minor_units)
