"""Credit accounts, their limits and the credit that orders use (`architecture.md` "The pieces that carry the weight").

A credit account is the thing that has a limit and is locked: one per customer, one per customer credit group.
"""

import datetime as dt

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce

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
    JOURNAL = "journal", "Adjustment journal"


_FIRST_DAY_AFTER = Coalesce(
    F("withdrawn_from"), models.ExpressionWrapper(F("valid_to") + Value(1), output_field=models.DateField())
)
_IN_FORCE = Func(
    F("valid_from"), _FIRST_DAY_AFTER, Value("[)"), function="daterange", output_field=DateRangeField()
)  # fmt: skip


class TemporaryLimit(models.Model):
    """A limit instead of the base limit from `valid_from` to `valid_to`, both included (`domain 3.1`).

    In the account's currency. At most one is in force on any day, which the database sees to. A row is evidence: it is
    never deleted, and the one thing that changes is that it is taken back, from `withdrawn_from` on.
    """

    account = models.ForeignKey(
        CreditAccount, on_delete=models.PROTECT, related_name="temporary_limits", db_index=False
    )
    amount = money()
    valid_from = models.DateField()
    valid_to = models.DateField()
    withdrawn_from = models.DateField(
        null=True, blank=True, help_text="The first day on which it no longer holds, where it was taken back"
    )
    journal = models.CharField(max_length=40)
    journal_line = models.PositiveIntegerField(null=True)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id", "account"], name="temporary_limit_id_with_account"),
            finite("temporary_limit_is_a_number", "amount"),
            models.CheckConstraint(
                condition=Q(
                    valid_from__lte=F("valid_to"), valid_from__gte=dt.date(1900, 1, 1), valid_to__lte=dt.date.max
                ),
                name="temporary_limit_has_a_period",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_from__isnull=True)
                | Q(withdrawn_from__gte=F("valid_from"), withdrawn_from__lte=F("valid_to")),
                name="temporary_limit_is_withdrawn_within_its_period",
            ),
            models.CheckConstraint(condition=~Q(journal=""), name="temporary_limit_names_its_journal"),
            ExclusionConstraint(
                name="one_temporary_limit_per_day",
                expressions=[("account", RangeOperators.EQUAL), (_IN_FORCE, RangeOperators.OVERLAPS)],
                # What was taken back before it began has no days. Partial also for the planner: looking up one account
                # by this index takes five times as long as by `temporary_limit_by_account`, and it would be preferred.
                condition=Q(withdrawn_from__isnull=True) | Q(withdrawn_from__gt=F("valid_from")),
            ),
        ]
        indexes = [
            models.Index(fields=["account", "valid_from"], name="temporary_limit_by_account"),
            models.Index(fields=["valid_to"], name="temporary_limit_by_last_day"),
        ]

    def __str__(self) -> str:
        return f"temporary limit {self.pk}"

    @staticmethod
    def in_force(day: dt.date) -> Q:
        """In force on the day: from the first to the last one, unless it was taken back."""
        kept = Q(withdrawn_from__isnull=True) | Q(withdrawn_from__gt=day)
        return Q(valid_from__lte=day, valid_to__gte=day) & kept

    @property
    def last_day(self) -> dt.date:
        """The last day on which it is in force; the day before the first where it was taken back before it began."""
        return self.valid_to if self.withdrawn_from is None else self.withdrawn_from - dt.timedelta(days=1)


class LimitHistory(models.Model):
    """One change of a limit: who, when, from, to, why (`domain 8`). Append-only; the last entry is in force.

    An entry of a temporary limit says what was set or taken back; the base limit that it repeats stays as it was.
    """

    Source = LimitSource

    class Kind(models.TextChoices):
        """What an entry tells."""

        LIMIT = "limit", "Credit limit"
        TEMPORARY = "temporary", "Temporary limit"
        WITHDRAWN = "withdrawn", "Temporary limit taken back"

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="history")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.LIMIT)
    temporary_limit = models.ForeignKey(TemporaryLimit, on_delete=models.PROTECT, null=True, related_name="history")
    source = models.CharField(max_length=10, choices=Source.choices)
    journal = models.CharField(max_length=40, blank=True)
    journal_line = models.PositiveIntegerField(null=True)
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
            models.CheckConstraint(
                condition=(Q(source=LimitSource.JOURNAL) & ~Q(journal=""))
                | (~Q(source=LimitSource.JOURNAL) & Q(journal="")),
                name="limit_of_a_journal_names_it",
            ),
            models.CheckConstraint(
                condition=Q(kind="limit", temporary_limit__isnull=True)
                | Q(kind__in=("temporary", "withdrawn"), temporary_limit__isnull=False, source=LimitSource.JOURNAL),
                name="temporary_limits_change_through_journals",
            ),
            models.UniqueConstraint(fields=["temporary_limit", "kind"], name="one_entry_per_fate_of_a_temporary_limit"),
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
