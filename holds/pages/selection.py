"""The holds that an address or a form names, and what a person should know before deciding on them together."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.http import Http404, QueryDict

from customers import access
from customers.access import Action, Actor
from holds.models import Hold

MOST = 500
"""As many holds as one dialog decides on."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Holds chosen by number, as far as the reader sees them; `seen` are the versions that the reader saw."""

    holds: tuple[Hold, ...]
    seen: Mapping[str, int]

    @property
    def active(self) -> tuple[Hold, ...]:
        """Those that can still be decided on."""
        return tuple(hold for hold in self.holds if hold.status == Hold.Status.ACTIVE)

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
        values = [f"{amount:,.2f} {currency}" for currency, amount in sorted(sums.items())]
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
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def selection(params: QueryDict, actor: Actor) -> Selection:
    """The holds named by `hold` (numbers) with the versions in `version` (`H-000123:5`). Two queries at most.

    Raises `Http404` where none of them is visible to `actor`.
    """
    numbers = list(dict.fromkeys(params.getlist("hold")))[:MOST]
    rows = access.scoped(Hold.objects.all(), actor, Action.VIEW).filter(number__in=numbers)
    related = ("order", "payer", "forced_reason", "legal_entity")
    holds = tuple(rows.select_related(*related).order_by("ship_date", "number"))
    if numbers and not holds:
        raise Http404("None of these holds was found.")
    return Selection(holds, _versions(params.getlist("version")))


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
