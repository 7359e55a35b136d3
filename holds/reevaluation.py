"""Evaluation that events ask for (`domain 7`): a payment, another limit, another status; nobody presses a button.

The rooms below mark customers (`customers.marks`) of whom something changed. Here the marks that are due are taken,
the active holds of these customers and of the other members of their credit groups are evaluated, oldest first, and
the marks are deleted in that same transaction: killed half way, nothing is lost and nothing done twice.

Note [Nobody slips through]. An order may be going on hold at this very moment, on figures from before the change.
Whoever puts it there holds the lock of its credit accounts; so the holds are looked for under that lock. Customers
without holds are many and cheap: nobody waits for their accounts, they are only left for a moment where somebody is
deciding (`accounts.undisturbed`).

A rule or a parameter marks nobody, as it may concern everybody: it asks for an evaluation of all holds, the next hourly
one or the one that a person starts. An administrator who changes three rules one after the other should not see orders
released in between.
"""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from credit_mgmt import accounts, figures
from customers import marks
from customers.access import system_actor
from customers.errors import NotDecided
from customers.marks import CauseKind, Causes, Taken
from customers.models import Customer
from holds.evaluation import SYSTEM, evaluate
from holds.models import Hold
from holds.snoozing import wake_for_payment

logger = logging.getLogger(__name__)

TASK = "holds.tasks.recheck_marked"
MOST_MARKS = 500
"""Marks per wave: so many customers are looked up in one statement."""
MOST_HOLDS = 100
"""Holds per transaction, unless more share the same credit: their accounts are not kept locked for long."""
SOON = marks.QUIET + dt.timedelta(seconds=1)
"""Marks that are due so soon are worth another message."""

Credit = tuple[str, Any]
"""Credit that is shared: that of a group, or of a payer by itself."""


@dataclass(slots=True)
class Rechecked:
    """What came of it: customers whose mark was dealt with, holds that were evaluated, those that changed."""

    customers: int = 0
    evaluated: int = 0
    changed: int = 0


def recheck_marked(
    *, at: Callable[[], dt.datetime], today: Mapping[str, dt.date], budget: dt.timedelta | None = None
) -> Rechecked:
    """Evaluate the holds of all customers whose marks are due, until none is; any number of workers at once.

    What fails is logged and pauses; the rest goes on. After `budget` no further wave is begun.
    """
    result, started = Rechecked(), at()
    while (taken := marks.take(MOST_MARKS)).causes:
        _Wave(taken, credit_of(taken.causes), at, today, result).run()
        if budget is not None and at() - started > budget:
            break
    if result.customers:
        logger.info("%s customers, %s holds, %s changed", result.customers, result.evaluated, result.changed)
    return result


def more_to_come() -> bool:
    """Whether marks are due within moments, so that a worker is worth waking again."""
    return marks.due_within(SOON)


# --- who is concerned -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Marked:
    """A marked customer: who pays for it, and the credit that its orders draw on."""

    customer: int
    payer: int
    credit: Credit


def credit_of(customer_ids: Collection[int]) -> list[Marked]:
    """The customers with payer and credit as they are now. One query."""
    rows = Customer.objects.filter(pk__in=customer_ids).order_by("pk")
    values = rows.values_list("pk", "invoice_account", "credit_group", "invoice_account__credit_group")
    return [
        Marked(pk, payer or pk, _credit(payer or pk, of_payer if payer else own)) for pk, payer, own, of_payer in values
    ]


def _credit(payer: int, group: str | None) -> Credit:
    return ("group", group) if group else ("payer", payer)


def holds_on(credits: Collection[Credit]) -> dict[Credit, list[tuple[UUID, int]]]:
    """The active holds, with their payers, of whoever draws on these credits. One query."""
    groups = [name for kind, name in credits if kind == "group"]
    payers = [pk for kind, pk in credits if kind == "payer"]
    concerned = Customer.objects.filter(Q(pk__in=payers) | Q(credit_group__in=groups))
    holds = Hold.objects.filter(status=Hold.Status.ACTIVE, payer__in=concerned.values("pk")).order_by("held_at", "pk")
    found: dict[Credit, list[tuple[UUID, int]]] = defaultdict(list)
    for hold, payer, group in holds.values_list("pk", "payer_id", "payer__credit_group"):
        found[_credit(payer, group)].append((hold, payer))
    return found


# --- a wave of marks --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Wave:
    """Marks that were taken together, and what became of them."""

    taken: Taken
    marked: list[Marked]
    at: Callable[[], dt.datetime]
    today: Mapping[str, dt.date]
    result: Rechecked

    def run(self) -> None:
        """Marks without holds first: they are over at once."""
        by_credit: dict[Credit, list[Marked]] = defaultdict(list)
        for one in self.marked:
            by_credit[one.credit].append(one)
        found = holds_on(by_credit)
        self._without_holds([one for credit, some in by_credit.items() if credit not in found for one in some])
        for pack in _packs({credit: len(holds) for credit, holds in found.items()}):
            some = [one for credit in pack for one in by_credit[credit]]
            if not self._with_holds(some) and len(pack) > 1:
                for credit in pack:  # one of them fails: the others need not
                    self._with_holds(by_credit[credit], last=True)

    def _without_holds(self, some: list[Marked]) -> None:
        """Delete the marks of customers without active holds, see Note [Nobody slips through]."""
        if not some:
            return
        with transaction.atomic():
            quiet = accounts.undisturbed(one.payer for one in some)
            held = holds_on({one.credit for one in some})
            over = {one.customer for one in some if one.payer in quiet and one.credit not in held}
            marks.put_back(self.taken, {one.customer for one in some} - over, failed=False)
            figures.outdated(over)
            marks.done(self.taken, over)
        self.result.customers += len(over)

    def _with_holds(self, some: list[Marked], *, last: bool = False) -> bool:
        """Evaluate the holds that these marks concern, and delete the marks; False where that is worth trying apart."""
        customers = {one.customer for one in some}
        alone = last or len({one.credit for one in some}) == 1
        try:
            with transaction.atomic():
                outcome = self._evaluate(some)
                figures.outdated(customers)
                marks.done(self.taken, customers)
        except NotDecided as problem:
            logger.info("re-checking %s customers waits: %s", len(customers), problem.message)
            marks.put_back(self.taken, customers, failed=False)
        except Exception:
            logger.exception("re-checking %s customers failed, at the first time: %s", len(customers), not last)
            if not alone:
                return False
            marks.put_back(self.taken, customers)
        else:
            self.result.customers += len(customers)
            self.result.evaluated += outcome["evaluated"]
            self.result.changed += len(outcome["changes"])
        return True

    def _evaluate(self, some: list[Marked]) -> dict[str, Any]:
        """Evaluate under the lock of the accounts, with the holds that are there then. Raises `NotDecided`."""
        causes = self._causes(some)
        likely = {payer for holds in holds_on(causes).values() for _, payer in holds}
        payers = likely | {one.payer for one in some}
        with accounts.locked(payers):
            holds = [(hold, payer, credit) for credit, found in holds_on(causes).items() for hold, payer in found]
            if not {payer for _, payer, _ in holds} <= payers:
                raise NotDecided("Another member's order went on hold meanwhile.")
            outcome = evaluate(
                hold_ids=[hold for hold, _, _ in holds],
                actor=system_actor(SYSTEM),
                at=self.at(),
                today=self.today,
                asked_by={hold: causes[credit][-marks.CAUSES_KEPT :] for hold, _, credit in holds},
            )
            wake_for_payment(payers=self._paid(some), at=self.at())
            return outcome

    def _paid(self, some: list[Marked]) -> set[int]:
        """The payers of those who paid: holds that were snoozed until a payment arrives wake up."""
        causes = self.taken.causes
        return {one.payer for one in some if any(it["kind"] == CauseKind.PAYMENT for it in causes[one.customer])}

    def _causes(self, some: list[Marked]) -> dict[Credit, Causes]:
        """What happened, by credit: the payment of one member may clear another's hold."""
        causes: dict[Credit, Causes] = defaultdict(list)
        for one in some:
            causes[one.credit] += self.taken.causes[one.customer]
        return causes


def _packs(sizes: Mapping[Credit, int]) -> Iterator[list[Credit]]:
    """Credits that are evaluated in one transaction, by how many holds each has."""
    pack: list[Credit] = []
    total = 0
    for credit, size in sizes.items():
        if pack and total + size > MOST_HOLDS:
            yield pack
            pack, total = [], 0
        pack.append(credit)
        total += size
    if pack:
        yield pack
