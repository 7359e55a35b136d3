"""What an evaluation decided from has a name, kept apart from the hold: a row of the list costs all its indexes.

Room is left in the pages of both, so that a new version of a row fits beside the old one. Entity and reasons of a hold
are looked up by indexes that begin with something else, or hardly ever.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0010_customers_by_name"),
        ("holds", "0011_counts_from_indexes_alone"),
    ]

    operations = [
        migrations.CreateModel(
            name="HoldLook",
            fields=[
                (
                    "hold",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="look",
                        serialize=False,
                        to="holds.hold",
                    ),
                ),
                ("looked_at", models.DateTimeField()),
                ("fingerprint", models.CharField(blank=True, max_length=32)),
                ("version", models.PositiveIntegerField(help_text="the hold's, when it had been looked at")),
            ],
        ),
        migrations.AlterField(
            model_name="hold",
            name="forced_reason",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="customers.reason",
            ),
        ),
        migrations.AlterField(
            model_name="hold",
            name="release_reason",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="customers.reason",
            ),
        ),
        migrations.RunSQL("ALTER TABLE holds_hold SET (fillfactor = 80)", "ALTER TABLE holds_hold RESET (fillfactor)"),
        migrations.RunSQL("ALTER TABLE holds_holdlook SET (fillfactor = 50)", migrations.RunSQL.noop),
    ]
