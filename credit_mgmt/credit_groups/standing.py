"""Where customer credit groups stand: limit, exposure, members and their aged balances (`domain 3.4`).

Worked out by the book and the engine of a check. Seen from a group as such, amounts are converted with the rate type of
the default row (`domain 3.4`, last sentence); a check converts with that of the order's legal entity. Each total is
converted once (`engine.exposure`, Note [Converted once]), so the members' shares may differ from it by a cent.

Nothing is masked here: an edge asks `masking` what its reader may see.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from credit_mgmt import accounts
from credit_mgmt.engine.case import Case
from credit_mgmt.engine.exposure import Book, convert, group_limit, total_limit
from credit_mgmt.engine.facts import CustomerPosition, GroupPosition, Parameters, Setting
from credit_mgmt.engine.figures import figures_of
from credit_mgmt.engine.texts import used_percent
from credit_mgmt.exposure import BUCKETS, Bucket, no_order, open_by_bucket
from credit_mgmt.loading import Loaded, load_accounts
from credit_mgmt.models import CreditAccount, TemporaryLimit
from credit_mgmt.policies import Setup, current_setup, read_clock
from customers.errors import NotFound
from customers.models import Customer, CustomerCreditGroup
from customers.money import HUNDRED, ZERO, MissingRate, Rates
from customers.rates import DatedRate, dated_rates, rates_on


@dataclass(frozen=True, slots=True)
class MemberStanding:
    """A member of a group. `own_limit` (None: unlimited) and `own_exposure` are in its `currency`; `exposure`, overdue
    and ageing in the group's; None where a rate is missing. `rate` says what one unit of its currency was worth."""

    customer: Customer
    currency: str
    own_limit: Decimal | None
    own_exposure: Decimal | None
    exposure: Decimal | None
    share: Decimal | None
    rate: DatedRate | None
    overdue: Decimal | None
    days_overdue: int
    expires_on: dt.date | None
    binds: str
    """Which limit an order of the member meets first, a code of `group_phrases.BINDS`."""
    ageing: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True)
class GroupOverview:
    """A group on `as_of`, amounts in its currency; what needs a missing rate is None, and `missing_rate` says which."""

    group: CustomerCreditGroup
    as_of: dt.date
    limit: Decimal | None
    base_limit: Decimal | None
    temporary_limit: Decimal | None
    expires_on: dt.date | None
    exposure: Decimal | None
    members: tuple[MemberStanding, ...]
    ageing: tuple[Bucket, ...]
    missing_rate: str | None = None
    withheld: bool = False
    """The group's amounts are not the reader's to see, and `members` are those that it sees (`credit_mgmt.masking`)."""

    @property
    def currency(self) -> str:
        """The group's currency."""
        return self.group.currency_id

    @property
    def available(self) -> Decimal | None:
        """What the limit leaves; negative by what exceeds it."""
        return None if self.exposure is None or self.limit is None else self.limit - self.exposure

    @property
    def used(self) -> Decimal | None:
        """Exposure in per cent of the limit; None where there is no credit."""
        if self.exposure is None or self.limit is None:
            return None
        return used_percent(self.exposure, self.limit)


def overview_of(number: str, as_of: dt.date) -> GroupOverview:
    """The overview of one group. Raises `NotFound`."""
    found = overviews([number], as_of)
    if number not in found:
        raise NotFound(f"Credit group {number} was not found.")
    return found[number]


def overviews(numbers: Collection[str], as_of: dt.date) -> dict[str, GroupOverview]:
    """Groups on a day, by number; the number of queries depends neither on them nor on their members."""
    groups = CustomerCreditGroup.objects.in_bulk(list(numbers))
    members = _by_group(groups)
    view = _view([member for own in members.values() for member in own], as_of)
    held = _accounts(groups, as_of)
    return {number: view.overview(group, held[number], members.get(number, ())) for number, group in groups.items()}


def overview_with(number: str, as_of: dt.date, *, join: Sequence[str] = (), leave: Sequence[str] = ()) -> GroupOverview:
    """The group as it would be with customers, by key, who join or leave. A question. Raises `NotFound`."""
    group = CustomerCreditGroup.objects.filter(pk=number).first()
    if group is None:
        raise NotFound(f"Credit group {number} was not found.")
    members = {one.key: one for one in Customer.objects.filter(credit_group=group).select_related("legal_entity")}
    members |= {one.key: one for one in customers_of(join)}
    wanted = [one for key, one in sorted(members.items()) if key not in leave]
    return _view(wanted, as_of).overview(group, _accounts({number: group}, as_of)[number], wanted)


def customers_of(keys: Iterable[str]) -> list[Customer]:
    """The customers of these keys, in the order of their keys. Raises `NotFound` for one that isn't there."""
    wanted = sorted(set(keys))
    by_entity: dict[str, list[str]] = {}
    for key in wanted:
        entity, _, account = key.partition(":")
        by_entity.setdefault(entity, []).append(account)
    found: dict[str, Customer] = {}
    for entity, numbers in by_entity.items():
        rows = Customer.objects.filter(legal_entity=entity, account__in=numbers).select_related("legal_entity")
        found |= {customer.key: customer for customer in rows}
    missing = [key for key in wanted if key not in found]
    if missing:
        raise NotFound(f"Customer {missing[0]} was not found.")
    return [found[key] for key in wanted]


def _by_group(groups: Collection[str]) -> dict[str, list[Customer]]:
    rows = Customer.objects.filter(credit_group__in=groups).select_related("legal_entity")
    found: dict[str, list[Customer]] = {}
    for member in rows.order_by("legal_entity", "account"):
        found.setdefault(str(member.credit_group_id), []).append(member)
    return found


def _accounts(groups: Mapping[str, CustomerCreditGroup], as_of: dt.date) -> dict[str, GroupPosition]:
    """The groups' own limits in force on the day, without members. Opens accounts that are missing."""
    rows = {one.group_id: one for one in CreditAccount.objects.filter(group__in=groups)}
    if len(rows) < len(groups):
        accounts.open_accounts(group_numbers=sorted(groups.keys() - rows.keys()))
        rows = {one.group_id: one for one in CreditAccount.objects.filter(group__in=groups)}
    ids = [row.pk for row in rows.values()]
    temporary = TemporaryLimit.objects.filter(TemporaryLimit.in_force(as_of), account__in=ids).order_by()
    in_force = dict(temporary.values_list("account_id", "amount"))
    return {
        number: GroupPosition(
            account=f"group:{number}",
            account_id=rows[number].pk,
            currency=group.currency_id,
            limit=rows[number].limit_amount,
            expires_on=rows[number].expires_on,
            temporary_limit=in_force.get(rows[number].pk),
            use_member_days_overdue=group.use_member_days_overdue,
        )
        for number, group in groups.items()
    }


def _view(members: Sequence[Customer], as_of: dt.date) -> "_View":
    clock = read_clock()
    setup = current_setup(clock)
    row = setup.rows.get(None)
    rate_type = row.credit_limit_exchange_rate_type if row else "default"
    ids = [member.pk for member in members]
    loaded = load_accounts(payer_ids=ids, as_of=as_of, setup=setup, clock=clock)
    ageing = open_by_bucket(members, loaded.countings) if members else {}
    rates = rates_on(rate_type, as_of, version=clock.reference)
    return _View(as_of, setup, loaded, ageing, rates, dated_rates(rate_type, as_of))


@dataclass(frozen=True, slots=True)
class _View:
    """What overviews are made of, read once for all groups."""

    as_of: dt.date
    setup: Setup
    loaded: Loaded
    ageing: Mapping[int, Mapping[tuple[str, str], Decimal]]
    rates: Rates
    dated: Mapping[tuple[str, str], DatedRate]

    def overview(self, model: CustomerCreditGroup, own: GroupPosition, members: Sequence[Customer]) -> GroupOverview:
        """The group with these members, whether or not they are in it."""
        known = self.loaded.book.positions
        inside = tuple(replace(known[member.key], group=own.account) for member in members)
        group = replace(own, members=inside)
        book = Book((), [group])
        exposure, missing = self._exposure(book, group)
        lines = tuple(
            self._member(member, position, group, book, exposure)
            for member, position in zip(members, inside, strict=True)
        )
        return GroupOverview(
            group=model,
            as_of=self.as_of,
            limit=group_limit(group),
            base_limit=group.limit,
            temporary_limit=group.temporary_limit,
            expires_on=group.expires_on,
            exposure=exposure,
            members=lines,
            ageing=_together(line.ageing for line in lines),
            missing_rate=missing,
        )

    def _exposure(self, book: Book, group: GroupPosition) -> tuple[Decimal | None, str | None]:
        return exposure_of(book, group, self.rates)

    def _member(
        self,
        customer: Customer,
        position: CustomerPosition,
        group: GroupPosition,
        book: Book,
        whole: Decimal | None,
    ) -> MemberStanding:
        owed = book.owed(position)
        exposure = self._in(owed, position.currency, group.currency)
        overdue = {part.currency: part.overdue for part in position.parts}
        return MemberStanding(
            customer=customer,
            currency=position.currency,
            own_limit=None if position.unlimited else self._own_limit(position),
            own_exposure=self._in(owed, position.currency, position.currency),
            exposure=exposure,
            share=exposure / whole * HUNDRED if whole and exposure is not None else None,
            rate=self.dated.get((position.currency, group.currency)),
            overdue=self._in(overdue, position.currency, group.currency),
            days_overdue=position.days_overdue,
            expires_on=position.expires_on,
            binds=self._binds(position, group, book),
            ageing=self._aged(customer, position, group.currency),
        )

    def _own_limit(self, position: CustomerPosition) -> Decimal | None:
        try:
            return total_limit(position, self.rates)
        except MissingRate:
            return None

    def _in(self, amounts: Mapping[str, Decimal], via: str, target: str) -> Decimal | None:
        """Amounts by currency in `target`, through `via` where there is no direct rate; None where none leads there."""
        try:
            return sum((convert(self.rates, amount, one, target, via) for one, amount in sorted(amounts.items())), ZERO)
        except MissingRate:
            return None

    def _aged(self, customer: Customer, position: CustomerPosition, currency: str) -> tuple[Bucket, ...]:
        known = self.ageing.get(customer.pk, {})
        return tuple(
            Bucket(
                label,
                self._in({one: amount for (part, one), amount in known.items() if part == label}, position.currency,
                         currency),
            )
            for label in BUCKETS
        )  # fmt: skip

    def _binds(self, position: CustomerPosition, group: GroupPosition, book: Book) -> str:
        """Which limits an order of the member is tested against, and which of them is the tighter one now."""
        parameters = self.setup.policy.parameters_of(position.legal_entity) or Parameters()
        setting = Setting(position.legal_entity, self.as_of, self.rates)
        case = Case(book, no_order(position), position, group, parameters=parameters, setting=setting)
        return binding(case)


def binding(case: Case) -> str:
    """What binds an order of the case's payer: a code of `group_phrases.BINDS` (`domain 3.4`, the table)."""
    position, group, own = case.position, case.tests_group(), case.tests_own()
    if case.untested:
        return "untested"
    if own and position.mandatory and not position.limit:
        return "no_credit"
    if group and own:
        return "tighter_group" if figures_of(case).get("tighter") == "group" else "tighter_own"
    if group:
        return "group_unlimited" if position.unlimited else "group_stands_in"
    return "own" if own else "none"


def exposure_of(book: Book, group: GroupPosition, rates: Rates) -> tuple[Decimal | None, str | None]:
    """The group's exposure in its currency, or the rate that is missing for it (`domain 3.4`, `4.9`)."""
    total = ZERO
    try:
        for (via, currency), amount in sorted(book.group_owed(group).items()):
            total += convert(rates, amount, currency, group.currency, via)
    except MissingRate as missing:
        return None, f"{missing.from_currency}>{missing.to_currency}"
    return total, None


def _together(members: Iterable[tuple[Bucket, ...]]) -> tuple[Bucket, ...]:
    """The sum of every bucket over all members; unknown where one of them is."""
    rows = list(members)
    return tuple(_sum(label, [row[place].amount for row in rows]) for place, label in enumerate(BUCKETS))


def _sum(label: str, amounts: Sequence[Decimal | None]) -> Bucket:
    known = [amount for amount in amounts if amount is not None]
    return Bucket(label, sum(known, ZERO) if len(known) == len(amounts) else None)
