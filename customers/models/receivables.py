"""Customer transactions: invoices, credit notes, write-offs, payments; their due items and settlements (`domain 1`).

Every transaction has due items with *signed* amounts: an invoice's are positive (one per instalment), those of a
payment, credit note or write-off negative (one, what is not settled stays open as unapplied credit). So the balance of
a customer is one sum of open amounts.

Note [Open on another day]. `open_amount` is kept as of all settlements known. What was open on day d is that amount
plus the settlements dated after d: one small correction, instead of adding up the whole history.
"""

from typing import TypeAlias

from django.db import models
from django.db.models import F, Q

from customers.models.columns import business_key, finite, money, one_of
from customers.models.customers import Customer
from customers.models.reference import Currency, LegalEntity


class TransactionKind(models.TextChoices):
    """What a transaction is; all but the invoice are credits."""

    INVOICE = "invoice", "Invoice"
    CREDIT_NOTE = "credit_note", "Credit note"
    WRITE_OFF = "write_off", "Write-off"
    PAYMENT = "payment", "Payment"


class TransactionSeries(models.TextChoices):
    """Numbers are unique within a series: a payment may carry an invoice's number (`api.md` Resources)."""

    INVOICE = "invoice", "Invoices"
    PAYMENT = "payment", "Payments"


class CustomerTransaction(models.Model):
    """An invoice, credit note, write-off or payment of a customer; `amount` is positive, in `currency`."""

    Kind: TypeAlias = TransactionKind
    Series: TypeAlias = TransactionSeries

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    series = models.CharField(max_length=10, choices=Series.choices)
    number = business_key()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="transactions")
    date = models.DateField()
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    amount = money()
    sales_order = models.ForeignKey(
        "customers.SalesOrder", on_delete=models.PROTECT, null=True, blank=True, related_name="transactions"
    )
    disputed_amount = money(default=0)
    promised_on = models.DateField(null=True, blank=True)
    promised_amount = money(null=True, blank=True)
    reversed_on = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["legal_entity", "series", "number"], name="one_transaction_per_number"),
            # Due items point here with customer and currency, so that they can't differ from their transaction's.
            models.UniqueConstraint(fields=["id", "customer", "currency"], name="transaction_id_with_customer"),
            finite("transaction_amounts_are_numbers", "amount", "disputed_amount", "promised_amount"),
            one_of("transaction_kind_is_known", "kind", TransactionKind),
            models.CheckConstraint(
                condition=Q(series="payment", kind="payment") | Q(Q(series="invoice"), ~Q(kind="payment")),
                name="transaction_series_fits_kind",
            ),
            models.CheckConstraint(
                condition=Q(disputed_amount__lte=F("amount")), name="disputed_amount_within_transaction"
            ),
            models.CheckConstraint(
                condition=Q(reversed_on__isnull=True) | Q(kind="payment"), name="only_payments_are_reversed"
            ),
        ]
        indexes = [models.Index(fields=["customer", "date", "id"], name="transaction_by_customer")]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        """`USMF:INV-77`."""
        return f"{self.legal_entity_id}:{self.number}"


class DueItem(models.Model):
    """What a transaction leaves open, by due date: `amount` and `open_amount` are signed, in the transaction's
    currency.

    Customer, currency and dates are repeated here so that exposure is one index-only sum.
    """

    transaction = models.ForeignKey(CustomerTransaction, on_delete=models.CASCADE, related_name="due_items")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="due_items")
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    date = models.DateField()
    due_date = models.DateField()
    amount = money()
    open_amount = money()
    disputed_amount = money(default=0)

    class Meta:
        constraints = [
            finite("due_item_amounts_are_numbers", "amount", "open_amount", floor=None),
            finite("due_item_dispute_is_a_number", "disputed_amount"),
            models.CheckConstraint(
                condition=Q(amount__gte=0, open_amount__gte=0, open_amount__lte=F("amount"))
                | Q(amount__lt=0, open_amount__lte=0, open_amount__gte=F("amount")),
                name="due_item_open_between_zero_and_amount",
            ),
        ]
        indexes = [
            models.Index(
                fields=["customer", "currency"],
                include=["date", "due_date", "open_amount", "disputed_amount", "transaction"],
                condition=~Q(open_amount=0),
                name="due_item_open",
            ),
            models.Index(fields=["transaction", "due_date", "id"], name="due_item_by_transaction"),
        ]

    def __str__(self) -> str:
        return f"{self.transaction_id} due {self.due_date}"


class Settlement(models.Model):
    """`amount` of a credit (payment, credit note, write-off) applied to an invoice's due item on `date`.

    A reversed payment writes the same settlements again with a negative amount on the day of the reversal, and one row
    without invoice that uses up the payment itself: history stays, and the sums of any day come out right.
    """

    credit = models.ForeignKey(DueItem, on_delete=models.CASCADE, related_name="settlements_given")
    debit = models.ForeignKey(
        DueItem, on_delete=models.PROTECT, null=True, blank=True, related_name="settlements_taken"
    )
    date = models.DateField()
    amount = money()

    class Meta:
        constraints = [
            finite("settlement_amount_is_a_number", "amount", floor=None),
            models.CheckConstraint(condition=~Q(amount=0), name="settlement_is_not_zero"),
        ]
        indexes = [
            models.Index(fields=["credit", "date"], include=["amount"], name="settlement_by_credit"),
            models.Index(fields=["debit", "date"], include=["amount"], name="settlement_by_debit"),
            models.Index(fields=["date"], name="settlement_by_date"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} on {self.date}"
