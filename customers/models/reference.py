"""What legal entities share or own as reference data: currencies, rates, terms, labels, reasons (`domain 1`, `2`).

Codes are primary keys: they are the field's own keys, appear in every URL, and make facts readable without joins.
"""

from typing import TypeAlias

from django.db import models
from django.db.models import Q

from customers.models.columns import business_key, finite, one_of, percentage
from customers.money import HUNDRED


def still_open() -> models.BooleanField[bool, bool]:
    """Whether people may choose it; what is closed stays valid where it is used."""
    return models.BooleanField(default=True, db_default=True)


class Currency(models.Model):
    """A currency with the number of its decimals (JPY 0, EUR 2, BHD 3)."""

    code = models.CharField(max_length=3, primary_key=True)
    minor_units = models.PositiveSmallIntegerField(default=2)

    class Meta:
        verbose_name_plural = "currencies"
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=r"^[A-Z]{3}$"), name="currency_code_is_iso"),
            models.CheckConstraint(condition=Q(minor_units__lte=4), name="currency_minor_units_up_to_four"),
        ]

    def __str__(self) -> str:
        return self.code


class LegalEntity(models.Model):
    """A company of the group: owns customers, orders, invoices, parameters; has a currency and a time zone."""

    code = business_key(primary_key=True)
    name = models.CharField(max_length=100)
    accounting_currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    time_zone = models.CharField(max_length=50, default="UTC")

    class Meta:
        verbose_name_plural = "legal entities"

    def __str__(self) -> str:
        return self.code


class ExchangeRate(models.Model):
    """One unit of `from_currency` is worth `rate` of `to_currency` from `valid_from` on, under a rate type."""

    rate_type = models.CharField(max_length=30, default="default")
    from_currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    to_currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    rate = models.DecimalField(max_digits=24, decimal_places=12)
    valid_from = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rate_type", "from_currency", "to_currency", "valid_from"],
                name="one_rate_per_type_pair_and_day",
            ),
            models.CheckConstraint(condition=Q(rate__gt=0) & Q(rate__lt=10**11), name="exchange_rate_is_positive"),
            models.CheckConstraint(
                condition=~Q(from_currency=models.F("to_currency")), name="exchange_rate_between_two_currencies"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_currency_id}/{self.to_currency_id} {self.rate_type} {self.valid_from}"


class PaymentTerms(models.Model):
    """Terms of payment; a higher rank is easier for the customer (`domain 4.6`); `uses_credit` per `domain 2`."""

    code = business_key(primary_key=True)
    description = models.CharField(max_length=100, blank=True)
    net_days = models.PositiveIntegerField(default=0)
    rank = models.IntegerField(null=True, blank=True)
    uses_credit = models.BooleanField(default=True)
    open = still_open()

    class Meta:
        verbose_name_plural = "payment terms"

    def __str__(self) -> str:
        return self.code


class CashDiscount(models.Model):
    """A cash (settlement) discount; a higher rank is easier for the customer (`domain 4.6`)."""

    code = business_key(primary_key=True)
    description = models.CharField(max_length=100, blank=True)
    percent = percentage(default=0)
    rank = models.IntegerField(null=True, blank=True)
    open = still_open()

    class Meta:
        constraints = [finite("cash_discount_percent_up_to_100", "percent", ceiling=HUNDRED)]

    def __str__(self) -> str:
        return self.code


class CreditManagementGroup(models.Model):
    """A label on a customer that aims rules and scores (`domain 1`). Not the customer credit group."""

    code = models.CharField(max_length=10, primary_key=True)
    description = models.CharField(max_length=60, blank=True)
    open = still_open()

    def __str__(self) -> str:
        return self.code


class AccountProcessingHold(models.TextChoices):
    """Which documents an account status stops (`domain 4.7`)."""

    NONE = "none", "None"
    INVOICE = "invoice", "Invoice"
    ALL = "all", "All"


class AccountStatus(models.Model):
    """A label for a customer's standing, with its processing hold (`domain 4.7`)."""

    ProcessingHold: TypeAlias = AccountProcessingHold

    code = business_key(primary_key=True)
    description = models.CharField(max_length=100, blank=True)
    processing_hold = models.CharField(max_length=10, choices=ProcessingHold.choices, default=ProcessingHold.NONE)
    open = still_open()

    class Meta:
        verbose_name_plural = "account statuses"
        constraints = [one_of("account_status_processing_hold_is_known", "processing_hold", AccountProcessingHold)]

    def __str__(self) -> str:
        return self.code


class ReasonType(models.TextChoices):
    """What a reason is a reason for."""

    HOLD = "hold", "Hold"
    RELEASE = "release", "Release"
    STATUS = "status", "Status"


class Reason(models.Model):
    """A code of type hold, release or status; of one legal entity, or of all when it names none (`domain 1`)."""

    Type: TypeAlias = ReasonType

    type = models.CharField(max_length=10, choices=Type.choices)
    code = business_key()
    description = models.CharField(max_length=100, blank=True)
    legal_entity = models.ForeignKey(LegalEntity, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    customer_wording = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="what a customer may be told"
    )
    requires_note = models.BooleanField(default=False, db_default=False)
    open = still_open()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["type", "code"], name="one_reason_per_type_and_code"),
            one_of("reason_type_is_known", "type", ReasonType),
        ]

    def __str__(self) -> str:
        return f"{self.type}:{self.code}"

    @property
    def key(self) -> str:
        """`hold:DISPUTE`, as in `api.md`."""
        return f"{self.type}:{self.code}"


class ReferenceClock(models.Model):
    """One row whose `version` changes whenever exchange rates or currencies change; moved by triggers only.

    What a process has cached is good as long as the version is the one it was read under (`customers.rates`). The
    version comes from a sequence, so a rolled back change never leaves a number behind that is given out again.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    version = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="there_is_one_reference_clock")]

    def __str__(self) -> str:
        return str(self.version)
