"""Fit to headroom (`ux` 3.1): of what a customer or a credit group has on hold, the set that its free limit carries.

Which orders fit is asked of the decision itself, order by order (`credit_mgmt.headroom`); this module only chooses the
order of asking, and adds up what the decisions say. A question: nothing is stored, nothing changes.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from django.db.models import Sum

from credit_mgmt.engine.decision import Reason
from credit_mgmt.engine.fitting import Aside, Trial, identity
from credit_mgmt.gathering import Request
from credit_mgmt.headroom import Receipt, try_to_fit
from credit_mgmt.masking import Mask
from customers import access
from customers.access import Action, Actor
from customers.errors import NotFound
from customers.models import Customer, CustomerCreditGroup, CustomerTransaction
from customers.money import ZERO
from holds.models import Hold
from holds.recording import KEPT

LIMIT_TESTS = frozenset({"limit_used", "limit_exceeded"})
NEVER_ASIDE = LIMIT_TESTS | {"cannot_be_evaluated", "account_on_hold"}
"""What this is about, what nobody knows, and what stops everything: none of it is set aside here."""
MOST = 500


class By(StrEnum):
    """In which order the orders are tried."""

    SHIP = "ship"
    MOST_ORDERS = "most"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose holds: one payer's, or a credit group's members'. `account` is as decisions name it."""

    account: str
    currency: str
    payer: Customer | None = None
    group: CustomerCreditGroup | None = None

    @classmethod
    def of_payer(cls, payer: Customer) -> "Scope":
        """The holds that a customer pays, in its accounting currency."""
        return cls(payer.key, payer.legal_entity.accounting_currency_id, payer=payer)

    @classmethod
    def of_group(cls, group: CustomerCreditGroup) -> "Scope":
        """The holds of all members, in the group's currency."""
        return cls(f"group:{group.number}", group.currency_id, group=group)


@dataclass(frozen=True, slots=True)
class Row:
    """A hold that was tried: whether its order fits; if not by how much it is short of what is left, or what else
    holds it."""

    hold: Hold
    fits: bool
    amount: Decimal | None
    running: Decimal
    short: Decimal | None
    against: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Fitting:
    """What was found, in the scope's currency. `free` None: no limit is tested."""

    rows: tuple[Row, ...]
    left_out: tuple[Hold, ...]
    free: Decimal | None
    receipt: Decimal
    may_set_aside: tuple[Reason, ...]
    withheld: bool = False
    """The room is a credit group's, whose figures the reader may not see: `free` is None, `short` too."""

    @property
    def chosen(self) -> tuple[Row, ...]:
        """The rows that fit, in the order in which they take their credit."""
        return tuple(row for row in self.rows if row.fits)

    @property
    def total(self) -> Decimal:
        """What they take together."""
        return sum((row.amount or ZERO for row in self.chosen), ZERO)

    @property
    def to_place(self) -> Decimal | None:
        """The free limit with what is expected."""
        return None if self.free is None else self.free + self.receipt

    @property
    def left(self) -> Decimal | None:
        """What is left then."""
        return None if self.to_place is None else self.to_place - self.total


def find_scope(customer: str, group: str, actor: Actor) -> Scope:
    """The scope of a customer's key or a group's number, as far as `actor` sees it. Raises `NotFound`."""
    visible = access.scoped(Customer.objects.all(), actor, Action.VIEW_EXPOSURE)
    if group:
        known = CustomerCreditGroup.objects.select_related("currency").filter(number=group).first()
        if known is None or not visible.filter(credit_group=known).exists():
            raise NotFound(f"Credit group {group} was not found.")
        return Scope.of_group(known)
    entity, _, account = customer.partition(":")
    payer = visible.select_related("legal_entity").filter(legal_entity=entity, account=account).first()
    if payer is None:
        raise NotFound(f"Customer {customer} was not found.")
    return Scope.of_payer(payer)


def reason_word(word: str) -> Aside:
    """A reason as an address or a client writes it, `days_overdue:RULE`, as it is set aside."""
    kind, _, rule = word.partition(":")
    return kind, rule


def fit_holds(
    scope: Scope,
    *,
    by: By,
    actor: Actor,
    today: Callable[[str], dt.date],
    receipt: Decimal = ZERO,
    aside: Collection[Aside] = (),
) -> Fitting:
    """Which of the active holds that `actor` sees fit, tried in the order of `by`; `receipt` is expected from a payer.

    Forced holds, failed postings and what is in workflow wait for a person and are left out. Raises `InvalidInput` on
    `receipt` where a rate is missing.
    """
    holds, mask = _holds(scope, actor), Mask(actor)
    tried = [hold for hold in holds if not _waits(hold)]
    tried.sort(key=ORDERS[by])
    as_of = {entity: today(entity) for entity in {hold.legal_entity_id for hold in tried}}
    requests = [Request(hold.order_id, hold.checkpoint, hold.pro_forma) for hold in tried]
    money = Receipt(scope.payer.pk, scope.payer.key, receipt) if scope.payer is not None and receipt > 0 else None
    plain = try_to_fit(requests[:1], as_of=as_of) if money else ()
    trials = try_to_fit(requests, as_of=as_of, aside=aside, receipt=money)
    return Fitting(
        rows=tuple(_rows(tried, trials, scope, mask)),
        left_out=tuple(hold for hold in holds if _waits(hold)),
        free=_free((plain or trials)[0], scope, mask) if trials else None,
        receipt=receipt if money else ZERO,
        may_set_aside=tuple(mask.reason(reason) for reason in _may_set_aside(trials)),
        withheld=_withheld(trials, mask),
    )


def _holds(scope: Scope, actor: Actor) -> list[Hold]:
    rows = access.scoped(Hold.objects.filter(status=Hold.Status.ACTIVE), actor)
    rows = rows.filter(payer=scope.payer) if scope.payer else rows.filter(payer__credit_group=scope.group)
    return list(rows.select_related("order", "payer", "forced_reason").order_by("ship_date", "number")[:MOST])


def _waits(hold: Hold) -> bool:
    return hold.forced or bool(hold.workflow_state) or bool(KEPT.intersection(hold.reason_codes))


ORDERS: Mapping[By, Callable[[Hold], tuple[object, ...]]] = {
    By.SHIP: lambda hold: (hold.ship_date or dt.date.max, hold.amount, hold.number),
    By.MOST_ORDERS: lambda hold: (hold.amount, hold.number),
    By.VALUE: lambda hold: (-hold.amount, hold.number),
}


def _withheld(trials: Sequence[Trial], mask: Mask) -> bool:
    """Whether the room that there is is a credit group's, and not the actor's to see."""
    figures = trials[0].decision.figures if trials else None
    return mask.figures(figures) is not figures


def _rows(holds: Sequence[Hold], trials: Sequence[Trial], scope: Scope, mask: Mask) -> Iterable[Row]:
    running = ZERO
    for hold, trial in zip(holds, trials, strict=True):
        amount = next((draw.amount for draw in trial.decision.draws if draw.account == scope.account), None)
        if trial.fits:
            running += amount or ZERO
        limits = any(reason.type in LIMIT_TESTS for reason in trial.against)
        figure = (mask.figures(trial.in_the_end.figures) or {}).get("over_limit") if trial.in_the_end else None
        short = Decimal(figure) if limits and figure and Decimal(figure) > 0 else None
        against = tuple(
            mask.reason(reason) for reason in trial.against if short is None or reason.type not in LIMIT_TESTS
        )
        yield Row(hold, trial.fits, amount, running, short, against)


def _free(trial: Trial, scope: Scope, mask: Mask) -> Decimal | None:
    """What is free before any of them: of the tighter limit, or of the group's where the group was asked about."""
    figures = mask.figures(trial.decision.figures) or {}
    if scope.group is None:
        free = figures.get("free_limit")
        return None if free is None else Decimal(free)
    limit, used = figures.get("group_limit"), figures.get("group_exposure_without")
    return None if limit is None or used is None else Decimal(limit) - Decimal(used)


def _may_set_aside(trials: Iterable[Trial]) -> Iterable[Reason]:
    """The other reasons that were met, each once, in a stable order."""
    found: dict[Aside, Reason] = {}
    for trial in trials:
        for reason in trial.decision.reasons:
            if reason.type not in NEVER_ASIDE:
                found.setdefault(identity(reason), reason)
    return [found[key] for key in sorted(found)]


@dataclass(frozen=True, slots=True)
class Promise:
    """What a payer promised to pay by a day, in its accounting currency."""

    on: dt.date
    amount: Decimal


def promises_of(payer: Customer, today: dt.date) -> list[Promise]:
    """Promised payments of open invoices from today on, by day; in the accounting currency only."""
    rows = CustomerTransaction.objects.filter(
        customer=payer,
        kind=CustomerTransaction.Kind.INVOICE,
        currency=payer.legal_entity.accounting_currency_id,
        promised_on__gte=today,
        promised_amount__gt=0,
        due_items__open_amount__gt=0,
    )
    unique = CustomerTransaction.objects.filter(pk__in=rows.values("pk"))
    days = unique.order_by("promised_on").values_list("promised_on").annotate(total=Sum("promised_amount"))
    return [Promise(on, total) for on, total in days if on is not None]
