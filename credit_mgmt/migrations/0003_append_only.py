"""Evidence is append-only, enforced by the database: limit history, decisions and policy versions.

UPDATE, DELETE and TRUNCATE are refused whoever asks. One exception: a decision may be deleted in a transaction that has
set `credit_mgmt.purging_decisions`, which only `credit_mgmt.decisions.purge_decisions` does, after the parameter
*decision retention* (domain 10).
"""

from django.db import migrations

TABLES = ("credit_mgmt_limithistory", "credit_mgmt_decisionrecord", "credit_mgmt_policyversion")

FUNCTION = """
CREATE FUNCTION credit_mgmt_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'credit_mgmt_decisionrecord'
       AND current_setting('credit_mgmt.purging_decisions', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% of % is refused: it is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""

TRIGGERS = """
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION credit_mgmt_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION credit_mgmt_refuse_change();
"""

FORWARD = FUNCTION + "".join(TRIGGERS.format(table=table) for table in TABLES)
BACKWARD = (
    "".join(f"DROP TRIGGER refuse_change ON {table}; DROP TRIGGER refuse_truncate ON {table};" for table in TABLES)
    + "DROP FUNCTION credit_mgmt_refuse_change();"
)


class Migration(migrations.Migration):
    dependencies = [("credit_mgmt", "0002_same_legal_entity")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
