"""What rules would have done to the orders of a period: one run, and a row for each order that it says something of."""

from decimal import Decimal

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("credit_mgmt", "0016_setups_are_pinned"),
        ("customers", "0018_jobs_hold_on_to_their_setup"),
    ]

    operations = [
        migrations.CreateModel(
            name="Backtest",
            fields=[
                (
                    "job",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="backtest",
                        serialize=False,
                        to="customers.job",
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("actor", models.CharField(max_length=80)),
                ("legal_entities", models.JSONField(help_text="what it looked at; null means all", null=True)),
                (
                    "customers",
                    models.JSONField(
                        default=list, help_text="keys of the customers that it was narrowed to; empty: all"
                    ),
                ),
                ("first_day", models.DateField()),
                ("last_day", models.DateField()),
                (
                    "history_from",
                    models.DateField(help_text="day of the oldest stored check that it could have used", null=True),
                ),
                (
                    "versions",
                    models.JSONField(help_text="the tried rules: id, code, the version now and the version tried"),
                ),
                ("policy_version", models.BigIntegerField()),
                ("policy", models.TextField()),
                ("drafts", models.TextField()),
                (
                    "by_rule",
                    models.BooleanField(help_text="stopped means stopped by the tried rules; else held at all"),
                ),
                ("totals", models.JSONField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["created_at"], name="backtest_by_age")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("first_day__lte", models.F("last_day"))),
                        name="backtest_ends_after_it_starts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finished_at__isnull", True), ("totals__isnull", True)),
                            models.Q(("finished_at__isnull", False), ("totals__isnull", False)),
                            _connector="OR",
                        ),
                        name="finished_backtest_has_totals",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BacktestRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("decision", models.UUIDField(help_text="the stored decision; none where it was rebuilt", null=True)),
                (
                    "checkpoint",
                    models.CharField(
                        choices=[
                            ("confirmation", "Confirmation"),
                            ("release_to_warehouse", "Release to warehouse"),
                            ("picking_list", "Picking list"),
                            ("packing_slip", "Packing slip"),
                            ("invoice", "Invoice"),
                        ],
                        max_length=22,
                    ),
                ),
                ("date", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                ("value", models.DecimalField(decimal_places=4, max_digits=19, null=True)),
                ("stopped_now", models.BooleanField()),
                ("stopped_then", models.BooleanField()),
                ("otherwise", models.BooleanField(help_text="held without the tried rules, too")),
                ("released_now", models.BooleanField()),
                ("released_then", models.BooleanField()),
                (
                    "became",
                    models.CharField(
                        choices=[
                            ("late", "More than 30 days late"),
                            ("written_off", "Written off"),
                            ("on_time", "Paid on time"),
                            ("unknown", "Not yet known"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "backtest",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="rows", to="credit_mgmt.backtest"
                    ),
                ),
                (
                    "legal_entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="customers.legalentity"
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="customers.salesorder"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("backtest", "order"), name="one_backtest_row_per_order"),
                    models.CheckConstraint(
                        condition=models.Q(("became__in", ["late", "written_off", "on_time", "unknown"])),
                        name="backtest_row_became_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("stopped_now", True),
                            ("stopped_then", True),
                            ("released_now", True),
                            ("released_then", True),
                            _connector="OR",
                        ),
                        name="backtest_row_says_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("value__lte", Decimal("999999999999999")), ("value__gte", Decimal("0"))),
                            ("value__isnull", True),
                            _connector="OR",
                        ),
                        name="backtest_value_is_a_number",
                    ),
                ],
            },
        ),
    ]
