"""Numbers of the invoices that we post ourselves (domain 5.3, posting internal): `CM-I000123`, apart from the ERP's own."""

from django.db import migrations

FORWARD = """
CREATE SEQUENCE customers_invoice_number;
CREATE FUNCTION customers_next_invoice_number() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    number text := nextval('customers_invoice_number')::text;
BEGIN
    RETURN 'CM-I' || lpad(number, greatest(6, length(number)), '0');
END $$;
"""
BACKWARD = "DROP FUNCTION customers_next_invoice_number(); DROP SEQUENCE customers_invoice_number;"


class Migration(migrations.Migration):
    dependencies = [("customers", "0004_reference_clock_triggers")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
