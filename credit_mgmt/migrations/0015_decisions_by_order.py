"""An order's decisions are found by a unique index, so that a hold can refer to order and decision at once.

The index replaces one by order and time: an order has few decisions, and each index is paid for with every decision.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("credit_mgmt", "0014_temporary_limits_looked_up_by_account")]

    operations = [
        migrations.AddConstraint(
            model_name="decisionrecord",
            constraint=models.UniqueConstraint(fields=["order", "id"], name="decision_of_its_order"),
        ),
        migrations.RemoveIndex(model_name="decisionrecord", name="decision_by_order"),
    ]
