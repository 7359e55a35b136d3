# ruff: noqa: E501 - SQL is laid out as SQL
"""A million invoices and twenty thousand holds, made by the database itself; every value is a hash of its row number.

The rows obey every constraint and trigger of the product: limits come with their history, holds with their events.
"""

from dataclasses import dataclass

from django.db import connection, transaction

DAY = "2026-06-15"
ENTITIES = 5


@dataclass(frozen=True)
class Size:
    """How many of what."""

    customers: int = 20_000
    invoices: int = 1_000_000
    orders: int = 120_000
    holds: int = 20_000


_HELPERS = """
CREATE FUNCTION pg_temp.rnd(n bigint, salt int) RETURNS double precision LANGUAGE sql IMMUTABLE AS
    $$ SELECT (hashint8(n * 7919 + salt) & 1073741823) / 1073741824.0 $$;
CREATE FUNCTION pg_temp.skewed(n bigint, salt int, top int) RETURNS int LANGUAGE sql IMMUTABLE AS
    $$ SELECT 1 + (top * power(pg_temp.rnd(n, salt), 2.2))::int % top $$;
"""

_MASTER = """
INSERT INTO customers_currency (code, minor_units) VALUES ('EUR', 2), ('USD', 2) ON CONFLICT DO NOTHING;
INSERT INTO customers_exchangerate (rate_type, from_currency_id, to_currency_id, rate, valid_from)
    VALUES ('default', 'USD', 'EUR', 0.92, '2020-01-01');
INSERT INTO customers_legalentity (code, name, accounting_currency_id, time_zone)
    SELECT 'E' || g, 'Entity ' || g, CASE WHEN g % 2 = 1 THEN 'EUR' ELSE 'USD' END, 'UTC' FROM generate_series(1, {entities}) g;
INSERT INTO customers_paymentterms (code, description, net_days, rank, uses_credit)
    VALUES ('N30', '', 30, 10, true), ('N90', '', 90, 20, true);
INSERT INTO customers_creditmanagementgroup (code, description) SELECT 'G' || g, '' FROM generate_series(1, 20) g;
INSERT INTO customers_accountstatus (code, description, processing_hold) VALUES ('OK', '', 'none'), ('WATCH', '', 'none');
INSERT INTO customers_customer (id, legal_entity_id, account, name, currency_id, country, payment_terms_id, sales_person,
        credit_management_group_id, account_status_id, excluded, with_agency, title_held, notes)
    SELECT g, 'E' || (1 + g % {entities}), 'C-' || g, 'Customer ' || g, CASE WHEN (1 + g % {entities}) % 2 = 1 THEN 'EUR' ELSE 'USD' END,
           'DE', 'N30', '', 'G' || (1 + g % 20), CASE WHEN g % 50 = 0 THEN 'WATCH' ELSE 'OK' END, false, false, false, ''
    FROM generate_series(1, {customers}) g;
"""

_LEDGER = """
CREATE TEMP TABLE made AS
    SELECT g AS id, c.id AS customer, c.legal_entity_id AS entity, c.currency_id AS currency,
           DATE '{day}' - 1 - (730 * (1 - g / {invoices}::float))::int AS date,
           round((50 + 5000 * power(pg_temp.rnd(g, 2), 3))::numeric, 2) AS amount,
           g > {invoices} * 0.9 OR pg_temp.rnd(g, 3) < 0.04 AS open
    FROM generate_series(1, {invoices}) g
    JOIN customers_customer c ON c.id = pg_temp.skewed(g, 1, {customers});
INSERT INTO customers_customertransaction (id, legal_entity_id, series, number, kind, customer_id, date, currency_id, amount, disputed_amount, version)
    SELECT id, entity, 'invoice', 'I-' || id, 'invoice', customer, date, currency, amount, 0, 1 FROM made
    UNION ALL SELECT {invoices} + id, entity, 'payment', 'P-' || id, 'payment', customer, date + 25, currency, amount, 0, 1 FROM made WHERE NOT open;
INSERT INTO customers_dueitem (id, transaction_id, customer_id, currency_id, date, due_date, amount, open_amount, disputed_amount)
    SELECT id, id, customer, currency, date, date + 30, amount, CASE WHEN open THEN amount ELSE 0 END, 0 FROM made
    UNION ALL SELECT {invoices} + id, {invoices} + id, customer, currency, date + 25, date + 25, -amount, 0, 0 FROM made WHERE NOT open;
INSERT INTO customers_settlement (credit_id, debit_id, date, amount)
    SELECT {invoices} + id, id, date + 25, amount FROM made WHERE NOT open;
"""

_ORDERS = """
INSERT INTO customers_salesorder (id, legal_entity_id, number, customer_id, payer_id, order_type, currency_id, payment_terms_id,
        tax_amount, charges_amount, requested_ship_date, intercompany, exclude_from_credit_management, amount, uninvoiced_amount,
        delivered_uninvoiced_amount, document_status, credit_status, awaiting_document, version)
    SELECT g, c.legal_entity_id, 'S-' || g, c.id, c.id, 'sales', c.currency_id, CASE WHEN g % 40 = 0 THEN 'N90' ELSE 'N30' END,
           0, 0, DATE '{day}' + (g % 30)::int, false, false, v.amount, v.amount, 0,
           CASE WHEN g <= {holds} THEN 'open' ELSE 'confirmation' END, CASE WHEN g <= {holds} THEN 'on_hold' ELSE 'passed' END, '', 1
    FROM generate_series(1, {orders}) g
    JOIN customers_customer c ON c.id = pg_temp.skewed(g, 5, {customers})
    CROSS JOIN LATERAL (SELECT round((60 + 4000 * power(pg_temp.rnd(g, 6), 3))::numeric, 2) AS amount) v;
INSERT INTO credit_mgmt_creditaccount (id, customer_id, currency_id, limit_amount, unlimited, mandatory, limit_date, expires_on, version)
    SELECT c.id, c.id, c.currency_id, round((1000 + coalesce(b.owed, 0) * (0.9 + pg_temp.rnd(c.id, 8)))::numeric, -2), c.id % 50 = 1, false,
           NULL, CASE WHEN c.id % 30 = 0 THEN DATE '{day}' - 20 END, 0
    FROM customers_customer c
    LEFT JOIN (SELECT customer_id, sum(open_amount) AS owed FROM customers_dueitem GROUP BY 1) b ON b.customer_id = c.id;
INSERT INTO credit_mgmt_limithistory (account_id, sequence, source, previous_limit, limit_amount, previous_unlimited, unlimited,
        previous_mandatory, mandatory, previous_expires_on, expires_on, effective_on, actor, at, note, journal, kind)
    SELECT id, 1, 'opening', 0, limit_amount, false, unlimited, false, mandatory, NULL, expires_on, DATE '{day}' - 365, 'system:benchmark', now(), '', '', 'limit'
    FROM credit_mgmt_creditaccount;
INSERT INTO credit_mgmt_commitment (order_id, account_id, amount, currency_id, approved_at)
    SELECT o.id, a.id, o.uninvoiced_amount, o.currency_id, now() FROM customers_salesorder o
    JOIN credit_mgmt_creditaccount a ON a.customer_id = o.payer_id WHERE o.credit_status = 'passed';
"""

_HOLDS = """
INSERT INTO holds_hold (id, number, order_id, payer_id, legal_entity_id, checkpoint, pro_forma, posting_request, status, version, held_at,
        held_by, forced, forced_by, forced_note, ready_to_release, note, workflow_state, release_mode, decided_by, reason_codes, chips,
        currency, amount, amount_unknown, ship_date)
    SELECT gen_random_uuid(), 'H-' || lpad(o.id::text, 6, '0'), o.id, o.payer_id, o.legal_entity_id, 'confirmation', false,
           '{{"document": "confirmation", "pro_forma": false}}', 'active', 1, TIMESTAMPTZ '{day} 06:00Z' - (o.id % 20000) * interval '1 minute',
           'system:benchmark', false, '', '', false, '', '', '', '', '["limit_used"]', '[]', o.currency_id, o.amount, false, o.requested_ship_date
    FROM customers_salesorder o WHERE o.credit_status = 'on_hold';
INSERT INTO holds_holdreason (hold_id, type, rule, level, account, evidence, message, valid, added_at)
    SELECT h.id, 'limit_used', r.id::text, 'all', h.legal_entity_id || ':C-' || h.payer_id, '{{}}', 'before the benchmark', true, h.held_at
    FROM holds_hold h JOIN credit_mgmt_blockingrule r ON r.code = 'LU-01';
INSERT INTO holds_holdevent (hold_id, version, type, from_status, to_status, actor, actor_name, at, data)
    SELECT id, 1, 'hold_placed', '', 'active', 'system:benchmark', '', held_at, '{{}}' FROM holds_hold;
"""

_RULES = """
CREATE TEMP TABLE rules AS SELECT gen_random_uuid() AS id, v.* FROM (VALUES
        ('DO-01', 'days_overdue', 'blocking', 'all', NULL, NULL::bigint, 60, NULL::numeric, NULL, NULL::numeric, NULL, NULL),
        ('DO-02', 'days_overdue', 'blocking', 'group', 'G3', NULL, 30, NULL, NULL, NULL, NULL, NULL),
        ('DX-01', 'days_overdue', 'exclusion', 'group', 'G4', NULL, 400, NULL, NULL, NULL, NULL, NULL),
        ('AS-01', 'account_status', 'blocking', 'all', NULL, NULL, NULL, NULL, NULL, NULL, 'WATCH', NULL),
        ('PT-01', 'payment_terms', 'blocking', 'all', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'N90'),
        ('LE-01', 'limit_expired', 'blocking', 'all', NULL, NULL, 10, NULL, NULL, NULL, NULL, NULL),
        ('OA-01', 'overdue_amount', 'blocking', 'all', NULL, NULL, NULL, 8000, 'EUR', 80, NULL, NULL),
        ('SO-01', 'sales_order', 'blocking', 'all', NULL, NULL, NULL, 3500, 'EUR', NULL, NULL, NULL),
        ('LU-01', 'limit_used', 'blocking', 'all', NULL, NULL, NULL, NULL, NULL, 100, NULL, NULL),
        ('LX-01', 'limit_used', 'exclusion', 'group', 'G5', NULL, NULL, NULL, NULL, 120, NULL, NULL)
    ) AS v (code, type, action, aim, management_group, customer, days, amount, currency, percent, status, terms);
INSERT INTO credit_mgmt_blockingrule (id, code, type, changes) SELECT id, code, type, 0 FROM rules;
INSERT INTO credit_mgmt_ruleversion (rule_id, number, state, name, action, valid_for, credit_management_group_id, customer_id, days, amount,
        currency_id, threshold_percent, account_status_id, payment_terms_id, release_sales_order, why, revision, changed_by, changed_at)
    SELECT id, 1, 'active', code, action, aim, management_group, customer, days, amount, currency, percent, status, terms, false, '', 1,
           'system:benchmark', now() FROM rules;
DROP TABLE rules;
"""

_SEQUENCES = (
    "customers_customer",
    "customers_customertransaction",
    "customers_dueitem",
    "customers_salesorder",
    "credit_mgmt_creditaccount",
)


def load(size: Size, entities: int = ENTITIES) -> None:
    """Fill an empty, migrated database with `size`, analyse it, and leave the id sequences right."""
    values = {**vars(size), "day": DAY, "entities": entities}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_HELPERS)
        for script in (_MASTER, _LEDGER, _RULES, _ORDERS, _HOLDS):
            cursor.execute(script.format(**values))
        for table in _SEQUENCES:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def held_orders(limit: int) -> list[int]:
    """Ids of held orders, spread over all of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT order_id FROM holds_hold ORDER BY md5(order_id::text), order_id LIMIT %s", [limit])
        return [row[0] for row in cursor.fetchall()]
