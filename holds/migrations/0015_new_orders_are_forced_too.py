"""New orders of a customer are forced on hold, too, until a day (ux 3.4). Evidence: only its end is written, once."""

import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
CREATE FUNCTION holds_only_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL
       OR (to_jsonb(NEW) - '{ended_at,ended_by,ended_by_name}'::text[])
          <> (to_jsonb(OLD) - '{ended_at,ended_by,ended_by_name}'::text[]) THEN
        RAISE EXCEPTION 'a change of % is refused: only its end is written, once', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_ends BEFORE UPDATE ON holds_standingforce
    FOR EACH ROW EXECUTE FUNCTION holds_only_ends();
CREATE TRIGGER refuse_change BEFORE DELETE ON holds_standingforce
    FOR EACH ROW EXECUTE FUNCTION holds_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON holds_standingforce
    FOR EACH STATEMENT EXECUTE FUNCTION holds_refuse_change();
"""
BACKWARD = """
DROP TRIGGER refuse_truncate ON holds_standingforce;
DROP TRIGGER refuse_change ON holds_standingforce;
DROP TRIGGER only_ends ON holds_standingforce;
DROP FUNCTION holds_only_ends();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0013_sales_viewers"),
        ("holds", "0014_sales_viewers"),
    ]

    operations = [
        migrations.CreateModel(
            name="StandingForce",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("note", models.TextField(blank=True)),
                (
                    "until",
                    models.DateField(
                        help_text="on this day whoever forced is asked, and new orders are stopped no longer"
                    ),
                ),
                ("actor", models.CharField(max_length=80)),
                ("actor_name", models.CharField(blank=True, max_length=150)),
                ("at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(blank=True, max_length=80)),
                ("ended_by_name", models.CharField(blank=True, max_length=150)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="standing_forces",
                        to="customers.customer",
                    ),
                ),
                (
                    "reason",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.reason",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("customer",),
                        name="one_standing_force_per_customer",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("ended_by", "")),
                            models.Q(("ended_at__isnull", False), models.Q(("ended_by", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="ended_standing_force_says_by_whom",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
