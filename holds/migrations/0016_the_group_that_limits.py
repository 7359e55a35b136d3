"""A hold says whose limit its excess is measured against, so that a group's figures can be withheld (`domain 3.4`)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("holds", "0015_new_orders_are_forced_too")]

    operations = [
        migrations.AddField(
            model_name="hold",
            name="limiting_group",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="the credit group whose limit over_limit and used_percent are measured against; "
                "empty: the payer's own",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="hold",
            name="chips",
            field=models.JSONField(default=list, help_text="[{type, text, number, valid, of?}] in severity order"),
        ),
    ]
