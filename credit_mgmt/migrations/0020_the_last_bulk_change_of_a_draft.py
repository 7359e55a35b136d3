"""What was done last to many lines of a draft at once, so that it can be taken back."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("credit_mgmt", "0019_figures_by_which_lists_are_sorted"),
    ]

    operations = [
        migrations.CreateModel(
            name="JournalUndo",
            fields=[
                (
                    "journal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="undo",
                        serialize=False,
                        to="credit_mgmt.limitjournal",
                    ),
                ),
                ("kind", models.CharField(choices=[("changed", "Changed"), ("removed", "Removed")], max_length=7)),
                ("actor", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
                ("count", models.PositiveIntegerField()),
                ("lines", models.JSONField()),
                ("left", models.JSONField()),
            ],
            options={
                "indexes": [models.Index(fields=["actor", "at"], name="journal_undo_by_actor")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["changed", "removed"])), name="journal_undo_kind_is_known"
                    )
                ],
            },
        ),
    ]
