"""Counts are read from indexes alone where the server knows that all see a row: after a night of evaluations it must
look again soon, not when every fifth hold was written.
"""

from django.db import migrations

SET = """
    ALTER TABLE holds_hold SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02,
                                autovacuum_analyze_scale_factor = 0.05)
"""
RESET = """
    ALTER TABLE holds_hold RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor,
                                  autovacuum_analyze_scale_factor)
"""


class Migration(migrations.Migration):
    dependencies = [("holds", "0021_reasons_without_a_second_index")]

    operations = [migrations.RunSQL(SET, RESET)]
