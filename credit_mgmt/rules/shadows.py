"""What versions in shadow would have done, written down beside the decisions that were made (`ux` 3.10, Life cycle)."""

from collections.abc import Sequence

from credit_mgmt.gathering import Checked
from credit_mgmt.models import RuleVersion, ShadowResult


def note_shadows(checked: Sequence[Checked]) -> None:
    """Write down what shadow versions would have made of these orders: once per order and version, the first time.

    Part of the transaction that stores the decisions. No query where no version in shadow had anything to say.
    """
    said = [(item, shadow) for item in checked for shadow in item.decision.in_shadow]
    if not said:
        return
    versions = RuleVersion.objects.filter(rule__in={shadow.rule for _, shadow in said})
    ids = {(str(rule), number): pk for rule, number, pk in versions.values_list("rule", "number", "pk")}
    results = [
        ShadowResult(
            version_id=ids[shadow.rule, shadow.version],
            order_id=item.row.id,
            checkpoint=item.question.checkpoint,
            date=item.setting.as_of,
            was=item.decision.outcome,
            would=shadow.outcome,
        )
        for item, shadow in said
        if shadow.version is not None
    ]
    ShadowResult.objects.bulk_create(results, ignore_conflicts=True)
