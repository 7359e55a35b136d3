"""Holds that exist: which figures may be a group's. Until they are evaluated again, all of a member's count as such."""

from django.db import migrations

FIGURES = """
    UPDATE holds_hold h SET limiting_group = c.credit_group_id
    FROM customers_customer c WHERE c.id = h.payer_id AND c.credit_group_id IS NOT NULL
"""
CHIPS = """
    UPDATE holds_hold h SET chips = (
        SELECT jsonb_agg(
            CASE WHEN chip->>'type' IN ('limit_used', 'limit_exceeded', 'days_overdue')
                 THEN chip || jsonb_build_object('of', 'group:' || c.credit_group_id) ELSE chip END ORDER BY place)
        FROM jsonb_array_elements(h.chips) WITH ORDINALITY AS chips (chip, place))
    FROM customers_customer c
    WHERE c.id = h.payer_id AND c.credit_group_id IS NOT NULL AND h.chips <> '[]'::jsonb
"""


class Migration(migrations.Migration):
    dependencies = [("holds", "0016_the_group_that_limits")]

    operations = [migrations.RunSQL([FIGURES, CHIPS], migrations.RunSQL.noop)]
