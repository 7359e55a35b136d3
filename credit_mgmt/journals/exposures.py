"""What the lines of a page would mean (`ux.md` 3.8): exposure, how much of the new limit it uses, and from when on.

The figures come from the book of a check: one load for each day on which lines take effect, whatever their number.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db.models import Q

from credit_mgmt.engine.exposure import Book, group_limit, total_limit
from credit_mgmt.exposure import no_order
from credit_mgmt.loading import load_accounts
from credit_mgmt.models import LimitJournal, LimitJournalLine, TemporaryLimit
from credit_mgmt.policies import current_setup, read_clock, setting_for
from customers.models import Customer
from customers.money import HUNDRED, ZERO, MissingRate, Rates

Owner = tuple[int | None, str | None]
Period = tuple[dt.date, dt.date]


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a line would mean on `takes_effect`, in `currency` of its account.

    `exposure` without held orders; `total_after` is None for an unlimited customer; both are None where a rate is
    missing, which `missing_rate` names. `now_limit` is the base limit of today: another than the line's current limit
    makes the line stale. `used_after` in per cent; None where the new limit is 0 or none.
    """

    currency: str
    takes_effect: dt.date
    now_limit: Decimal
    exposure: Decimal | None
    total_after: Decimal | None
    used_after: Decimal | None
    falls_below: bool
    missing_rate: str | None = None


def consequences_of(
    journal: LimitJournal, lines: Sequence[LimitJournalLine], *, today: dt.date
) -> dict[int, Consequence]:
    """What the lines would mean, by number. Unscoped: the caller shows groups only to who may see them."""
    periods = _periods(lines, today) if journal.type == LimitJournal.Type.CREDIT_LIMIT else {}
    days: dict[dt.date, list[LimitJournalLine]] = {}
    for line in lines:
        days.setdefault(_takes_effect(line, periods.get(owner_of(line), ()), today), []).append(line)
    found: dict[int, Consequence] = {}
    for day, alike in sorted(days.items()):
        found |= _on(day, journal, alike)
    return found


def owner_of(line: LimitJournalLine) -> Owner:
    """Whose limit the line changes: the customer's id, or the group's number."""
    return line.customer_id, line.group_id


def _takes_effect(line: LimitJournalLine, periods: Iterable[Period], today: dt.date) -> dt.date:
    """The first day on which the line is what counts: a temporary limit in force replaces the base limit."""
    day = max(today, line.new_from) if line.new_from is not None else today
    for first, last in periods:
        if first <= day <= last:
            day = last + dt.timedelta(days=1)
    return day


def _periods(lines: Collection[LimitJournalLine], today: dt.date) -> dict[Owner, list[Period]]:
    customers = [line.customer_id for line in lines if line.customer_id is not None]
    groups = [line.group_id for line in lines if line.group_id is not None]
    mine = Q(account__customer__in=customers) | Q(account__group__in=groups)
    limits = TemporaryLimit.objects.filter(mine, valid_to__gte=today).select_related("account")
    found: dict[Owner, list[Period]] = {}
    for limit in limits.order_by("account_id", "valid_from"):
        period = (limit.valid_from, limit.last_day)
        found.setdefault((limit.account.customer_id, limit.account.group_id), []).append(period)
    return found


def _on(day: dt.date, journal: LimitJournal, lines: Sequence[LimitJournalLine]) -> dict[int, Consequence]:
    """The lines that take effect on one day, from one book."""
    clock = read_clock()
    setup = current_setup(clock)
    customers = {line.customer_id for line in lines if line.customer_id is not None}
    members = _member_of({line.group_id for line in lines if line.group_id is not None})
    payers = customers | {pk for pk, _ in members.values()}
    on_day = _Day(
        day=day,
        temporary=journal.type == LimitJournal.Type.TEMPORARY,
        book=load_accounts(payer_ids=payers, as_of=day, setup=setup, clock=clock).book,
        rates=setting_for(journal.legal_entity_id, day, setup=setup, clock=clock).rates,
    )
    accounts = dict(Customer.objects.filter(pk__in=customers).values_list("pk", "account"))
    keys = {pk: f"{journal.legal_entity_id}:{account}" for pk, account in accounts.items()}
    return {
        line.number: on_day.of_customer(line, keys[line.customer_id])
        if line.customer_id is not None
        else on_day.of_group(line, members.get(str(line.group_id)))
        for line in lines
    }


Member = tuple[int, str]
"""A customer's id and key."""


def _member_of(numbers: Collection[str]) -> Mapping[str, Member]:
    """One member of each group that has any: it brings the group and all others into the book."""
    customers = Customer.objects.filter(credit_group__in=numbers)
    first = customers.order_by("credit_group_id", "pk").distinct("credit_group_id")
    rows = first.values_list("credit_group_id", "pk", "legal_entity_id", "account")
    return {str(group): (pk, f"{entity}:{account}") for group, pk, entity, account in rows}


@dataclass(frozen=True, slots=True)
class _Day:
    """The accounts of some lines on the day on which these take effect."""

    day: dt.date
    temporary: bool
    book: Book
    rates: Rates

    def of_customer(self, line: LimitJournalLine, key: str) -> Consequence:
        """What a line for a customer would mean."""
        position = self.book.positions[key]
        new = line.new_limit
        changed = replace(position, temporary_limit=new) if self.temporary else replace(position, limit=new)
        try:
            exposure = self.book.exposure(no_order(position), position, self.rates).without
            after = None if position.unlimited else total_limit(changed, self.rates)
        except MissingRate as missing:
            return self._unknown(line, position.limit, missing)
        return self._known(line, position.limit, exposure, after)

    def of_group(self, line: LimitJournalLine, member: Member | None) -> Consequence:
        """What a line for a group would mean; a group without members owes nothing."""
        position = self.book.positions[member[1]] if member else None
        group = self.book.group_of(position) if position else None
        if position is None or group is None:
            return self._known(line, line.current_limit, ZERO, line.new_limit)
        try:
            exposure = self.book.group_exposure(no_order(position), position, group, self.rates).without
        except MissingRate as missing:
            return self._unknown(line, group.limit, missing)
        new = line.new_limit
        changed = replace(group, temporary_limit=new) if self.temporary else replace(group, limit=new)
        return self._known(line, group.limit, exposure, group_limit(changed))

    def _known(self, line: LimitJournalLine, now: Decimal, exposure: Decimal, after: Decimal | None) -> Consequence:
        return Consequence(
            currency=line.currency_id,
            takes_effect=self.day,
            now_limit=now,
            exposure=exposure,
            total_after=after,
            used_after=exposure * HUNDRED / after if after else None,
            falls_below=after is not None and exposure > after,
        )

    def _unknown(self, line: LimitJournalLine, now: Decimal, missing: MissingRate) -> Consequence:
        rate = f"{missing.from_currency}>{missing.to_currency}"
        return Consequence(line.currency_id, self.day, now, None, None, None, falls_below=False, missing_rate=rate)
