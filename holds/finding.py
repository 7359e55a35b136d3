"""Finding anything by its number or a part of its name (`ux.md` 3.16): orders, holds, customers, invoices, jobs, rules.

One statement, whatever is found: each kind is a branch that ends after a few rows and goes through an index of its own
(`customers.trigrams`). A person finds what the one gate lets the person see, and nothing else.
"""

import contextlib
import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, DateTimeField, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat

from credit_mgmt.rules.reading import current_versions
from customers.access import Action, Actor, scoped
from customers.jobs.reading import visible_jobs
from customers.listing.views import visible_views
from customers.models import Customer, CustomerTransaction, LegalEntity, SalesOrder
from holds.lists.columns import HOLDS
from holds.lists.searching import HOLD_NUMBER
from holds.models import Hold, HoldEvent

SHORTEST = 2
"""Letters from which on a search is made."""
PART = 3
"""Letters from which on an index of trigrams finds parts of words; fewer find beginnings alone."""
KINDS = ("hold", "order", "customer", "transaction", "rule", "view", "job")
RECENT = 5
RECENT_EVENTS = 60

Rows = QuerySet[Any, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Match:
    """Something that was found. `extra` is what its address needs beside entity and number."""

    kind: str
    entity: str
    number: str
    name: str
    state: str
    extra: str
    at: dt.datetime | None
    exact: bool = False


def find(text: str, *, actor: Actor, most: int = 5) -> list[Match]:
    """What `text` finds among what `actor` sees: exact business keys first, then up to `most` of each kind.

    `text` is a number, a key like `NL01:SO-104233`, or a part of a number or name. One query; none for a single letter.
    """
    text = text.strip()
    if len(text) < SHORTEST:
        return []
    first, *others = _all(text, actor, most)
    rows = first.union(*others, all=True)
    return _ranked([Match(*row) for row in rows], text, most)


def recent_holds(*, actor: Actor) -> list[Match]:
    """The holds that `actor` did something to last, newest first. One query."""
    events = HoldEvent.objects.filter(actor=actor.reference)
    seen = scoped(events, actor, path="hold__legal_entity").order_by("-at", "pk")
    rows = seen.values_list(*_hold_columns("hold__"))[:RECENT_EVENTS]
    return list(dict.fromkeys(Match("hold", *row) for row in rows))[:RECENT]


# --- branches ---------------------------------------------------------------------------------------------------------


def _all(text: str, actor: Actor, most: int) -> Iterator[Rows]:
    entity, separator, rest = text.partition(":")
    number = rest.strip() if separator else text
    inside = Q(legal_entity__in=sorted({entity.strip(), entity.strip().upper()})) if separator else Q()
    yield from _holds(text, actor)
    yield from _orders(number, inside, actor, most)
    if actor.may(Action.VIEW_EXPOSURE):
        yield from _customers(number, inside, actor, most)
        yield _transactions(number, inside, actor)
    yield from _jobs(text, actor, most)
    called = Q(rule__code__icontains=text) | Q(name__icontains=text)
    rules = current_versions(actor).filter(called).order_by("rule__code")
    code = F("rule__code")
    yield _row(rules, "rule", Coalesce("legal_entity", Value("")), code, F("name"), F("state"), code)[:most]
    views = visible_views(actor, HOLDS.name).filter(label__icontains=text).order_by("label", "pk")
    yield _row(views, "view", Value(""), F("label"), Value(""), Value(""), F("slug"))[:most]


def _holds(text: str, actor: Actor) -> Iterator[Rows]:
    match = HOLD_NUMBER.fullmatch(text)
    number = f"H-{match[1]:0>6}" if match else ""
    found = scoped(Hold.objects.filter(number=number), actor)
    yield found.annotate(kind=Value("hold")).values_list("kind", *_hold_columns(""))


def _hold_columns(path: str) -> tuple[Any, ...]:
    return (
        _text(f"{path}legal_entity"),
        F(f"{path}number"),
        _text(Concat(f"{path}order__number", Value(" "), f"{path}payer__name")),
        _text(f"{path}status"),
        _text(f"{path}order__number"),
        F(f"{path}held_at"),
    )


def _orders(number: str, inside: Q, actor: Actor, most: int) -> Iterator[Rows]:
    """Orders; `extra` is the hold that stops them now."""
    held = Hold.objects.filter(order=OuterRef("pk"), status=Hold.Status.ACTIVE)
    active = scoped(held, actor).values("number")[:1]
    stopped = Coalesce(Subquery(active), Value(""), output_field=CharField())
    visible = scoped(SalesOrder.objects.filter(inside), actor)
    # The newest first, along the primary key: sorting all that match would cost as much as there are.
    for rows in (visible.filter(number__iexact=number), visible.filter(_part("number", number)).order_by("-pk")):
        yield _row(rows, "order", F("legal_entity"), F("number"), F("customer__name"), F("credit_status"), stopped)[
            :most
        ]


def _customers(text: str, inside: Q, actor: Actor, most: int) -> Iterator[Rows]:
    visible = scoped(Customer.objects.filter(inside), actor, Action.VIEW_EXPOSURE)
    parts = _part("account", text) | _part("name", text)
    for rows in (visible.filter(account__iexact=text), visible.filter(parts).order_by("name", "pk")):
        yield _row(rows, "customer", F("legal_entity"), F("account"), F("name"), Value(""), Value(""))[:most]


def _transactions(number: str, inside: Q, actor: Actor) -> Rows:
    """Invoices, credit notes and payments by their whole number; `extra` is the customer's account."""
    entities = scoped(LegalEntity.objects.all(), actor, Action.VIEW_EXPOSURE, path="code").values("code")
    numbers = sorted({number, number.upper()})
    series = CustomerTransaction.Series.values
    rows = CustomerTransaction.objects.filter(inside, legal_entity__in=entities, series__in=series, number__in=numbers)
    at = Cast("date", DateTimeField())
    return _row(
        rows, "transaction", F("legal_entity"), F("number"), F("customer__name"), F("kind"), F("customer__account"), at
    )


def _jobs(text: str, actor: Actor, most: int) -> Iterator[Rows]:
    if not actor.may(Action.VIEW_JOBS):
        return
    wanted = Q(kind__icontains=text.replace(" ", "_"))
    with contextlib.suppress(ValueError):  # not the number of a job: its kind may still be meant
        wanted |= Q(pk=uuid.UUID(text))
    rows = visible_jobs(actor).filter(wanted).order_by("-created_at", "pk")
    yield _row(rows, "job", Value(""), F("kind"), Value(""), F("status"), _text("pk"), F("created_at"))[:most]


def _part(field: str, text: str) -> Q:
    """The lookup that an index of trigrams answers: parts of three letters and more, else beginnings."""
    return Q(**{f"{field}__{'icontains' if len(text) >= PART else 'istartswith'}": text})


def _text(column: Any) -> Cast:
    return Cast(column, CharField())


def _row(rows: QuerySet[Any], kind: str, *columns: Any) -> Rows:
    """The branch of one kind: every column of `Match` but `exact`, of the same types in every branch."""
    *texts, last = columns if len(columns) == 6 else (*columns, Value(None, output_field=DateTimeField()))
    named = {f"found_{place}": _text(column) for place, column in enumerate((Value(kind), *texts))}
    found: Rows = rows.annotate(**named, found_at=Cast(last, DateTimeField())).values_list(*named, "found_at")
    return found


# --- ranking ----------------------------------------------------------------------------------------------------------


def _ranked(found: list[Match], text: str, most: int) -> list[Match]:
    """Exact keys first, an order before it the hold that stops it; then the kinds in their order."""
    wanted = (text.partition(":")[2].strip() or text).casefold()
    number = HOLD_NUMBER.fullmatch(text) is not None
    unique: dict[tuple[str, ...], Match] = {}
    for match in found:
        exact = wanted == match.number.casefold() or (match.kind == "hold" and number)
        if match.kind == "order" and match.extra:
            stopped = Match(
                "hold", match.entity, match.extra, f"{match.number} {match.name}", "active", "", None, exact
            )
            unique.setdefault(_key(stopped), stopped)
        unique.setdefault(_key(match), dataclasses.replace(match, exact=exact))
    ranked = sorted(unique.values(), key=lambda match: (not match.exact, KINDS.index(match.kind)))
    shown: list[Match] = []
    for match in ranked:
        if match.exact or sum(1 for other in shown if other.kind == match.kind and not other.exact) < most:
            shown.append(match)
    return shown


def _key(match: Match) -> tuple[str, ...]:
    return (match.kind, match.entity, match.number, "" if match.kind == "hold" else match.extra)
