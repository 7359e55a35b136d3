# ruff: noqa: E501 - SQL is laid out as SQL
"""The floor: the best SQL that we know by hand for the same answers on the same tables. For measuring only.

It knows the rules of the benchmark and nothing else: no groups, no exclusion levels but those that are there, no
evidence. What the product does beyond it is what the ratio pays for.
"""

FACTS = """
    SELECT o.id, o.payer_id, c.legal_entity_id, c.credit_management_group_id AS grp, c.account_status_id AS status,
           o.payment_terms_id AS terms, e.accounting_currency_id AS currency, o.amount, o.uninvoiced_amount AS uninvoiced,
           a.limit_amount AS lim, a.unlimited, a.expires_on, i.balance, i.overdue, i.days, s.ordered,
           EXISTS (SELECT 1 FROM credit_mgmt_commitment x WHERE x.order_id = o.id) AS counted
    FROM customers_salesorder o
    JOIN customers_customer c ON c.id = o.payer_id
    JOIN customers_legalentity e ON e.code = c.legal_entity_id
    JOIN credit_mgmt_creditaccount a ON a.customer_id = c.id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(open_amount), 0) AS balance,
               coalesce(sum(open_amount) FILTER (WHERE due_date < {day} AND open_amount > 0), 0) AS overdue,
               coalesce({day} - min(due_date) FILTER (WHERE due_date < {day} AND open_amount > 0), 0) AS days
        FROM customers_dueitem WHERE customer_id = c.id AND open_amount <> 0 AND date <= {day}) i
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(x.uninvoiced_amount), 0) AS ordered
        FROM customers_salesorder x JOIN credit_mgmt_commitment m ON m.order_id = x.id
        WHERE x.payer_id = c.id AND x.uninvoiced_amount > 0) s
    {where}
"""

DECIDE = """
    SELECT f.id, array_remove(ARRAY[
        CASE WHEN f.days > 60 AND NOT (f.grp = 'G4' AND f.days <= 400) OR f.grp = 'G3' AND f.days > 30 THEN 'days_overdue' END,
        CASE WHEN f.status = 'WATCH' THEN 'account_status' END,
        CASE WHEN f.terms = 'N90' THEN 'payment_terms' END,
        CASE WHEN NOT f.unlimited AND {day} - f.expires_on > 10 THEN 'limit_expired' END,
        CASE WHEN f.overdue * f.rate > 8000 AND NOT f.unlimited AND f.after > f.lim * 0.8 THEN 'overdue_amount' END,
        CASE WHEN f.amount * f.rate > 3500 THEN 'sales_order' END,
        CASE WHEN NOT f.unlimited AND f.after > f.lim AND NOT (f.grp = 'G5' AND f.after <= f.lim * 1.2) THEN 'limit_used' END
    ], NULL) AS reasons, f.after, f.lim, f.overdue, f.days
    FROM (SELECT x.*, CASE x.currency WHEN 'USD' THEN 0.92 ELSE 1 END AS rate,
                 x.balance + x.ordered + CASE WHEN x.counted THEN 0 ELSE x.uninvoiced END AS after
          FROM ({facts}) x) f
"""

PREPARE_ONE = "PREPARE floor_one (bigint, date) AS " + DECIDE.format(
    day="$2", facts=FACTS.format(day="$2", where="WHERE o.id = $1")
)
ONE = "EXECUTE floor_one (%s, %s)"

ALL_HOLDS = DECIDE.format(
    day="%(day)s::date",
    facts=FACTS.format(
        day="%(day)s::date", where="WHERE o.id IN (SELECT order_id FROM holds_hold WHERE status = 'active')"
    ),
)

WRITE_TABLE = """
    CREATE TABLE IF NOT EXISTS benchmark_decision (
        id uuid DEFAULT gen_random_uuid() PRIMARY KEY, order_id bigint NOT NULL, outcome text NOT NULL, reasons text[] NOT NULL,
        exposure numeric, lim numeric, overdue numeric, days int, at timestamptz NOT NULL DEFAULT now())
"""
WRITE_ALL_HOLDS = f"""
    INSERT INTO benchmark_decision (order_id, outcome, reasons, exposure, lim, overdue, days)
    SELECT d.id, CASE WHEN d.reasons = '{{{{}}}}' THEN 'passed' ELSE 'held' END, d.reasons, d.after, d.lim, d.overdue, d.days
    FROM ({ALL_HOLDS}) d
""".replace("{{}}", "{}")
