"""What all parts of a job go by, whatever changes meanwhile; jobs from before hold on to nothing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0017_setup_has_a_history_and_can_be_closed")]

    operations = [
        migrations.AddField(
            model_name="job",
            name="pinned",
            field=models.JSONField(default=dict, help_text="what all its parts go by, from when it was planned"),
        ),
    ]
