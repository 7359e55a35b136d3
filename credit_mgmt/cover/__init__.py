"""Insurance policies and guarantees: entered, changed, ended, removed; what each counts on a day (`domain 2`, `3.1`).

What may be written is said once, in `cover_rows`; what a policy counts once, in the engine.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import transaction

from credit_mgmt.cover.facts import part_of
from credit_mgmt.cover.rows import Policies, lock_cover, tell_of_cover
from credit_mgmt.engine.exposure import convert, cover_counted
from credit_mgmt.models import CoverPolicy
from credit_mgmt.policies import Clock, Setup, current_setup, read_clock, setting_for
from customers.access import Action, Actor, authorize
from customers.errors import InvalidInput, NotFound
from customers.imports import RowResult, upsert, upsert_one
from customers.money import MissingRate, Rates
from customers.signing import sign

NOTICE = dt.timedelta(days=30)
"""How long before its last day a policy is shown to expire (`ux.md` 3.6)."""


class CoverStatus(StrEnum):
    """Where a policy stands on a day."""

    IN_FORCE = "in_force"
    EXPIRING = "expiring"
    """In force, and its last day is near."""
    NOT_YET = "not_yet"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class CoverLine:
    """A policy with where it stands on a day, and what it counts or would count if it were in force.

    `amount` is in `currency`, the account's, None where a rate is missing (`domain 4.9`). `days_left`: days after the
    day asked about until its last one.
    """

    policy: CoverPolicy
    status: CoverStatus
    amount: Decimal | None
    currency: str
    days_left: int

    @property
    def in_force(self) -> bool:
        """Whether it is part of the limit on the day."""
        return self.status in {CoverStatus.IN_FORCE, CoverStatus.EXPIRING}


def save_policies(
    *, rows: Sequence[Mapping[str, Any]], actor: Actor, replace: bool = True, atomic: bool = False
) -> list[RowResult]:
    """Enter or change policies, in the words of `api.md`; a row without `id` is a new one. Amounts in its currency.

    A bad row is reported and the others are written, unless `atomic`. Raises `InvalidInput` for too many rows,
    `NotDecided` when a lock was not to be had.
    """
    return upsert(Policies.name, rows, actor=actor, today=None, replace=replace, atomic=atomic)


def save_policy(
    *, values: Mapping[str, Any], actor: Actor, policy: uuid.UUID | None = None, replace: bool = True
) -> CoverPolicy:
    """`save_policies` of one. Raises `InvalidInput` naming each field and its remedy, `NotFound`, `NotAllowed`."""
    named = policy or uuid.uuid4()
    upsert_one(Policies.name, {**values, "id": named}, actor=actor, today=None, replace=replace)
    return CoverPolicy.objects.select_related("customer").get(pk=named)


def end_policy(*, policy: uuid.UUID, last_day: dt.date, actor: Actor) -> CoverPolicy:
    """Let a policy end on `last_day`, earlier than agreed. Raises `InvalidInput`, `NotFound`, `NotAllowed`."""
    known = CoverPolicy.objects.filter(pk=policy).values_list("expires_on", flat=True).first()
    if known is not None and last_day > known:
        message = f"It ends on {known} already: give an earlier day, or change the policy to extend it."
        raise InvalidInput.of("last_day", "later_than_agreed", message)
    try:
        return save_policy(values={"expires_on": last_day}, actor=actor, policy=policy, replace=False)
    except InvalidInput as wrong:
        raise InvalidInput.of("last_day", wrong.errors[0].code, wrong.errors[0].message) from None


@transaction.atomic
def remove_policy(*, policy: uuid.UUID, actor: Actor) -> None:
    """Remove a policy that was entered by mistake; the record of its changes stays. Raises `NotFound`, `NotAllowed`."""
    customer = CoverPolicy.objects.filter(pk=policy).values_list("customer_id", flat=True).first()
    if customer is not None:
        lock_cover([customer])
    found = CoverPolicy.objects.select_related("customer").filter(pk=policy).first()
    if found is None:
        raise NotFound(f"There is no policy {policy}.")
    authorize(actor, Action.EDIT_INSURANCE, found.customer.legal_entity_id, f"Policy {policy}")
    sign(actor)
    found.delete()
    tell_of_cover([policy])


def cover_lines(policies: Collection[CoverPolicy], today_in: Callable[[str], dt.date]) -> list[CoverLine]:
    """Policies (with `customer__legal_entity`) as they stand today where their customers are; no query per policy."""
    clock = read_clock()
    setup = current_setup(clock)
    entities = {policy.customer.legal_entity_id for policy in policies}
    days = {entity: today_in(entity) for entity in entities}
    rates = {entity: _rates(entity, days[entity], setup, clock) for entity in entities}
    return [
        line_of(policy, days[policy.customer.legal_entity_id], rates[policy.customer.legal_entity_id])
        for policy in policies
    ]


def line_of(policy: CoverPolicy, as_of: dt.date, rates: Rates) -> CoverLine:
    """Where a policy (with `customer__legal_entity`) stands on a day, and what it counts (`domain 3.1`)."""
    own = policy.customer.legal_entity.accounting_currency_id
    left = (policy.expires_on - as_of).days
    return CoverLine(policy, status_on(policy, as_of), amount_counted(policy, own, rates), own, left)


def amount_counted(policy: CoverPolicy, currency: str, rates: Rates) -> Decimal | None:
    """What a policy adds to the limit while it is in force, in `currency`, the account's; None without a rate."""
    counted = cover_counted(part_of(policy), rates.minor_units.get(policy.currency_id, 2))
    try:
        return convert(rates, counted, policy.currency_id, currency, currency)
    except MissingRate:
        return None


def status_on(policy: CoverPolicy, as_of: dt.date) -> CoverStatus:
    """Not yet, in force from its first day to its last, expired (`domain 3.1`)."""
    if as_of < policy.effective_on:
        return CoverStatus.NOT_YET
    if as_of > policy.expires_on:
        return CoverStatus.EXPIRED
    return CoverStatus.EXPIRING if policy.expires_on - as_of <= NOTICE else CoverStatus.IN_FORCE


def in_order(lines: Iterable[CoverLine]) -> list[CoverLine]:
    """What is in force first, then what will be, then what is over; each by its first day."""
    ranks = {CoverStatus.NOT_YET: 1, CoverStatus.EXPIRED: 2}
    return sorted(lines, key=lambda line: (ranks.get(line.status, 0), line.policy.effective_on, str(line.policy.pk)))


def _rates(entity: str, day: dt.date, setup: Setup, clock: Clock) -> Rates:
    return setting_for(entity, day, setup=setup, clock=clock).rates
