"""What changed of a customer's credit profile, and of what was set up: who, when, before and after; append-only.

The database writes it, whoever makes the change (migrations 0012 and 0017); services say who acts with
`customers.signing.sign` (`ux.md` 3.2 Timeline, 3.11 history per record).
"""

from django.db import models

from customers.models.customers import Customer
from customers.models.orders import SalesOrder


class ProfileChange(models.Model):
    """One change of account status, credit management group, customer credit group, *excluded* or *ignore until*.

    `before` and `after` hold the fields that changed, by name. *Excluded* and *ignore until* of a new customer are one
    too.
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="profile_changes")
    before = models.JSONField()
    after = models.JSONField()
    actor = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["customer", "-at"], name="profile_change_by_customer")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {', '.join(sorted(self.after))}"


class SetupChange(models.Model):
    """The `version`-th change of a record that was set up; its first one is its making, its last may be its deletion.

    `kind` is the record's resource in the API and `key` its key there; `before` and `after` hold the columns that
    changed. A screen that was drawn at one version cannot overwrite the next (`customers.setup`).
    """

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    before = models.JSONField()
    after = models.JSONField()
    actor = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "key", "version"], name="one_setup_change_per_version"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {self.version}"


class OrderChange(models.Model):
    """One change of *excluded from credit management* or *intercompany* of an order, its making included.

    `before` and `after` hold the flags that changed, by name.
    """

    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="flag_changes")
    before = models.JSONField()
    after = models.JSONField()
    actor = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["order", "-at"], name="order_change_by_order")]

    def __str__(self) -> str:
        return f"{self.order_id}: {', '.join(sorted(self.after))}"
