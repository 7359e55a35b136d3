"""Closed holds in the order in which they were decided, by the expression that the list compares."""

import datetime

from django.db import migrations, models
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    dependencies = [("holds", "0009_holds_by_reason")]

    operations = [
        migrations.RemoveIndex(model_name="hold", name="hold_view_closed"),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                Coalesce("decided_at", models.Value(datetime.datetime(1900, 1, 1, tzinfo=datetime.UTC))),
                models.F("number"),
                condition=models.Q(decided_at__isnull=False),
                name="hold_by_decided",
            ),
        ),
    ]
