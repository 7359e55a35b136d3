"""Customers of whom something changed that may clear, or bring back, a reason to stop their orders (`domain 7`).

One row per customer, however many changes: a note to look again, not a history. Who looks is a room above.
"""

from django.db import models
from django.db.models import Q

from customers.models.customers import Customer


class CustomerMark(models.Model):
    """Something changed of `customer`: look again at `due_at`. Written by `customers.marks` alone."""

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="+")
    changes = models.PositiveIntegerField(help_text="how many changes this one look is for")
    causes = models.JSONField(help_text="the latest few: [{kind, subject}], oldest first")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="not before this; while somebody looks: when they are taken for dead")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="looks that were begun, counted before they are")
    token = models.UUIDField(null=True, help_text="whose look it is; a new change takes it away")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(changes__gte=1), name="a_mark_stands_for_a_change"),
        ]
        indexes = [models.Index(fields=["due_at", "customer"], name="mark_due")]

    def __str__(self) -> str:
        return f"customer {self.customer_id}: {self.changes} changes"
