"""Flags of an order, and those a customer comes with: the database records who set them, and never alters it (I2, I3).

Orders and customers that were there before keep their flags; who set them is not known.
"""

import django.db.models.deletion
from django.db import migrations, models

SIGNED = """coalesce(nullif(current_setting('customers.actor', true), ''), 'system:database'),
           coalesce(current_setting('customers.actor_name', true), ''), clock_timestamp()"""
FORWARD = f"""
CREATE FUNCTION customers_note_order_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE was_excluded boolean := false; was_intercompany boolean := false;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        was_excluded := OLD.exclude_from_credit_management;
        was_intercompany := OLD.intercompany;
    END IF;
    INSERT INTO customers_orderchange (order_id, before, after, actor, actor_name, at)
    SELECT NEW.id, jsonb_object_agg(f.name, f.before), jsonb_object_agg(f.name, f.after), {SIGNED}
    FROM (VALUES ('exclude_from_credit_management', was_excluded, NEW.exclude_from_credit_management),
                 ('intercompany', was_intercompany, NEW.intercompany)) AS f(name, before, after)
    WHERE f.before IS DISTINCT FROM f.after;
    RETURN NULL;
END $$;
CREATE TRIGGER note_order_flags AFTER UPDATE OF exclude_from_credit_management, intercompany ON customers_salesorder
    FOR EACH ROW WHEN (OLD.exclude_from_credit_management <> NEW.exclude_from_credit_management
                       OR OLD.intercompany <> NEW.intercompany)
    EXECUTE FUNCTION customers_note_order_change();
CREATE TRIGGER note_order_flags_at_first AFTER INSERT ON customers_salesorder
    FOR EACH ROW WHEN (NEW.exclude_from_credit_management OR NEW.intercompany)
    EXECUTE FUNCTION customers_note_order_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON customers_orderchange
    FOR EACH ROW EXECUTE FUNCTION customers_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON customers_orderchange
    FOR EACH STATEMENT EXECUTE FUNCTION customers_refuse_change();

CREATE FUNCTION customers_note_first_profile() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO customers_profilechange (customer_id, before, after, actor, actor_name, at)
    SELECT NEW.id, jsonb_object_agg(f.name, f.before), jsonb_object_agg(f.name, f.after), {SIGNED}
    FROM (VALUES ('excluded', 'false'::jsonb, to_jsonb(NEW.excluded)),
                 ('ignore_until', 'null'::jsonb, coalesce(to_jsonb(NEW.ignore_until), 'null'::jsonb)))
         AS f(name, before, after)
    WHERE f.before <> f.after;
    RETURN NULL;
END $$;
CREATE TRIGGER note_first_profile AFTER INSERT ON customers_customer
    FOR EACH ROW WHEN (NEW.excluded OR NEW.ignore_until IS NOT NULL) EXECUTE FUNCTION customers_note_first_profile();
"""  # noqa: S608 - made of constants
BACKWARD = """
DROP TRIGGER note_first_profile ON customers_customer;
DROP FUNCTION customers_note_first_profile();
DROP TRIGGER note_order_flags ON customers_salesorder;
DROP TRIGGER note_order_flags_at_first ON customers_salesorder;
DROP FUNCTION customers_note_order_change();
DROP TRIGGER refuse_change ON customers_orderchange;
DROP TRIGGER refuse_truncate ON customers_orderchange;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0021_notifications"),
    ]

    operations = [
        migrations.CreateModel(
            name="OrderChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("before", models.JSONField()),
                ("after", models.JSONField()),
                ("actor", models.CharField(max_length=80)),
                ("actor_name", models.CharField(blank=True, max_length=150)),
                ("at", models.DateTimeField()),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="flag_changes",
                        to="customers.salesorder",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["order", "-at"], name="order_change_by_order")],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
