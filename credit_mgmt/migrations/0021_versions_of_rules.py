"""A rule is its code, and what it says is said by versions: drafts, in shadow, active, retired (`ux` 3.10).

This makes the tables; 0022 carries over what there is, 0023 takes away the old columns and guards the new ones.
"""

from decimal import Decimal

import django.db.models.deletion
import django_fsm
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("credit_mgmt", "0020_the_last_bulk_change_of_a_draft"),
        ("customers", "0016_number_style"),
    ]

    operations = [
        migrations.CreateModel(
            name="RuleEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "step",
                    models.CharField(
                        choices=[
                            ("drafted", "Drafted"),
                            ("changed", "Changed"),
                            ("shadowed", "Run in shadow"),
                            ("activated", "Activated"),
                            ("replaced", "Replaced by a later version"),
                            ("retired", "Retired"),
                            ("discarded", "Draft discarded"),
                        ],
                        max_length=9,
                    ),
                ),
                ("why", models.CharField(blank=True, max_length=300)),
                ("actor", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="RuleVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[
                            ("draft", "Draft"),
                            ("shadow", "Shadow"),
                            ("active", "Active"),
                            ("retired", "Retired"),
                        ],
                        default="draft",
                        max_length=7,
                        protected=True,
                    ),
                ),
                ("name", models.CharField(max_length=40)),
                (
                    "action",
                    models.CharField(
                        choices=[("blocking", "Blocking"), ("exclusion", "Exclusion")],
                        default="blocking",
                        max_length=10,
                    ),
                ),
                (
                    "valid_for",
                    models.CharField(
                        choices=[("table", "Customer"), ("group", "Group"), ("all", "Everyone")],
                        default="all",
                        max_length=6,
                    ),
                ),
                ("days", models.PositiveIntegerField(blank=True, null=True)),
                ("amount", models.DecimalField(blank=True, decimal_places=4, max_digits=19, null=True)),
                ("threshold_percent", models.DecimalField(blank=True, decimal_places=4, max_digits=9, null=True)),
                ("threshold_amount", models.DecimalField(blank=True, decimal_places=4, max_digits=19, null=True)),
                ("release_sales_order", models.BooleanField(default=False)),
                ("valid_from", models.DateField(blank=True, null=True)),
                ("valid_to", models.DateField(blank=True, help_text="last day, inclusive", null=True)),
                ("why", models.CharField(blank=True, help_text="why the rule exists, or was changed", max_length=300)),
                ("revision", models.PositiveIntegerField(default=1)),
                ("shadow_to", models.DateField(blank=True, help_text="last day in shadow, inclusive", null=True)),
                ("changed_by", models.CharField(max_length=80)),
                ("changed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ShadowResult",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "checkpoint",
                    models.CharField(
                        choices=[
                            ("confirmation", "Confirmation"),
                            ("release_to_warehouse", "Release to warehouse"),
                            ("picking_list", "Picking list"),
                            ("packing_slip", "Packing slip"),
                            ("invoice", "Invoice"),
                        ],
                        max_length=22,
                    ),
                ),
                ("date", models.DateField()),
                ("was", models.CharField(max_length=12)),
                ("would", models.CharField(max_length=12)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="blockingrule",
            name="rule_action_is_known",
        ),
        migrations.RemoveConstraint(
            model_name="blockingrule",
            name="rule_is_aimed_at_what_it_is_valid_for",
        ),
        migrations.RemoveConstraint(
            model_name="blockingrule",
            name="only_exclusions_release_the_order",
        ),
        migrations.RemoveConstraint(
            model_name="blockingrule",
            name="rule_amounts_have_a_currency",
        ),
        migrations.RemoveConstraint(
            model_name="blockingrule",
            name="rule_validity_ends_after_it_starts",
        ),
        migrations.RemoveConstraint(
            model_name="blockingrule",
            name="rule_amounts_are_numbers",
        ),
        migrations.RemoveConstraint(
            model_name="blockingrule",
            name="rule_threshold_is_a_percentage",
        ),
        migrations.AddField(
            model_name="blockingrule",
            name="code",
            field=models.CharField(
                help_text="DO-07: shown wherever the rule holds an order", max_length=20, null=True, unique=True
            ),
        ),
        migrations.AddField(
            model_name="ruleversion",
            name="account_status",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="customers.accountstatus",
            ),
        ),
        migrations.AddField(
            model_name="ruleversion",
            name="credit_management_group",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="customers.creditmanagementgroup",
            ),
        ),
        migrations.AddField(
            model_name="ruleversion",
            name="currency",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="customers.currency",
            ),
        ),
        migrations.AddField(
            model_name="ruleversion",
            name="customer",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="customers.customer",
            ),
        ),
        migrations.AddField(
            model_name="ruleversion",
            name="legal_entity",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="customers.legalentity",
            ),
        ),
        migrations.AddField(
            model_name="ruleversion",
            name="payment_terms",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="customers.paymentterms",
            ),
        ),
        migrations.AddField(
            model_name="ruleversion",
            name="rule",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="credit_mgmt.blockingrule"
            ),
        ),
        migrations.AddField(
            model_name="ruleevent",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="events", to="credit_mgmt.ruleversion"
            ),
        ),
        migrations.AddField(
            model_name="shadowresult",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.salesorder"
            ),
        ),
        migrations.AddField(
            model_name="shadowresult",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="results", to="credit_mgmt.ruleversion"
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.UniqueConstraint(fields=("rule", "number"), name="one_rule_version_per_number"),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "draft")), fields=("rule",), name="one_draft_version_of_a_rule"
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "shadow")), fields=("rule",), name="one_shadow_version_of_a_rule"
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "active")), fields=("rule",), name="one_active_version_of_a_rule"
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["draft", "shadow", "active", "retired"])), name="rule_state_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("action__in", ["blocking", "exclusion"])), name="rule_action_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("credit_management_group__isnull", True), ("customer__isnull", False), ("valid_for", "table")
                    ),
                    models.Q(
                        ("credit_management_group__isnull", False), ("customer__isnull", True), ("valid_for", "group")
                    ),
                    models.Q(
                        ("credit_management_group__isnull", True), ("customer__isnull", True), ("valid_for", "all")
                    ),
                    _connector="OR",
                ),
                name="rule_is_aimed_at_what_it_is_valid_for",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("action", "exclusion"), ("release_sales_order", False), _connector="OR"),
                name="only_exclusions_release_the_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount__isnull", True), ("threshold_amount__isnull", True)),
                    ("currency__isnull", False),
                    _connector="OR",
                ),
                name="rule_amounts_have_a_currency",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_from__isnull", True),
                    ("valid_to__isnull", True),
                    ("valid_from__lte", models.F("valid_to")),
                    _connector="OR",
                ),
                name="rule_validity_ends_after_it_starts",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        models.Q(("amount__lte", Decimal("999999999999999")), ("amount__gte", Decimal("0"))),
                        ("amount__isnull", True),
                        _connector="OR",
                    ),
                    models.Q(
                        models.Q(
                            ("threshold_amount__lte", Decimal("999999999999999")),
                            ("threshold_amount__gte", Decimal("0")),
                        ),
                        ("threshold_amount__isnull", True),
                        _connector="OR",
                    ),
                ),
                name="rule_amounts_are_numbers",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("threshold_percent__lte", Decimal("9999")), ("threshold_percent__gte", Decimal("0"))),
                    ("threshold_percent__isnull", True),
                    _connector="OR",
                ),
                name="rule_threshold_is_a_percentage",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("step__in", ["drafted", "changed", "shadowed", "activated", "replaced", "retired", "discarded"])
                ),
                name="rule_step_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="shadowresult",
            constraint=models.UniqueConstraint(
                fields=("version", "order"), name="one_shadow_result_per_order_and_version"
            ),
        ),
    ]
