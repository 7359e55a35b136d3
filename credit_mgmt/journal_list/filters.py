"""What narrows the list of journals (`ux.md` 3.7): each key of the address, in words and as a condition."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from credit_mgmt.models import LimitJournal, LimitJournalLine
from customers.access import Actor
from customers.listing import Address

ME = "me"
STATUS: Mapping[str, str] = dict(LimitJournal.Status.choices)
TYPE: Mapping[str, str] = dict(LimitJournal.Type.choices)
POSTED = {"month": "This month", "today": "Today"}
SOURCE: Mapping[str, str] = dict(LimitJournal.Origin.choices)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at the list, and on which day."""

    actor: Actor
    today: dt.date


@dataclass(frozen=True, slots=True)
class Filter:
    """A key of the address that narrows the list."""

    key: str
    label: str
    condition: Callable[[Address, Reader], Q]


def condition_of(address: Address, reader: Reader) -> Q:
    """Everything that the address asks for."""
    condition = Q()
    for item in FILTERS.values():
        condition &= item.condition(address, reader)
    return condition


def _any(conditions: Iterable[Q]) -> Q:
    result = Q()
    for condition in conditions:
        result |= condition
    return result


def _choice(key: str, column: str, allowed: Mapping[str, str]) -> Callable[[Address, Reader], Q]:
    def condition(address: Address, reader: Reader) -> Q:
        chosen = address.choices(key, allowed)
        return Q(**{f"{column}__in": chosen}) if chosen else Q()

    return condition


def _words(key: str, condition: Callable[[str, Reader], Q]) -> Callable[[Address, Reader], Q]:
    return lambda address, reader: _any(condition(word, reader) for word in address.all(key))


def _bound(key: str, lookup: str) -> Callable[[Address, Reader], Q]:
    def condition(address: Address, reader: Reader) -> Q:
        number = address.number(key)
        return Q() if number is None else Q(**{lookup: number})

    return condition


def _amount(key: str, lookup: str) -> Callable[[Address, Reader], Q]:
    """Either sum: who looks for large journals means increases as well as decreases."""

    def condition(address: Address, reader: Reader) -> Q:
        number = address.number(key)
        if number is None:
            return Q()
        up, down = Q(**{f"increase__{lookup}": number}), Q(**{f"decrease__{lookup}": number})
        return up | down if lookup == "gte" else up & down

    return condition


def _day(key: str, lookup: str) -> Callable[[Address, Reader], Q]:
    def condition(address: Address, reader: Reader) -> Q:
        day = address.day(key, reader.today)
        return Q() if day is None else Q(**{lookup: day})

    return condition


def _person(column: str) -> Callable[[str, Reader], Q]:
    return lambda word, reader: Q(**{column: reader.actor.reference if word == ME else word})


def _not_by(word: str, reader: Reader) -> Q:
    """Journals that somebody else handed in: nobody approves their own."""
    return ~Q(submitted_by=reader.actor.reference) if word == ME else ~Q(submitted_by=word)


def _with_line(**condition: str) -> Q:
    return Q(Exists(LimitJournalLine.objects.filter(journal=OuterRef("pk"), **condition)))


def _customer(word: str, reader: Reader) -> Q:
    entity, _, account = word.partition(":")
    return _with_line(customer__legal_entity=entity, customer__account=account)


def _posted(address: Address, reader: Reader) -> Q:
    begins = {"month": reader.today.replace(day=1), "today": reader.today}
    return _any(Q(posted_at__date__gte=begins[word]) for word in address.choices("posted", POSTED))


def _search(address: Address, reader: Reader) -> Q:
    text = address.one("q")
    return Q(number__icontains=text) | Q(description__icontains=text) if text else Q()


FILTERS: Mapping[str, Filter] = {
    item.key: item
    for item in (
        Filter("status", "Status", _choice("status", "status", STATUS)),
        Filter("type", "Type", _choice("type", "type", TYPE)),
        Filter("source", "Source", _choice("source", "origin", SOURCE)),
        Filter("entity", "Entity", _words("entity", lambda word, _: Q(legal_entity=word))),
        Filter("owner", "Owner", _words("owner", _person("owner"))),
        Filter("not_submitted_by", "Not submitted by", _words("not_submitted_by", _not_by)),
        Filter("approver", "Approver", _words("approver", _person("decided_by"))),
        Filter("posted_by", "Posted by", _words("posted_by", _person("posted_by"))),
        Filter("customer", "Customer", _words("customer", _customer)),
        Filter("group", "Credit group", _words("group", lambda word, _: _with_line(group=word))),
        Filter("amount_min", "Amount from", _amount("amount_min", "gte")),
        Filter("amount_max", "Amount to", _amount("amount_max", "lte")),
        Filter("lines_min", "Lines from", _bound("lines_min", "line_count__gte")),
        Filter("changed_min", "Changed from", _day("changed_min", "changed_at__date__gte")),
        Filter("changed_max", "Changed to", _day("changed_max", "changed_at__date__lte")),
        Filter("posted", "Posted", _posted),
        Filter("posted_min", "Posted from", _day("posted_min", "posted_at__date__gte")),
        Filter("posted_max", "Posted to", _day("posted_max", "posted_at__date__lte")),
        Filter("journal", "Journal", _words("journal", lambda word, _: Q(number=word))),
        Filter("q", "Search", _search),
    )
}
"""The keys of the address that narrow the list, in the order in which their chips stand."""
