"""A sales viewer sees orders and their credit state, and no exposure (ux ruling 7)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("holds", "0013_a_selection_has_no_sums"),
    ]

    operations = [
        migrations.AlterField(
            model_name="savedview",
            name="role",
            field=models.CharField(
                blank=True,
                choices=[
                    ("viewer", "Viewer"),
                    ("sales_viewer", "Sales viewer"),
                    ("auditor", "Auditor"),
                    ("credit_clerk", "Credit clerk"),
                    ("credit_manager", "Credit manager"),
                    ("credit_administrator", "Credit administrator"),
                    ("approver", "Approver"),
                    ("integration", "Integration"),
                ],
                max_length=24,
            ),
        ),
    ]
