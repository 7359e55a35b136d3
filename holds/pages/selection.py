"""The holds that an address or a form names, and what a person should know before deciding on them together."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q
from django.http import Http404, QueryDict

from customers import access, clock
from customers.access import Actor
from customers.errors import Refused
from customers.models import ListSelection
from customers.numbers import grouped
from holds.lists.selections import find_selection, versions_of
from holds.models import Hold

MOST = 500
"""As many holds as one dialog decides on."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Holds chosen by number or by a kept selection, as far as the reader sees them.

    `seen` are the versions that the reader saw; `kept` are the fields that say it all in a form again.
    """

    holds: tuple[Hold, ...]
    seen: Mapping[str, int]
    kept: tuple[tuple[str, str], ...] = ()

    @property
    def active(self) -> tuple[Hold, ...]:
        """Those that can still be decided on."""
        return tuple(hold for hold in self.holds if hold.status == Hold.Status.ACTIVE)

    @property
    def changed(self) -> tuple[Hold, ...]:
        """Those that somebody changed since they were selected (`ux.md` 3.0, Select)."""
        return tuple(hold for hold in self.holds if hold.version != self.seen.get(hold.number, hold.version))

    @property
    def entities(self) -> list[str]:
        """Legal entities of the active holds, sorted."""
        return sorted({hold.legal_entity_id for hold in self.active})

    @property
    def versions(self) -> dict[str, int]:
        """The version that the reader saw of each active hold, by hold id; today's where none was said."""
        return {str(hold.pk): self.seen.get(hold.number, hold.version) for hold in self.active}

    def summary(self) -> str:
        """`20 orders · 148,220.00 EUR · 11 customers`: values by accounting currency."""
        holds = self.active
        sums: dict[str, Decimal] = {}
        for hold in holds:
            sums[hold.currency] = sums.get(hold.currency, Decimal(0)) + hold.amount
        customers = len({hold.payer_id for hold in holds})
        values = [f"{grouped(amount, 2)} {currency}" for currency, amount in sorted(sums.items())]
        return " · ".join([plural(len(holds), "order"), *values, plural(customers, "customer"), *self._by_entity()])

    def _by_entity(self) -> list[str]:
        """How many in which legal entity, where there are several."""
        if len(self.entities) < 2:
            return []
        codes = sorted(hold.legal_entity_id for hold in self.active)
        return [", ".join(f"{code} {len(list(group))}" for code, group in itertools.groupby(codes))]


def inside(address: str) -> str:
    """`address` if it leads to a page of holds on this site, else nothing: nobody else decides where we go on."""
    return address if address.startswith("/holds/") and "\\" not in address else ""


def plural(count: int, noun: str) -> str:
    """`1 order`, `2 orders`."""
    return f"{grouped(count)} {noun}" if count == 1 else f"{grouped(count)} {noun}s"


def selection(params: QueryDict, actor: Actor, *, most: int = MOST) -> Selection:
    """The holds named by `hold` (numbers) with the versions in `version` (`H-000123:5`). Three queries at most.

    With `selected` also those of that selection, but what was ticked on the page (`was`) and is not any more. Raises
    `Http404` where none of them is visible to `actor`, `Refused` with `too_many` above `most`.
    """
    numbers = list(dict.fromkeys(params.getlist("hold")))
    kept = find_selection(params.get("selected", ""), actor, clock.now()) if params.get("selected") else None
    if kept is None and params.get("selected") and not numbers:
        raise Refused("selection_expired", "What you had selected is forgotten after 12 hours: select it again.")
    chosen = Q(number__in=numbers)
    if kept is not None:
        dropped = {number for number in params.get("was", "").split(".") if number not in set(numbers)}
        chosen |= Q(pk__in=kept.keys) & ~Q(number__in=dropped)
    rows = access.scoped(Hold.objects.all(), actor).filter(chosen)
    related = ("order", "payer", "forced_reason", "legal_entity")
    holds = tuple(rows.select_related(*related).order_by("ship_date", "number")[: most + 1])
    if len(holds) > most:
        raise Refused("too_many", f"Choose at most {most:,} holds for this.")
    if (numbers or kept) and not holds:
        raise Http404("None of these holds was found.")
    return Selection(holds, {**_frozen(kept, holds), **_versions(params.getlist("version"))}, _fields(params, kept))


def _frozen(kept: ListSelection | None, holds: Iterable[Hold]) -> dict[str, int]:
    """The versions that were seen when the selection was taken, by number."""
    if kept is None:
        return {}
    seen = versions_of(kept)
    return {hold.number: seen[hold.pk] for hold in holds if hold.pk in seen}


def _fields(params: QueryDict, kept: ListSelection | None) -> tuple[tuple[str, str], ...]:
    """What a form sends along so that the same holds are chosen again; nothing where it names each."""
    if kept is None:
        return ()
    return (
        ("selected", str(kept.pk)),
        *([("was", str(params.get("was")))] if params.get("was") else []),
        *(("hold", number) for number in dict.fromkeys(params.getlist("hold"))),
    )


def only(holds: Iterable[Hold], seen: Mapping[str, int] | None = None) -> Selection:
    """A selection of holds at hand."""
    return Selection(tuple(holds), seen or {})


def _versions(words: Sequence[str]) -> dict[str, int]:
    versions = {}
    for word in words:
        number, _, version = word.rpartition(":")
        if number and version.isdigit() and len(version) < 10:
            versions[number] = int(version)
    return versions
