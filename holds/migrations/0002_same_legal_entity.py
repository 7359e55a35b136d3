"""Composite foreign keys: a hold, its order and its payer are of one legal entity; deferred, see customers 0002 (I18)."""

from django.db import migrations

KEYS = [
    # name, columns, referenced table
    ("hold_order_within_entity", "order_id, legal_entity_id", "customers_salesorder"),
    ("hold_payer_within_entity", "payer_id, legal_entity_id", "customers_customer"),
]


def _add(name: str, columns: str, to_table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE holds_hold ADD CONSTRAINT {name} FOREIGN KEY ({columns}) "
        f"REFERENCES {to_table} (id, legal_entity_id) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE holds_hold DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("holds", "0001_initial"), ("customers", "0002_same_legal_entity")]

    operations = [_add(*key) for key in KEYS]
