"""Customers as they are fed. Limits are not among the fields: they belong to the room above."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from customers.access import Action
from customers.imports.batch import Batch, Entry
from customers.imports.fields import (
    Field,
    country_code,
    currency_code,
    day,
    flag,
    key_pair,
    key_part,
    named,
    number,
    text,
)
from customers.imports.references import split, unknown
from customers.imports.resource import Resource, create, update
from customers.marks import Cause, CauseKind, mark_each
from customers.models import Customer
from customers.orders import move_payer
from customers.signing import sign


def _ours(name: str, clean: Any, column: str = "", *, default: Any = None, **more: str) -> Field:
    """A field of the credit profile (`domain 2`): kept when a feed leaves it out, changed only with the right to."""
    return Field(name, clean, column, default=default, ours=True, action=Action.EDIT_CREDIT_PROFILE, **more)


LOOKED_AT = frozenset({
    "account_status", "credit_management_group", "excluded", "ignore_until", "invoice_account", "payment_terms",
    "cash_discount",
})  # fmt: skip
"""What of a customer a check looks at: rules are aimed by it, or compare it (`domain 4`)."""

REVIEWS = ("last_review_date", "next_review_date")

RECORDED = frozenset({"account_status", "credit_management_group", "excluded", "ignore_until"})
"""What of a customer the database records when it changes; it is told who acts."""


class Customers(Resource):
    """Accounts of parties in legal entities."""

    name = "customers"
    model = Customer
    key_fields = named(
        Field("legal_entity", key_part, "legal_entity_id", refers_to="legal entity"), Field("account", key_part)
    )
    read_only = frozenset({"credit_group", "name_of_party"})
    fields = named(
        Field("party", key_part, "party_id", default=None, refers_to="party"),
        Field("name", text(100, blank=False), default=""),
        Field("currency", currency_code, "currency_id", default="", refers_to="currency"),
        Field("country", country_code, default=""),
        Field("invoice_account", key_pair, "invoice_account_id", default=None),
        Field("payment_terms", key_part, "payment_terms_id", default=None, refers_to="payment terms"),
        Field("cash_discount", key_part, "cash_discount_id", default=None, refers_to="cash discount"),
        Field("sales_person", text(60), default=""),
        Field("business_started_on", day, default=None),
        Field("customer_since", day, default=None),
        Field("annual_revenue", number(), default=None, amount_in="annual_revenue_currency"),
        Field(
            "annual_revenue_currency", currency_code, "annual_revenue_currency_id", default=None, refers_to="currency"
        ),
        _ours("credit_management_group", key_part, "credit_management_group_id", refers_to="credit management group"),
        _ours("account_status", key_part, "account_status_id", refers_to="account status"),
        _ours("status_reason", key_part, "status_reason_id", refers_to="status reason"),
        _ours("excluded", flag, default=False),
        _ours("ignore_until", day),
        _ours("eligible_credit_limit", number(), amount_in="eligible_credit_limit_currency"),
        _ours(
            "eligible_credit_limit_currency", currency_code, "eligible_credit_limit_currency_id", refers_to="currency"
        ),
        _ours("eligible_credit_limit_date", day),
        _ours("last_review_date", day),
        _ours("next_review_date", day),
        _ours("with_agency", flag, default=False),
        _ours("title_held", flag, default=False),
        _ours("credit_controller", text(150, blank=False), "credit_controller_id", refers_to="user"),
        _ours("notes", text(10_000), default=""),
    )

    def want(self, batch: Batch) -> None:
        """Invoice accounts may stand in the same call: they are looked up, but not insisted on, here."""
        super().want(batch)
        for entry in batch.entries:
            batch.references.want("customer", entry.given.get("invoice_account"))

    def find(self, identities: set[Any]) -> QuerySet[Any]:
        """With the invoice account, whose key is compared."""
        return super().find(identities).select_related("invoice_account")

    def current(self, existing: Any, field: Field) -> Any:
        """An invoice account is compared by its key."""
        if field.name == "invoice_account":
            return existing.invoice_account.key if existing.invoice_account_id else None
        return super().current(existing, field)

    def default(self, batch: Batch, entry: Entry, field: Field) -> Any:
        """A customer is called as its party or its account, and pays in its legal entity's currency."""
        entity, account = entry.identity or ("", "")
        if field.name == "name":
            party = batch.references.get("party", entry.given.get("party") or "")
            return party.name if party else account
        if field.name == "currency":
            company = batch.references.get("legal entity", entity)
            return company.accounting_currency_id if company else None
        return field.default

    def merge(self, batch: Batch, entry: Entry) -> None:
        """Amounts without a currency are in the customer's (revenue) or the accounting currency (eligible limit)."""
        super().merge(batch, entry)
        values = entry.values
        if values.get("invoice_account") == entry.key:
            values["invoice_account"] = None  # many systems say "pays for itself" like this
        company = batch.references.get("legal entity", (entry.identity or ("",))[0])
        if values.get("annual_revenue") is not None and not values.get("annual_revenue_currency"):
            values["annual_revenue_currency"] = values.get("currency")
        if values.get("eligible_credit_limit") is not None and not values.get("eligible_credit_limit_currency"):
            values["eligible_credit_limit_currency"] = company.accounting_currency_id if company else None

    def check(self, batch: Batch) -> None:
        """Reasons are the entity's or everybody's; invoice accounts are one level, within the entity (`domain 1`).

        The next review does not come before the last one.
        """
        for entry in batch.good:
            last, following = (entry.values.get(name) for name in REVIEWS)
            if last and following and following < last and entry.given.keys() & set(REVIEWS):
                message = f"The next review, {following}, is before the last one, {last}: give a later day."
                entry.fail("next_review_date", "before_last_review", message)
            code = entry.given.get("status_reason")
            reason = batch.references.get("status reason", code) if code else None
            if reason and reason.legal_entity_id not in (None, (entry.identity or ("",))[0]):
                entry.fail("status_reason", "other_entity", f"{code} is a reason of {reason.legal_entity_id}.")
        dependents = self._dependents(batch)
        while self._check_invoice_accounts(batch, dependents):
            pass  # a row that failed may have been the invoice account of another

    def _dependents(self, batch: Batch) -> dict[str, set[str]]:
        """Who names, before this call, a customer as invoice account that is now getting one itself."""
        getting = {
            entry.existing.pk: entry.key
            for entry in batch.good
            if entry.existing and entry.values.get("invoice_account") and not entry.existing.invoice_account_id
        }
        found: dict[str, set[str]] = {}
        if getting:
            for customer in Customer.objects.filter(invoice_account__in=list(getting)).only(
                "legal_entity_id", "account", "invoice_account_id"
            ):
                found.setdefault(str(getting[customer.invoice_account_id]), set()).add(customer.key)
        return found

    def _check_invoice_accounts(self, batch: Batch, dependents: dict[str, set[str]]) -> bool:
        """One pass over the rows; whether another is needed."""
        planned = {entry.key: entry.values.get("invoice_account") for entry in batch.good}
        paying = {target for target in planned.values() if target}
        failed = False
        for entry in list(batch.good):
            target = entry.values.get("invoice_account")
            if target is None:
                continue
            others = {key for key in dependents.get(entry.key or "", ()) if planned.get(key, entry.key) == entry.key}
            self._check_invoice_account(batch, entry, target, planned)
            if not entry.errors and (others or entry.key in paying):
                entry.fail(
                    "invoice_account", "one_level",
                    f"{entry.key} is the invoice account of other customers and can't have one itself.",
                )  # fmt: skip
            failed = failed or bool(entry.errors)
        return failed

    def _check_invoice_account(
        self, batch: Batch, entry: Entry, target: str, planned: dict[str | None, str | None]
    ) -> None:
        entity = (entry.identity or ("",))[0]
        known = batch.references.get("customer", target)
        if split(target)[0] != entity:
            entry.fail("invoice_account", "other_entity", f"Name a customer of {entity}.")
        elif target not in planned and known is None and self.current_key(entry) != target:
            entry.errors.append(unknown("customer", target, "invoice_account"))
        elif planned.get(target) or (target not in planned and known is not None and known.invoice_account_id):
            entry.fail(
                "invoice_account", "one_level", f"{target} has an invoice account itself: name that one instead."
            )

    @staticmethod
    def current_key(entry: Entry) -> str | None:
        """The key of the invoice account that the customer has now."""
        existing = entry.existing
        return existing.invoice_account.key if existing is not None and existing.invoice_account_id else None

    def write(self, batch: Batch) -> None:
        """New customers first: they may be the invoice accounts of the others."""
        entries = batch.to_write
        payers = {entry.existing.pk: entry.existing.payer_id for entry in entries if entry.existing is not None}
        ids = {entry.key: entry.existing.pk for entry in batch.entries if entry.existing is not None}
        for entry in entries:
            target = entry.values["invoice_account"]
            known = batch.references.get("customer", target) if target else None
            entry.plan = target
            entry.values["invoice_account"] = known.pk if known else ids.get(target)
            if entry.existing is not None and target == self.current_key(entry):
                entry.values["invoice_account"] = entry.existing.invoice_account_id
            self.build(entry)
        new = [entry for entry in entries if entry.existing is None]
        changed = [entry for entry in entries if entry.existing is not None]
        if any(entry.changed & RECORDED for entry in changed) or any(_flagged(entry) for entry in new):
            sign(batch.actor)
        create([entry.instance for entry in new])
        ids |= {entry.key: entry.instance.pk for entry in new}
        late = [entry for entry in entries if entry.plan and entry.instance.invoice_account_id is None]
        for entry in late:
            entry.instance.invoice_account_id = ids[entry.plan]
        update([entry.instance for entry in late if entry.existing is None], {"invoice_account_id"})
        update([entry.instance for entry in changed], self.columns_of(changed))
        moved = [entry.instance.pk for entry in changed if "invoice_account" in entry.changed]
        if moved:
            move_payer(customer_ids=moved)
        mark_each(mark for entry in changed for mark in _marks(entry, payers[entry.instance.pk]))


def _flagged(entry: Entry) -> bool:
    """Whether a new customer comes with what is recorded of it from the first (`customers.models.history`)."""
    return bool(entry.values.get("excluded") or entry.values.get("ignore_until"))


def _marks(entry: Entry, paid_by: int) -> Iterator[tuple[int, Cause]]:
    """Who is to be looked at again: the customer, and who paid or will pay for it where that changed."""
    customer = entry.instance
    if not entry.changed & LOOKED_AT:
        return
    kind = CauseKind.ACCOUNT_STATUS if "account_status" in entry.changed else CauseKind.CUSTOMER
    concerned = {customer.pk} | ({paid_by, customer.payer_id} if "invoice_account" in entry.changed else set())
    for customer_id in concerned:
        yield customer_id, Cause(kind, entry.key or "")
