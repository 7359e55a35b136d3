"""What posting lines of an adjustment journal would do to holds (`ux.md` 3.8): asked of the very decision of a check.

A hold would be cleared where its order is held now and would not be; one would be placed where an order that uses
credit would be stopped at its next document. Counted are whole holds, not reasons. All lines are tried together, as
they would be posted; everything else stays as it is today.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import F, Q

from credit_mgmt.checks import Request
from credit_mgmt.limits.trials import Compared, TriedLimit, compare_limits
from credit_mgmt.models import LimitJournal, LimitJournalLine
from customers.models import Customer, Document, LegalEntity, SalesOrder
from holds.models import Hold
from holds.turns import next_checkpoint

MOST_ORDERS = 2_000
"""Orders that are tried for one page; where there are more, the effect is not counted (`HoldEffects.counted`)."""


@dataclass(slots=True)
class HoldEffect:
    """Keys of the orders whose holds a line would clear, and of those that it would stop."""

    cleared: list[str] = field(default_factory=list)
    placed: list[str] = field(default_factory=list)

    @property
    def net(self) -> int:
        """Holds more, or fewer where it is negative."""
        return len(self.placed) - len(self.cleared)


@dataclass(frozen=True, slots=True)
class HoldEffects:
    """The effect of each line by its number; not `counted` where too many orders draw on the limits."""

    by_line: Mapping[int, HoldEffect]
    counted: bool = True


def hold_effects(
    journal: LimitJournal, lines: Sequence[LimitJournalLine], *, today: Callable[[str], dt.date]
) -> HoldEffects:
    """What the lines would do to holds; the number of queries does not depend on their number.

    Unscoped: the caller shows the effect of a group's line only to who may see all its members.
    """
    effects = {line.number: HoldEffect() for line in lines}
    line_of, limits = _aims(journal, lines)
    held, using = _held(line_of), _using(line_of)
    if len(held) + len(using) > MOST_ORDERS:
        return HoldEffects(effects, counted=False)
    as_of = {entity: today(entity) for entity in LegalEntity.objects.order_by("pk").values_list("pk", flat=True)}
    orders = {order.pk: order for order in (*(hold.order for hold in held), *using)}
    looked = [Request(hold.order_id, hold.checkpoint, hold.pro_forma) for hold in held]
    for compared in compare_limits(looked, limits=limits, as_of=as_of, evaluation=True):
        if compared.now.holds and not compared.then.holds:
            _effect(compared, orders, line_of, effects).cleared.append(orders[compared.request.order_id].key)
    asked = [Request(order.pk, next_checkpoint(order)) for order in using]
    for compared in compare_limits(asked, limits=limits, as_of=as_of):
        if compared.then.holds and not compared.now.holds:
            _effect(compared, orders, line_of, effects).placed.append(orders[compared.request.order_id].key)
    return HoldEffects(effects)


def _aims(journal: LimitJournal, lines: Iterable[LimitJournalLine]) -> tuple[dict[int, int], dict[str, TriedLimit]]:
    """The line with which each payer's orders are counted (its own, or its group's), and the limits by account."""
    temporary = journal.type == LimitJournal.Type.TEMPORARY
    own = {line.customer_id: line for line in lines if line.customer_id is not None}
    of_group = {line.group_id: line for line in lines if line.group_id is not None}
    concerned = Customer.objects.filter(Q(pk__in=own) | Q(credit_group__in=of_group)).order_by("pk")
    line_of: dict[int, int] = {}
    limits: dict[str, TriedLimit] = {}
    for pk, entity, account, group in concerned.values_list("pk", "legal_entity_id", "account", "credit_group_id"):
        line = own.get(pk) or of_group[group]
        line_of[pk] = line.number
        if pk in own:
            limits[f"{entity}:{account}"] = TriedLimit(line.new_limit, line.new_to, temporary)
    for number, line in of_group.items():
        limits[f"group:{number}"] = TriedLimit(line.new_limit, line.new_to, temporary)
    return line_of, limits


def _held(payers: Mapping[int, int]) -> list[Hold]:
    """Their active holds, oldest first; a forced one waits for a person whatever the limit."""
    holds = Hold.objects.filter(payer__in=list(payers), status=Hold.Status.ACTIVE, forced=False)
    found = holds.select_related("order").order_by("held_at", "order__number", "pk")
    return list(found[: MOST_ORDERS + 1])


def _using(payers: Mapping[int, int]) -> list[SalesOrder]:
    """Their orders that use credit and have documents before them, oldest approval first."""
    orders = SalesOrder.objects.filter(payer__in=list(payers), commitment__isnull=False)
    waiting = orders.exclude(document_status=Document.INVOICE)
    return list(waiting.order_by(F("commitment__approved_at"), "pk")[: MOST_ORDERS + 1])


def _effect(
    compared: Compared,
    orders: Mapping[int, SalesOrder],
    line_of: Mapping[int, int],
    effects: Mapping[int, HoldEffect],
) -> HoldEffect:
    return effects[line_of[orders[compared.request.order_id].payer_id]]
