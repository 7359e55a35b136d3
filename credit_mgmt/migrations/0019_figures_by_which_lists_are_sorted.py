"""Figures of credit accounts, kept so that lists can be sorted and narrowed by them; a task fills them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("credit_mgmt", "0018_parameters_have_a_history"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountFigures",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="figures",
                        serialize=False,
                        to="credit_mgmt.creditaccount",
                    ),
                ),
                ("exposure", models.DecimalField(decimal_places=4, max_digits=19, null=True)),
                (
                    "over_limit",
                    models.DecimalField(
                        decimal_places=4,
                        help_text="what exceeds the total limit; None where nothing does",
                        max_digits=19,
                        null=True,
                    ),
                ),
                ("used_percent", models.DecimalField(decimal_places=2, max_digits=19, null=True)),
                ("overdue_amount", models.DecimalField(decimal_places=4, max_digits=19, null=True)),
                ("days_overdue", models.PositiveIntegerField(default=0)),
                ("as_of", models.DateField()),
                ("at", models.DateTimeField()),
                ("version", models.BigIntegerField()),
                ("due", models.BooleanField(default=False)),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.OrderBy(models.F("used_percent"), descending=True, nulls_last=True),
                        models.F("account"),
                        name="figures_by_used",
                    ),
                    models.Index(
                        models.OrderBy(models.F("exposure"), descending=True, nulls_last=True),
                        models.F("account"),
                        name="figures_by_exposure",
                    ),
                    models.Index(
                        models.OrderBy(models.F("overdue_amount"), descending=True, nulls_last=True),
                        models.F("account"),
                        name="figures_by_overdue",
                    ),
                    models.Index(
                        condition=models.Q(("over_limit__isnull", False)), fields=["account"], name="figures_over_limit"
                    ),
                    models.Index(fields=["at"], name="figures_by_age"),
                ],
            },
        ),
    ]
