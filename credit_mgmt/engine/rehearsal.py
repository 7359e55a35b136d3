"""What checkpoints and grace days mean, shown by walking an order through them (`domain 5.1`, `5.2`; `ux.md` 3.11).

The very functions that answer for a real order answer here; only the order is none, and its checks all pass.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from credit_mgmt.engine.decision import NotChecked
from credit_mgmt.engine.facts import Checkpoint, CheckpointSetting, OrderFacts, Parameters, Question, Standing
from credit_mgmt.engine.schedule import OFF, document_exempt, grace_until
from customers.money import ZERO


@dataclass(frozen=True, slots=True)
class Visit:
    """A document posted on a day: why it was not checked, or None where it was; and until when grace lasts then."""

    checkpoint: Checkpoint
    day: dt.date
    because: NotChecked | None
    grace_until: dt.date | None

    @property
    def checked(self) -> bool:
        """Whether this document was checked on this day."""
        return self.because is None


_NOBODYS = OrderFacts(
    id=0,
    key="",
    legal_entity="",
    customer="",
    payer="",
    currency="",
    amount=ZERO,
    uninvoiced=ZERO,
    delivered=ZERO,
)


def rehearse(
    checkpoints: Mapping[str, CheckpointSetting], postings: Iterable[tuple[Checkpoint, dt.date]]
) -> list[Visit]:
    """The documents `postings`, posted in this order on these days by an order that passes every check."""
    parameters, order, visits = Parameters(checkpoints=checkpoints), _NOBODYS, []
    for checkpoint, day in postings:
        because = document_exempt(order, parameters, Question(checkpoint), day)
        if because is None:
            until = grace_until(checkpoints.get(checkpoint, OFF), day)
            order = replace(order, standing=Standing(amount=ZERO, grace_until=until))
        visits.append(Visit(checkpoint, day, because, order.standing.grace_until if order.standing else None))
    return visits
