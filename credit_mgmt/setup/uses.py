"""*Used by* of master data: what refers to a record, how often, and where that is looked at (`ux.md` 3.11)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.urls import reverse

from credit_mgmt.models import BlockingRule, Parameters
from credit_mgmt.setup.counts import HoldCounts, ReasonUse
from customers.access import Actor
from customers.models import Customer, Reason
from customers.setup import Kind, count_users

COUNTED: tuple[type[Model], ...] = (Customer, BlockingRule, Parameters)
"""Whose rows are counted in lists; orders and closed holds are many, and only asked whether there are any."""


@dataclass(frozen=True, slots=True)
class Use:
    """`12 customers`, with the page that shows them; `open_holds`: of these, open holds."""

    count: int
    words: str
    url: str = ""
    open_holds: int = 0


def uses_of_kind(kind: Kind, actor: Actor, holds: HoldCounts | None, *, now: dt.datetime) -> Mapping[str, list[Use]]:
    """What uses each record of a kind, by its primary key as text: two queries, whatever their number."""
    counted = count_users(kind.model, COUNTED, actor=actor)
    of_holds = holds.of_reasons(actor, now=now) if holds is not None and kind.model is Reason else {}
    found: dict[str, list[Use]] = {
        key: [_use(relation, count) for relation, count in relations.items()] for key, relations in counted.items()
    }
    for reason, use in of_holds.items():
        found.setdefault(str(reason), []).extend(_of_holds(use))
    return found


def words_of(uses: Sequence[Use]) -> str:
    """`12 customers, 2 rules`; an en dash for nothing."""
    return ", ".join(use.words for use in uses) or "–"


def _use(relation: str, count: int) -> Use:
    model, _, field = relation.partition(".")
    if model == "customer":
        return Use(count, _plural(count, "customer"), reverse("customer-list"))
    if model == "parameters":
        return Use(count, f"parameters ({field.removesuffix('_reason').replace('_', ' ')})", reverse("parameter-list"))
    return Use(count, _plural(count, "rule"), reverse("rule-list"))


def _of_holds(use: ReasonUse) -> list[Use]:
    forced = f"{_plural(use.forced, 'open hold')} forced"
    standing = f"new orders of {_plural(use.standing, 'customer')} stopped"
    uses: list[Any] = [
        use.forced and Use(use.forced, forced, f"{reverse('hold-list')}?view=forced", use.forced),
        use.standing and Use(use.standing, standing),
        use.decided and Use(use.decided, f"{_plural(use.decided, 'decision')} in 30 days"),
    ]
    return [one for one in uses if one]


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun if count == 1 else noun + 's'}"
