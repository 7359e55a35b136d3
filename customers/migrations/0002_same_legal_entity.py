"""Composite foreign keys: what belongs together is of one legal entity (reliability I18).

Django's own foreign keys say that a row exists; these say that it is a row of the same legal entity (or, for due
items, of the same customer and currency). They are deferred like Django's, so that an import may write in any order.
"""

from django.db import migrations

KEYS = [
    # table, name, columns, referenced table, referenced columns
    ("customers_customer", "customer_pays_within_entity", "invoice_account_id, legal_entity_id",
     "customers_customer", "id, legal_entity_id"),
    ("customers_salesorder", "order_customer_within_entity", "customer_id, legal_entity_id",
     "customers_customer", "id, legal_entity_id"),
    ("customers_salesorder", "order_payer_within_entity", "payer_id, legal_entity_id",
     "customers_customer", "id, legal_entity_id"),
    ("customers_customertransaction", "transaction_customer_within_entity", "customer_id, legal_entity_id",
     "customers_customer", "id, legal_entity_id"),
    ("customers_customertransaction", "transaction_order_within_entity", "sales_order_id, legal_entity_id",
     "customers_salesorder", "id, legal_entity_id"),
    ("customers_dueitem", "due_item_as_its_transaction", "transaction_id, customer_id, currency_id",
     "customers_customertransaction", "id, customer_id, currency_id"),
]  # fmt: skip


def _add(table: str, name: str, columns: str, to_table: str, to_columns: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns}) "
        f"REFERENCES {to_table} ({to_columns}) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial")]

    operations = [_add(*key) for key in KEYS]
