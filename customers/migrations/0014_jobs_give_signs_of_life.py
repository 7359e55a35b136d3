"""When a worker last took a part of a job: a job of which nobody took one for long is stuck, and says so (ux 3.14)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0013_sales_viewers")]

    operations = [
        migrations.AddField(
            model_name="jobitem",
            name="claimed_at",
            field=models.DateTimeField(help_text="when a worker last took it: the job's sign of life", null=True),
        ),
    ]
