"""Changes of parameters and checkpoints are kept as those of other setup are (`customers` migration 0017).

Those of one row and of its checkpoints come one after the other, so that each has its number. They wait for the policy
clock, which every change of the policy moves anyway: a lock of their own would be taken before it or after it.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION credit_mgmt_note_parameters() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    keys text[] := '{id,legal_entity_id}';
    key text := coalesce(coalesce(to_jsonb(NEW), to_jsonb(OLD)) ->> 'legal_entity_id', 'default');
BEGIN
    PERFORM FROM credit_mgmt_policyclock FOR UPDATE;
    PERFORM customers_keep_setup_change(
        'parameters', key, coalesce(to_jsonb(OLD) - keys, '{}'), coalesce(to_jsonb(NEW) - keys, '{}'));
    RETURN NULL;
END $$;
CREATE FUNCTION credit_mgmt_settings_of(setting jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_object_agg((setting ->> 'document') || '.' || s.key, s.value)
    FROM jsonb_each(setting - '{id,parameters_id,document}'::text[]) s
$$;
CREATE FUNCTION credit_mgmt_note_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    off jsonb := '{"posting": false, "grace_days": null, "pro_forma": false, "pro_forma_grace_days": null}';
    setting jsonb := coalesce(to_jsonb(NEW), to_jsonb(OLD));
    key text;
BEGIN
    SELECT coalesce(p.legal_entity_id, 'default') INTO key
    FROM credit_mgmt_parameters p WHERE p.id = (setting ->> 'parameters_id')::bigint;
    IF key IS NOT NULL THEN  -- else it goes together with its row
        PERFORM FROM credit_mgmt_policyclock FOR UPDATE;
        PERFORM customers_keep_setup_change(
            'parameters', key, credit_mgmt_settings_of(coalesce(to_jsonb(OLD), setting || off)),
            credit_mgmt_settings_of(coalesce(to_jsonb(NEW), setting || off)));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER note_setup_change AFTER INSERT OR UPDATE OR DELETE ON credit_mgmt_parameters
    FOR EACH ROW EXECUTE FUNCTION credit_mgmt_note_parameters();
CREATE TRIGGER note_setup_change AFTER INSERT OR UPDATE OR DELETE ON credit_mgmt_checkpointsetting
    FOR EACH ROW EXECUTE FUNCTION credit_mgmt_note_checkpoint();
"""
BACKWARD = """
DROP TRIGGER note_setup_change ON credit_mgmt_parameters;
DROP TRIGGER note_setup_change ON credit_mgmt_checkpointsetting;
DROP FUNCTION credit_mgmt_note_parameters();
DROP FUNCTION credit_mgmt_note_checkpoint();
DROP FUNCTION credit_mgmt_settings_of(jsonb);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("credit_mgmt", "0017_backtests"),
        ("customers", "0017_setup_has_a_history_and_can_be_closed"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
