"""Triggers that move the policy clock whenever a table that the policy is made of changes, by whatever path.

The number comes from a sequence: sequences do not roll back, so a version is never given out for two different
contents, and what a process has cached under a version is good for ever.
"""

from django.db import migrations

TABLES = ("credit_mgmt_blockingrule", "credit_mgmt_parameters", "credit_mgmt_checkpointsetting")

FUNCTION = """
CREATE SEQUENCE credit_mgmt_policy_version;
CREATE FUNCTION credit_mgmt_move_policy_clock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO credit_mgmt_policyclock (id, version) VALUES (1, nextval('credit_mgmt_policy_version'))
    ON CONFLICT (id) DO UPDATE SET version = excluded.version;
    RETURN NULL;
END $$;
"""

TRIGGER = """
CREATE TRIGGER move_policy_clock AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION credit_mgmt_move_policy_clock();
"""

FIRST = "INSERT INTO credit_mgmt_policyclock (id, version) VALUES (1, nextval('credit_mgmt_policy_version'));"
UNDO = """
DROP FUNCTION credit_mgmt_move_policy_clock();
DROP SEQUENCE credit_mgmt_policy_version;
DELETE FROM credit_mgmt_policyclock;
"""

FORWARD = FUNCTION + "".join(TRIGGER.format(table=table) for table in TABLES) + FIRST
BACKWARD = "".join(f"DROP TRIGGER move_policy_clock ON {table};" for table in TABLES) + UNDO


class Migration(migrations.Migration):
    dependencies = [("credit_mgmt", "0004_limit_is_the_last_entry")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
