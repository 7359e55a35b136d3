"""What people keep of lists: views, how they arrange them, what they selected, what they exported.

All of it is written in the grammar of a list's address (`ux.md` 3.0), so a view is a named address and nothing else.
"""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from customers.models.access import Role
from customers.models.columns import one_of
from customers.models.work import Job


class ViewVisibility(models.TextChoices):
    """Who sees a saved view."""

    ME = "me", "Me"
    ROLE = "role", "A role"
    EVERYONE = "everyone", "Everyone"


class SavedView(models.Model):
    """Filters, sort, group and columns of a list under a name. `query` is its address without the first `?`."""

    Visibility = ViewVisibility

    list = models.CharField(max_length=20)
    slug = models.SlugField(max_length=60, unique=True)
    label = models.CharField(max_length=40)
    query = models.TextField(blank=True)
    visibility = models.CharField(max_length=8, choices=Visibility.choices, default=Visibility.ME)
    role = models.CharField(max_length=24, choices=Role.choices, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            one_of("saved_view_visibility_is_known", "visibility", ViewVisibility),
            models.CheckConstraint(condition=~Q(slug="") & ~Q(label=""), name="saved_view_has_a_name"),
            models.CheckConstraint(
                condition=(Q(visibility="role") & ~Q(role="")) | (~Q(visibility="role") & Q(role="")),
                name="saved_view_of_a_role_names_it",
            ),
        ]

    def __str__(self) -> str:
        return self.label


class ListLayout(models.Model):
    """How one person arranges one list: `query` says the columns (`cols`) and the pinned views (`pin`)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    list = models.CharField(max_length=20)
    query = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "list"], name="one_layout_per_user_and_list"),
        ]

    def __str__(self) -> str:
        return f"{self.list} {self.user_id}"


class ListSelection(models.Model):
    """Rows that somebody selected, frozen; it survives paging, and it expires.

    `query` is the list (its filters) that they were taken from, `keys` are the rows' primary keys as text, `versions`
    those that were seen, where rows have one. Where they are what an action did not work with, `causes` says why, by
    key, and `again` is where it is tried again.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    list = models.CharField(max_length=20)
    query = models.TextField(blank=True)
    everything = models.BooleanField(default=False, help_text="all that matched, not single rows")
    keys = ArrayField(models.TextField())
    versions = ArrayField(models.PositiveIntegerField(), blank=True)
    causes = models.JSONField(default=dict, blank=True)
    again = models.CharField(max_length=200, blank=True, help_text="the address of the action that failed")
    taken_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user", "expires_at"], name="list_selection_of_user")]

    def __str__(self) -> str:
        return f"{len(self.keys)} of {self.user_id}"


class ExportPart(models.Model):
    """A piece of the file that an export job makes: read in order of `position` they are the file."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+")
    position = models.BigIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "position"], name="one_export_part_per_position"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id}/{self.position}"
