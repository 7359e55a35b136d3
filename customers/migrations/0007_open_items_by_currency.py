"""Open items stand by customer and currency in the index, as exposure adds them up: nothing is left to be sorted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0006_open_items_name_their_transaction")]

    operations = [
        migrations.RemoveIndex(model_name="dueitem", name="due_item_open"),
        migrations.AddIndex(
            model_name="dueitem",
            index=models.Index(
                condition=models.Q(("open_amount", 0), _negated=True),
                fields=["customer", "currency"],
                include=("date", "due_date", "open_amount", "disputed_amount", "transaction"),
                name="due_item_open",
            ),
        ),
    ]
