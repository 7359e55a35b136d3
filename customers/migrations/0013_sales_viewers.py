"""A sales viewer sees orders and their credit state, and no exposure (ux ruling 7)."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0012_profile_changes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="accessgrant",
            name="grant_role_is_known",
        ),
        migrations.AlterField(
            model_name="accessgrant",
            name="role",
            field=models.CharField(
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
        migrations.AddConstraint(
            model_name="accessgrant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "role__in",
                        [
                            "viewer",
                            "sales_viewer",
                            "auditor",
                            "credit_clerk",
                            "credit_manager",
                            "credit_administrator",
                            "approver",
                            "integration",
                        ],
                    )
                ),
                name="grant_role_is_known",
            ),
        ),
    ]
