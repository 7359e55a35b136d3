"""Facts of orders of which no decision is stored, as they were on the day of their first invoice (`ux` 3.10).

Transactions, settlements, limits and cover answer for that day; open orders, labels and group membership are those of
today (`domain 1`). The order's own invoices of that day are taken out of what its payer owed, and the order counts with
its whole amount: it had not been invoiced when it would have been checked.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db.models import Sum

from credit_mgmt.engine.condense import Facts, condense
from credit_mgmt.engine.facts import Checkpoint, CustomerPosition, GroupPosition, Part, Policy, Question
from credit_mgmt.loading import load_accounts, order_facts, read_orders
from credit_mgmt.policies import Clock, Setup, current_setup, read_clock, setting_for
from customers.models import CustomerTransaction, DueItem
from customers.money import ZERO
from customers.receivables import open_on

_Own = Mapping[str, Decimal]
"""What was open of an order's own invoices, by currency."""


@dataclass(frozen=True, slots=True)
class _Then:
    """One day, as everything on it is looked at."""

    day: dt.date
    setup: Setup
    clock: Clock


def rebuilt_facts(days: Mapping[int, dt.date], policy: Policy) -> dict[int, Facts]:
    """The facts of each order (by id) on its day. A few queries for each day among them."""
    by_day: dict[dt.date, list[int]] = defaultdict(list)
    for order, day in days.items():
        by_day[day].append(order)
    clock = read_clock()
    setup = replace(current_setup(clock), policy=policy)
    facts: dict[int, Facts] = {}
    for day, orders in sorted(by_day.items()):
        facts |= _facts_on(_Then(day, setup, clock), orders)
    return facts


def _facts_on(then: _Then, order_ids: list[int]) -> dict[int, Facts]:
    rows = read_orders(order_ids)
    payers = {row.payer_id for row in rows.values()}
    book = load_accounts(payer_ids=payers, as_of=then.day, setup=then.setup, clock=then.clock).book
    own = _own_invoices(order_ids, then.day)
    facts = {}
    for row in rows.values():
        question = Question(_checkpoint(then.setup.policy, row.legal_entity))
        setting = setting_for(row.legal_entity, then.day, setup=then.setup, clock=then.clock)
        known = condense(book, order_facts(row, then.setup), question, setting)
        facts[row.id] = _before_its_invoices(known, own.get(row.id, {}))
    return facts


def _checkpoint(policy: Policy, legal_entity: str) -> Checkpoint:
    """The first document at which orders of the legal entity are checked."""
    parameters = policy.parameters_of(legal_entity)
    settings = parameters.checkpoints if parameters else {}
    checked = (document for document in Checkpoint if document in settings and settings[document].posting)
    return next(checked, Checkpoint.CONFIRMATION)


def _own_invoices(order_ids: list[int], day: dt.date) -> dict[int, dict[str, Decimal]]:
    """What was open on the day of the invoices of each order, by currency; one query."""
    items = DueItem.objects.filter(
        transaction__sales_order__any_of=order_ids,
        transaction__kind=CustomerTransaction.Kind.INVOICE,
        date__lte=day,
    ).annotate(open_then=open_on(day))
    own: dict[int, dict[str, Decimal]] = defaultdict(dict)
    rows = items.values_list("transaction__sales_order", "currency").annotate(total=Sum("open_then"))
    for order, currency, total in rows.order_by("transaction__sales_order", "currency"):
        own[order][currency] = total
    return own


def _before_its_invoices(known: Facts, own: _Own) -> Facts:
    order = replace(known.order, uninvoiced=known.order.amount, delivered=ZERO, standing=None, counted=False)
    position = known.position and _less(known.position, own)
    return replace(known, order=order, position=position, group=known.group and _group_less(known.group, position, own))


def _group_less(group: GroupPosition, payer: CustomerPosition | None, own: _Own) -> GroupPosition:
    members = (_less(m, own) if payer is not None and m.account == payer.account else m for m in group.members)
    return replace(group, members=tuple(members))


def _less(position: CustomerPosition, own: _Own) -> CustomerPosition:
    parts = {part.currency: part for part in position.parts}
    for currency, amount in own.items():
        part = parts.get(currency, Part(currency))
        parts[currency] = replace(part, balance=part.balance - amount)
    return replace(position, parts=tuple(parts.values()))
