"""Invoices, credit notes and write-offs as they are fed: instalments, settlements, disputes (`domain 1`, `2`)."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from customers.imports.batch import Batch, Entry
from customers.imports.fields import (
    Field,
    Wrong,
    choice,
    currency_code,
    day,
    key_pair,
    named,
    number,
)
from customers.imports.references import split
from customers.imports.settling import Ledger, spread_dispute
from customers.imports.transactions import SETTLEMENT, Transactions, positive
from customers.models import CustomerTransaction, DueItem, SalesOrder
from customers.models.receivables import TransactionKind
from customers.money import ZERO

Kind = CustomerTransaction.Kind
INSTALMENT = named(Field("due_date", day), Field("amount", positive))
Instalments = list[tuple[dt.date, Decimal]]


def _kind(value: Any) -> str:
    if value == Kind.PAYMENT:
        raise Wrong("invalid_choice", "Payments have a resource of their own.")
    return str(choice(TransactionKind)(value))


class Invoices(Transactions):
    """What customers were billed, and what was taken off again."""

    name = "invoices"
    series = CustomerTransaction.Series.INVOICE.value
    date_field = "invoice_date"
    lists = {"settlements": SETTLEMENT, "instalments": INSTALMENT}
    parts = frozenset({"settlements", "instalments", "due_date"})
    read_only = frozenset({"open_amount"})
    fields = named(
        Field("customer", key_pair, "customer_id", refers_to="customer"),
        Field("kind", _kind, default=Kind.INVOICE.value),
        Field("invoice_date", day, "date"),
        Field("due_date", day, default=None),
        Field("currency", currency_code, "currency_id", default="", refers_to="currency"),
        Field("amount", positive, amount_in="currency"),
        Field("sales_order", key_pair, "sales_order_id", default=None, refers_to="sales order"),
        Field("instalments", lambda value: value, default=None),
        Field("settlements", lambda value: value, default=()),
        Field("disputed_amount", number(), default=ZERO, amount_in="currency"),
        Field("promised_on", day, default=None),
        Field("promised_amount", number(), default=None, amount_in="currency"),
    )

    def find(self, identities: set[Any]) -> QuerySet[Any]:
        """With the linked order, against which a change of customer or currency is checked."""
        return super().find(identities).select_related("sales_order")

    def plan(self, batch: Batch, ledger: Ledger) -> None:
        """Invoices first: credit notes of the same call may settle them."""
        self._fetch_terms(batch)
        planned: dict[str, Entry] = {}
        for entry in list(batch.good):
            if entry.values["kind"] == Kind.INVOICE:
                self._plan_invoice(batch, ledger, entry)
                if not entry.errors:
                    planned[entry.key or ""] = entry
        for entry in list(batch.good):
            if entry.values["kind"] != Kind.INVOICE:
                self.plan_credit(batch, ledger, entry, planned)

    def _fetch_terms(self, batch: Batch) -> None:
        for entry in batch.good:
            customer = batch.references.get("customer", entry.given.get("customer") or "")
            if customer is not None and not entry.values["due_date"]:
                batch.references.want("payment terms", customer.payment_terms_id)
        batch.references.load()

    def check_header(self, batch: Batch, entry: Entry) -> None:
        """What fits the kind, and whether the linked order fits the transaction."""
        super().check_header(batch, entry)
        values, old = entry.values, entry.existing
        if old is not None and old.kind != values["kind"]:
            entry.fail("kind", "immutable", f"{entry.key} is a {old.get_kind_display().lower()}: use another number.")
        if values["kind"] == Kind.INVOICE and values["settlements"]:
            entry.fail("settlements", "not_a_credit", "Only credit notes and write-offs settle invoices.")
        if values["kind"] != Kind.INVOICE and (values["disputed_amount"] or values["promised_on"]):
            entry.fail("disputed_amount", "not_an_invoice", "Only invoices are disputed or promised.")
        if values["disputed_amount"] > values["amount"]:
            entry.fail("disputed_amount", "above_amount", "Not more can be disputed than was billed.")
        self._check_order(batch, entry)

    def _check_order(self, batch: Batch, entry: Entry) -> None:
        values, old = entry.values, entry.existing
        key = entry.given.get("sales_order")
        order: SalesOrder | None = batch.references.get("sales order", key) if key else None
        if order is None and values["sales_order"]:
            order = old.sales_order
        if order is None:
            return
        if key and split(key)[0] != (entry.identity or ("",))[0]:
            entry.fail("sales_order", "other_entity", f"{key} is an order of another legal entity.")
        elif old is not None and old.sales_order_id == order.pk and not self.moved(entry):
            return  # it fitted when it was linked
        elif order.currency_id != values["currency"]:
            entry.fail("sales_order", "other_currency", f"{order.key} is in {order.currency_id}.")
        elif values["customer"] not in (order.customer_id, order.payer_id):
            entry.fail("sales_order", "other_customer", f"{order.key} is neither placed nor paid by this customer.")

    # --- due items ------------------------------------------------------------------------------------------------

    def _plan_invoice(self, batch: Batch, ledger: Ledger, entry: Entry) -> None:
        old = ledger.items_of(entry.existing.pk) if entry.existing is not None else []
        wanted = self._instalments(batch, entry, old)
        if entry.errors:
            return
        amount, settled = entry.values["amount"], sum((item.amount - item.open_amount for item in old), ZERO)
        if settled > amount:
            entry.fail("amount", "below_settled", f"{settled.normalize():f} is settled already: give at least that.")
        if self.moved(entry) and ledger.settlements_of(old):
            entry.fail("customer", "settled", "Payments are settled with this invoice: take them back first.")
        if entry.errors:
            return
        if [(item.due_date, item.amount) for item in old] != wanted:
            entry.changed.add("instalments")
        try:
            entry.plan.items = self._items(ledger, entry, old, wanted)
        except Wrong as wrong:
            entry.fail("instalments", wrong.code, wrong.message)
            return
        self._spread_dispute(ledger, entry)

    def _instalments(self, batch: Batch, entry: Entry, old: list[DueItem]) -> Instalments:
        """The instalments as they will be, in the order in which they are due."""
        values, given = entry.values, entry.values["instalments"]
        if given:
            self.decimals(batch, entry, given, "instalments")
            total = sum((row["amount"] for row in given if isinstance(row["amount"], Decimal)), ZERO)
            if total != values["amount"]:
                entry.fail(
                    "instalments", "sum_mismatch",
                    f"The instalments add up to {total.normalize():f}, the amount is {values['amount'].normalize():f}.",
                )  # fmt: skip
            return sorted((row["due_date"], row["amount"]) for row in given)
        kept = not batch.replace and old
        if kept and len(old) > 1:
            if values["amount"] != entry.existing.amount or values["due_date"]:
                entry.fail("instalments", "required", "This invoice has several instalments: give all of them.")
            return [(item.due_date, item.amount) for item in old]
        if kept and not values["due_date"]:
            return [(old[0].due_date, values["amount"])]
        return [(self._due_date(batch, entry), values["amount"])]

    def _due_date(self, batch: Batch, entry: Entry) -> dt.date:
        """The due date given, or the one that the customer's terms of payment make."""
        date: dt.date = entry.values["invoice_date"]
        if entry.values["due_date"]:
            due_date: dt.date = entry.values["due_date"]
            return due_date
        customer = batch.references.get("customer", entry.given.get("customer") or "")
        terms = batch.references.get("payment terms", customer.payment_terms_id or "") if customer else None
        if terms is None:
            entry.fail("due_date", "required", "Give a due date: the customer has no terms of payment to work it out.")
            return date
        return date + dt.timedelta(days=terms.net_days)

    def _items(self, ledger: Ledger, entry: Entry, old: list[DueItem], wanted: Instalments) -> list[DueItem]:
        """The due items: the same ones where only dates move or nothing is settled, else new ones."""
        rows = ledger.settlements_of(old)
        alike = len(old) == len(wanted) and (not rows or [item.amount for item in old] == [a for _, a in wanted])
        if alike and all(row.date >= entry.values["invoice_date"] for row in rows):
            for item, (due_date, amount) in zip(old, wanted, strict=True):
                self.follow_header(ledger, entry, item, due_date, amount)
            return old
        new = [self.new_item(entry, due_date, amount) for due_date, amount in wanted]
        if old:
            ledger.replace_items(old, new)
        else:
            for item in new:
                ledger.add_item(item)
        return new

    def _spread_dispute(self, ledger: Ledger, entry: Entry) -> None:
        items = entry.plan.items
        before = [item.disputed_amount for item in items]
        spread_dispute(items, entry.values["disputed_amount"])
        for item, disputed in zip(items, before, strict=True):
            if item.disputed_amount != disputed:
                ledger.touch(item)

    def compare(self, batch: Batch, entry: Entry) -> None:
        """What is billed of an order changes what is left of it."""
        super().compare(batch, entry)
        old = entry.existing
        if entry.changed & {"amount", "sales_order", "kind"} or old is None:
            orders = {entry.values["sales_order"], old.sales_order_id if old is not None else None}
            entry.plan.orders = {pk for pk in orders if pk is not None}
