"""What posting a whole journal would do (`ux.md` 3.8): to holds, and who would fall below the exposure.

Counted by the functions that answer for a page of lines, over all of them; up to a bound that is stated where it bites.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from credit_mgmt.journals.exposures import Consequence, consequences_of
from credit_mgmt.masking import Mask
from credit_mgmt.models import LimitJournal, LimitJournalLine
from customers.access import Actor
from customers.models import CustomerCreditGroup

Effects = Callable[..., Any]
"""`(journal, lines, *, today)`: `counted`, and `by_line` with `cleared`, `placed` and `net` of each line's number."""
MOST_LINES = 10_000
"""Lines that are looked at together; a journal with more says so."""


@dataclass(frozen=True, slots=True)
class Below:
    """A line after which the total limit would be below the exposure, both in `found.currency`."""

    line: LimitJournalLine
    found: Consequence

    @property
    def name(self) -> str:
        """Of the customer, or of the group."""
        owner = self.line.customer or self.line.group
        words = owner.description if isinstance(owner, CustomerCreditGroup) else owner.name if owner else ""
        return words or str(self.line.group_id)


@dataclass(frozen=True, slots=True)
class WholeEffect:
    """Keys of the orders that would be cleared and stopped, and who would fall below the exposure.

    `looked` is False for a journal of more lines than are looked at, `counted` where too many orders draw on its
    limits: what isn't known is empty then. `hidden` lines change groups of which the reader sees no figures.
    """

    lines: int
    hidden: int = 0
    looked: bool = True
    counted: bool = True
    cleared: tuple[str, ...] = ()
    placed: tuple[str, ...] = ()
    below: tuple[Below, ...] = ()


def effect_of(
    journal: LimitJournal, *, actor: Actor, today: Callable[[str], dt.date], holds: Effects | None
) -> WholeEffect:
    """What all lines would do, as far as `actor` may see it; the number of queries doesn't depend on their number."""
    if journal.line_count > MOST_LINES:
        return WholeEffect(journal.line_count, looked=False, counted=False)
    lines = list(journal.lines.select_related("customer", "group").order_by("number"))
    mask = Mask(actor)
    seen = [line for line in lines if not mask.hides_group(line.group_id)]
    found = consequences_of(journal, seen, today=today(journal.legal_entity_id)) if seen else {}
    counted = holds(journal, lines, today=today) if holds is not None else None
    known = counted is not None and counted.counted
    return WholeEffect(
        lines=len(lines),
        hidden=len(lines) - len(seen),
        counted=known,
        cleared=_orders(counted, seen, "cleared") if known else (),
        placed=_orders(counted, seen, "placed") if known else (),
        below=tuple(Below(line, found[line.number]) for line in seen if found[line.number].falls_below),
    )


def _orders(counted: Any, lines: Sequence[LimitJournalLine], name: str) -> tuple[str, ...]:
    return tuple(order for line in lines for order in getattr(counted.by_line[line.number], name))
