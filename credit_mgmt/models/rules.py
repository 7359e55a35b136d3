"""Blocking and exclusion rules: what a rule is, its versions, and what happened to them (`domain 4.2`, `ux` 3.10).

States of a version: draft -> shadow -> active -> retired, and draft -> active, draft -> retired, shadow -> retired. The
transition methods are the one table of legal edges; the database knows it too (migration 0023), and refuses any change
of what a version says once it is no draft. What counts is the active version; a shadow version is looked at, and what
it would have done is written down, but holds nothing.
"""

import datetime as dt
import uuid
from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, transition

from customers.models import (
    AccountStatus,
    CreditManagementGroup,
    Currency,
    Customer,
    Document,
    LegalEntity,
    PaymentTerms,
    SalesOrder,
)
from customers.models.columns import finite, money, one_of, percentage


class RuleType(models.TextChoices):
    """The seven rule types (`domain 4.2`)."""

    DAYS_OVERDUE = "days_overdue", "Days overdue"
    ACCOUNT_STATUS = "account_status", "Account status"
    PAYMENT_TERMS = "payment_terms", "Terms of payment"
    LIMIT_EXPIRED = "limit_expired", "Credit limit expired"
    OVERDUE_AMOUNT = "overdue_amount", "Overdue amount"
    SALES_ORDER = "sales_order", "Sales order"
    LIMIT_USED = "limit_used", "Credit limit used"


class RuleAction(models.TextChoices):
    """Whether a rule stops or excuses (`domain 4.3`)."""

    BLOCKING = "blocking", "Blocking"
    EXCLUSION = "exclusion", "Exclusion"


class RuleValidFor(models.TextChoices):
    """Whom a rule is aimed at, most specific first (`domain 4.2`)."""

    TABLE = "table", "Customer"
    GROUP = "group", "Group"
    ALL = "all", "Everyone"


class RuleState(models.TextChoices):
    """Where a version of a rule stands (`ux` 3.10, Life cycle)."""

    DRAFT = "draft", "Draft"
    SHADOW = "shadow", "Shadow"
    ACTIVE = "active", "Active"
    RETIRED = "retired", "Retired"


class RuleStep(models.TextChoices):
    """What happened to a version."""

    DRAFTED = "drafted", "Drafted"
    CHANGED = "changed", "Changed"
    SHADOWED = "shadowed", "Run in shadow"
    ACTIVATED = "activated", "Activated"
    REPLACED = "replaced", "Replaced by a later version"
    RETIRED = "retired", "Retired"
    DISCARDED = "discarded", "Draft discarded"


class BlockingRule(models.Model):
    """A rule by its code; what it says is said by its versions.

    Which types there are is known to the engine alone: another package may bring its own (`architecture`, Extension).
    """

    Type = RuleType
    Action = RuleAction
    ValidFor = RuleValidFor

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=20, unique=True, help_text="DO-07: shown wherever the rule holds an order")
    type = models.CharField(max_length=30, choices=Type.choices)
    changes = models.PositiveIntegerField(default=0, help_text="raised by every step: see Note [Who holds a rule]")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(type__regex=r"^[a-z][a-z0-9_]*$"), name="rule_type_is_a_code"),
            models.CheckConstraint(
                condition=Q(code__regex=r"^[A-Za-z0-9][A-Za-z0-9._-]*$"), name="rule_code_is_a_code"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class RuleVersion(models.Model):
    """What a rule says from one change to the next: how it is aimed, and its values (`domain 4.2`, `4.3`).

    `amount` and `threshold_amount` are in `currency`. `revision` rises with every change of a draft.
    """

    State = RuleState

    rule = models.ForeignKey(BlockingRule, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = FSMField(max_length=7, choices=State.choices, default=State.DRAFT, protected=True)
    name = models.CharField(max_length=40)
    action = models.CharField(max_length=10, choices=RuleAction.choices, default=RuleAction.BLOCKING)
    valid_for = models.CharField(max_length=6, choices=RuleValidFor.choices, default=RuleValidFor.ALL)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    credit_management_group = models.ForeignKey(
        CreditManagementGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    days = models.PositiveIntegerField(null=True, blank=True)
    amount = money(null=True, blank=True)
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    threshold_percent = percentage(null=True, blank=True)
    threshold_amount = money(null=True, blank=True)
    account_status = models.ForeignKey(AccountStatus, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    payment_terms = models.ForeignKey(PaymentTerms, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    release_sales_order = models.BooleanField(default=False)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True, help_text="last day, inclusive")
    why = models.CharField(max_length=300, blank=True, help_text="why the rule exists, or was changed")
    revision = models.PositiveIntegerField(default=1)
    shadow_to = models.DateField(null=True, blank=True, help_text="last day in shadow, inclusive")
    changed_by = models.CharField(max_length=80)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="one_rule_version_per_number"),
            *(
                models.UniqueConstraint(
                    fields=["rule"], condition=Q(state=state), name=f"one_{state}_version_of_a_rule"
                )
                for state in ("draft", "shadow", "active")
            ),
            one_of("rule_state_is_known", "state", RuleState),
            one_of("rule_action_is_known", "action", RuleAction),
            models.CheckConstraint(
                condition=Q(valid_for="table", customer__isnull=False, credit_management_group__isnull=True)
                | Q(valid_for="group", customer__isnull=True, credit_management_group__isnull=False)
                | Q(valid_for="all", customer__isnull=True, credit_management_group__isnull=True),
                name="rule_is_aimed_at_what_it_is_valid_for",
            ),
            models.CheckConstraint(
                condition=Q(action="exclusion") | Q(release_sales_order=False), name="only_exclusions_release_the_order"
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True, threshold_amount__isnull=True) | Q(currency__isnull=False),
                name="rule_amounts_have_a_currency",
            ),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True) | Q(valid_to__isnull=True) | Q(valid_from__lte=F("valid_to")),
                name="rule_validity_ends_after_it_starts",
            ),
            finite("rule_amounts_are_numbers", "amount", "threshold_amount"),
            finite("rule_threshold_is_a_percentage", "threshold_percent", ceiling=Decimal(9999)),
        ]

    def __str__(self) -> str:
        return f"{self.rule} version {self.number}"

    @property
    def key(self) -> str:
        """The version as addresses name it, `DO-07/3`."""
        return f"{self.rule.code}/{self.number}"

    @property
    def type(self) -> str:
        """The type of its rule."""
        return self.rule.type

    @property
    def active(self) -> bool:
        """Whether it is in force."""
        return bool(self.state == RuleState.ACTIVE)

    @property
    def no_risk_group(self) -> None:
        """Versions name no risk group yet; the engine knows them already (`domain 4.2`)."""
        return None

    @property
    def counted_to(self) -> dt.date | None:
        """The last day on which this version is looked at."""
        days = [day for day in (self.valid_to, self.shadow_to if self.state == RuleState.SHADOW else None) if day]
        return min(days, default=None)

    @transition(field=state, source=RuleState.DRAFT, target=RuleState.SHADOW)
    def shadow(self) -> None:
        """Look at it and count, but hold nothing."""

    @transition(field=state, source=[RuleState.DRAFT, RuleState.SHADOW], target=RuleState.ACTIVE)
    def activate(self) -> None:
        """Let it count, in the place of the version before."""

    @transition(field=state, source=[RuleState.DRAFT, RuleState.SHADOW, RuleState.ACTIVE], target=RuleState.RETIRED)
    def retire(self) -> None:
        """Let it count no longer."""


class RuleEvent(models.Model):
    """Who did what to a version, and why. Append-only."""

    Step = RuleStep

    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="events")
    step = models.CharField(max_length=9, choices=Step.choices)
    why = models.CharField(max_length=300, blank=True)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        constraints = [one_of("rule_step_is_known", "step", RuleStep)]

    def __str__(self) -> str:
        return f"{self.version_id} {self.step}"


class ShadowResult(models.Model):
    """What a shadow version would have made of an order when it was first checked beside it.

    One per order and version: an order that is checked at five documents is one order. `was` and `would` are outcomes
    of decisions. Written with the decision; reading it is all that is ever done with it.
    """

    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="results")
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="+")
    checkpoint = models.CharField(max_length=22, choices=Document.choices)
    date = models.DateField()
    was = models.CharField(max_length=12)
    would = models.CharField(max_length=12)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "order"], name="one_shadow_result_per_order_and_version"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.order_id}: {self.was}, would be {self.would}"
