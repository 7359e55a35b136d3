"""Every rule gets a code and its first version: active where it was, else retired."""

from django.db import migrations

CODES = r"""
UPDATE credit_mgmt_blockingrule r
   SET code = CASE WHEN n.alike = 1 AND n.called ~ '^[A-Z0-9][A-Z0-9-]{1,19}$' AND n.called !~ '^R[0-9]{4}$' THEN n.called
                   ELSE 'R' || lpad(n.place::text, 4, '0') END
  FROM (SELECT id, upper(name) AS called, count(*) OVER (PARTITION BY upper(name)) AS alike,
               row_number() OVER (ORDER BY name, id) AS place
          FROM credit_mgmt_blockingrule) n
 WHERE n.id = r.id;
"""

VERSIONS = """
INSERT INTO credit_mgmt_ruleversion (rule_id, number, state, name, action, valid_for, customer_id, credit_management_group_id,
        legal_entity_id, days, amount, currency_id, threshold_percent, threshold_amount, account_status_id, payment_terms_id,
        release_sales_order, valid_from, valid_to, why, revision, changed_by, changed_at)
    SELECT id, 1, CASE WHEN active THEN 'active' ELSE 'retired' END, name, action, valid_for, customer_id, credit_management_group_id,
           legal_entity_id, days, amount, currency_id, threshold_percent, threshold_amount, account_status_id, payment_terms_id,
           release_sales_order, valid_from, valid_to, '', 1, 'system:migration', now()
      FROM credit_mgmt_blockingrule;
INSERT INTO credit_mgmt_ruleevent (version_id, step, why, actor, at)
    SELECT id, 'activated', 'Set up before rules had versions.', changed_by, changed_at FROM credit_mgmt_ruleversion;
INSERT INTO credit_mgmt_ruleevent (version_id, step, why, actor, at)
    SELECT id, 'retired', 'Switched off before rules had versions.', changed_by, changed_at
      FROM credit_mgmt_ruleversion WHERE state = 'retired';
"""


class Migration(migrations.Migration):
    dependencies = [("credit_mgmt", "0021_versions_of_rules")]

    operations = [migrations.RunSQL(CODES + VERSIONS)]
