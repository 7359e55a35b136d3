"""How a person wants numbers written; who chose before keeps what there was."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0015_a_preview_uses_no_invoice_number"),
    ]

    operations = [
        migrations.AddField(
            model_name="preferences",
            name="number_style",
            field=models.CharField(
                choices=[
                    ("comma_point", "1,234.50"),
                    ("point_comma", "1.234,50"),
                    ("space_comma", "1\u202f234,50"),
                    ("apostrophe_point", "1’234.50"),
                ],
                default="comma_point",
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="preferences",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("number_style__in", ["comma_point", "point_comma", "space_comma", "apostrophe_point"])
                ),
                name="number_style_is_known",
            ),
        ),
    ]
