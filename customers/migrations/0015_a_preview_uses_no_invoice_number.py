"""What is posted only to see what would happen, and taken back, uses up no invoice number (`customers.documents`)."""

from django.db import migrations

FORWARD = """
CREATE OR REPLACE FUNCTION customers_next_invoice_number() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    number text;
BEGIN
    IF current_setting('customers.preview', true) = 'on' THEN
        RETURN 'P-' || left(md5(gen_random_uuid()::text), 18);
    END IF;
    number := nextval('customers_invoice_number')::text;
    RETURN 'CM-I' || lpad(number, greatest(6, length(number)), '0');
END $$;
"""
BACKWARD = """
CREATE OR REPLACE FUNCTION customers_next_invoice_number() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    number text := nextval('customers_invoice_number')::text;
BEGIN
    RETURN 'CM-I' || lpad(number, greatest(6, length(number)), '0');
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0014_jobs_give_signs_of_life")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
