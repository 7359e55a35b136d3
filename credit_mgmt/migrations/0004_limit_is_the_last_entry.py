"""The limit in force always equals the last entry of the limit history (domain 8, reliability I6).

A deferred constraint trigger looks at commit: limit, unlimited, mandatory and expiry of an account are those of its
last entry; an account without history has no credit and no flags. So no path, raw SQL included, changes a limit
without writing down who, when, from and to.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION credit_mgmt_limit_is_last_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    account bigint;
BEGIN
    IF TG_TABLE_NAME = 'credit_mgmt_creditaccount' THEN account := NEW.id; ELSE account := NEW.account_id; END IF;
    PERFORM 1 FROM credit_mgmt_creditaccount a
    LEFT JOIN LATERAL (
        SELECT h.limit_amount, h.unlimited, h.mandatory, h.expires_on
        FROM credit_mgmt_limithistory h WHERE h.account_id = a.id ORDER BY h.sequence DESC LIMIT 1
    ) last ON true
    WHERE a.id = account
      AND (a.limit_amount, a.unlimited, a.mandatory, a.expires_on) IS DISTINCT FROM
          (coalesce(last.limit_amount, 0), coalesce(last.unlimited, false), coalesce(last.mandatory, false),
           last.expires_on);
    IF FOUND THEN
        RAISE EXCEPTION 'credit account % has a limit that is not its last entry in the limit history', account
            USING ERRCODE = 'check_violation', CONSTRAINT = 'limit_is_the_last_entry';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER limit_is_the_last_entry_new AFTER INSERT ON credit_mgmt_creditaccount
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.limit_amount <> 0 OR NEW.unlimited OR NEW.mandatory OR NEW.expires_on IS NOT NULL)
    EXECUTE FUNCTION credit_mgmt_limit_is_last_entry();
CREATE CONSTRAINT TRIGGER limit_is_the_last_entry
    AFTER UPDATE OF limit_amount, unlimited, mandatory, expires_on ON credit_mgmt_creditaccount
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION credit_mgmt_limit_is_last_entry();
CREATE CONSTRAINT TRIGGER limit_is_the_last_entry AFTER INSERT ON credit_mgmt_limithistory
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION credit_mgmt_limit_is_last_entry();
"""

BACKWARD = """
DROP TRIGGER limit_is_the_last_entry_new ON credit_mgmt_creditaccount;
DROP TRIGGER limit_is_the_last_entry ON credit_mgmt_creditaccount;
DROP TRIGGER limit_is_the_last_entry ON credit_mgmt_limithistory;
DROP FUNCTION credit_mgmt_limit_is_last_entry();
"""


class Migration(migrations.Migration):
    dependencies = [("credit_mgmt", "0003_append_only")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
