"""A rule may be of a type that another package brings: the engine knows which there are, the column holds a code."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("credit_mgmt", "0009_same_decision_stored_once"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="blockingrule",
            name="rule_type_is_known",
        ),
        migrations.AlterField(
            model_name="blockingrule",
            name="type",
            field=models.CharField(
                choices=[
                    ("days_overdue", "Days overdue"),
                    ("account_status", "Account status"),
                    ("payment_terms", "Terms of payment"),
                    ("limit_expired", "Credit limit expired"),
                    ("overdue_amount", "Overdue amount"),
                    ("sales_order", "Sales order"),
                    ("limit_used", "Credit limit used"),
                ],
                max_length=30,
            ),
        ),
        migrations.AddConstraint(
            model_name="blockingrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("type__regex", "^[a-z][a-z0-9_]*$")), name="rule_type_is_a_code"
            ),
        ),
    ]
