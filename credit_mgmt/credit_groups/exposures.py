"""What groups use of their limits, for lists: the book and the engine of a check, without members one by one."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db.models import Sum

from credit_mgmt.credit_groups.standing import GroupOverview, MemberStanding, exposure_of
from credit_mgmt.engine.exposure import convert
from credit_mgmt.loading import load_accounts
from credit_mgmt.models import Parameters
from credit_mgmt.owed import USES_CREDIT
from credit_mgmt.policies import Clock, Setup, current_setup
from customers.models import SalesOrder
from customers.money import HUNDRED, ZERO, MissingRate, Rates
from customers.rates import rates_on

OF_GROUP = "group:"


@dataclass(frozen=True, slots=True)
class GroupExposure:
    """The exposure of a group in its currency; None where a rate is missing, and `missing_rate` says which."""

    exposure: Decimal | None
    missing_rate: str | None


def exposures_of(member_ids: Collection[int], as_of: dt.date, clock: Clock) -> dict[str, GroupExposure]:
    """The exposures of the groups of these members, by number. Two queries, however many there are."""
    if not member_ids:
        return {}
    setup = current_setup(clock)
    book = load_accounts(payer_ids=member_ids, as_of=as_of, setup=setup, clock=clock).book
    rates = rates_of_groups(as_of, setup, clock)
    return {
        account.removeprefix(OF_GROUP): GroupExposure(*exposure_of(book, group, rates))
        for account, group in book.groups.items()
    }


def rates_of_groups(as_of: dt.date, setup: Setup, clock: Clock) -> Rates:
    """The rates by which groups as such are seen: the rate type of the default row (`domain 3.4`, last sentence)."""
    row = setup.rows.get(None)
    return rates_on(row.credit_limit_exchange_rate_type if row else "default", as_of, version=clock.reference)


# --- with held orders -------------------------------------------------------------------------------------------------


def with_held_orders(overview: GroupOverview, clock: Clock) -> GroupOverview:
    """The group as if what is left of its members' orders on hold used credit too (`ux.md` 3.9). One query.

    Where open orders use credit anyway (`domain 3.2`, *all*) they are in the exposure already. A missing rate leaves
    the figure unknown.
    """
    setup = current_setup(clock)
    rates = rates_of_groups(overview.as_of, setup, clock)
    held = _held([member for member in overview.members if not _counted(member, setup)])
    members = tuple(_with(member, held.get(member.customer.pk, {}), overview.currency, rates)
                    for member in overview.members)  # fmt: skip
    added = [_in(held.get(one.customer.pk, {}), one.currency, overview.currency, rates) for one in overview.members]
    total = None
    if overview.exposure is not None and None not in added:
        total = overview.exposure + sum((amount or ZERO for amount in added), ZERO)
    shares = tuple(replace(one, share=_share(one.exposure, total)) for one in members)
    return replace(overview, exposure=total, members=shares)


def _counted(member: MemberStanding, setup: Setup) -> bool:
    row = setup.row(member.customer.legal_entity_id)
    return row is not None and row.open_orders_that_use_credit == Parameters.OpenOrders.ALL


def _held(members: Collection[MemberStanding]) -> dict[int, dict[str, Decimal]]:
    """What is left of orders on hold that use no credit yet, by payer and currency."""
    ids = [member.customer.pk for member in members]
    orders = SalesOrder.objects.filter(
        USES_CREDIT, payer__in=ids, credit_status=SalesOrder.CreditStatus.ON_HOLD, commitment=None
    )
    found: dict[int, dict[str, Decimal]] = {}
    for payer, currency, amount in (
        orders.order_by().values_list("payer", "currency").annotate(left=Sum("uninvoiced_amount"))
    ):
        found.setdefault(payer, {})[currency] = amount
    return found


def _with(member: MemberStanding, held: Mapping[str, Decimal], currency: str, rates: Rates) -> MemberStanding:
    own = _in(held, member.currency, member.currency, rates)
    group = _in(held, member.currency, currency, rates)
    return replace(
        member,
        own_exposure=None if member.own_exposure is None or own is None else member.own_exposure + own,
        exposure=None if member.exposure is None or group is None else member.exposure + group,
    )


def _share(exposure: Decimal | None, whole: Decimal | None) -> Decimal | None:
    return exposure / whole * HUNDRED if whole and exposure is not None else None


def _in(amounts: Mapping[str, Decimal], via: str, target: str, rates: Rates) -> Decimal | None:
    try:
        return sum((convert(rates, amount, one, target, via) for one, amount in sorted(amounts.items())), ZERO)
    except MissingRate:
        return None
