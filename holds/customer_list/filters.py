"""What narrows the list of customers (`ux.md` 3.6): each key of the address, in words and as a condition."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from credit_mgmt.limits.notices import expiring_cover
from credit_mgmt.models import CoverPolicy, TemporaryLimit
from customers.access import Actor
from customers.listing import Address
from holds.models import Hold

YES_NO = {"yes": "Yes", "no": "No"}
CREDIT = {"none": "No credit (0.00)", "unlimited": "Unlimited", "limited": "With a limit"}
COVER = {"yes": "In force", "expiring": "Ends in 30 days", "no": "None"}
LIMIT = "credit_account__limit_amount"
FIGURES = "credit_account__figures__"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at the list, and when."""

    actor: Actor
    today: dt.date
    now: dt.datetime


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


def _words(key: str, condition: Callable[[str, Reader], Q]) -> Callable[[Address, Reader], Q]:
    return lambda address, reader: _any(condition(word, reader) for word in address.all(key))


def _choice(key: str, conditions: Mapping[str, Callable[[Reader], Q]]) -> Callable[[Address, Reader], Q]:
    return lambda address, reader: _any(conditions[word](reader) for word in address.choices(key, conditions))


def _bound(key: str, lookup: str) -> Callable[[Address, Reader], Q]:
    def condition(address: Address, reader: Reader) -> Q:
        number = address.number(key)
        return Q() if number is None else Q(**{lookup: number})

    return condition


def _day(key: str, lookup: str, also: Q | None = None) -> Callable[[Address, Reader], Q]:
    def condition(address: Address, reader: Reader) -> Q:
        day = address.day(key, reader.today)
        return Q() if day is None else Q(**{lookup: day}) & (also or Q())

    return condition


def _search(address: Address, reader: Reader) -> Q:
    text = address.one("q")
    return Q(account__icontains=text) | Q(name__icontains=text) if text else Q()


def _controller(word: str, reader: Reader) -> Q:
    if word == "none":
        return Q(credit_controller=None)
    return Q(credit_controller=reader.actor.user_id) if word == "me" else Q(credit_controller__username=word)


def _held(reader: Reader) -> Q:
    return Q(Exists(Hold.objects.filter(payer=OuterRef("pk"), status=Hold.Status.ACTIVE)))


def _temporary(reader: Reader) -> Q:
    limits = TemporaryLimit.objects.filter(TemporaryLimit.in_force(reader.today))
    return Q(Exists(limits.filter(account__customer=OuterRef("pk"))))


def _covered(reader: Reader) -> Q:
    in_force = CoverPolicy.objects.filter(effective_on__lte=reader.today, expires_on__gte=reader.today)
    return Q(Exists(in_force.filter(customer=OuterRef("pk"))))


def _cover_ends(reader: Reader) -> Q:
    return Q(Exists(expiring_cover(reader.today).filter(customer=OuterRef("pk"))))


def _no_credit(reader: Reader) -> Q:
    return Q(credit_account__limit_amount=0, credit_account__unlimited=False) | Q(credit_account=None)


def _yes_no(key: str, condition: Callable[[Reader], Q]) -> Callable[[Address, Reader], Q]:
    return _choice(key, {"yes": condition, "no": lambda reader: ~condition(reader)})


_CREDIT: Mapping[str, Callable[[Reader], Q]] = {
    "none": _no_credit,
    "unlimited": lambda _: Q(credit_account__unlimited=True),
    "limited": lambda _: Q(credit_account__limit_amount__gt=0, credit_account__unlimited=False),
}
_COVER: Mapping[str, Callable[[Reader], Q]] = {
    "yes": _covered,
    "expiring": _cover_ends,
    "no": lambda reader: ~_covered(reader),
}
_ENDS = Q(credit_account__unlimited=False)
"""What is unlimited never ends (`domain 2`)."""

FILTERS: Mapping[str, Filter] = {
    item.key: item
    for item in (
        Filter("over", "Over its limit", _yes_no("over", lambda _: Q(**{f"{FIGURES}over_limit__gt": 0}))),
        Filter("credit", "Credit", _choice("credit", _CREDIT)),
        Filter("holds", "With holds", _yes_no("holds", _held)),
        Filter("status", "Account status", _words("status", lambda word, _: Q(account_status=word))),
        Filter("group", "Management group", _words("group", lambda word, _: Q(credit_management_group=word))),
        Filter("credit_group", "Credit group", _words("credit_group", lambda word, _: Q(credit_group=word))),
        Filter("entity", "Legal entity", _words("entity", lambda word, _: Q(legal_entity=word))),
        Filter("controller", "Credit controller", _words("controller", _controller)),
        Filter("country", "Country", _words("country", lambda word, _: Q(country=word.upper()))),
        Filter("currency", "Currency", _words("currency", lambda word, _: Q(currency=word.upper()))),
        Filter("used_min", "Used % from", _bound("used_min", f"{FIGURES}used_percent__gte")),
        Filter("used_max", "Used % to", _bound("used_max", f"{FIGURES}used_percent__lte")),
        Filter("limit_min", "Limit from", _bound("limit_min", f"{LIMIT}__gte")),
        Filter("limit_max", "Limit to", _bound("limit_max", f"{LIMIT}__lte")),
        Filter("expires_min", "Limit ends from", _day("expires_min", "credit_account__expires_on__gte", _ENDS)),
        Filter("expires_max", "Limit ends by", _day("expires_max", "credit_account__expires_on__lte", _ENDS)),
        Filter("review_max", "Review by", _day("review_max", "next_review_date__lte")),
        Filter("reviewed_max", "Last reviewed by", _day("reviewed_max", "last_review_date__lte")),
        Filter("temporary", "Temporary limit", _yes_no("temporary", _temporary)),
        Filter("cover", "Insurance and guarantees", _choice("cover", _COVER)),
        Filter("excluded", "Excluded", _yes_no("excluded", lambda _: Q(excluded=True))),
        Filter("agency", "With agency", _yes_no("agency", lambda _: Q(with_agency=True))),
        Filter("q", "Search", _search),
    )
}
"""The keys of the address that narrow the list, in the order in which their chips stand."""
