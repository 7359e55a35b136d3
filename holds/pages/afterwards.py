"""What the release dialog says before anything happens (`ux.md` 3.3): where customers stand afterwards, what is posted,
until when nothing is checked again. Where somebody stands is asked of the decision itself (`credit_mgmt.headroom`).
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from credit_mgmt.engine.schedule import grace_until
from credit_mgmt.gathering import Request
from credit_mgmt.headroom import after_release
from credit_mgmt.masking import Mask
from credit_mgmt.policies import current_policy
from customers.models import Document
from customers.money import HUNDRED, ZERO
from customers.numbers import grouped
from holds.models import Hold

MOST = 500
"""Holds for which the figures are worked out while a person waits."""
TOLERANCE = Decimal("1")
"""Per cent by which a customer's exposure may have moved since the dialog was opened (`ux` 3.3)."""


@dataclass(frozen=True, slots=True)
class Stands:
    """A customer after the release: how much of the tighter limit is used, in per cent, and the excess over it."""

    name: str
    key: str
    exposure: str
    used: Decimal | None
    over: Decimal
    currency: str
    of_group: bool
    withheld: bool = False
    """`used` and `over` are the group's and not the reader's to see: it is told that the group is over, not by how
    much."""


@dataclass(frozen=True, slots=True)
class Afterwards:
    """Where all customers of a selection stand once it is released; `unknown` are those with a missing rate."""

    within: int
    over: tuple[Stands, ...]
    unknown: tuple[str, ...]
    exposures: Mapping[str, str]

    def moved(self, seen: Mapping[str, str]) -> bool:
        """Whether an exposure differs from what was seen by more than the tolerance."""
        return any(_differs(seen[key], now) for key, now in self.exposures.items() if key in seen)


def _differs(before: str, now: str) -> bool:
    try:
        old, new = Decimal(before), Decimal(now)
    except ArithmeticError:
        return True
    return abs(new - old) * HUNDRED > TOLERANCE * max(abs(old), abs(new))


def afterwards(holds: Sequence[Hold], today: Callable[[str], dt.date], mask: Mask) -> Afterwards:
    """Where the customers stand once `holds` are released; a handful of queries, whatever their number."""
    as_of = {entity: today(entity) for entity in {hold.legal_entity_id for hold in holds}}
    as_of |= {entity: today(entity) for entity in {hold.payer.legal_entity_id for hold in holds}}
    requests = [Request(hold.order_id, hold.checkpoint, hold.pro_forma) for hold in holds]
    names = {hold.payer.key: hold.payer.name for hold in holds}
    stands, unknown = [], []
    for key, decision in after_release(requests, as_of=as_of).items():
        figures, seen = decision.figures or {}, mask.figures(decision.figures) or {}
        if figures.get("exposure_after") is None:
            unknown.append(names.get(key, key))
            continue
        used = seen.get("used_percent")
        stands.append(
            Stands(
                name=names.get(key, key),
                key=key,
                exposure=str(figures["exposure_after"]),
                used=None if used is None else Decimal(used),
                over=Decimal(figures.get("over_limit") or ZERO),
                currency=str(figures.get("currency", "")),
                of_group=figures.get("tighter") == "group",
                withheld=figures.get("over_limit") != seen.get("over_limit"),
            )
        )
    over = tuple(sorted((one for one in stands if one.over > 0), key=lambda one: (-one.over, one.key)))
    return Afterwards(len(stands) - len(over), over, tuple(unknown), {one.key: one.exposure for one in stands})


def documents(holds: Sequence[Hold]) -> list[str]:
    """What a release with posting posts: `14 confirmations`, `6 packing slips`; and how many have nothing to post."""
    asked = Counter(str((hold.posting_request or {}).get("document", "")) for hold in holds)
    none = asked.pop("", 0)
    labels = {value: str(label).lower() for value, label in Document.choices}
    said = [f"{grouped(n)} {labels.get(word, word)}{'' if n == 1 else 's'}" for word, n in sorted(asked.items())]
    if none:
        said.append(f"{grouped(none)} of which nothing was being posted: {'it' if none == 1 else 'they'} will fail")
    return said


def grace(holds: Sequence[Hold], today: Callable[[str], dt.date]) -> list[dict[str, Any]]:
    """Until which day nothing is checked again, by legal entity and checkpoint; only where there are grace days."""
    policy, lines = current_policy(), []
    for entity, checkpoint, pro_forma in sorted({(h.legal_entity_id, h.checkpoint, h.pro_forma) for h in holds}):
        parameters = policy.parameters_of(entity)
        setting = parameters.checkpoints.get(checkpoint) if parameters else None
        until = grace_until(setting, today(entity), pro_forma=pro_forma) if setting else None
        if until is not None:
            label = dict(Document.choices).get(checkpoint, checkpoint)
            lines.append({"entity": entity, "checkpoint": str(label).lower(), "from": until + dt.timedelta(days=1)})
    return lines
