"""The shapes of `limit-adjustments`: journals, lines, what is generated (`api.md`)."""

from collections.abc import Iterable, Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from credit_mgmt.engine.typed import Style
from credit_mgmt.journals.adjusting import LineAdjustment
from credit_mgmt.journals.generation import Candidate, Preview
from credit_mgmt.journals.lines import MOST_LINES, LineInput
from credit_mgmt.journals.pasting import LARGEST_FILE
from credit_mgmt.journals.phrases import LEFT_OUT, finding_message
from credit_mgmt.masking import Mask
from credit_mgmt.models import LimitJournal, LimitJournalLine
from customers.access import Actor
from customers.edge.fields import (
    AmountField,
    CodeField,
    ContentField,
    DayField,
    FlagField,
    JsonField,
    KeyField,
    NumberField,
    StrictSerializer,
    TextField,
    WholeField,
)
from customers.edge.people import NameOfField

LINES_SHOWN = 500
"""Lines that a journal is shown with; all of them are at `limit-adjustments/{n}/lines`."""


class JournalSerializer(StrictSerializer):
    """A limit adjustment journal; sums in the legal entity's accounting currency, null where a rate is missing."""

    number = serializers.CharField()
    type = serializers.ChoiceField(choices=LimitJournal.Type.choices)
    description = serializers.CharField()
    legal_entity = serializers.CharField(source="legal_entity_id")
    status = serializers.ChoiceField(choices=LimitJournal.Status.choices)
    version = serializers.IntegerField()
    origin = serializers.ChoiceField(choices=LimitJournal.Origin.choices)
    reverses = serializers.CharField(source="reverses.number", allow_null=True, default=None)
    line_count = serializers.IntegerField()
    increase = AmountField(currency="legal_entity.accounting_currency_id", allow_null=True)
    decrease = AmountField(currency="legal_entity.accounting_currency_id", allow_null=True)
    owner = serializers.CharField()
    owner_name = NameOfField("owner")
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    submitted_by = serializers.CharField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    decided_by = serializers.CharField()
    decided_at = serializers.DateTimeField(allow_null=True)
    posted_by = serializers.CharField()
    posted_by_name = NameOfField("posted_by")
    posted_at = serializers.DateTimeField(allow_null=True)


class FindingSerializer(StrictSerializer):
    """What is found of a line; an error keeps the journal from being posted."""

    code = serializers.CharField()
    level = serializers.ChoiceField(choices=["warning", "error"])
    field = serializers.CharField()
    message = serializers.CharField()


class LineSerializer(StrictSerializer):
    """A line; amounts in `currency` of its account. `current_*` is what was in force when it was made."""

    number = serializers.IntegerField()
    customer = serializers.CharField(source="customer.key", allow_null=True, default=None)
    credit_group = serializers.CharField(source="group_id", allow_null=True)
    currency = serializers.CharField(source="currency_id")
    current_limit = AmountField(currency="currency_id", allow_null=True)
    current_expires_on = serializers.DateField(allow_null=True)
    current_temporary_limit = AmountField(source="current_temporary", currency="currency_id", allow_null=True)
    current_temporary_from = serializers.DateField(allow_null=True)
    current_temporary_to = serializers.DateField(allow_null=True)
    new_limit = AmountField(currency="currency_id", allow_null=True)
    new_from = serializers.DateField(allow_null=True)
    new_to = serializers.DateField(allow_null=True)
    approval = serializers.CharField()
    problem = serializers.CharField()
    findings = serializers.SerializerMethodField()

    @extend_schema_field(FindingSerializer(many=True))
    def get_findings(self, line: LimitJournalLine) -> list[dict[str, Any]]:
        """What was found when the line was last looked at, as sentences."""
        return [_finding(line, found, withheld=self._withheld(line)) for found in line.findings]

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """The line; figures of a group only for who may see them."""
        data: dict[str, Any] = super().to_representation(instance)
        return data | dict.fromkeys(_FIGURES) if self._withheld(instance) else data

    def _withheld(self, line: LimitJournalLine) -> bool:
        mask: Mask | None = self.context.get("mask")
        return mask is not None and mask.hides_group(line.group_id)


_FIGURES = ("current_limit", "current_temporary_limit", "new_limit")


def _finding(line: LimitJournalLine, found: Mapping[str, Any], *, withheld: bool) -> dict[str, Any]:
    told = {name: found[name] for name in ("code", "level", "field")}
    if withheld:
        return {**told, "message": "The figures of this group are withheld."}
    return {**told, "message": finding_message(found["code"], found["values"], line.currency_id)}


class FullJournalSerializer(JournalSerializer):
    """A journal with its first 500 lines, in their order."""

    lines = LineSerializer(many=True)


class LineInputSerializer(StrictSerializer):
    """A line as it is given: a customer or a customer credit group, and its new limit."""

    customer = KeyField(required=False, allow_null=True)
    credit_group = CodeField(required=False, allow_null=True)
    new_limit = AmountField(currency="currency_id", required=False, allow_null=True)
    new_from = DayField(required=False, allow_null=True)
    new_to = DayField(required=False, allow_null=True)


class JournalInputSerializer(StrictSerializer):
    """A journal as it is given; legal entity and type are fixed once it is made. An old `version` answers `stale`."""

    number = TextField(required=False)
    legal_entity = CodeField(required=False)
    type = serializers.ChoiceField(choices=LimitJournal.Type.choices, required=False)
    description = TextField(required=False, allow_blank=True)
    lines = serializers.ListField(child=LineInputSerializer(), required=False, max_length=MOST_LINES)
    version = serializers.IntegerField(required=False, min_value=1)


class VersionSerializer(StrictSerializer):
    """Nothing needs to be said; an old `version` answers `stale`."""

    version = serializers.IntegerField(required=False, min_value=1)


class FileSerializer(StrictSerializer):
    """Rows of a spreadsheet: a CSV file or a workbook (.xlsx, its first visible sheet), at most 5 MB, as base64.

    A row is an account, its new limit and the last day (for temporary limits: the first and the last); the first row
    may name the columns. `style` says which sign stands before the decimals of an amount that is written as text.
    """

    content = ContentField(largest=LARGEST_FILE)
    style = serializers.ChoiceField(choices=[style.value for style in Style], required=False)  # type: ignore[assignment]
    version = serializers.IntegerField(required=False, min_value=1)


def line_inputs(given: Iterable[Mapping[str, Any]]) -> list[LineInput]:
    """Lines for the services."""
    return [LineInput(**line) for line in given]


class FilterSerializer(StrictSerializer):
    """Which customers or groups: everything that is given must hold. Of groups, number, currency and limit count."""

    account_from = TextField(required=False)
    account_to = TextField(required=False)
    accounts = serializers.ListField(child=TextField(), required=False)
    credit_management_group = TextField(required=False)
    credit_group = TextField(required=False)
    account_status = TextField(required=False)
    currency = TextField(required=False)
    country = TextField(required=False)
    limit_min = NumberField(required=False)
    limit_max = NumberField(required=False)
    expires_before = DayField(required=False)


class GenerateSerializer(StrictSerializer):
    """From what, by how much, rounded how, until when, and for whom (`domain 8`)."""

    source = TextField()  # type: ignore[assignment]
    include_limits = FlagField(required=False, default=True)
    include_temporary_limits = FlagField(required=False, default=False)
    adjustment = NumberField(required=False)
    value_type = TextField(required=False)
    round_off = NumberField(required=False, allow_null=True)
    rounding_form = TextField(required=False)
    dates = TextField(required=False)
    new_from = DayField(required=False, allow_null=True)
    new_to = DayField(required=False, allow_null=True)
    from_offset_years = WholeField(required=False)
    from_offset_months = WholeField(required=False)
    from_offset_days = WholeField(required=False)
    to_offset_years = WholeField(required=False)
    to_offset_months = WholeField(required=False)
    to_offset_days = WholeField(required=False)
    filter = FilterSerializer(required=False)
    preview = FlagField(required=False, default=False)


class AdjustSerializer(StrictSerializer):
    """By how much lines change (in each line's currency, or in per cent of their new limit), and their dates."""

    lines = serializers.ListField(child=WholeField(), required=False, max_length=MOST_LINES)
    adjustment = NumberField(required=False)
    value_type = TextField(required=False)
    round_off = NumberField(required=False, allow_null=True)
    rounding_form = TextField(required=False)
    new_from = DayField(required=False, allow_null=True)
    new_to = DayField(required=False, allow_null=True)
    version = serializers.IntegerField(required=False, min_value=1)


def line_adjustment(given: Mapping[str, Any]) -> LineAdjustment:
    """The adjustment for the services."""
    names = {"value": "adjustment", "value_type": "value_type", "round_off": "round_off", "rounding": "rounding_form",
             "new_from": "new_from", "new_to": "new_to"}  # fmt: skip
    return LineAdjustment(**{name: given[key] for name, key in names.items() if given.get(key) is not None})


class GeneratedLineSerializer(StrictSerializer):
    """A line that was or would be made; amounts in `currency`."""

    customer = serializers.CharField(allow_null=True)
    credit_group = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    currency = serializers.CharField()
    current_limit = serializers.CharField(allow_null=True)
    new_limit = serializers.CharField(allow_null=True)
    new_from = serializers.DateField(allow_null=True)
    new_to = serializers.DateField(allow_null=True)


class GeneratedSerializer(StrictSerializer):
    """What was or would be made: counts over all, the first lines, and how many limits got none, by reason."""

    found = serializers.IntegerField()
    added = serializers.IntegerField()
    lines = GeneratedLineSerializer(many=True)
    left_out = JsonField()
    histogram = JsonField()


def generated_data(made: Preview, actor: Actor) -> dict[str, Any]:
    """A preview, or what was added, as `GeneratedSerializer` describes it."""
    mask = Mask(actor)
    return {
        "found": made.found,
        "added": made.added,
        "lines": [_generated(candidate, mask) for candidate in made.lines],
        "left_out": [
            {"reason": reason, "count": count, "message": LEFT_OUT[reason]} for reason, count in made.left_out.items()
        ],
        "histogram": dict(made.histogram),
    }


def _generated(candidate: Candidate, mask: Mask) -> dict[str, Any]:
    owner, proposal = candidate.owner, candidate.proposal
    hidden = proposal is None or mask.hides_group(owner.group_id)
    return {
        "customer": None if owner.group_id else candidate.key,
        "credit_group": owner.group_id,
        "name": candidate.name,
        "currency": owner.currency,
        "current_limit": None if hidden else owner.told(owner.limit),
        "new_limit": None if hidden or proposal is None else owner.told(proposal.new_limit),
        "new_from": proposal.new_from if proposal else None,
        "new_to": proposal.new_to if proposal else None,
    }
