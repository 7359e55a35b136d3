"""Open items name their transaction in the index too: the oldest overdue invoice is found without reading the table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0005_invoice_number")]

    operations = [
        migrations.RemoveIndex(model_name="dueitem", name="due_item_open"),
        migrations.AddIndex(
            model_name="dueitem",
            index=models.Index(
                condition=models.Q(("open_amount", 0), _negated=True),
                fields=["customer"],
                include=("currency", "date", "due_date", "open_amount", "disputed_amount", "transaction"),
                name="due_item_open",
            ),
        ),
    ]
