"""Triggers that move the reference clock whenever rates or currencies change, by whatever path.

A trigger and not a service, so that a correction made in the database by hand is seen by every process too. The number
comes from a sequence: sequences do not roll back, so a version is never given out for two different contents.
"""

from django.db import migrations

FORWARD = """
CREATE SEQUENCE customers_reference_version;
CREATE FUNCTION customers_move_reference_clock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO customers_referenceclock (id, version) VALUES (1, nextval('customers_reference_version'))
    ON CONFLICT (id) DO UPDATE SET version = excluded.version;
    RETURN NULL;
END $$;
CREATE TRIGGER move_reference_clock AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON customers_exchangerate
    FOR EACH STATEMENT EXECUTE FUNCTION customers_move_reference_clock();
CREATE TRIGGER move_reference_clock AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON customers_currency
    FOR EACH STATEMENT EXECUTE FUNCTION customers_move_reference_clock();
INSERT INTO customers_referenceclock (id, version) VALUES (1, nextval('customers_reference_version'));
"""

BACKWARD = """
DROP TRIGGER move_reference_clock ON customers_exchangerate;
DROP TRIGGER move_reference_clock ON customers_currency;
DROP FUNCTION customers_move_reference_clock();
DROP SEQUENCE customers_reference_version;
DELETE FROM customers_referenceclock;
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_btree_gist")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
