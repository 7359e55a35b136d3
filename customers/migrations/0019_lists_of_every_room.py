"""Views, layouts, selections and files are of every list: the tables move down to this room, with their rows.

What this migration says is true of the database once `holds.0023` has renamed them.
"""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("customers", "0018_jobs_hold_on_to_their_setup"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="ExportPart",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("position", models.BigIntegerField()),
                        ("content", models.BinaryField()),
                        (
                            "job",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="customers.job"
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("job", "position"), name="one_export_part_per_position")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ListLayout",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("list", models.CharField(max_length=20)),
                        ("query", models.TextField(blank=True)),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("user", "list"), name="one_layout_per_user_and_list")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ListSelection",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        ("list", models.CharField(max_length=20)),
                        ("query", models.TextField(blank=True)),
                        (
                            "everything",
                            models.BooleanField(default=False, help_text="all that matched, not single rows"),
                        ),
                        ("keys", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                        (
                            "versions",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.PositiveIntegerField(), blank=True, size=None
                            ),
                        ),
                        ("taken_at", models.DateTimeField()),
                        ("expires_at", models.DateTimeField()),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["user", "expires_at"], name="list_selection_of_user")],
                    },
                ),
                migrations.CreateModel(
                    name="SavedView",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("list", models.CharField(max_length=20)),
                        ("slug", models.SlugField(max_length=60, unique=True)),
                        ("label", models.CharField(max_length=40)),
                        ("query", models.TextField(blank=True)),
                        (
                            "visibility",
                            models.CharField(
                                choices=[("me", "Me"), ("role", "A role"), ("everyone", "Everyone")],
                                default="me",
                                max_length=8,
                            ),
                        ),
                        (
                            "role",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("viewer", "Viewer"),
                                    ("sales_viewer", "Sales viewer"),
                                    ("auditor", "Auditor"),
                                    ("credit_clerk", "Credit clerk"),
                                    ("credit_manager", "Credit manager"),
                                    ("credit_administrator", "Credit administrator"),
                                    ("approver", "Approver"),
                                    ("integration", "Integration"),
                                ],
                                max_length=24,
                            ),
                        ),
                        ("created_at", models.DateTimeField()),
                        ("changed_at", models.DateTimeField()),
                        (
                            "owner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("visibility__in", ["me", "role", "everyone"])),
                                name="saved_view_visibility_is_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("slug", ""), _negated=True), models.Q(("label", ""), _negated=True)
                                ),
                                name="saved_view_has_a_name",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("visibility", "role"), models.Q(("role", ""), _negated=True)),
                                    models.Q(models.Q(("visibility", "role"), _negated=True), ("role", "")),
                                    _connector="OR",
                                ),
                                name="saved_view_of_a_role_names_it",
                            ),
                        ],
                    },
                ),
            ],
        ),
    ]
