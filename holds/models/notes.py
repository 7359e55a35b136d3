"""What people write down and put beside a hold or a customer, and who looks at a hold right now (`ux.md` 3.2).

A note on a hold is one of its events (`HoldEvent`, type `noted`). Notes on a customer and files are evidence too: the
database refuses to change or delete them (migration 0006).
"""

import uuid

from django.conf import settings
from django.db import models

from customers.models import Customer
from holds.models.holds import Hold


class CustomerNote(models.Model):
    """A note on a customer, append-only."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="written_notes")
    text = models.TextField()
    actor = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            # A pin points here with its customer, so that it can't show another customer's note.
            models.UniqueConstraint(fields=["id", "customer"], name="customer_note_id_with_customer"),
            models.CheckConstraint(condition=~models.Q(text=""), name="customer_note_says_something"),
        ]
        indexes = [models.Index(fields=["customer", "-at"], name="customer_note_by_customer")]

    def __str__(self) -> str:
        return f"note {self.pk} on {self.customer_id}"


class PinnedNote(models.Model):
    """The one note that every hold of the customer shows, and who pinned it."""

    customer = models.OneToOneField(Customer, on_delete=models.PROTECT, primary_key=True, related_name="pinned_note")
    note = models.OneToOneField(CustomerNote, on_delete=models.PROTECT, related_name="pin")
    actor = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"note {self.note_id} pinned"


class Attachment(models.Model):
    """A file kept with a customer and, where it belongs to one decision, with that hold; append-only.

    `content` is read only when it is downloaded: lists defer it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="attachments")
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, null=True, blank=True, related_name="attachments")
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    actor = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(size__gt=0), name="attachment_is_not_empty")]
        indexes = [models.Index(fields=["customer", "-at"], name="attachment_by_customer")]

    def __str__(self) -> str:
        return self.name


class HoldViewer(models.Model):
    """Somebody has the page of a hold open; `seen_at` is the last heartbeat. No lock, and nothing depends on it."""

    hold = models.ForeignKey(Hold, on_delete=models.CASCADE, related_name="viewers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hold", "user"], name="one_viewer_per_hold_and_user")]

    def __str__(self) -> str:
        return f"{self.user_id} looks at {self.hold_id}"
