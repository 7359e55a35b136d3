"""Customers to look at again, and jobs that apply a preview or try failures again."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0007_open_items_by_currency"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="follows",
            field=models.ForeignKey(
                help_text="the preview that it applies, or the run whose failures it tries again",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="followed_by",
                to="customers.job",
            ),
        ),
        migrations.CreateModel(
            name="CustomerMark",
            fields=[
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="customers.customer",
                    ),
                ),
                ("changes", models.PositiveIntegerField(help_text="how many changes this one look is for")),
                ("causes", models.JSONField(help_text="the latest few: [{kind, subject}], oldest first")),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "due_at",
                    models.DateTimeField(
                        help_text="not before this; while somebody looks: when they are taken for dead"
                    ),
                ),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="looks that were begun, counted before they are"
                    ),
                ),
                ("token", models.UUIDField(help_text="whose look it is; a new change takes it away", null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["due_at", "customer"], name="mark_due")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("changes__gte", 1)), name="a_mark_stands_for_a_change")
                ],
            },
        ),
    ]
