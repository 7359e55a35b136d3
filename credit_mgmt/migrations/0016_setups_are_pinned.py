"""What a long run goes by to its end is written down once for each content, and never changed."""

import django.db.models.deletion
from django.db import migrations, models

TABLE = "credit_mgmt_pinnedsetup"
FORWARD = f"""
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION credit_mgmt_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION credit_mgmt_refuse_change();
"""
BACKWARD = f"DROP TRIGGER refuse_change ON {TABLE}; DROP TRIGGER refuse_truncate ON {TABLE};"


class Migration(migrations.Migration):
    dependencies = [("credit_mgmt", "0015_decisions_by_order")]

    operations = [
        migrations.CreateModel(
            name="PinnedSetup",
            fields=[
                (
                    "digest",
                    models.CharField(
                        help_text="SHA-256 of version, parameters and ranks",
                        max_length=64,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("parameters", models.TextField()),
                ("ranks", models.TextField()),
                ("created_at", models.DateTimeField()),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="credit_mgmt.policyversion",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
