"""The default parameter row with the values of domain 10, and the default checkpoints of domain 5.1.

The row's values are the defaults of the model's fields; confirmation, packing slip and invoice are checked at posting,
without grace days.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

CHECKED = ("confirmation", "packing_slip", "invoice")


def insert_default_row(apps: Apps, schema_editor: BaseDatabaseSchemaEditor | None) -> None:
    """Write the default row unless there is one."""
    parameters = apps.get_model("credit_mgmt", "Parameters")
    checkpoint = apps.get_model("credit_mgmt", "CheckpointSetting")
    row, created = parameters.objects.get_or_create(legal_entity=None)
    if created:
        checkpoint.objects.bulk_create(
            checkpoint(parameters=row, document=document, posting=True) for document in CHECKED
        )


class Migration(migrations.Migration):
    dependencies = [("credit_mgmt", "0005_policy_clock")]

    operations = [migrations.RunPython(insert_default_row, migrations.RunPython.noop)]
