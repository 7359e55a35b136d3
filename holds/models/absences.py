"""Who is away, until when, and who covers: the cover sees the absent colleague's holds as *my cover* (`ux` 3.1)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Absence(models.Model):
    """A person is away from `starts_on` to `ends_on`, both included; `covered_by` looks after their holds."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    covered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="absence_ends_after_it_starts"),
            models.CheckConstraint(condition=~Q(user=F("covered_by")), name="nobody_covers_for_themselves"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.starts_on} - {self.ends_on}"
