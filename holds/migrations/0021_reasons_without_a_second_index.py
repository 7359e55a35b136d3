"""Reasons are found by their unique constraint, which begins with the hold: the index of the key alone said the same.

An evaluation updates many reasons and looks: with room on its page a row keeps its place in the indexes.
"""

import django.db.models.deletion
from django.db import migrations, models

ROOM = """
    ALTER TABLE holds_holdlook SET (fillfactor = 50);
    ALTER TABLE holds_holdreason SET (fillfactor = 60);
"""
FULL = """
    ALTER TABLE holds_holdlook RESET (fillfactor);
    ALTER TABLE holds_holdreason RESET (fillfactor);
"""


class Migration(migrations.Migration):
    dependencies = [("holds", "0020_closed_holds_sorted_from_their_index")]

    operations = [
        migrations.AlterField(
            model_name="holdreason",
            name="hold",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="reasons",
                to="holds.hold",
            ),
        ),
        migrations.RunSQL(ROOM, FULL),
    ]
