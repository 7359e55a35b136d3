"""Insurance policies and guarantees (`domain 2`): what somebody else stands for, of what a customer owes.

Named after what they cover, since *policy* alone means rules and parameters here (`credit_mgmt.models.policy`).
"""

import uuid

from django.db import models
from django.db.models import F, Q

from customers.models import Currency, Customer, Party
from customers.models.columns import business_key, finite, money, one_of, percentage
from customers.money import HUNDRED


class CoverKind(models.TextChoices):
    """Who pays if the customer does not: a guarantor, or an insurer (`domain 2`: identifier)."""

    GUARANTEE = "guarantee", "Guarantee"
    INSURANCE = "insurance", "Insurance"


class PolicyType(models.Model):
    """A type of guarantee or of insurance, set up before: bank guarantee, whole turnover policy."""

    code = business_key(primary_key=True)
    identifier = models.CharField(max_length=9, choices=CoverKind.choices)
    description = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            one_of("policy_type_identifier_is_known", "identifier", CoverKind),
            models.UniqueConstraint(fields=["code", "identifier"], name="policy_type_with_its_identifier"),
        ]

    def __str__(self) -> str:
        return self.code


class CoverageType(models.Model):
    """What an insurance covers: the risk before delivery, of a single order, of all turnover."""

    code = business_key(primary_key=True)
    description = models.CharField(max_length=100, blank=True)

    def __str__(self) -> str:
        return self.code


class CoverPolicy(models.Model):
    """One insurance policy or guarantee for a customer, from `effective_on` to `expires_on`, both included.

    Amounts in `currency`. It raises the customer's limit by `update_percent` of its value or by `update_amount`; where
    it is included in exposure its whole value is taken off the limit (`domain 3.1`).
    """

    seen_with = "view_exposure"
    Kind = CoverKind

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="cover", db_index=False)
    identifier = models.CharField(max_length=9, choices=CoverKind.choices)
    type = models.ForeignKey(PolicyType, on_delete=models.PROTECT, related_name="policies")
    insurer = models.ForeignKey(Party, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    coverage_type = models.ForeignKey(
        CoverageType, on_delete=models.PROTECT, null=True, blank=True, related_name="policies"
    )
    identification = models.CharField("number", max_length=60, blank=True)
    effective_on = models.DateField()
    expires_on = models.DateField()
    value = money()
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+", db_index=False)
    update_percent = percentage(null=True, blank=True)
    update_amount = money(null=True, blank=True)
    included_in_exposure = models.BooleanField(default=False)

    class Meta:
        verbose_name = "policy or guarantee"
        verbose_name_plural = "policies and guarantees"
        constraints = [
            one_of("cover_identifier_is_known", "identifier", CoverKind),
            finite("cover_amounts_are_numbers", "value", "update_amount"),
            finite("cover_percent_up_to_100", "update_percent", ceiling=HUNDRED),
            models.CheckConstraint(
                condition=Q(update_amount__isnull=True) | Q(update_amount__lte=F("value")),
                name="cover_amount_up_to_its_value",
            ),
            models.CheckConstraint(
                condition=Q(update_percent__isnull=False, update_amount__isnull=True)
                | Q(update_percent__isnull=True, update_amount__isnull=False),
                name="cover_counts_by_percent_or_amount",
            ),
            models.CheckConstraint(
                condition=Q(identifier=CoverKind.INSURANCE) | Q(coverage_type__isnull=True),
                name="guarantee_without_coverage_type",
            ),
            models.CheckConstraint(condition=Q(expires_on__gte=F("effective_on")), name="cover_starts_before_it_ends"),
        ]
        indexes = [
            models.Index(fields=["customer", "expires_on"], name="cover_by_customer"),
            models.Index(fields=["expires_on", "id"], name="cover_by_last_day"),
        ]

    def __str__(self) -> str:
        return f"{self.get_identifier_display()} {self.identification or self.pk}"


class CoverChange(models.Model):
    """One change of a policy: who, when, before and after; append-only, written by the database whoever changes it.

    `before` is empty where the policy was entered, `after` where it was removed. `sequence` counts from 1 per policy.
    """

    seen_with = "view_exposure"

    policy_id = models.UUIDField()
    sequence = models.PositiveIntegerField()
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="cover_changes", db_index=False)
    before = models.JSONField()
    after = models.JSONField()
    actor = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["policy_id", "sequence"], name="one_cover_change_per_number"),
        ]
        indexes = [models.Index(fields=["customer", "-at"], name="cover_change_by_customer")]

    def __str__(self) -> str:
        return f"{self.policy_id}/{self.sequence}"
