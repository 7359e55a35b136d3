"""The database knows the life of a hold (domain 6, reliability I1, I2, I3), whatever path a change takes.

Looked at when the transaction commits:

- a hold has the status and the version of its last event, so nobody changes a status without writing down who did;
- events of a hold are numbered without gaps, each starts where the one before ended, and only along a legal edge;
- a release says its mode and its reason;
- an active hold has a valid reason, or is forced, or is ready to release: it never waits for nothing.

The legal edges stand here a second time, beside `Hold`'s transitions; a test compares the two.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION holds_hold_is_as_told() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    hold holds_hold;
    last holds_holdevent;
BEGIN
    SELECT * INTO hold FROM holds_hold WHERE id = NEW.id;
    IF NOT FOUND THEN RETURN NULL; END IF;
    SELECT * INTO last FROM holds_holdevent WHERE hold_id = hold.id ORDER BY version DESC LIMIT 1;
    IF last.id IS NULL OR last.version <> hold.version OR last.to_status <> hold.status THEN
        RAISE EXCEPTION 'hold % is % at version %, its last event says otherwise', hold.number, hold.status, hold.version
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_is_as_its_last_event';
    END IF;
    IF hold.status = 'active' AND NOT hold.forced AND NOT hold.ready_to_release
       AND NOT EXISTS (SELECT 1 FROM holds_holdreason r WHERE r.hold_id = hold.id AND r.valid) THEN
        RAISE EXCEPTION 'hold % is active without a valid reason', hold.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'active_hold_has_a_reason';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER hold_is_as_told_new AFTER INSERT ON holds_hold
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION holds_hold_is_as_told();
CREATE CONSTRAINT TRIGGER hold_is_as_told AFTER UPDATE ON holds_hold
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.status, OLD.version, OLD.forced, OLD.ready_to_release)
          IS DISTINCT FROM (NEW.status, NEW.version, NEW.forced, NEW.ready_to_release))
    EXECUTE FUNCTION holds_hold_is_as_told();

CREATE FUNCTION holds_event_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before holds_holdevent;
BEGIN
    SELECT * INTO before FROM holds_holdevent WHERE hold_id = NEW.hold_id AND version = NEW.version - 1;
    IF coalesce(before.to_status, '') <> NEW.from_status OR (before.id IS NULL AND NEW.version <> 1) THEN
        RAISE EXCEPTION 'event % of hold % does not follow on the one before', NEW.version, NEW.hold_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_event_follows';
    END IF;
    IF NEW.from_status <> NEW.to_status AND (NEW.from_status, NEW.to_status) NOT IN (
        ('', 'active'), ('active', 'released'), ('active', 'rejected'), ('active', 'cancelled'), ('released', 'active')
    ) THEN
        RAISE EXCEPTION 'a hold does not go from % to %', NEW.from_status, NEW.to_status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_event_is_a_legal_edge';
    END IF;
    IF NEW.from_status = 'active' AND NEW.to_status = 'released'
       AND (coalesce(NEW.data ->> 'mode', '') = '' OR coalesce(NEW.data ->> 'reason', '') = '') THEN
        RAISE EXCEPTION 'a release of hold % says neither its mode nor its reason', NEW.hold_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'release_says_mode_and_reason';
    END IF;
    PERFORM 1 FROM holds_hold WHERE id = NEW.hold_id AND version >= NEW.version;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'event % of hold % is ahead of its hold', NEW.version, NEW.hold_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_is_as_its_last_event';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER event_follows AFTER INSERT ON holds_holdevent
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION holds_event_follows();

CREATE FUNCTION holds_reason_remains() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM holds_hold h WHERE h.id = OLD.hold_id AND h.status = 'active'
        AND NOT h.forced AND NOT h.ready_to_release
        AND NOT EXISTS (SELECT 1 FROM holds_holdreason r WHERE r.hold_id = h.id AND r.valid);
    IF FOUND THEN
        RAISE EXCEPTION 'hold % would be active without a valid reason', OLD.hold_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'active_hold_has_a_reason';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER reason_remains_valid AFTER UPDATE ON holds_holdreason
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.valid AND NOT NEW.valid)
    EXECUTE FUNCTION holds_reason_remains();
CREATE CONSTRAINT TRIGGER reason_remains AFTER DELETE ON holds_holdreason
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.valid)
    EXECUTE FUNCTION holds_reason_remains();
"""

BACKWARD = """
DROP TRIGGER hold_is_as_told_new ON holds_hold;
DROP TRIGGER hold_is_as_told ON holds_hold;
DROP TRIGGER event_follows ON holds_holdevent;
DROP TRIGGER reason_remains_valid ON holds_holdreason;
DROP TRIGGER reason_remains ON holds_holdreason;
DROP FUNCTION holds_hold_is_as_told();
DROP FUNCTION holds_event_follows();
DROP FUNCTION holds_reason_remains();
"""


class Migration(migrations.Migration):
    dependencies = [("holds", "0002_same_legal_entity")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
