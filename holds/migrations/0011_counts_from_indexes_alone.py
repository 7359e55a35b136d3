"""The indexes that counts are read from also have what the working views leave out, so that no row is looked at."""

from django.db import migrations, models
from django.db.models import Q

ACTIVE = Q(status="active")


class Migration(migrations.Migration):
    dependencies = [("holds", "0010_closed_holds_in_their_order")]

    operations = [
        migrations.RemoveIndex(model_name="hold", name="hold_ship"),
        migrations.RemoveIndex(model_name="hold", name="hold_by_held"),
        migrations.RemoveIndex(model_name="hold", name="hold_view_mine"),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                fields=["legal_entity", "ship_date", "number"],
                include=["snoozed_until"],
                condition=ACTIVE,
                name="hold_ship",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                fields=["assignee", "held_at"],
                include=["snoozed_until", "legal_entity"],
                condition=ACTIVE,
                name="hold_view_mine",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                fields=["held_at", "number"],
                include=["snoozed_until", "legal_entity"],
                condition=ACTIVE,
                name="hold_by_held",
            ),
        ),
    ]
