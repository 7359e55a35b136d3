"""Parties, customers and customer credit groups (`domain 1`, `2`, `3.4`). Limits live one room up."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from customers.models.columns import business_key, finite, money
from customers.models.reference import (
    AccountStatus,
    CashDiscount,
    CreditManagementGroup,
    Currency,
    LegalEntity,
    PaymentTerms,
    Reason,
)


class Party(models.Model):
    """The real-world organisation behind one or more customers."""

    number = business_key(primary_key=True)
    name = models.CharField(max_length=100)
    country = models.CharField(max_length=2, blank=True)

    class Meta:
        verbose_name_plural = "parties"

    def __str__(self) -> str:
        return self.name


class CustomerCreditGroup(models.Model):
    """Customers, possibly of several legal entities, that share one limit (`domain 3.4`)."""

    number = business_key(primary_key=True)
    description = models.CharField(max_length=100, blank=True)
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    use_member_days_overdue = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.number


class Customer(models.Model):
    """A party's account in one legal entity. Its credit is checked on the invoice account (`domain 1`)."""

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="customers")
    account = business_key()
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="customers", null=True, blank=True)
    name = models.CharField(max_length=100)
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    country = models.CharField(max_length=2, blank=True)
    invoice_account = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="pays_for"
    )
    credit_group = models.ForeignKey(
        CustomerCreditGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="members"
    )
    payment_terms = models.ForeignKey(PaymentTerms, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    cash_discount = models.ForeignKey(CashDiscount, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    sales_person = models.CharField(max_length=60, blank=True)
    business_started_on = models.DateField(null=True, blank=True)
    customer_since = models.DateField(null=True, blank=True)
    annual_revenue = money(null=True, blank=True)
    annual_revenue_currency = models.ForeignKey(
        Currency, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    # The credit profile (`domain 2`): ours, so that an ERP's master-data sync can't reset it.
    credit_management_group = models.ForeignKey(
        CreditManagementGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="customers"
    )
    account_status = models.ForeignKey(
        AccountStatus, on_delete=models.PROTECT, null=True, blank=True, related_name="customers"
    )
    status_reason = models.ForeignKey(Reason, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    excluded = models.BooleanField("excluded from credit management", default=False)
    ignore_until = models.DateField(null=True, blank=True)
    eligible_credit_limit = money(null=True, blank=True)
    eligible_credit_limit_currency = models.ForeignKey(
        Currency, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    eligible_credit_limit_date = models.DateField(null=True, blank=True)
    last_review_date = models.DateField(null=True, blank=True)
    next_review_date = models.DateField(null=True, blank=True)
    with_agency = models.BooleanField(default=False)
    title_held = models.BooleanField(default=False)
    credit_controller = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    notes = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["legal_entity", "account"], name="one_customer_per_entity_and_account"),
            models.UniqueConstraint(fields=["id", "legal_entity"], name="customer_id_with_entity"),
            models.CheckConstraint(
                condition=Q(invoice_account__isnull=True) | ~Q(invoice_account=F("id")),
                name="invoice_account_is_another_customer",
            ),
            finite("customer_amounts_are_numbers", "annual_revenue", "eligible_credit_limit"),
        ]
        indexes = [models.Index(fields=["name", "id"], name="customer_by_name")]

    def __str__(self) -> str:
        return f"{self.key} {self.name}"

    @property
    def key(self) -> str:
        """`USMF:US-001`."""
        return f"{self.legal_entity_id}:{self.account}"

    @property
    def payer_id(self) -> int:
        """The customer whose credit is used: the invoice account, or the customer itself (`domain 1`)."""
        return self.invoice_account_id or self.pk
