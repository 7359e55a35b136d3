"""What changes of a credit profile is recorded by the database, whoever changes it, and never altered (I2, I3)."""

import django.db.models.deletion
from django.db import migrations, models

FIELDS = {
    "account_status": "account_status_id",
    "credit_management_group": "credit_management_group_id",
    "credit_group": "credit_group_id",
    "excluded": "excluded",
    "ignore_until": "ignore_until",
}
COLUMNS = ", ".join(FIELDS.values())
DIFFERENT = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in FIELDS.values())


def _row(side: str) -> str:
    return "jsonb_build_object(" + ", ".join(f"'{name}', {side}.{column}" for name, column in FIELDS.items()) + ")"


FORWARD = f"""
CREATE FUNCTION customers_note_profile_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO customers_profilechange (customer_id, before, after, actor, actor_name, at)
    SELECT NEW.id, jsonb_object_agg(b.key, b.value), jsonb_object_agg(a.key, a.value),
           coalesce(nullif(current_setting('customers.actor', true), ''), 'system:database'),
           coalesce(current_setting('customers.actor_name', true), ''), clock_timestamp()
    FROM jsonb_each({_row("OLD")}) b JOIN jsonb_each({_row("NEW")}) a ON a.key = b.key
    WHERE a.value IS DISTINCT FROM b.value;
    RETURN NULL;
END $$;
CREATE TRIGGER note_profile_change AFTER UPDATE OF {COLUMNS} ON customers_customer
    FOR EACH ROW WHEN ({DIFFERENT}) EXECUTE FUNCTION customers_note_profile_change();
CREATE FUNCTION customers_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: it is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON customers_profilechange
    FOR EACH ROW EXECUTE FUNCTION customers_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON customers_profilechange
    FOR EACH STATEMENT EXECUTE FUNCTION customers_refuse_change();
"""  # noqa: S608 - made of constants
BACKWARD = """
DROP TRIGGER note_profile_change ON customers_customer;
DROP FUNCTION customers_note_profile_change();
DROP TRIGGER refuse_change ON customers_profilechange;
DROP TRIGGER refuse_truncate ON customers_profilechange;
DROP FUNCTION customers_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0011_preferences"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProfileChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("before", models.JSONField()),
                ("after", models.JSONField()),
                ("actor", models.CharField(max_length=80)),
                ("actor_name", models.CharField(blank=True, max_length=150)),
                ("at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="profile_changes",
                        to="customers.customer",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["customer", "-at"], name="profile_change_by_customer")],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
