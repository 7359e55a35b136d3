"""What people are told of, how they want to be told, and how far the feed was read for it: from now on."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

BEGIN_NOW = """
INSERT INTO customers_feedposition (reader, sequence)
SELECT 'notifications', coalesce(max(sequence), 0) FROM customers_outboxevent
"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0020_selections_know_what_failed"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FeedPosition",
            fields=[
                ("reader", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("sequence", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("assigned", "Holds assigned to me"),
                            ("returned", "Snoozed holds of mine that are back"),
                            ("ready", "Holds of mine that became ready"),
                            ("run_ended", "My runs that have ended"),
                            ("expires", "Limits and cover of my customers that end soon"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "subject",
                    models.CharField(
                        help_text="what it is about, as people call it; of many, the last", max_length=120
                    ),
                ),
                (
                    "target",
                    models.CharField(help_text="its business key: H-000123, NL01:C-1, or a job's id", max_length=60),
                ),
                ("detail", models.CharField(blank=True, help_text="who did it, or when it ends", max_length=120)),
                ("count", models.PositiveIntegerField(default=1)),
                ("at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "mail",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "None is sent"),
                            ("due", "To be sent"),
                            ("sending", "Handed over; never sent again, whatever became of it"),
                            ("sent", "Sent"),
                            ("failed", "Given up"),
                        ],
                        default="",
                        max_length=7,
                    ),
                ),
                ("mail_attempts", models.PositiveSmallIntegerField(default=0)),
                ("mail_at", models.DateTimeField(help_text="not before", null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["user", "-at", "-id"], name="notification_of_user"),
                    models.Index(condition=models.Q(("read_at", None)), fields=["user"], name="notification_unread"),
                    models.Index(condition=models.Q(("mail", "due")), fields=["mail_at"], name="notification_mail_due"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["assigned", "returned", "ready", "run_ended", "expires"])),
                        name="notification_kind_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("mail__in", ["", "due", "sending", "sent", "failed"])),
                        name="notification_mail_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("count__gte", 1)), name="notification_is_about_something"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("mail", "due"), _negated=True), ("mail_at__isnull", False), _connector="OR"
                        ),
                        name="due_mail_has_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NotificationChoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("assigned", "Holds assigned to me"),
                            ("returned", "Snoozed holds of mine that are back"),
                            ("ready", "Holds of mine that became ready"),
                            ("run_ended", "My runs that have ended"),
                            ("expires", "Limits and cover of my customers that end soon"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("screen", "On screen"), ("mail", "On screen and by mail"), ("none", "Not at all")],
                        max_length=6,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user", "kind"), name="one_channel_per_person_and_kind"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["assigned", "returned", "ready", "run_ended", "expires"])),
                        name="choice_of_known_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("channel__in", ["screen", "mail", "none"])), name="channel_is_known"
                    ),
                ],
            },
        ),
        migrations.RunSQL(BEGIN_NOW, "DELETE FROM customers_feedposition WHERE reader = 'notifications'"),
    ]
