"""What was set up: parameters with checkpoints per legal entity, and the versions of the whole policy."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from customers.models import Document, LegalEntity, Reason
from customers.models.columns import finite, money, one_of, percentage


class LimitType(models.TextChoices):
    """Parameter *credit limit type*: what counts as exposure (`domain 3.2`)."""

    NONE = "none", "None"
    BALANCE = "balance", "Balance"
    BALANCE_PACKING_SLIP = "balance_packing_slip", "Balance + packing slip"
    BALANCE_ALL = "balance_all", "Balance + all"


class OpenOrders(models.TextChoices):
    """Parameter *open orders that use credit* (`domain 3.2`)."""

    APPROVED = "approved", "Approved orders"
    ALL = "all", "All open orders"


class Message(models.TextChoices):
    """Parameter *message when exceeding credit limit* (`domain 4.5`)."""

    WARNING = "warning", "Warning"
    ERROR = "error", "Error"


class EligibleLimit(models.TextChoices):
    """Parameter *enforce eligible credit limit* (`domain 8`)."""

    NO = "no", "No"
    WARN = "warn", "Warn"
    REFUSE = "refuse", "Refuse"


class AutomaticRelease(models.TextChoices):
    """Parameter *automatically release* (`domain 7`)."""

    NO = "no", "No"
    WITHOUT_POSTING = "without_posting", "Without posting"
    WITH_POSTING = "with_posting", "With posting"


class Posting(models.TextChoices):
    """Parameter *posting*: who posts documents (`domain 5.3`)."""

    INTERNAL = "internal", "Internal: we post"
    EXTERNAL = "external", "External: the ERP posts"


class Parameters(models.Model):
    """The parameters of a legal entity; the row without one is the default for all (`domain 10`)."""

    LimitType = LimitType
    OpenOrders = OpenOrders
    Message = Message
    EligibleLimit = EligibleLimit
    AutomaticRelease = AutomaticRelease
    Posting = Posting

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    credit_limit_type = models.CharField(max_length=22, choices=LimitType.choices, default=LimitType.BALANCE_ALL)
    open_orders_that_use_credit = models.CharField(
        max_length=10, choices=OpenOrders.choices, default=OpenOrders.APPROVED
    )
    check_credit_limit_for_sales_order = models.BooleanField(default=True)
    message_when_exceeding_credit_limit = models.CharField(
        max_length=8, choices=Message.choices, default=Message.WARNING
    )
    check_customer_credit_groups_credit_limit = models.BooleanField(default=True)
    unlimited_customers_skip_the_group_limit = models.BooleanField(default=False)
    check_when_payment_terms_are_increased = models.BooleanField(default=False)
    check_when_settlement_discount_is_increased = models.BooleanField(default=False)
    ignore_limit_expired_when_date_is_blank = models.BooleanField(default=True)
    allow_edit_of_order_value_after_release = models.BooleanField(default=False)
    allow_manual_editing_of_credit_limits = models.BooleanField(default=False)
    enforce_eligible_credit_limit = models.CharField(
        max_length=8, choices=EligibleLimit.choices, default=EligibleLimit.NO
    )
    automatically_release = models.CharField(
        max_length=16, choices=AutomaticRelease.choices, default=AutomaticRelease.NO
    )
    automatic_release_reason = models.ForeignKey(
        Reason, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    modified_order_reason = models.ForeignKey(Reason, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    cancelled_order_reason = models.ForeignKey(
        Reason, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    credit_limit_exchange_rate_type = models.CharField(max_length=30, default="default")
    dso_1_months = models.PositiveSmallIntegerField(default=12)
    dso_2_months = models.PositiveSmallIntegerField(default=6)
    average_balance_1_months = models.PositiveSmallIntegerField(default=12)
    average_balance_2_months = models.PositiveSmallIntegerField(default=6)
    average_limit_months = models.PositiveSmallIntegerField(default=12)
    average_exposure_months = models.PositiveSmallIntegerField(default=12)
    remove_blocked_load_lines = models.BooleanField(default=False)
    posting = models.CharField(max_length=8, choices=Posting.choices, default=Posting.INTERNAL)
    require_review_date = models.BooleanField(default=False)
    release_tolerance_percent = percentage(default=0)
    ignore_open_items_below = money(default=0)
    disputed_amounts_count_as_overdue = models.BooleanField(default=True)
    decision_retention_days = models.PositiveIntegerField(default=400)
    require_backtest_before_activation = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "parameters"
        constraints = [
            models.UniqueConstraint(fields=["legal_entity"], nulls_distinct=False, name="one_parameter_row_per_entity"),
            finite("parameter_minimum_is_a_number", "ignore_open_items_below"),
            finite("release_tolerance_is_a_percentage", "release_tolerance_percent", ceiling=Decimal(100)),
            models.CheckConstraint(
                condition=Q(automatically_release="no") | Q(automatic_release_reason__isnull=False),
                name="automatic_release_has_its_reason",
            ),
            one_of("parameter_limit_type_is_known", "credit_limit_type", LimitType),
            one_of("parameter_posting_is_known", "posting", Posting),
            one_of("parameter_open_orders_is_known", "open_orders_that_use_credit", OpenOrders),
            one_of("parameter_message_is_known", "message_when_exceeding_credit_limit", Message),
            one_of("parameter_eligible_limit_is_known", "enforce_eligible_credit_limit", EligibleLimit),
            one_of("parameter_automatic_release_is_known", "automatically_release", AutomaticRelease),
        ]

    def __str__(self) -> str:
        return self.legal_entity_id or "default"


class CheckpointSetting(models.Model):
    """Whether the posting (or the pro forma) of a document is checked, and its grace days (`domain 5.1`)."""

    parameters = models.ForeignKey(Parameters, on_delete=models.CASCADE, related_name="checkpoints")
    document = models.CharField(max_length=22, choices=Document.choices)
    posting = models.BooleanField(default=False)
    grace_days = models.PositiveSmallIntegerField(null=True, blank=True)
    pro_forma = models.BooleanField(default=False)
    pro_forma_grace_days = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parameters", "document"], name="one_setting_per_document"),
            models.CheckConstraint(
                condition=Q(posting=True) | Q(grace_days__isnull=True), name="grace_days_need_their_checkbox"
            ),
            models.CheckConstraint(
                condition=Q(pro_forma=True) | Q(pro_forma_grace_days__isnull=True),
                name="pro_forma_grace_days_need_their_checkbox",
            ),
            one_of("checkpoint_document_is_known", "document", Document),
        ]

    def __str__(self) -> str:
        return f"{self.parameters_id}/{self.document}"


class PolicyClock(models.Model):
    """One row: which version of the policy is in force. Raised by a trigger on every table that the policy is made of,
    so that not even raw SQL can change a rule behind the engine's back."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_policy_clock")]

    def __str__(self) -> str:
        return f"policy version {self.version}"


class PolicyVersion(models.Model):
    """The whole policy as canonical JSON, at a version that some decision used: with it, and its facts, a stored
    decision can be recomputed to itself. Append-only."""

    version = models.BigIntegerField(primary_key=True)
    content = models.TextField()
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"policy {self.version}"
