"""What people keep of the hold list moves to the room of all lists, with its rows (`customers.0019`).

Selections name their rows as text, as the rows of other lists have other keys; all there are belong to the list of holds.
"""

from django.db import migrations

FORWARD = """
ALTER TABLE holds_savedview RENAME TO customers_savedview;
ALTER TABLE holds_listlayout RENAME TO customers_listlayout;
ALTER TABLE holds_exportpart RENAME TO customers_exportpart;
ALTER TABLE holds_holdselection RENAME TO customers_listselection;
ALTER SEQUENCE holds_savedview_id_seq RENAME TO customers_savedview_id_seq;
ALTER SEQUENCE holds_listlayout_id_seq RENAME TO customers_listlayout_id_seq;
ALTER SEQUENCE holds_exportpart_id_seq RENAME TO customers_exportpart_id_seq;

ALTER TABLE customers_savedview ADD COLUMN list varchar(20) NOT NULL DEFAULT 'holds';
ALTER TABLE customers_savedview ALTER COLUMN list DROP DEFAULT;

ALTER TABLE customers_listselection ADD COLUMN list varchar(20) NOT NULL DEFAULT 'holds';
ALTER TABLE customers_listselection ALTER COLUMN list DROP DEFAULT;
ALTER TABLE customers_listselection RENAME COLUMN hold_ids TO keys;
ALTER TABLE customers_listselection ALTER COLUMN keys TYPE text[] USING keys::text[];
ALTER INDEX hold_selection_of_user RENAME TO list_selection_of_user;
"""
BACKWARD = """
DELETE FROM customers_savedview WHERE list <> 'holds';
DELETE FROM customers_listselection WHERE list <> 'holds';
ALTER INDEX list_selection_of_user RENAME TO hold_selection_of_user;
ALTER TABLE customers_listselection ALTER COLUMN keys TYPE uuid[] USING keys::uuid[];
ALTER TABLE customers_listselection RENAME COLUMN keys TO hold_ids;
ALTER TABLE customers_listselection DROP COLUMN list;
ALTER TABLE customers_savedview DROP COLUMN list;

ALTER SEQUENCE customers_exportpart_id_seq RENAME TO holds_exportpart_id_seq;
ALTER SEQUENCE customers_listlayout_id_seq RENAME TO holds_listlayout_id_seq;
ALTER SEQUENCE customers_savedview_id_seq RENAME TO holds_savedview_id_seq;
ALTER TABLE customers_listselection RENAME TO holds_holdselection;
ALTER TABLE customers_exportpart RENAME TO holds_exportpart;
ALTER TABLE customers_listlayout RENAME TO holds_listlayout;
ALTER TABLE customers_savedview RENAME TO holds_savedview;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0019_lists_of_every_room"),
        ("holds", "0022_counts_stay_cheap_after_a_night"),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD, BACKWARD)],
            state_operations=[
                migrations.DeleteModel(name="SavedView"),
                migrations.DeleteModel(name="ListLayout"),
                migrations.DeleteModel(name="HoldSelection"),
                migrations.DeleteModel(name="ExportPart"),
            ],
        ),
    ]
