"""Flags that take a customer or an order out of checks, or change what a limit means, with who set them and when.

The database records *excluded*, *ignore until* and the flags of orders whoever sets them (`customers.models.history`);
*unlimited* and *mandatory* are part of the limit history. What was set before this was recorded has nobody's name.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from credit_mgmt.engine.decision import NotChecked
from credit_mgmt.models import LimitHistory
from customers.models import Customer, OrderChange, ProfileChange, SalesOrder
from customers.people import names_of

OF_CUSTOMER = ("excluded", "ignore_until")
OF_LIMIT = ("unlimited", "mandatory")
OF_ORDER = ("exclude_from_credit_management", "intercompany")
SYSTEM = "system:"


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag as it stands: who last gave it this value, and when; `actor` is empty where that is not known."""

    name: str
    value: Any
    actor: str = ""
    actor_name: str = ""
    at: dt.datetime | None = None

    @property
    def on(self) -> bool:
        """Whether it is set."""
        return bool(self.value)


def flags_of_customer(customer: Customer) -> dict[str, Flag]:
    """*Excluded*, *ignore until*, *unlimited* and *mandatory* of a customer, by name. Four queries at most."""
    changes = ProfileChange.objects.filter(customer=customer).order_by("-at", "-pk")
    found = _latest(OF_CUSTOMER, customer, changes.values("after", "actor", "actor_name", "at"))
    account = getattr(customer, "credit_account", None)
    entries = LimitHistory.objects.filter(account__customer=customer, kind=LimitHistory.Kind.LIMIT)
    for name in OF_LIMIT:
        value = getattr(account, name, False)
        # The newest entry that turned it, or the first one where it was set from the beginning.
        turned = entries.filter(**{name: value}).exclude(**{f"previous_{name}": value}).order_by("-sequence")
        entry = turned.values("actor", "at").first() if value else None
        found[name] = Flag(name, value, entry["actor"], "", entry["at"]) if entry else Flag(name, value)
    return _named(found)


def flags_set(customer: Customer) -> dict[str, Flag]:
    """Those of `flags_of_customer` that are set; no query where none is."""
    account = getattr(customer, "credit_account", None)
    values = [*(getattr(customer, name) for name in OF_CUSTOMER), *(getattr(account, name, False) for name in OF_LIMIT)]
    if not any(values):
        return {}
    return {name: flag for name, flag in flags_of_customer(customer).items() if flag.on}


def flags_of_order(order: SalesOrder) -> dict[str, Flag]:
    """*Excluded from credit management* and *intercompany* of an order, by name. Two queries at most."""
    changes = OrderChange.objects.filter(order=order).order_by("-at", "-pk")
    return _named(_latest(OF_ORDER, order, changes.values("after", "actor", "actor_name", "at")))


def who_took_it_out(order: SalesOrder, because: str) -> Flag | None:
    """The flag behind *not checked because …*, where it is one (`domain 4.1`): of the order, its customer or payer."""
    if because == NotChecked.ORDER_EXCLUDED:
        return flags_of_order(order)["exclude_from_credit_management"]
    if because == NotChecked.INTERCOMPANY:
        return flags_of_order(order)["intercompany"]
    name = {NotChecked.CUSTOMER_EXCLUDED: "excluded", NotChecked.IGNORED_UNTIL: "ignore_until"}.get(because)  # type: ignore[call-overload]
    if name is None:
        return None
    payers = [order.payer] if order.payer_id == order.customer_id else [order.payer, order.customer]
    found = [flags_of_customer(customer)[name] for customer in payers]
    return next((flag for flag in found if flag.on), None)


def _latest(names: Iterable[str], row: Any, changes: Iterable[Mapping[str, Any]]) -> dict[str, Flag]:
    """The newest change of each flag, beside its value now."""
    known: dict[str, Mapping[str, Any]] = {}
    for change in changes:
        for name in change["after"]:
            known.setdefault(name, change)
    return {name: _flag(name, getattr(row, name), known.get(name)) for name in names}


def _flag(name: str, value: Any, change: Mapping[str, Any] | None) -> Flag:
    if change is None:
        return Flag(name, value)
    return Flag(name, value, change["actor"], change["actor_name"], change["at"])


def _named(found: dict[str, Flag]) -> dict[str, Flag]:
    """With names for whoever acted, where none was recorded."""
    nameless = {flag.actor for flag in found.values() if flag.actor and not flag.actor_name}
    names = names_of(nameless) if nameless else {}
    return {
        name: Flag(name, flag.value, flag.actor, flag.actor_name or names.get(flag.actor, ""), flag.at)
        for name, flag in found.items()
    }


def set_by(flag: Flag | None) -> str:
    """`set by Marta on 12 Nov 2026`, or nothing where nobody knows."""
    if flag is None or flag.at is None:
        return ""
    who = flag.actor_name or ("the system" if flag.actor.startswith(SYSTEM) else flag.actor)
    return f"set by {who} on {flag.at:%-d %b %Y}"
