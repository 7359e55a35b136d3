"""Hold events are evidence: UPDATE, DELETE and TRUNCATE are refused whoever asks (reliability S18, I2, I3)."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION holds_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: it is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON holds_holdevent
    FOR EACH ROW EXECUTE FUNCTION holds_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON holds_holdevent
    FOR EACH STATEMENT EXECUTE FUNCTION holds_refuse_change();
"""

BACKWARD = """
DROP TRIGGER refuse_change ON holds_holdevent;
DROP TRIGGER refuse_truncate ON holds_holdevent;
DROP FUNCTION holds_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("holds", "0003_status_is_the_last_event")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
