"""What rows refer to, resolved with one query per kind of thing, however many rows there are."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Model

from customers.errors import FieldError
from customers.models import (
    AccountStatus,
    CashDiscount,
    CreditManagementGroup,
    Currency,
    Customer,
    CustomerCreditGroup,
    CustomerTransaction,
    LegalEntity,
    Party,
    PaymentTerms,
    Reason,
    SalesOrder,
)

CODED: dict[str, tuple[type[Model], str]] = {
    "legal entity": (LegalEntity, "legal-entities"),
    "currency": (Currency, "currencies"),
    "payment terms": (PaymentTerms, "payment-terms"),
    "cash discount": (CashDiscount, "cash-discounts"),
    "credit management group": (CreditManagementGroup, "credit-management-groups"),
    "account status": (AccountStatus, "account-statuses"),
    "party": (Party, "parties"),
    "credit group": (CustomerCreditGroup, "credit-groups"),
}
"""Kinds whose code is their primary key, and the resource that creates them."""

OTHERS = {
    "customer": "customers",
    "sales order": "sales-orders",
    "invoice": "invoices",
    "status reason": "reasons",
    "user": "",
}


def split(key: str) -> tuple[str, str]:
    """`USMF:US-001` as legal entity and number."""
    entity, _, number = key.partition(":")
    return entity, number


def _by_pairs(load: Callable[[set[str], set[str]], Iterable[Any]]) -> Callable[[set[str]], dict[str, Any]]:
    """Turn `load(entities, numbers)`, which may answer too much, into a lookup by `LE:NUMBER`."""

    def lookup(keys: set[str]) -> dict[str, Any]:
        pairs = [split(key) for key in keys]
        found = load({entity for entity, _ in pairs}, {number for _, number in pairs})
        return {record.key: record for record in found if record.key in keys}

    return lookup


def _customers(entities: set[str], accounts: set[str]) -> Iterable[Customer]:
    return Customer.objects.filter(legal_entity__in=entities, account__in=accounts).only(
        "legal_entity_id", "account", "currency_id", "invoice_account_id", "credit_group_id",
        "payment_terms_id", "cash_discount_id",
    )  # fmt: skip


def _orders(entities: set[str], numbers: set[str]) -> Iterable[SalesOrder]:
    return SalesOrder.objects.filter(legal_entity__in=entities, number__in=numbers).only(
        "legal_entity_id", "number", "currency_id", "customer_id", "payer_id"
    )


def _invoices(entities: set[str], numbers: set[str]) -> Iterable[CustomerTransaction]:
    return CustomerTransaction.objects.filter(
        legal_entity__in=entities, series=CustomerTransaction.Series.INVOICE, number__in=numbers
    )


def _status_reasons(keys: set[str]) -> dict[str, Any]:
    return {reason.code: reason for reason in Reason.objects.filter(type=Reason.Type.STATUS, code__in=keys)}


def _users(keys: set[str]) -> dict[str, Any]:
    users = get_user_model().objects.filter(username__in=keys, is_active=True)
    return {user.get_username(): user for user in users}


def _coded(model: type[Model]) -> Callable[[set[str]], dict[str, Any]]:
    return lambda keys: model._default_manager.in_bulk(sorted(keys))


LOADERS: dict[str, Callable[[set[str]], dict[str, Any]]] = {
    **{kind: _coded(model) for kind, (model, _) in CODED.items()},
    "customer": _by_pairs(_customers),
    "sales order": _by_pairs(_orders),
    "invoice": _by_pairs(_invoices),
    "status reason": _status_reasons,
    "user": _users,
}


def offer_code(kind: str, model: type[Model], resource: str) -> None:
    """Let rows refer to `kind`, whose code is its primary key; for a room above, whose `resource` creates it."""
    CODED[kind] = (model, resource)
    LOADERS[kind] = _coded(model)


class References:
    """The things that a call refers to: say what is wanted, load once, then look up."""

    def __init__(self) -> None:
        self._wanted: dict[str, set[str]] = defaultdict(set)
        self._found: dict[str, dict[str, Any]] = defaultdict(dict)

    def want(self, kind: str, key: str | None) -> None:
        """Remember that `key` will be looked up."""
        if key:
            self._wanted[kind].add(key)

    def load(self) -> None:
        """Fetch everything wanted since the last time: one query per kind."""
        for kind, keys in self._wanted.items():
            if keys:
                self._found[kind] |= LOADERS[kind](keys)
        self._wanted.clear()

    def get(self, kind: str, key: str) -> Any | None:
        """The thing itself, or None."""
        return self._found[kind].get(key)

    def minor_units(self, currency: str) -> int | None:
        """The number of decimals of `currency`, or None where it is not known."""
        found = self.get("currency", currency)
        return None if found is None else int(found.minor_units)


def unknown(kind: str, key: str, field: str) -> FieldError:
    """The error for a reference that leads nowhere."""
    resource = CODED[kind][1] if kind in CODED else OTHERS[kind]
    remedy = f" Create it first (resource {resource})." if resource else ""
    return FieldError(field, "unknown_reference", f"There is no {kind} {key}.{remedy}")
