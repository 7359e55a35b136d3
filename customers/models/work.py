"""Background work and outgoing events live in PostgreSQL; the broker only wakes workers up (`reliability.md` J01-J07).

A job is cut into items; each item is claimed with `FOR UPDATE SKIP LOCKED`, its attempt is counted before it is
executed, and its effect and its status commit together. Progress is derived from the items, never from memory.
"""

import uuid
from typing import TypeAlias

from django.db import models
from django.db.models import Q

from customers.models.columns import one_of
from customers.models.reference import LegalEntity


class JobStatus(models.TextChoices):
    """The life of a job."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    FINISHED = "finished", "Finished"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class Job(models.Model):
    """A piece of background work that a person can follow."""

    Status: TypeAlias = JobStatus

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    parameters = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    actor = models.CharField(max_length=80, help_text="user:ID, client:ID or system:NAME")
    legal_entities = models.JSONField(null=True, help_text="entities that the actor was granted; null means all")
    pinned = models.JSONField(default=dict, help_text="what all its parts go by, from when it was planned")
    planned_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    message = models.TextField(blank=True)
    schedule = models.CharField(max_length=60, blank=True)
    due_at = models.DateTimeField(null=True)
    follows = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        related_name="followed_by",
        help_text="the preview that it applies, or the run whose failures it tries again",
    )

    class Meta:
        constraints = [
            one_of("job_status_is_known", "status", JobStatus),
            models.UniqueConstraint(
                fields=["schedule", "due_at"], condition=~Q(schedule=""), name="one_run_per_schedule_and_time"
            ),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], condition=Q(status__in=["queued", "running"]), name="job_live"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class JobItemStatus(models.TextChoices):
    """The life of one item of a job."""

    WAITING = "waiting", "Waiting"
    LEASED = "leased", "Leased"
    DONE = "done", "Done"
    DEAD = "dead", "Dead"
    SPLIT = "split", "Split into smaller items after failing"
    SKIPPED = "skipped", "Skipped by cancel"


class JobItem(models.Model):
    """A part of a job: the ids in `payload` are worked on in one transaction, in the order given."""

    Status: TypeAlias = JobItemStatus

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="items")
    position = models.BigIntegerField()
    payload = models.JSONField()
    size = models.PositiveIntegerField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True, help_text="when a worker last took it: the job's sign of life")
    result = models.JSONField(null=True)
    message = models.TextField(blank=True)

    class Meta:
        constraints = [
            one_of("job_item_status_is_known", "status", JobItemStatus),
            models.CheckConstraint(condition=Q(size__gte=1), name="job_item_is_not_empty"),
            models.CheckConstraint(
                condition=~Q(status="leased") | Q(lease_token__isnull=False, leased_until__isnull=False),
                name="leased_item_has_a_lease",
            ),
        ]
        indexes = [
            models.Index(
                fields=["job", "position", "id"], condition=Q(status__in=["waiting", "leased"]), name="job_item_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job_id}/{self.position}"


class OutboxEvent(models.Model):
    """An outgoing event (`api.md` events), written in the transaction of what it tells; in order per order."""

    sequence = models.BigAutoField(primary_key=True)
    type = models.CharField(max_length=40)
    key = models.CharField(max_length=80, unique=True, help_text="one row per fact, e.g. hold:UUID:VERSION")
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True, related_name="+")
    subject = models.CharField(max_length=60, help_text="business key of the order or customer")
    at = models.DateTimeField()
    data = models.JSONField()

    def __str__(self) -> str:
        return f"{self.sequence} {self.type}"
