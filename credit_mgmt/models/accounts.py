"""Credit accounts, their limits and the credit that orders use (`architecture.md` "The pieces that carry the weight").

A credit account is the thing that has a limit and is locked: one per customer, one per customer credit group.
"""

from django.db import models
from django.db.models import Q

from customers.models import CashDiscount, Currency, Customer, CustomerCreditGroup, PaymentTerms, SalesOrder
from customers.models.columns import finite, money, one_of


class CreditAccount(models.Model):
    """The limit of a customer (in its entity's accounting currency) or of a group (in the group's currency).

    A limit of 0 means *no credit*; only `unlimited` means no limit (`domain 2`). `version` counts the decisions that
    used credit of this account: each takes the next number, so a forgotten lock cannot overrun (`reliability.md` 0.4).
    """

    customer = models.OneToOneField(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="credit_account"
    )
    group = models.OneToOneField(
        CustomerCreditGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="credit_account"
    )
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    limit_amount = money(default=0)
    unlimited = models.BooleanField(default=False)
    mandatory = models.BooleanField("mandatory credit limit", default=False)
    limit_date = models.DateField(null=True, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    version = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(customer__isnull=False, group__isnull=True) | Q(customer__isnull=True, group__isnull=False),
                name="credit_account_of_a_customer_or_a_group",
            ),
            finite("credit_limit_is_a_number", "limit_amount"),
            models.CheckConstraint(
                condition=Q(customer__isnull=False) | Q(unlimited=False, mandatory=False),
                name="only_customers_are_unlimited_or_mandatory",
            ),
        ]

    def __str__(self) -> str:
        return f"credit account {self.pk}"


class LimitSource(models.TextChoices):
    """How a limit came to change."""

    OPENING = "opening", "Opening"
    MANUAL = "manual", "Manual"
    FEED = "feed", "Data feed"
    GROUP = "group", "Taken over from the group"


class LimitHistory(models.Model):
    """One change of a limit: who, when, from, to, why (`domain 8`). Append-only; the last entry is in force."""

    Source = LimitSource

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="history")
    sequence = models.PositiveIntegerField()
    source = models.CharField(max_length=10, choices=Source.choices)
    previous_limit = money()
    limit_amount = money()
    previous_unlimited = models.BooleanField()
    unlimited = models.BooleanField()
    previous_mandatory = models.BooleanField()
    mandatory = models.BooleanField()
    previous_expires_on = models.DateField(null=True)
    expires_on = models.DateField(null=True)
    effective_on = models.DateField()
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "sequence"], name="one_limit_entry_per_number"),
            finite("limit_history_amounts_are_numbers", "previous_limit", "limit_amount"),
            one_of("limit_history_source_is_known", "source", LimitSource),
        ]
        indexes = [models.Index(fields=["effective_on"], name="limit_history_by_day")]

    def __str__(self) -> str:
        return f"{self.account_id}/{self.sequence}"


class Commitment(models.Model):
    """The order uses credit: it passed, was released, or was posted unchecked, and is not on hold (`domain 3.2`).

    Exposure counts the order's *current* uninvoiced amount; `amount` is what it was when it was approved, in `currency`
    of the order, kept as evidence: it needs no exchange rate, so that a person can release what has none. `account` is
    the payer's own. One row per order; it goes when the order is held, rejected, cancelled.
    """

    order = models.OneToOneField(SalesOrder, on_delete=models.PROTECT, related_name="commitment")
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="commitments")
    amount = money()
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField()

    class Meta:
        constraints = [finite("commitment_is_a_number", "amount")]
        indexes = [models.Index(fields=["account", "order"], name="commitment_by_account")]

    def __str__(self) -> str:
        return f"{self.order_id} uses {self.amount}"


class Clearance(models.Model):
    """What an order's last pass or release lets it do: grace days, one cleared document, the terms to compare with
    (`domain 4.6`, `5.2`). `amount` in the order's currency. One row per order."""

    order = models.OneToOneField(SalesOrder, on_delete=models.PROTECT, related_name="clearance")
    amount = money()
    payment_terms = models.ForeignKey(PaymentTerms, on_delete=models.PROTECT, null=True, related_name="+")
    cash_discount = models.ForeignKey(CashDiscount, on_delete=models.PROTECT, null=True, related_name="+")
    released = models.BooleanField(default=False)
    grace_until = models.DateField(null=True)
    pro_forma_grace_until = models.DateField(null=True)
    cleared_document = models.CharField(max_length=22, blank=True)
    cleared_pro_forma = models.BooleanField(default=False)
    granted_at = models.DateTimeField()

    class Meta:
        constraints = [finite("clearance_amount_is_a_number", "amount")]

    def __str__(self) -> str:
        return f"clearance of order {self.order_id}"
