"""The hold list at any size: an index per order and per view, and what people keep of it (ux 3.0, measure 3).

A hold knows its order's number and how often that order was held: the database writes both when it is placed, whoever
places it, so that the list can be read in the order of either without a join. Neither changes afterwards.
"""

import datetime
import uuid
from decimal import Decimal

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

FORWARD = """
UPDATE holds_hold h SET order_number = o.number, times_held = n.times_held
    FROM customers_salesorder o,
         (SELECT id, row_number() OVER (PARTITION BY order_id ORDER BY held_at, number) AS times_held FROM holds_hold) n
    WHERE o.id = h.order_id AND n.id = h.id;

CREATE FUNCTION holds_hold_knows_its_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.order_number := coalesce((SELECT number FROM customers_salesorder WHERE id = NEW.order_id), '');
    NEW.times_held := 1 + (SELECT count(*) FROM holds_hold WHERE order_id = NEW.order_id);
    RETURN NEW;
END $$;

CREATE TRIGGER hold_knows_its_order BEFORE INSERT ON holds_hold
    FOR EACH ROW EXECUTE FUNCTION holds_hold_knows_its_order();
"""
BACKWARD = """
DROP TRIGGER hold_knows_its_order ON holds_hold;
DROP FUNCTION holds_hold_knows_its_order();
"""
WITHOUT_ITS_INDEX = """
DO $$ DECLARE of_the_key text; BEGIN
    FOR of_the_key IN
        SELECT i.indexrelid::regclass FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = 'holds_hold'::regclass AND i.indnatts = 1 AND NOT i.indisunique AND a.attname = 'order_id'
    LOOP EXECUTE 'DROP INDEX ' || of_the_key; END LOOP;
END $$;
"""
WITH_ITS_INDEX = "CREATE INDEX holds_hold_order_id ON holds_hold (order_id)"


class Migration(migrations.Migration):
    dependencies = [
        ("credit_mgmt", "0009_same_decision_stored_once"),
        ("customers", "0008_marks_and_following_jobs"),
        ("holds", "0006_notes_files_viewers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExportPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.BigIntegerField()),
                ("content", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="HoldSelection",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("query", models.TextField(blank=True)),
                ("everything", models.BooleanField(default=False, help_text="all that matched, not single rows")),
                ("hold_ids", django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
                (
                    "versions",
                    django.contrib.postgres.fields.ArrayField(base_field=models.PositiveIntegerField(), size=None),
                ),
                ("values", models.JSONField(default=dict)),
                ("taken_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ListLayout",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("list", models.CharField(max_length=20)),
                ("query", models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(max_length=60, unique=True)),
                ("label", models.CharField(max_length=40)),
                ("query", models.TextField(blank=True)),
                (
                    "visibility",
                    models.CharField(
                        choices=[("me", "Me"), ("role", "A role"), ("everyone", "Everyone")], default="me", max_length=8
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("viewer", "Viewer"),
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
            ],
        ),
        migrations.AddField(
            model_name="hold",
            name="order_number",
            field=models.CharField(default="", editable=False, help_text="given by the database", max_length=60),
        ),
        migrations.AddField(
            model_name="hold",
            name="times_held",
            field=models.PositiveIntegerField(
                default=1,
                editable=False,
                help_text="how often the order has been held, this time included; given by the database",
            ),
        ),
        migrations.AlterField(
            model_name="hold",
            name="legal_entity",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="customers.legalentity",
            ),
        ),
        # AlterField would drop every index of this one column, and with it one_active_hold_per_order.
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(WITHOUT_ITS_INDEX, WITH_ITS_INDEX)],
            state_operations=[
                migrations.AlterField(
                    model_name="hold",
                    name="order",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="customers.salesorder",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                django.db.models.functions.comparison.Coalesce("ship_date", models.Value(datetime.date(9999, 12, 31))),
                django.db.models.expressions.CombinedExpression(models.F("amount"), "*", models.Value(-1)),
                models.F("number"),
                condition=models.Q(("status", "active")),
                name="hold_by_ship_and_value",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                models.F("amount"), models.F("number"), condition=models.Q(("status", "active")), name="hold_by_value"
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                django.db.models.functions.comparison.Coalesce("over_limit", models.Value(Decimal("-1E+14"))),
                models.F("number"),
                condition=models.Q(("status", "active")),
                name="hold_by_over",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                django.db.models.functions.comparison.Coalesce("used_percent", models.Value(Decimal("-1E+14"))),
                models.F("number"),
                condition=models.Q(("status", "active")),
                name="hold_by_used",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                django.db.models.functions.comparison.Coalesce("overdue_amount", models.Value(Decimal("-1E+14"))),
                models.F("number"),
                condition=models.Q(("status", "active")),
                name="hold_by_overdue",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                models.F("held_at"), models.F("number"), condition=models.Q(("status", "active")), name="hold_by_held"
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                models.F("order_number"),
                models.F("number"),
                condition=models.Q(("status", "active")),
                name="hold_by_order",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(("ready_to_release", True), ("status", "active")),
                fields=["held_at"],
                name="hold_view_ready",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(("forced", True), ("status", "active")), fields=["held_at"], name="hold_view_forced"
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(("status", "active"), ("workflow_state__gt", "")),
                fields=["held_at"],
                name="hold_view_approval",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(("status", "active"), ("times_held__gt", 1)),
                fields=["held_at"],
                name="hold_view_again",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(("status", "active")), fields=["assignee", "held_at"], name="hold_view_mine"
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(("review_date__isnull", False), ("status", "active")),
                fields=["review_date"],
                name="hold_view_review",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(("decided_at__isnull", False)),
                fields=["decided_at", "number"],
                name="hold_view_closed",
            ),
        ),
        migrations.AddField(
            model_name="exportpart",
            name="job",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="customers.job"),
        ),
        migrations.AddField(
            model_name="holdselection",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="listlayout",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="savedview",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="exportpart",
            constraint=models.UniqueConstraint(fields=("job", "position"), name="one_export_part_per_position"),
        ),
        migrations.AddIndex(
            model_name="holdselection",
            index=models.Index(fields=["user", "expires_at"], name="hold_selection_of_user"),
        ),
        migrations.AddConstraint(
            model_name="listlayout",
            constraint=models.UniqueConstraint(fields=("user", "list"), name="one_layout_per_user_and_list"),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.CheckConstraint(
                condition=models.Q(("visibility__in", ["me", "role", "everyone"])),
                name="saved_view_visibility_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("slug", ""), _negated=True), models.Q(("label", ""), _negated=True)),
                name="saved_view_has_a_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("visibility", "role"), models.Q(("role", ""), _negated=True)),
                    models.Q(models.Q(("visibility", "role"), _negated=True), ("role", "")),
                    _connector="OR",
                ),
                name="saved_view_of_a_role_names_it",
            ),
        ),
    ]
