"""The scheduler: its rows are in the database, where operators change them (`customers.jobs.schedules`)."""

from collections.abc import Mapping
from typing import Any

from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from customers.jobs.schedules import registered_schedules


class Scheduler(DatabaseScheduler):  # type: ignore[misc]  # the package has no types
    """django-celery-beat's, but what an operator may change is written from the code only once."""

    def update_from_dict(self, mapping: Mapping[str, Any]) -> None:
        """Write the entries of the code; those that are the operator's stay as they are."""
        theirs = set(PeriodicTask.objects.filter(name__in=registered_schedules()).values_list("name", flat=True))
        super().update_from_dict({name: entry for name, entry in mapping.items() if name not in theirs})
