"""Which held orders fit into the credit that is left, found by asking `decide` order by order (`ux` 3.1, `domain 7`).

Nothing here knows a rule: an order fits if the decision, made after those before it took their credit, holds it for
nothing, or only for reasons that a person sets aside. So what fits, released in that order, passes the same tests.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from credit_mgmt.engine.decide import QueueItem, carry, decide
from credit_mgmt.engine.decision import Decision, Reason
from credit_mgmt.engine.exposure import Book
from credit_mgmt.engine.facts import OrderFacts, Policy

Aside = tuple[str, str]
"""A reason that a person sets aside: its type and the id of its rule, or nothing where it has none."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One order that was tried: what `decide` says of it, and the reasons that are left once others are set aside."""

    order: OrderFacts
    decision: Decision
    against: tuple[Reason, ...]
    in_the_end: Decision | None = None
    """Of an order that does not fit: what `decide` says once all that fit have taken their credit."""

    @property
    def fits(self) -> bool:
        """Whether nothing is left that holds it."""
        return not self.against


def fit(
    books: Collection[Book], items: Iterable[tuple[Book, QueueItem]], *, policy: Policy, aside: Collection[Aside] = ()
) -> list[Trial]:
    """Try the orders in their order; one that fits takes its credit, in all `books`, for those after it.

    Each item is asked of its own book: legal entities in different time zones have different days. The books move.
    """
    trials, known = [], list(items)
    for book, (order, question, setting) in known:
        decision = decide(book, order, policy=policy, question=question, setting=setting)
        against = tuple(reason for reason in decision.reasons if identity(reason) not in aside)
        for each in books:
            if against:
                carry(each, order, decision, policy=policy)
            else:
                each.take(order, held=False)
        trials.append(Trial(order, decision, against))
    return [
        trial if trial.fits else replace(trial, in_the_end=_again(item, policy))
        for trial, item in zip(trials, known, strict=True)
    ]


def _again(item: tuple[Book, QueueItem], policy: Policy) -> Decision:
    book, (order, question, setting) = item
    return decide(book, order, policy=policy, question=question, setting=setting)


def identity(reason: Reason) -> Aside:
    """What a person names when a reason is set aside."""
    return reason.type, reason.rule or ""


def taken(books: Collection[Book], items: Iterable[tuple[Book, QueueItem]], *, policy: Policy) -> dict[str, Decision]:
    """What `decide` says of one order of each payer once all orders have taken their credit, as a release lets them.

    The figures of these decisions are where each payer stands afterwards. The books move.
    """
    known = list(items)
    for _, (order, _, _) in known:
        for book in books:
            book.take(order, held=False)
    last = {item[0].payer: (book, item) for book, item in known}
    return {
        payer: decide(book, order, policy=policy, question=question, setting=setting)
        for payer, (book, (order, question, setting)) in last.items()
    }
