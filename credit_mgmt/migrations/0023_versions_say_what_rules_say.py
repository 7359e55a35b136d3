"""The old columns of a rule go, and the database guards its versions.

What a version says changes only while it is a draft; states change only along the edges of the model; what counted is
never deleted; events are append-only. Drafts don't move the policy clock: nothing that was decided depends on them.
"""

from django.db import migrations, models

GUARDS = """
CREATE FUNCTION credit_mgmt_guard_rule_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF EXISTS (SELECT FROM credit_mgmt_ruleevent WHERE version_id = OLD.id AND step IN ('activated', 'shadowed')) THEN
            RAISE EXCEPTION 'a version of a rule that counted is kept' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (('draft', 'shadow'), ('draft', 'active'),
            ('draft', 'retired'), ('shadow', 'active'), ('shadow', 'retired'), ('active', 'retired')) THEN
        RAISE EXCEPTION 'a % version of a rule does not become %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.rule_id <> OLD.rule_id OR NEW.number <> OLD.number
            OR (OLD.state <> 'draft' AND to_jsonb(NEW) - 'state' <> to_jsonb(OLD) - 'state') THEN
        RAISE EXCEPTION 'what a version of a rule says stays: make a new version' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_rule_version BEFORE UPDATE OR DELETE ON credit_mgmt_ruleversion
    FOR EACH ROW EXECUTE FUNCTION credit_mgmt_guard_rule_version();

CREATE FUNCTION credit_mgmt_guard_rule_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM credit_mgmt_ruleevent e
            WHERE e.version_id = OLD.version_id AND e.step IN ('activated', 'shadowed')) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% of % is refused: it is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON credit_mgmt_ruleevent
    FOR EACH ROW EXECUTE FUNCTION credit_mgmt_guard_rule_event();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON credit_mgmt_ruleevent
    FOR EACH STATEMENT EXECUTE FUNCTION credit_mgmt_refuse_change();
"""

CLOCK = """
DROP TRIGGER move_policy_clock ON credit_mgmt_blockingrule;
CREATE TRIGGER move_policy_clock AFTER UPDATE OF code, type OR DELETE OR TRUNCATE ON credit_mgmt_blockingrule
    FOR EACH STATEMENT EXECUTE FUNCTION credit_mgmt_move_policy_clock();
CREATE TRIGGER move_policy_clock_in AFTER INSERT ON credit_mgmt_ruleversion
    FOR EACH ROW WHEN (NEW.state IN ('active', 'shadow')) EXECUTE FUNCTION credit_mgmt_move_policy_clock();
CREATE TRIGGER move_policy_clock AFTER UPDATE ON credit_mgmt_ruleversion
    FOR EACH ROW WHEN (NEW.state IN ('active', 'shadow') OR OLD.state IN ('active', 'shadow'))
    EXECUTE FUNCTION credit_mgmt_move_policy_clock();
CREATE TRIGGER move_policy_clock_out AFTER DELETE ON credit_mgmt_ruleversion
    FOR EACH ROW WHEN (OLD.state IN ('active', 'shadow')) EXECUTE FUNCTION credit_mgmt_move_policy_clock();
CREATE TRIGGER move_policy_clock_all AFTER TRUNCATE ON credit_mgmt_ruleversion
    FOR EACH STATEMENT EXECUTE FUNCTION credit_mgmt_move_policy_clock();
"""

KEY = """
ALTER TABLE credit_mgmt_ruleversion ADD CONSTRAINT rule_customer_within_entity FOREIGN KEY (customer_id, legal_entity_id)
    REFERENCES customers_customer (id, legal_entity_id) DEFERRABLE INITIALLY DEFERRED;
"""

COLUMNS = (
    "account_status", "action", "active", "amount", "credit_management_group", "currency", "customer", "days", "legal_entity",
    "name", "payment_terms", "release_sales_order", "threshold_amount", "threshold_percent", "valid_for", "valid_from",
    "valid_to",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("credit_mgmt", "0022_every_rule_has_its_first_version")]

    operations = [
        migrations.RunSQL("ALTER TABLE credit_mgmt_blockingrule DROP CONSTRAINT rule_customer_within_entity"),
        *(migrations.RemoveField("blockingrule", name) for name in COLUMNS),
        migrations.AddField(
            "blockingrule",
            "changes",
            models.PositiveIntegerField(default=0, help_text="raised by every step: see Note [Who holds a rule]"),
        ),
        migrations.AlterField(
            "blockingrule",
            "code",
            models.CharField(help_text="DO-07: shown wherever the rule holds an order", max_length=20, unique=True),
        ),
        migrations.AddConstraint(
            "blockingrule",
            models.CheckConstraint(
                condition=models.Q(("code__regex", "^[A-Za-z0-9][A-Za-z0-9._-]*$")), name="rule_code_is_a_code"
            ),
        ),
        migrations.RunSQL(GUARDS + CLOCK + KEY),
    ]
