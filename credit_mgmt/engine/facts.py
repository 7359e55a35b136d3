"""The facts of a credit check, as values. Loaded in bulk by `credit_mgmt.checks`, decided on by `decide`.

Nothing here knows Django, a clock or a database. A fact that is missing is `None`, never zero: a missing figure never
excuses (`domain 4.3`) and a missing rate never lets an order pass (`domain 4.9`).

Note [Amounts by currency]. What a customer owes is kept by currency (`Part`), because `domain 3.4` converts with the
rate type and today of the *checked order's* legal entity: the same group has another exposure seen from another
entity. The engine converts; the loader only adds up.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from customers.money import ZERO, Rates


class Checkpoint(StrEnum):
    """The documents whose posting is a moment of checking, in their order (`domain 5.1`)."""

    CONFIRMATION = "confirmation"
    RELEASE_TO_WAREHOUSE = "release_to_warehouse"
    PICKING_LIST = "picking_list"
    PACKING_SLIP = "packing_slip"
    INVOICE = "invoice"


class LimitType(StrEnum):
    """Parameter *credit limit type* (`domain 3.2`)."""

    NONE = "none"
    BALANCE = "balance"
    BALANCE_PACKING_SLIP = "balance_packing_slip"
    BALANCE_ALL = "balance_all"


class RuleType(StrEnum):
    """The seven rule types, in the order in which they are looked at (`domain 4.2`)."""

    DAYS_OVERDUE = "days_overdue"
    ACCOUNT_STATUS = "account_status"
    PAYMENT_TERMS = "payment_terms"
    LIMIT_EXPIRED = "limit_expired"
    OVERDUE_AMOUNT = "overdue_amount"
    SALES_ORDER = "sales_order"
    LIMIT_USED = "limit_used"


class Level(StrEnum):
    """What a rule is valid for, most specific first (`domain 4.4`)."""

    TABLE = "table"
    GROUP = "group"
    ALL = "all"


class Action(StrEnum):
    """Whether a rule stops or excuses (`domain 4.3`)."""

    BLOCKING = "blocking"
    EXCLUSION = "exclusion"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule at a version (`domain 4.2`); `amount` and `threshold_amount` are in `currency`."""

    id: str
    name: str
    type: str
    """One of `RuleType`, or the code of a type that another package registered."""
    action: Action
    level: Level
    customer: str | None = None
    """Key of the customer (`USMF:US-001`) for level table."""
    credit_management_group: str | None = None
    risk_group: str | None = None
    legal_entity: str | None = None
    days: int | None = None
    amount: Decimal | None = None
    currency: str | None = None
    threshold_percent: Decimal | None = None
    threshold_amount: Decimal | None = None
    account_status: str | None = None
    payment_terms: str | None = None
    release_sales_order: bool = False
    active: bool = True
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    """Last day of validity, inclusive, as people enter it."""
    version: int | None = None
    """Which version of the rule this is; None where rules had none yet."""
    shadow: bool = False
    """Looked at, and what it would have done is told; it decides nothing (`ux` 3.10)."""


@dataclass(frozen=True, slots=True)
class CheckpointSetting:
    """What is checked at one document (`domain 5.1`). Grace days: None = none, 0 = until the end of that day."""

    posting: bool = False
    grace_days: int | None = None
    pro_forma: bool = False
    pro_forma_grace_days: int | None = None


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one legal entity that decide (`domain 10`)."""

    limit_type: LimitType = LimitType.BALANCE_ALL
    all_open_orders_use_credit: bool = False
    check_credit_limit: bool = True
    exceeding_is_error: bool = False
    check_group_limit: bool = True
    unlimited_skips_group: bool = False
    check_terms: bool = False
    check_discount: bool = False
    ignore_expiry_when_blank: bool = True
    allow_edit_after_release: bool = False
    release_tolerance_percent: Decimal = ZERO
    checkpoints: Mapping[str, CheckpointSetting] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that was set up, at one version: rules, and parameters by legal entity (None = the default row)."""

    version: int
    rules: tuple[Rule, ...]
    parameters: Mapping[str | None, Parameters]

    def parameters_of(self, legal_entity: str) -> Parameters | None:
        """The row of the legal entity, else the default row, else None (`domain 4.9`: cannot be evaluated)."""
        return self.parameters.get(legal_entity, self.parameters.get(None))


@dataclass(frozen=True, slots=True)
class Part:
    """What one customer owes or will owe in one currency. Orders: those that use credit by the member's parameter."""

    currency: str
    balance: Decimal = ZERO
    delivered: Decimal = ZERO
    ordered: Decimal = ZERO
    overdue: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class CoverPart:
    """An insurance policy or guarantee in force on the date (`domain 2`), in its own `currency`.

    It counts with `percent` of its value, or with the fixed `amount`: one of the two.
    """

    currency: str
    value: Decimal
    percent: Decimal | None = None
    amount: Decimal | None = None
    in_exposure: bool = False
    """Its value is part of the exposure already, and is taken off the limit (`domain 3.1`)."""


@dataclass(frozen=True, slots=True)
class CustomerPosition:
    """A customer account on a date: limit in `currency` (the entity's accounting currency), exposure by currency."""

    account: str
    """Key of the customer, `USMF:US-001`."""
    account_id: int
    legal_entity: str
    currency: str
    limit: Decimal = ZERO
    unlimited: bool = False
    mandatory: bool = False
    expires_on: dt.date | None = None
    temporary_limit: Decimal | None = None
    """The temporary limit in force on the date; it replaces `limit` (`domain 3.1`)."""
    cover: tuple[CoverPart, ...] = ()
    """The policies and guarantees in force; the engine works out what they count (Note [Amounts by currency])."""
    parts: tuple[Part, ...] = ()
    days_overdue: int = 0
    oldest_overdue: str | None = None
    """Number of the oldest overdue invoice, for the sentence."""
    limit_type: LimitType = LimitType.BALANCE_ALL
    """The parameter of the customer's own legal entity: what counts as its exposure."""
    account_status: str | None = None
    processing_hold: str = "none"
    credit_management_group: str | None = None
    risk_group: str | None = None
    excluded: bool = False
    ignore_until: dt.date | None = None
    group: str | None = None
    """`GroupPosition.account` of the customer credit group: `group:G1`."""


@dataclass(frozen=True, slots=True)
class DueItem:
    """An overdue item of a customer, `amount` open in `currency`: what a remedy names (ux 3.2)."""

    document: str
    days_overdue: int
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class GroupPosition:
    """A customer credit group on a date: its own limit, and the positions of all its members (`domain 3.4`)."""

    account: str
    """`group:G1`."""
    account_id: int
    currency: str
    limit: Decimal = ZERO
    expires_on: dt.date | None = None
    temporary_limit: Decimal | None = None
    use_member_days_overdue: bool = False
    members: tuple[CustomerPosition, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """What the order's last pass or release lets it do (`domain 4.6`, `5.2`). Amount in the order's currency."""

    amount: Decimal
    terms_rank: int | None = None
    discount_rank: int | None = None
    released: bool = False
    """By a person or automatically, rather than by a passed check."""
    grace_until: dt.date | None = None
    pro_forma_grace_until: dt.date | None = None
    cleared_document: str | None = None
    """The document that a release without posting lets through once, unchecked."""
    cleared_pro_forma: bool = False
    payment_terms: str | None = None
    """The terms and cash discount of that time, for the sentence."""
    cash_discount: str | None = None
    discount_percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """One order as it is now; amounts in `currency`."""

    id: int
    key: str
    legal_entity: str
    customer: str
    payer: str
    currency: str
    amount: Decimal
    uninvoiced: Decimal
    delivered: Decimal
    """Delivered and not invoiced, part of `uninvoiced`."""
    payment_terms: str | None = None
    terms_rank: int | None = None
    default_terms_rank: int | None = None
    """Rank of the default terms of the order's customer."""
    uses_credit: bool = True
    cash_discount: str | None = None
    discount_rank: int | None = None
    default_discount_rank: int | None = None
    intercompany: bool = False
    excluded: bool = False
    customer_excluded: bool = False
    """Either of the order's customer and its invoice account (`domain 1`)."""
    ignore_until: dt.date | None = None
    """The later of the two customers' dates."""
    counted: bool = False
    """The order is already part of its payer's `parts`: it must count itself exactly once (`domain 3.2`)."""
    standing: Standing | None = None
    default_payment_terms: str | None = None
    """The default terms and cash discount of the order's customer, for the sentence."""
    default_cash_discount: str | None = None
    discount_percent: Decimal | None = None
    """What the order's cash discount and the default one are worth, for the chip; ranks are compared."""
    default_discount_percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """Seen from one legal entity: its today, and the rates of its rate type on that day."""

    legal_entity: str
    as_of: dt.date
    rates: Rates


@dataclass(frozen=True, slots=True)
class Question:
    """The document about to be posted."""

    checkpoint: Checkpoint
    pro_forma: bool = False
    evaluation: bool = False
    """An evaluation for release looks again at a held order: grace and clearance don't answer for it (`domain 7`)."""
