"""Composite foreign keys: a decision, its order and its payer are of one legal entity; so are a rule and its customer.

Deferred like Django's own foreign keys; see customers 0002 (reliability I18).
"""

from django.db import migrations

KEYS = [
    # table, name, columns, referenced table
    ("credit_mgmt_decisionrecord", "decision_order_within_entity", "order_id, legal_entity_id", "customers_salesorder"),
    ("credit_mgmt_decisionrecord", "decision_payer_within_entity", "payer_id, legal_entity_id", "customers_customer"),
    ("credit_mgmt_blockingrule", "rule_customer_within_entity", "customer_id, legal_entity_id", "customers_customer"),
]


def _add(table: str, name: str, columns: str, to_table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns}) "
        f"REFERENCES {to_table} (id, legal_entity_id) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("credit_mgmt", "0001_initial"), ("customers", "0002_same_legal_entity")]

    operations = [_add(*key) for key in KEYS]
