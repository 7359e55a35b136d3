"""A selection of what an action did not work with says why, row by row (`ux.md` 3.3).

The table is this room's once `holds.0023` has handed it down.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0019_lists_of_every_room"), ("holds", "0023_lists_of_every_room")]

    operations = [
        migrations.AddField(
            model_name="listselection", name="causes", field=models.JSONField(blank=True, default=dict)
        ),
        migrations.AddField(
            model_name="listselection",
            name="again",
            field=models.CharField(
                blank=True, default="", help_text="the address of the action that failed", max_length=200
            ),
            preserve_default=False,
        ),
    ]
