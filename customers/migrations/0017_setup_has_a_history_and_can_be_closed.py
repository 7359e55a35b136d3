"""Every change of what is set up is recorded by the database, whoever makes it, and never altered (`ux.md` 3.11).

Master data can be closed: nobody chooses it newly, and it stays valid where it is used.
"""

from django.db import migrations, models

KINDS = {
    "customers_reason": "reasons', 'type', 'code",
    "customers_accountstatus": "account-statuses', 'code",
    "customers_creditmanagementgroup": "credit-management-groups', 'code",
    "customers_paymentterms": "payment-terms', 'code",
    "customers_cashdiscount": "cash-discounts', 'code",
}
"""Tables whose changes are kept: the resource in the API, and the columns that make its key."""

FUNCTION = """
CREATE FUNCTION customers_keep_setup_change(kind text, key text, was jsonb, becomes jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO customers_setupchange (kind, key, version, before, after, actor, actor_name, at)
    SELECT $1, $2, 1 + coalesce((SELECT max(c.version) FROM customers_setupchange c WHERE c.kind = $1 AND c.key = $2), 0),
           coalesce(jsonb_object_agg(n.name, was -> n.name) FILTER (WHERE was ? n.name), '{}'),
           coalesce(jsonb_object_agg(n.name, becomes -> n.name) FILTER (WHERE becomes ? n.name), '{}'),
           coalesce(nullif(current_setting('customers.actor', true), ''), 'system:database'),
           coalesce(current_setting('customers.actor_name', true), ''), clock_timestamp()
    FROM (SELECT jsonb_object_keys(was) UNION SELECT jsonb_object_keys(becomes)) n (name)
    WHERE was -> n.name IS DISTINCT FROM becomes -> n.name
    HAVING count(*) > 0;
END $$;
CREATE FUNCTION customers_note_setup_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was jsonb := coalesce(to_jsonb(OLD) - 'id', '{}');
    becomes jsonb := coalesce(to_jsonb(NEW) - 'id', '{}');
    key text;
BEGIN
    SELECT string_agg(coalesce(becomes ->> p.name, was ->> p.name), ':' ORDER BY p.place) INTO key
    FROM unnest(TG_ARGV[1:]) WITH ORDINALITY p (name, place);
    PERFORM customers_keep_setup_change(TG_ARGV[0], key, was, becomes);
    RETURN NULL;
END $$;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON customers_setupchange
    FOR EACH ROW EXECUTE FUNCTION customers_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON customers_setupchange
    FOR EACH STATEMENT EXECUTE FUNCTION customers_refuse_change();
"""
FORWARD = FUNCTION + "".join(
    f"CREATE TRIGGER note_setup_change AFTER INSERT OR UPDATE OR DELETE ON {table}"
    f" FOR EACH ROW EXECUTE FUNCTION customers_note_setup_change('{arguments}');\n"
    for table, arguments in KINDS.items()
)
BACKWARD = (
    "".join(f"DROP TRIGGER note_setup_change ON {table};\n" for table in KINDS)
    + """
DROP TRIGGER refuse_change ON customers_setupchange;
DROP TRIGGER refuse_truncate ON customers_setupchange;
DROP FUNCTION customers_note_setup_change();
DROP FUNCTION customers_keep_setup_change(text, text, jsonb, jsonb);
"""
)


def _open(model: str) -> migrations.AddField:
    return migrations.AddField(model, "open", models.BooleanField(default=True, db_default=True))


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0016_number_style"),
    ]

    operations = [
        *map(_open, ("reason", "accountstatus", "creditmanagementgroup", "paymentterms", "cashdiscount")),
        migrations.AddField("reason", "requires_note", models.BooleanField(default=False, db_default=False)),
        migrations.AddField(
            "reason",
            "customer_wording",
            models.CharField(
                blank=True, db_default="", default="", help_text="what a customer may be told", max_length=200
            ),
        ),
        migrations.CreateModel(
            name="SetupChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40)),
                ("key", models.CharField(max_length=60)),
                ("version", models.PositiveIntegerField()),
                ("before", models.JSONField()),
                ("after", models.JSONField()),
                ("actor", models.CharField(max_length=80)),
                ("actor_name", models.CharField(blank=True, max_length=150)),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "key", "version"), name="one_setup_change_per_version")
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
