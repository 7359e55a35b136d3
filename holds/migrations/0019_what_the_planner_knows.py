"""Views are counted from their indexes for a reader of some legal entities, too; what lists are sorted by is estimated.

The planner has no figures about an expression of a partial index: it took every third hold to ship within two days.
"""

from django.db import migrations, models
from django.db.models import Q

VIEWS = {
    "hold_view_ready": ("held_at", {"ready_to_release": True}),
    "hold_view_forced": ("held_at", {"forced": True}),
    "hold_view_approval": ("held_at", {"workflow_state__gt": ""}),
    "hold_view_again": ("held_at", {"times_held__gt": 1}),
    "hold_view_review": ("review_date", {"review_date__isnull": False}),
}
EXPRESSIONS = {
    "hold_by_ship_estimates": "COALESCE(ship_date, '9999-12-31'::date)",
    "hold_by_over_estimates": "COALESCE(over_limit, '-100000000000000'::numeric)",
    "hold_by_used_estimates": "COALESCE(used_percent, '-100000000000000'::numeric)",
    "hold_by_overdue_estimates": "COALESCE(overdue_amount, '-100000000000000'::numeric)",
    "hold_by_decided_estimates": "COALESCE(decided_at, '1900-01-01 00:00:00+00'::timestamptz)",
}


def _with_entity(name: str, column: str, of: dict[str, object]) -> list[migrations.RemoveIndex | migrations.AddIndex]:
    index = models.Index(fields=[column], include=["legal_entity"], condition=Q(status="active", **of), name=name)
    return [
        migrations.RemoveIndex(model_name="hold", name=name),
        migrations.AddIndex(model_name="hold", index=index),
    ]


class Migration(migrations.Migration):
    dependencies = [("holds", "0018_an_evaluation_writes_few_indexes")]

    operations = [
        *(operation for name, (column, of) in VIEWS.items() for operation in _with_entity(name, column, of)),
        *(
            migrations.RunSQL(f"CREATE STATISTICS {name} ON ({of}) FROM holds_hold", f"DROP STATISTICS {name}")
            for name, of in EXPRESSIONS.items()
        ),
    ]
