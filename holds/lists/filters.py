"""What narrows the hold list (`ux.md` 3.1, Filters): each key of the address, in words and as a condition.

Filters read what decisions wrote; they restate no rule. Where the list can be sorted by a figure, its bounds are put
to the very expression that the index has.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from django.utils import timezone

from credit_mgmt.engine.decision import type_codes
from credit_mgmt.masking import Mask, hidden_groups
from credit_mgmt.models import BlockingRule
from customers.access import Actor
from customers.listing import Address
from customers.models import Customer, Document, SalesOrder
from holds.absences import owned_by
from holds.lists.searching import found_by
from holds.models import Hold, HoldReason
from holds.models.holds import SORT_KEYS

STATUSES: dict[str, Q] = {
    "open": Q(status=Hold.Status.ACTIVE),
    "held": Q(status=Hold.Status.ACTIVE, ready_to_release=False),
    "ready": Q(status=Hold.Status.ACTIVE, ready_to_release=True),
    "in_approval": Q(status=Hold.Status.ACTIVE, workflow_state__gt=""),
    "released": Q(status=Hold.Status.RELEASED),
    "rejected": Q(status=Hold.Status.REJECTED),
    "cancelled": Q(status=Hold.Status.CANCELLED),
    "closed": Q(status__in=[Hold.Status.RELEASED, Hold.Status.REJECTED, Hold.Status.CANCELLED]),
}
CLOSED_STATUSES = frozenset({"released", "rejected", "cancelled", "closed"})
LEVELS = ("table", "group", "all")
VALID, CLEARED = "valid", "cleared"
OF_LIMIT = frozenset({"over_limit", "used_percent"})
"""Figures that may be a credit group's."""
LONGEST_DAYS = Decimal(36500)


@dataclass(frozen=True, slots=True)
class Days:
    """Today in each legal entity that the reader sees: business dates are the entity's (`domain 1`).

    `elsewhere` is today for what has no entity.
    """

    by_entity: Mapping[str, dt.date]
    elsewhere: dt.date

    def each(self, condition: Callable[[dt.date], Q | None]) -> Q:
        """`condition` of today, as each entity sees it; None where it means nothing."""
        groups: dict[dt.date, list[str]] = {}
        for entity, today in self.by_entity.items():
            groups.setdefault(today, []).append(entity)
        if len(groups) < 2:
            return condition(next(iter(groups), self.elsewhere)) or Q()
        result = Q()
        for today, entities in groups.items():
            one = condition(today)
            result |= one & Q(legal_entity__in=entities) if one is not None else Q()
        return result


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at the list, and when; what of credit groups `mask` lets them see."""

    actor: Actor
    days: Days
    now: dt.datetime
    mask: Mask

    @property
    def withheld(self) -> Q | None:
        """The holds whose excess and use are a credit group's and not the reader's to see; None where there are none.

        They are found by no bound of these figures and sorted below all others: who may not read a number is not told
        it in halves.
        """
        hidden = hidden_groups(self.actor)
        return None if hidden is None else Q(limiting_group__in=hidden)


@dataclass(frozen=True, slots=True)
class Filter:
    """A key of the address that narrows the list."""

    key: str
    label: str
    condition: Callable[[Address, Reader], Q]


def condition_of(address: Address, reader: Reader, *, without: Iterable[str] = ()) -> Q:
    """Everything that the address asks for, but what `without` names."""
    condition = Q()
    for item in FILTERS.values():
        if item.key not in without:
            condition &= item.condition(address, reader)
    return condition


def any_of(conditions: Iterable[Q]) -> Q:
    """Any of the conditions; no condition at all where there is none."""
    result = Q()
    for condition in conditions:
        result |= condition
    return result


# --- reasons ----------------------------------------------------------------------------------------------------------


def _reason(address: Address, reader: Reader) -> Q:
    """Valid reasons unless `reason_state=cleared` asks for those that an evaluation took away."""
    codes = address.choices("reason", type_codes)
    if _state(address) == CLEARED:
        wanted: Sequence[dict[str, Any]] = [{"type": code, "valid": False} for code in codes] or [{"valid": False}]
        return any_of(Q(chips__contains=[one]) for one in wanted)
    return any_of(Q(reason_codes__contains=[code]) for code in codes)


def _state(address: Address) -> str:
    return ([VALID, *address.choices("reason_state", (VALID, CLEARED))])[-1]


def _rule(address: Address, reader: Reader) -> Q:
    names = address.all("rule")
    if not names:
        return Q()
    rules = BlockingRule.objects.filter(code__in=names).values(text=Cast("id", TextField()))
    return Q(pk__in=HoldReason.objects.filter(rule__in=rules, valid=True).values("hold"))


def _level(address: Address, reader: Reader) -> Q:
    levels = address.choices("level", LEVELS)
    return Q(pk__in=HoldReason.objects.filter(level__in=levels, valid=True).values("hold")) if levels else Q()


# --- words ------------------------------------------------------------------------------------------------------------


def _one_of(key: str, allowed: Iterable[str], condition: Callable[[str], Q]) -> Callable[[Address, Reader], Q]:
    return lambda address, reader: any_of(condition(word) for word in address.choices(key, allowed))


def _any_word(key: str, condition: Callable[[str, Reader], Q]) -> Callable[[Address, Reader], Q]:
    return lambda address, reader: any_of(condition(word, reader) for word in address.all(key))


def _entity(address: Address, reader: Reader) -> Q:
    chosen = address.choices("entity", reader.days.by_entity)
    return Q(legal_entity__in=chosen) if chosen else Q()


def _customer(key: str, reader: Reader) -> Q:
    """The holds of a customer, by its key `LE:ACCOUNT`: those that it ordered and those that it pays."""
    entity, _, account = key.partition(":")
    customers = Customer.objects.filter(legal_entity=entity, account=account)
    return Q(payer__in=customers) | Q(order__in=SalesOrder.objects.filter(customer__in=customers))


def _payer(key: str, reader: Reader) -> Q:
    """The holds that a customer pays, by its key."""
    entity, _, account = key.partition(":")
    return Q(payer__in=Customer.objects.filter(legal_entity=entity, account=account))


def _owner(word: str, reader: Reader) -> Q:
    """Whose holds a word means (`holds.absences`)."""
    return owned_by(word, reader.actor, reader.days.elsewhere)


def _snoozed(address: Address, reader: Reader) -> Q:
    """Put aside until a day that has not come, or not."""
    asleep = any_of([reader.days.each(lambda today: Q(snoozed_until__gt=today))])
    awake = Q(snoozed_until__isnull=True) | reader.days.each(lambda today: Q(snoozed_until__lte=today))
    return any_of(asleep if word == "yes" else awake for word in address.choices("snoozed", ("yes", "no")))


# --- figures and days -------------------------------------------------------------------------------------------------


def _seen(condition: Q, column: str, reader: Reader) -> Q:
    """`condition` on a figure, for rows whose figure the reader may see."""
    withheld = reader.withheld if column in OF_LIMIT else None
    return condition if withheld is None else condition & ~withheld


def _least(key: str, sorted_by: str, column: str) -> Callable[[Address, Reader], Q]:
    """At least the number of `key`; what has none is not among them."""

    def condition(address: Address, reader: Reader) -> Q:
        number = address.number(key)
        if number is None:
            return Q()
        least = Q(GreaterThanOrEqual(SORT_KEYS[sorted_by], number)) & Q(**{f"{column}__isnull": False})
        return _seen(least, column, reader)

    return condition


def _most(key: str, column: str) -> Callable[[Address, Reader], Q]:
    def condition(address: Address, reader: Reader) -> Q:
        number = address.number(key)
        return Q() if number is None else _seen(Q(**{f"{column}__lte": number}), column, reader)

    return condition


def _by_day(key: str, condition: Callable[[dt.date], Q]) -> Callable[[Address, Reader], Q]:
    """Compared with the day that `key` names, which may be relative to today."""

    def narrowed(address: Address, reader: Reader) -> Q:
        if not address.one(key):
            return Q()

        def of(today: dt.date) -> Q | None:
            day = address.day(key, today)
            return None if day is None else condition(day)

        return reader.days.each(of)

    return narrowed


def _decided_since(day: dt.date) -> Q:
    began = dt.datetime.combine(day, dt.time.min, tzinfo=timezone.get_current_timezone())
    return Q(GreaterThanOrEqual(SORT_KEYS["decided"], began)) & Q(decided_at__isnull=False)


def _ships_by(day: dt.date) -> Q:
    """As the index of the order has it; what has no date is after all days."""
    return Q(LessThanOrEqual(SORT_KEYS["ship"], day))


def _held_days(address: Address, reader: Reader) -> Q:
    condition = Q()
    for key, lookup in (("held_days_min", "held_at__lte"), ("held_days_max", "held_at__gte")):
        number = address.number(key)
        if number is not None:
            days = float(min(max(number, Decimal(0)), LONGEST_DAYS))
            condition &= Q(**{lookup: reader.now - dt.timedelta(days=days)})
    return condition


def _times_held(address: Address, reader: Reader) -> Q:
    number = address.number("times_held_min")
    return Q() if number is None else Q(times_held__gt=max(0, int(min(number, Decimal(10**9)).to_integral_value()) - 1))


def _figure(name: str, label: str, column: str) -> list[Filter]:
    return [
        Filter(f"{name}_min", f"{label} from", _least(f"{name}_min", name, column)),
        Filter(f"{name}_max", f"{label} to", _most(f"{name}_max", column)),
    ]


def _nothing(address: Address, reader: Reader) -> Q:
    """Half of a pair: read together with its other half."""
    return Q()


FILTERS: dict[str, Filter] = {
    item.key: item
    for item in (
        Filter("reason", "Reason", _reason),
        Filter("reason_state", "Reasons that are", _nothing),
        Filter("status", "Status", _one_of("status", STATUSES, STATUSES.__getitem__)),
        Filter("forced", "Forced", _one_of("forced", ("yes", "no"), lambda word: Q(forced=word == "yes"))),
        Filter("snoozed", "Snoozed", _snoozed),
        Filter("owner", "Owner", _any_word("owner", _owner)),
        Filter("entity", "Legal entity", _entity),
        Filter("customer", "Customer", _any_word("customer", _customer)),
        Filter("payer", "Invoice account", _any_word("payer", _payer)),
        Filter("credit_group", "Credit group", _any_word("credit_group", lambda word, _: Q(payer__credit_group=word))),
        Filter("checkpoint", "Checkpoint", _one_of("checkpoint", Document.values, lambda word: Q(checkpoint=word))),
        Filter("rule", "Rule", _rule),
        Filter("level", "Rule level", _level),
        *_figure("value", "Value", "amount"),
        *_figure("over", "Over limit", "over_limit"),
        *_figure("used", "Used %", "used_percent"),
        *_figure("overdue", "Overdue", "overdue_amount"),
        Filter("held_days_min", "Held at least (days)", _held_days),
        Filter("held_days_max", "Held at most (days)", _nothing),
        Filter("ship_min", "Ships from", _by_day("ship_min", lambda day: Q(ship_date__gte=day))),
        Filter("ship_max", "Ships by", _by_day("ship_max", _ships_by)),
        Filter("review_max", "Review by", _by_day("review_max", lambda day: Q(review_date__lte=day))),
        Filter("snoozed_max", "Snoozed until", _by_day("snoozed_max", lambda day: Q(snoozed_until__lte=day))),
        Filter("decided_min", "Decided since", _by_day("decided_min", _decided_since)),
        Filter("times_held_min", "Times held at least", _times_held),
        Filter("sales", "Sales owner", _any_word("sales", lambda word, _: Q(payer__sales_person=word))),
        Filter("currency", "Currency", _any_word("currency", lambda word, _: Q(currency=word))),
        Filter("q", "Search", lambda address, reader: found_by(address.one("q"), reader.days.by_entity)),
    )
}
"""The keys of the address that narrow the list, in the order in which their chips stand."""
