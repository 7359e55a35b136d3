"""The holds with one reason among many: found by index, however rare it is."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("holds", "0008_search_in_notes")]

    operations = [
        migrations.AddIndex(
            model_name="hold",
            index=GinIndex(
                OpClass("reason_codes", name="jsonb_path_ops"),
                condition=models.Q(status="active"),
                name="hold_by_reason",
            ),
        ),
    ]
