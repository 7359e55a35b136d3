"""One order before the check: the figures that rules measure, each worked out when a rule first asks for it."""

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

from credit_mgmt.engine.exposure import (
    Book,
    Exposure,
    convert,
    converted,
    group_limit,
    total_by_currency,
    total_limit,
)
from credit_mgmt.engine.facts import (
    CustomerPosition,
    GroupPosition,
    LimitType,
    OrderFacts,
    Parameters,
    Setting,
)
from credit_mgmt.engine.texts import amount_text
from customers.money import MissingRate


class TestedLimit(NamedTuple):
    """A limit that the order is tested against, with the exposure compared to it; amounts in `currency`."""

    account: str
    kind: str
    """`group` or `own`."""
    currency: str
    limit: Decimal
    without: Decimal
    after: Decimal


class Expiry(NamedTuple):
    """How long a credit limit has been expired: days past `on`, or None where there is no date."""

    account: str
    on: dt.date | None
    days: int | None


class Case:
    """Order, payer, group, parameters and day of one check. Amounts not worked out yet are `None` inside."""

    __slots__ = (
        "_expiries",
        "_limits",
        "_overdue",
        "_own",
        "as_of",
        "book",
        "delivered",
        "group",
        "order",
        "parameters",
        "position",
        "rates",
        "untested",
    )

    def __init__(
        self,
        book: Book,
        order: OrderFacts,
        position: CustomerPosition,
        group: GroupPosition | None,
        *,
        parameters: Parameters,
        setting: Setting,
    ) -> None:
        self.book = book
        self.order = order
        self.position = position
        self.group = group
        self.parameters = parameters
        self.as_of = setting.as_of
        self.rates = setting.rates
        self.untested = _untested(order, parameters)
        self.delivered: dict[str, Decimal] = {}
        self._own: Exposure | None = None
        self._expiries: tuple[Expiry, ...] | None = None
        self._limits: tuple[TestedLimit, ...] | None = None
        self._overdue: Decimal | None = None

    def own_exposure(self) -> Exposure:
        """The payer's exposure without and after the order, in its currency. Raises `MissingRate`."""
        if self._own is None:
            self._own = self.book.exposure(self.order, self.position, self.rates)
        return self._own

    def tests_group(self) -> bool:
        """Whether the group's limit binds this order (`domain 3.4`)."""
        skipped = self.position.unlimited and self.parameters.unlimited_skips_group
        return self.group is not None and self.parameters.check_group_limit and not skipped

    def tests_own(self) -> bool:
        """Whether the payer's own limit binds: not if unlimited, nor where the group's stands in (`domain 3.4`).

        A temporary limit of zero is a limit that somebody set, so it is tested.
        """
        position = self.position
        if position.unlimited:
            return False
        if position.limit or position.mandatory or position.temporary_limit is not None:
            return True
        return self.group is None or not self.parameters.check_group_limit

    def limits(self) -> tuple[TestedLimit, ...]:
        """The limits that bind this order, the group's first (`domain 3.4`). Raises `MissingRate`."""
        if self._limits is None:
            limits = []
            if self.group is not None and self.tests_group():
                exposure = self.book.group_exposure(self.order, self.position, self.group, self.rates)
                limits.append(
                    TestedLimit(self.group.account, "group", self.group.currency, group_limit(self.group), *exposure)
                )
            if self.tests_own():
                position, exposure = self.position, self.own_exposure()
                limit = total_limit(position, self.rates)
                limits.append(TestedLimit(position.account, "own", position.currency, limit, *exposure))
            self._limits = tuple(limits)
        return self._limits

    def settle(self) -> bool:
        """Work out what the book says now, before the next order moves it; False where a rate is missing."""
        self.delivered = self.book.delivered(self.order, self.position)
        try:
            self.own_exposure()
            if self.untested is None:
                self.limits()
        except MissingRate:
            return False
        return True

    def overdue(self) -> Decimal:
        """The payer's overdue amount in its accounting currency (`domain 3.3`). Raises `MissingRate`."""
        if self._overdue is None:
            own, parts = self.position.currency, self.position.parts
            if len(parts) == 1 and parts[0].currency == own:
                self._overdue = parts[0].overdue
            else:
                amounts = total_by_currency((part.currency, part.overdue) for part in parts)
                self._overdue = converted(self.rates, amounts, own)
        return self._overdue

    def days_overdue(self) -> tuple[int, CustomerPosition]:
        """The most days overdue and whose they are: of any member where the group says so (`domain 3.4`)."""
        if self.group is not None and self.group.use_member_days_overdue:
            worst = self.book.worst_of(self.group)
            if worst is not None and worst.days_overdue > self.position.days_overdue:
                return worst.days_overdue, worst
        return self.position.days_overdue, self.position

    def expiries(self) -> tuple[Expiry, ...]:
        """The expirations that count, each judged with its own temporary limit (`domain 4.3`).

        An unlimited customer's limit never expires (`domain 2`), and a group that is skipped has no say.
        """
        if self._expiries is None:
            expiries = [_own_expiry(self.position, self.as_of)]
            if self.group is not None and self.tests_group():
                expiries.append(_expiry(self.group, self.as_of))
            self._expiries = tuple(expiries)
        return self._expiries

    def text(self, amount: Decimal, currency: str) -> str:
        """`amount` as evidence: exact, with the currency's decimals."""
        return amount_text(amount, self.rates.minor_units.get(currency, 2))

    def convert(self, amount: Decimal, source: str, target: str) -> Decimal:
        """`amount` in `target`, through the accounting currency where needed. Raises `MissingRate`."""
        return convert(self.rates, amount, source, target, self.position.currency)


def _untested(order: OrderFacts, parameters: Parameters) -> str | None:
    """Why limits are not tested at all for this order (`domain 3.2`, `2`), or None."""
    if parameters.limit_type is LimitType.NONE:
        return "limit_type_none"
    return None if order.uses_credit else "terms_use_no_credit"


def _own_expiry(position: CustomerPosition, as_of: dt.date) -> Expiry:
    if position.unlimited:
        return Expiry(position.account, None, 0)
    return _expiry(position, as_of)


def _expiry(account: CustomerPosition | GroupPosition, as_of: dt.date) -> Expiry:
    """While a temporary limit is in force, the limit is not expired (`domain 4.3`)."""
    on = account.expires_on
    if account.temporary_limit is not None:
        return Expiry(account.account, on, 0)
    return Expiry(account.account, on, None if on is None else (as_of - on).days)
