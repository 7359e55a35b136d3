"""Numbers of the invoices that we post ourselves (domain 5.3, posting internal)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("customers", "0004_reference_clock_triggers")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE customers_invoice_number;", "DROP SEQUENCE customers_invoice_number;")
    ]
