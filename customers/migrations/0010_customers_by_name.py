"""Customers in the order of their names: the hold list sorted by customer walks along it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0009_search_in_texts")]

    operations = [
        migrations.AddIndex(model_name="customer", index=models.Index(fields=["name", "id"], name="customer_by_name")),
    ]
