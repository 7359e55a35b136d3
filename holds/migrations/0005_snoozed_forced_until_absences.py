"""Put aside until a day, forced until a day, and who covers for whom (ux 3.1, 3.3, 3.4)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("credit_mgmt", "0009_same_decision_stored_once"),
        ("customers", "0007_open_items_by_currency"),
        ("holds", "0004_events_are_append_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Absence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
            ],
        ),
        migrations.AddField(
            model_name="hold",
            name="forced_until",
            field=models.DateField(help_text="on this day whoever forced it is asked whether it stays", null=True),
        ),
        migrations.AddField(
            model_name="hold",
            name="snoozed_until",
            field=models.DateField(help_text="put aside until the morning of this day; empty: not snoozed", null=True),
        ),
        migrations.AddField(
            model_name="hold",
            name="wakes_on",
            field=models.JSONField(
                db_default=models.Value([], output_field=models.JSONField()),
                default=list,
                help_text="what ends the snooze earlier: reasons, payment, ship_date",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(("snoozed_until__isnull", False), ("status", "active")),
                fields=["legal_entity", "snoozed_until"],
                name="hold_snoozed",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(("forced_until__isnull", False), ("status", "active")),
                fields=["legal_entity", "forced_until"],
                name="hold_forced_until",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(("forced_until__isnull", True), ("forced", True), _connector="OR"),
                name="only_a_forced_hold_is_forced_until",
            ),
        ),
        migrations.AddField(
            model_name="absence",
            name="covered_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="absence",
            name="user",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="absence",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gte", models.F("starts_on"))), name="absence_ends_after_it_starts"
            ),
        ),
        migrations.AddConstraint(
            model_name="absence",
            constraint=models.CheckConstraint(
                condition=models.Q(("user", models.F("covered_by")), _negated=True), name="nobody_covers_for_themselves"
            ),
        ),
    ]
