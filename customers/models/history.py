"""What changed of a customer's credit profile: who, when, before and after; append-only (`ux.md` 3.2, Timeline).

The database writes it, whoever changes the customer (migration 0012); services say who acts with
`customers.signing.sign`.
"""

from django.db import models

from customers.models.customers import Customer


class ProfileChange(models.Model):
    """One change of account status, credit management group, customer credit group, *excluded* or *ignore until*.

    `before` and `after` hold the fields that changed, by name.
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
