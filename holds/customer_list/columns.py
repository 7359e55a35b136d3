"""The columns and the views of the list of customers (`ux.md` 3.6)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from credit_mgmt.engine.texts import used_percent
from credit_mgmt.exposure import Position
from credit_mgmt.limits.notices import NOTICE_DAYS
from customers.access import Action
from customers.listing.columns import Column, Value, by_name
from customers.listing.kinds import ListKind, View
from customers.models import Customer
from holds.customer_list.filters import FILTERS

UNLIMITED = "Unlimited"


@dataclass(frozen=True, slots=True)
class Facts:
    """What rows need beside their customers: the day, and where each stands."""

    today: dt.date
    standing: Mapping[int, Position] = field(default_factory=dict)

    def of(self, customer: Customer) -> Position:
        """Where a customer stands."""
        return self.standing[customer.pk]


def _total(customer: Customer, facts: Facts) -> Value:
    position = facts.of(customer)
    return UNLIMITED if position.unlimited else position.total_limit


def _used(customer: Customer, facts: Facts) -> Value:
    position = facts.of(customer)
    if position.total is None or position.total_limit is None:
        return None
    return used_percent(position.total, position.total_limit)


def _holds(customer: Customer, facts: Facts) -> Value:
    count: int = customer.open_holds  # type: ignore[attr-defined]  # read along
    return count


def _paid(customer: Customer, facts: Facts) -> Value:
    day: dt.date | None = customer.last_payment  # type: ignore[attr-defined]  # read along where it is shown
    return day


def _yes(flag: bool) -> str:
    return "Yes" if flag else ""


def _status(customer: Customer, facts: Facts) -> Value:
    return customer.account_status_id


def _expires(customer: Customer, facts: Facts) -> Value:
    position = facts.of(customer)
    return None if position.unlimited else position.expires_on


def _controller(customer: Customer, facts: Facts) -> Value:
    person = customer.credit_controller
    return (person.get_full_name() or person.get_username()) if person else None


COLUMNS: dict[str, Column[Customer, Facts]] = by_name(
    (
        Column("account", "Account", lambda customer, _: customer.account, sort="account"),
        Column("name", "Name", lambda customer, _: customer.name, sort="name"),
        Column("entity", "Entity", lambda customer, _: customer.legal_entity_id),
        Column("currency", "Currency", lambda customer, facts: facts.of(customer).currency),
        Column("total", "Total limit", _total, right=True, money=True),
        Column("exposure", "Exposure", lambda customer, facts: facts.of(customer).total, sort="exposure",
               right=True, money=True),
        Column("free", "Free", lambda customer, facts: facts.of(customer).available, right=True, money=True),
        Column("used", "Used", _used, sort="used", right=True, unit="Used %"),
        Column("overdue", "Overdue", lambda customer, facts: facts.of(customer).overdue_amount, sort="overdue",
               right=True, money=True),
        Column("oldest", "Oldest", lambda customer, facts: facts.of(customer).days_overdue or None, right=True,
               unit="Oldest overdue, days"),
        Column("holds", "Open holds", _holds, right=True),
        Column("status", "Status", _status),
        Column("expires", "Limit to", _expires, sort="expires"),
        Column("review", "Next review", lambda customer, _: customer.next_review_date, sort="review"),
        Column("credit_group", "Credit group", lambda customer, _: customer.credit_group_id),
        Column("group", "Management group", lambda customer, _: customer.credit_management_group_id),
        Column("base", "Base limit", lambda customer, facts: facts.of(customer).base_limit, sort="limit",
               right=True, money=True),
        Column("temporary", "Temporary", lambda customer, facts: facts.of(customer).temporary_limit, right=True,
               money=True),
        Column("cover", "Insurance", lambda customer, facts: facts.of(customer).insurance_and_guarantees or None,
               right=True, money=True),
        Column("reviewed", "Last review", lambda customer, _: customer.last_review_date, sort="reviewed"),
        Column("paid", "Last payment", _paid),
        Column("unlimited", "Unlimited", lambda customer, facts: _yes(facts.of(customer).unlimited)),
        Column("excluded", "Excluded", lambda customer, _: _yes(customer.excluded)),
        Column("agency", "With agency", lambda customer, _: _yes(customer.with_agency)),
        Column("controller", "Credit controller", _controller, related=("credit_controller",)),
        Column("terms", "Terms", lambda customer, _: customer.payment_terms_id),
        Column("country", "Country", lambda customer, _: customer.country),
    )
)  # fmt: skip
NAME = "account"
DEFAULT = (
    "account", "name", "entity", "currency", "total", "exposure", "free", "used", "overdue", "oldest", "holds",
    "status", "expires", "review",
)  # fmt: skip
YES = ("yes",)
VIEWS = (
    View("all", "All"),
    View("over-limit", "Over limit", {"over": YES, "sort": ("-used",)}),
    View("expiring", f"Limit expires in {NOTICE_DAYS} days",
         {"expires_min": ("+0d",), "expires_max": (f"+{NOTICE_DAYS}d",), "sort": ("expires",)}),
    View("review-due", "Review due", {"review_max": ("+0d",), "sort": ("review",)}),
    View("with-holds", "With holds", {"holds": YES}),
    View("no-credit", "No credit (0.00)", {"credit": ("none",)}),
    View("unlimited", "Unlimited", {"credit": ("unlimited",)}),
    View("excluded", "Excluded", {"excluded": YES}),
    View("agency", "With agency", {"agency": YES}),
    View("temporary", "Temporary limit", {"temporary": YES}),
    View("cover-ends", f"Cover ends in {NOTICE_DAYS} days",
         {"cover": ("expiring",), "cols": ("account,name,entity,currency,cover,total,exposure,free,used,expires",)}),
)  # fmt: skip
CUSTOMERS = ListKind(
    name="customers",
    prefix="customer",
    title="Customers",
    noun="customer",
    views=VIEWS,
    first="all",
    columns=COLUMNS,
    fixed=NAME,
    default=lambda address: DEFAULT,
    filters=lambda: tuple(FILTERS),
    section="customers",
    looks=Action.VIEW_EXPOSURE,
    publish=Action.WORK_HOLDS,
)
"""The list of customers, for what every list has."""
