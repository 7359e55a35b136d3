"""The columns of the hold list (`ux.md` 3.1): what each holds, as a value. Pages draw them, exports write them.

Default columns cost nothing beyond the row itself; `rule` and `level` read the reasons of the page's holds in one
query, `free` reads the decisions that were last made.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Subquery, TextField
from django.db.models.functions import Cast

from credit_mgmt.decisions import stored_decision
from credit_mgmt.masking import Mask
from credit_mgmt.models import BlockingRule, DecisionRecord
from customers import numbers
from customers.access import Action
from customers.listing import Address
from customers.listing import columns as listing
from customers.listing.columns import Column, Value
from customers.listing.kinds import ListKind
from customers.people import names_of
from holds.lists.filters import CLOSED_STATUSES, FILTERS
from holds.lists.views import VIEWS
from holds.models import Hold, HoldReason
from holds.words import chips_of, over_limit_of, status_of, used_percent_of


@dataclass(frozen=True, slots=True)
class Facts:
    """What rows need beside their holds: the moment, today by entity, what the reader may see, rules by hold."""

    now: dt.datetime
    today: Callable[[str], dt.date]
    mask: Mask
    rules: Mapping[Any, Sequence[tuple[str, str]]] = field(default_factory=dict)
    """Names and levels of the rules behind the valid reasons, by hold."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What to call whoever decided, by reference."""


def _chips(hold: Hold, facts: Facts) -> str:
    """`Limit 109 %, Overdue 67 d, cleared: Limit expired 12 d`."""
    with numbers.kept():  # lists draw their chips themselves: this is what exports write
        chips = sorted(chips_of(hold, facts.mask), key=lambda chip: chip["cleared"])
    return ", ".join(f"{'cleared: ' if c['cleared'] else ''}{c['label']} {c['value']}".strip() for c in chips)


def _status(hold: Hold, facts: Facts) -> str:
    return status_of(hold).replace("_", " ").capitalize() + (", forced" if hold.forced else "")


def _value(hold: Hold, facts: Facts) -> Value:
    return None if hold.amount_unknown else hold.amount


def _checkpoint(hold: Hold, facts: Facts) -> str:
    return f"{hold.get_checkpoint_display()}{', pro forma' if hold.pro_forma else ''}"


def _rules(hold: Hold, facts: Facts) -> str:
    return ", ".join(dict.fromkeys(name for name, _ in facts.rules.get(hold.pk, ()) if name))


def _levels(hold: Hold, facts: Facts) -> str:
    words = {"table": "Customer", "group": "Group", "all": "Everyone"}
    return ", ".join(dict.fromkeys(words.get(level, level) for _, level in facts.rules.get(hold.pk, ()) if level))


def _over(hold: Hold, facts: Facts) -> Value:
    return over_limit_of(hold, facts.mask)


def _used(hold: Hold, facts: Facts) -> Value:
    return used_percent_of(hold, facts.mask)


def _free(hold: Hold, facts: Facts) -> Value:
    """What the limit leaves without this order, when it was last looked at; in the accounting currency."""
    return figure(hold.last_decision, "free_limit", facts.mask)


def figure(decision: DecisionRecord | None, name: str, mask: Mask) -> Decimal | None:
    """A figure beside a stored decision, in its payer's accounting currency; None where it is not known or withheld."""
    figures = mask.figures(stored_decision(decision).figures if decision is not None else None) or {}
    text = figures.get(name)
    return None if text is None else Decimal(text)


def _person(hold: Hold, facts: Facts) -> str:
    return hold.assignee.get_full_name() or hold.assignee.get_username() if hold.assignee else ""


COLUMNS: dict[str, Column[Hold, Facts]] = listing.by_name(
    (
        Column("order", "Order", lambda hold, _: hold.order_number, sort="order"),
        Column("customer", "Customer", lambda hold, _: hold.payer.name, sort="customer"),
        Column("why", "Why held", _chips),
        Column("value", "Value", _value, sort="value", right=True, money=True),
        Column("over", "Over limit", _over, sort="over", right=True, money=True),
        Column("used", "Used", _used, sort="used", right=True, unit="Used %"),
        Column("overdue", "Overdue", lambda hold, _: hold.overdue_amount, sort="overdue", right=True, money=True),
        Column("ship", "Ship", lambda hold, _: hold.ship_date, sort="ship"),
        Column(
            "held",
            "Held",
            lambda hold, facts: (facts.now - hold.held_at).days,
            sort="held",
            right=True,
            unit="Held, days",
        ),
        Column("own", "Own", _person),
        Column("status", "Status", _status),
        Column("hold", "Hold", lambda hold, _: hold.number),
        Column("account", "Invoice account", lambda hold, _: hold.payer.account),
        Column("entity", "Entity", lambda hold, _: hold.legal_entity_id),
        Column("credit_group", "Credit group", lambda hold, _: hold.payer.credit_group_id),
        Column("currency", "Currency", lambda hold, _: hold.currency),
        Column("checkpoint", "Checkpoint", _checkpoint),
        Column("terms", "Terms", lambda hold, _: hold.order.payment_terms_id),
        Column("sales", "Sales owner", lambda hold, _: hold.payer.sales_person),
        Column("rule", "Rule", _rules),
        Column("level", "Rule level", _levels),
        Column("free", "Free limit", _free, right=True, money=True, related=("last_decision",)),
        Column("times", "Times held", lambda hold, _: hold.times_held, right=True),
        Column("held_at", "Held at", lambda hold, _: hold.held_at, sort="held", unit="Held at (UTC)"),
        Column(
            "evaluated",
            "Last evaluated",
            lambda hold, _: hold.looked_at,
            related=("look",),
            unit="Last evaluated (UTC)",
        ),
        Column("snoozed", "Snoozed until", lambda hold, _: hold.snoozed_until),
        Column("review", "Review date", lambda hold, _: hold.review_date),
        Column("note", "Note", lambda hold, _: hold.note),
        Column(
            "release_reason",
            "Release reason",
            lambda hold, _: hold.release_reason.code if hold.release_reason else "",
            related=("release_reason",),
        ),
        Column("decided_by", "Decided by", lambda hold, facts: facts.names.get(hold.decided_by, hold.decided_by)),
        Column("decided", "Decided at", lambda hold, _: hold.decided_at, sort="decided", unit="Decided at (UTC)"),
    )
)
DEFAULT = ("order", "customer", "why", "value", "over", "used", "overdue", "ship", "held", "own", "status")
CLOSED = ("order", "customer", "why", "value", "ship", "status", "release_reason", "decided")
"""Columns of views of closed holds, which have no owner. Who decided can be added: names are a query of their own."""
FROM_REASONS = frozenset({"rule", "level"})
NAME = "order"
"""The column that names the row: the order's number always comes first."""


def default_of(address: Address) -> Sequence[str]:
    """The columns of an address where nobody chose any."""
    return CLOSED if CLOSED_STATUSES & set(address.all("status")) else DEFAULT


HOLDS = ListKind(
    name="holds",
    prefix="hold",
    title="Holds",
    noun="hold",
    views=VIEWS,
    first="open",
    columns=COLUMNS,
    fixed=NAME,
    default=default_of,
    filters=lambda: tuple(FILTERS),
    section="holds",
    publish=Action.WORK_HOLDS,
)
"""The hold list, for what every list has."""


def chosen_columns(address: Address, layout: Iterable[str]) -> tuple[Column[Hold, Facts], ...]:
    """The columns of the list: those of its address, else of its view, else the reader's own, else the default."""
    return listing.chosen_columns(COLUMNS, address, layout, fixed=NAME, default=default_of(address))


def related_of(columns: Iterable[Column[Hold, Facts]]) -> tuple[str, ...]:
    """What the holds must be read with."""
    return listing.related_of(columns, always=("order", "payer", "assignee"))


def facts_of(
    holds: Collection[Hold],
    columns: Iterable[Column[Hold, Facts]],
    now: dt.datetime,
    today: Callable[[str], dt.date],
    mask: Mask,
) -> Facts:
    """What the columns need of these holds: a query for the rules, one for the names of people, or none."""
    shown = {column.name for column in columns}
    names = names_of(hold.decided_by for hold in holds) if "decided_by" in shown else {}
    return Facts(now, today, mask, _rules_of(holds) if FROM_REASONS & shown else {}, names)


def _rules_of(holds: Collection[Hold]) -> dict[Any, list[tuple[str, str]]]:
    rule = BlockingRule.objects.annotate(text=Cast("pk", TextField())).filter(text=OuterRef("rule"))
    rows = HoldReason.objects.filter(hold__in=[hold.pk for hold in holds], valid=True)
    found: dict[Any, list[tuple[str, str]]] = {}
    for hold, name, level in rows.order_by("pk").values_list("hold", Subquery(rule.values("code")[:1]), "level"):
        found.setdefault(hold, []).append((name or "", level))
    return found
