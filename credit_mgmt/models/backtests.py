"""What rules would have done to the orders of a period, found by a job (`ux` 3.10, Backtest). Kept for 90 days."""

from typing import TypeAlias

from django.db import models
from django.db.models import F, Q

from customers.models import Document, Job, LegalEntity, SalesOrder
from customers.models.columns import finite, money, one_of


class Became(models.TextChoices):
    """What became of an order's invoices until the last day of the period."""

    LATE = "late", "More than 30 days late"
    WRITTEN_OFF = "written_off", "Written off"
    ON_TIME = "on_time", "Paid on time"
    UNKNOWN = "unknown", "Not yet known"


class Backtest(models.Model):
    """One run: what was tried, on which period, against which policy, and the totals once it has finished.

    `policy` and `drafts` are the engine's values as canonical JSON, frozen when the run began: a rule that is changed
    meanwhile changes nothing. `versions` names them for people.
    """

    seen_with = "view_exposure"

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True, related_name="backtest")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    actor = models.CharField(max_length=80)
    legal_entities = models.JSONField(null=True, help_text="what it looked at; null means all")
    customers = models.JSONField(default=list, help_text="keys of the customers that it was narrowed to; empty: all")
    first_day = models.DateField()
    last_day = models.DateField()
    history_from = models.DateField(null=True, help_text="day of the oldest stored check that it could have used")
    versions = models.JSONField(help_text="the tried rules: id, code, the version now and the version tried")
    policy_version = models.BigIntegerField()
    policy = models.TextField()
    drafts = models.TextField()
    by_rule = models.BooleanField(help_text="stopped means stopped by the tried rules; else held at all")
    totals = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(first_day__lte=F("last_day")), name="backtest_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, totals__isnull=True)
                | Q(finished_at__isnull=False, totals__isnull=False),
                name="finished_backtest_has_totals",
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="backtest_by_age")]

    def __str__(self) -> str:
        return f"backtest {self.job_id}"

    @property
    def days(self) -> int:
        """Length of the period in days, both ends counted."""
        return (self.last_day - self.first_day).days + 1


class BacktestRow(models.Model):
    """An order that is stopped, or let through unlooked at, under the rules now or under the tried ones.

    `value` is the order's amount as it was checked, in `currency`, the accounting currency of its legal entity; None
    where there was no rate for it.
    """

    Became: TypeAlias = Became

    backtest = models.ForeignKey(Backtest, on_delete=models.CASCADE, related_name="rows")
    order = models.ForeignKey(SalesOrder, on_delete=models.CASCADE, related_name="+")
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.CASCADE, related_name="+")
    decision = models.UUIDField(null=True, help_text="the stored decision; none where it was rebuilt")
    checkpoint = models.CharField(max_length=22, choices=Document.choices)
    date = models.DateField()
    currency = models.CharField(max_length=3)
    value = money(null=True)
    stopped_now = models.BooleanField()
    stopped_then = models.BooleanField()
    otherwise = models.BooleanField(help_text="held without the tried rules, too")
    released_now = models.BooleanField()
    released_then = models.BooleanField()
    became = models.CharField(max_length=12, choices=Became.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["backtest", "order"], name="one_backtest_row_per_order"),
            one_of("backtest_row_became_is_known", "became", Became),
            models.CheckConstraint(
                condition=Q(stopped_now=True) | Q(stopped_then=True) | Q(released_now=True) | Q(released_then=True),
                name="backtest_row_says_something",
            ),
            finite("backtest_value_is_a_number", "value"),
        ]

    def __str__(self) -> str:
        return f"{self.backtest_id} {self.order_id}"
