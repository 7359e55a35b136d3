"""Where credit accounts stood when they were last added up: what lists are sorted and narrowed by."""

from django.db import models
from django.db.models import F

from credit_mgmt.models.accounts import CreditAccount
from customers.models.columns import money


class AccountFigures(models.Model):
    """The position of a credit account on `as_of`, in the account's currency; None where it is not known.

    Kept for lists alone: a check, a card and the figures that a list shows are worked out when they are asked for. It
    may be thrown away and comes again (`credit_mgmt.figures`). `version` is the account's then; `due` asks for another.
    """

    account = models.OneToOneField(CreditAccount, on_delete=models.CASCADE, primary_key=True, related_name="figures")
    exposure = money(null=True)
    over_limit = money(null=True, help_text="what exceeds the total limit; None where nothing does")
    used_percent = models.DecimalField(max_digits=19, decimal_places=2, null=True)
    overdue_amount = money(null=True)
    days_overdue = models.PositiveIntegerField(default=0)
    as_of = models.DateField()
    at = models.DateTimeField()
    version = models.BigIntegerField()
    due = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(F("used_percent").desc(nulls_last=True), "account", name="figures_by_used"),
            models.Index(F("exposure").desc(nulls_last=True), "account", name="figures_by_exposure"),
            models.Index(F("overdue_amount").desc(nulls_last=True), "account", name="figures_by_overdue"),
            models.Index(fields=["account"], name="figures_over_limit", condition=models.Q(over_limit__isnull=False)),
            models.Index(fields=["at"], name="figures_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} on {self.as_of}"
