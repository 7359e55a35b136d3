"""The kinds of records that are set up by hand, by their resource in the API."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q

from customers.errors import NotFound
from customers.models import AccountStatus, CashDiscount, CreditManagementGroup, PaymentTerms, Reason


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of records: its resource in the API, its model, what one is called, and the columns of its key."""

    slug: str
    model: type[Model]
    word: str
    key: tuple[str, ...] = ("code",)

    def key_of(self, record: Any) -> str:
        """The record's key in the API: `N30`, `release:PAID`."""
        return ":".join(str(getattr(record, part)) for part in self.key)

    def with_key(self, key: str) -> Q:
        """The condition that finds the record of `key`. Raises `NotFound` for what cannot be a key."""
        parts = key.split(":")
        if len(parts) != len(self.key):
            raise NotFound(f"{self.word} {key} was not found.")
        return Q(**dict(zip(self.key, parts, strict=True)))


KINDS: dict[str, Kind] = {
    kind.slug: kind
    for kind in (
        Kind("reasons", Reason, "Reason", ("type", "code")),
        Kind("account-statuses", AccountStatus, "Account status"),
        Kind("credit-management-groups", CreditManagementGroup, "Credit management group"),
        Kind("payment-terms", PaymentTerms, "Terms of payment"),
        Kind("cash-discounts", CashDiscount, "Cash discount"),
    )
}


def kind_of(slug: str) -> Kind:
    """The kind of that name. Raises `NotFound`."""
    if slug not in KINDS:
        raise NotFound(f"Nothing called {slug} is set up here.")
    return KINDS[slug]
