"""Payments as they are fed: a PUT replaces the settlements, a reversed payment is closed (`domain 1`)."""

from customers.imports.batch import Batch, Entry
from customers.imports.fields import Field, currency_code, day, key_pair, named
from customers.imports.settling import Ledger
from customers.imports.transactions import Transactions, positive
from customers.models import CustomerTransaction


class Payments(Transactions):
    """Money received; what is not settled stays open as unapplied credit."""

    name = "payments"
    series = CustomerTransaction.Series.PAYMENT.value
    date_field = "date"
    read_only = frozenset({"open_amount", "reversed_on", "kind"})
    fields = named(
        Field("customer", key_pair, "customer_id", refers_to="customer"),
        Field("date", day),
        Field("currency", currency_code, "currency_id", default="", refers_to="currency"),
        Field("amount", positive, amount_in="currency"),
        Field("settlements", lambda value: value, default=()),
    )

    def plan(self, batch: Batch, ledger: Ledger) -> None:
        """Row by row: what one payment settles, the next one can't."""
        for entry in list(batch.good):
            self.plan_credit(batch, ledger, entry, {})

    def build(self, entry: Entry) -> None:
        """Every record of this series is a payment."""
        super().build(entry)
        entry.instance.kind = CustomerTransaction.Kind.PAYMENT
