"""Notes on customers, files and who looks at a hold. Notes and files are evidence: append-only, as hold events are.

A pin names a note of its own customer: a composite foreign key (I18).
"""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

EVIDENCE = ("holds_customernote", "holds_attachment")
GUARD = """
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION holds_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION holds_refuse_change();
"""
UNGUARD = "DROP TRIGGER refuse_change ON {table}; DROP TRIGGER refuse_truncate ON {table};"
PIN = """
ALTER TABLE holds_pinnednote ADD CONSTRAINT pinned_note_of_its_customer FOREIGN KEY (note_id, customer_id)
    REFERENCES holds_customernote (id, customer_id) DEFERRABLE INITIALLY DEFERRED
"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0007_open_items_by_currency"),
        ("holds", "0005_snoozed_forced_until_absences"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CustomerNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField()),
                ("actor", models.CharField(max_length=80)),
                ("actor_name", models.CharField(blank=True, max_length=150)),
                ("at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="written_notes",
                        to="customers.customer",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HoldViewer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seen_at", models.DateTimeField()),
                (
                    "hold",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="viewers", to="holds.hold"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PinnedNote",
            fields=[
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="pinned_note",
                        serialize=False,
                        to="customers.customer",
                    ),
                ),
                ("actor", models.CharField(max_length=80)),
                ("actor_name", models.CharField(blank=True, max_length=150)),
                ("at", models.DateTimeField()),
                (
                    "note",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pin", to="holds.customernote"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=120)),
                ("content_type", models.CharField(max_length=100)),
                ("size", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("content", models.BinaryField()),
                ("actor", models.CharField(max_length=80)),
                ("actor_name", models.CharField(blank=True, max_length=150)),
                ("at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="attachments", to="customers.customer"
                    ),
                ),
                (
                    "hold",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attachments",
                        to="holds.hold",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["customer", "-at"], name="attachment_by_customer")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("size__gt", 0)), name="attachment_is_not_empty")
                ],
            },
        ),
        migrations.AddIndex(
            model_name="customernote",
            index=models.Index(fields=["customer", "-at"], name="customer_note_by_customer"),
        ),
        migrations.AddConstraint(
            model_name="customernote",
            constraint=models.UniqueConstraint(fields=("id", "customer"), name="customer_note_id_with_customer"),
        ),
        migrations.AddConstraint(
            model_name="customernote",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="customer_note_says_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="holdviewer",
            constraint=models.UniqueConstraint(fields=("hold", "user"), name="one_viewer_per_hold_and_user"),
        ),
        *(migrations.RunSQL(GUARD.format(table=table), UNGUARD.format(table=table)) for table in EVIDENCE),
        migrations.RunSQL(PIN, "ALTER TABLE holds_pinnednote DROP CONSTRAINT pinned_note_of_its_customer"),
    ]
