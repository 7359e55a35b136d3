"""Forced holds that are still to come: of a customer whose new orders are stopped too (`ux.md` 3.4)."""

from django.db import models
from django.db.models import Q

from customers.models import Customer, Reason


class StandingForce(models.Model):
    """New orders of a customer are put on forced hold when they come, on days before `until`.

    It is evidence: the database refuses to delete it, and to change anything but its end, once (migration 0015). A
    customer has one that has not ended; whether it is still in force is a question of the day.
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="standing_forces")
    reason = models.ForeignKey(Reason, on_delete=models.PROTECT, related_name="+", db_index=False)
    note = models.TextField(blank=True)
    until = models.DateField(help_text="on this day whoever forced is asked, and new orders are stopped no longer")
    actor = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=80, blank=True)
    ended_by_name = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(ended_at=None), name="one_standing_force_per_customer"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by="") | (Q(ended_at__isnull=False) & ~Q(ended_by="")),
                name="ended_standing_force_says_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"new orders of {self.customer_id} until {self.until}"
