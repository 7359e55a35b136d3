"""Every evaluated hold paid for thirty indexes. Now it pays for none, unless its figures, reasons or readiness change.

See Note [What an evaluation writes] in `holds/models/holds.py`. The keys to decisions carry the order, so that the
database looks their holds up by the index of orders when a decision is deleted, and a hold's decisions are its order's.
"""

import datetime

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations, models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce

ACTIVE = Q(status="active")
REMOVED = ("hold_status", "hold_payer", "hold_by_ship_and_value", "hold_by_reason", "hold_by_decided", "hold_ship")


def _to_decision(name: str) -> migrations.AlterField:
    """The plain key, which the composite one stands in for."""
    key = models.ForeignKey(
        db_constraint=False,
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to="credit_mgmt.decisionrecord",
    )
    return migrations.AlterField(model_name="hold", name=name, field=key)


def _of_its_order(column: str) -> migrations.RunSQL:
    """The composite key; deferred like Django's own, see customers 0002."""
    name = f"hold_{column}_of_its_order"
    return migrations.RunSQL(
        f"ALTER TABLE holds_hold ADD CONSTRAINT {name} FOREIGN KEY (order_id, {column}_id) "
        "REFERENCES credit_mgmt_decisionrecord (order_id, id) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE holds_hold DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("credit_mgmt", "0015_decisions_by_order"),
        ("customers", "0013_sales_viewers"),
        ("holds", "0017_groups_of_holds_that_exist"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        *(migrations.RemoveIndex(model_name="hold", name=name) for name in REMOVED),
        migrations.AlterField(
            model_name="hold",
            name="assignee",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        _to_decision("decision"),
        _to_decision("last_decision"),
        _of_its_order("decision"),
        _of_its_order("last_decision"),
        migrations.AlterField(
            model_name="hold",
            name="number",
            field=models.CharField(
                db_default=models.Func(function="holds_next_number"),
                editable=False,
                help_text="H-000123, given by the database",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="hold",
            name="payer",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="holds",
                to="customers.customer",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold", constraint=models.UniqueConstraint(fields=["number"], name="one_hold_per_number")
        ),
        migrations.AddIndex(
            model_name="hold", index=models.Index(fields=["payer", "status", "held_at"], name="hold_payer")
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                Coalesce("ship_date", Value(datetime.date(9999, 12, 31))),
                -F("amount"),
                F("number"),
                include=["ship_date", "snoozed_until", "legal_entity"],
                condition=ACTIVE,
                name="hold_by_ship_and_value",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=GinIndex(
                OpClass("reason_codes", name="jsonb_path_ops"),
                condition=ACTIVE,
                fastupdate=False,
                name="hold_by_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                Coalesce("decided_at", Value(datetime.datetime(1900, 1, 1, tzinfo=datetime.UTC))),
                F("number"),
                include=["decided_at", "status", "legal_entity"],
                condition=Q(decided_at__isnull=False),
                name="hold_by_decided",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                fields=["status", "number"],
                condition=Q(status__in=["released", "rejected", "cancelled"]),
                name="hold_closed",
            ),
        ),
        migrations.RunSQL(
            "ALTER TABLE holds_hold SET (fillfactor = 70)", "ALTER TABLE holds_hold SET (fillfactor = 80)"
        ),
    ]
