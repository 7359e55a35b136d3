"""The editor of a rule: a sentence with inputs, the same for every type (`ux` 3.10)."""

from typing import Any, NamedTuple

from django import forms

from credit_mgmt.forms import RuleForm
from credit_mgmt.rules.wording import Part, parts_of

EFFECTS = (("blocking", "Stop"), ("exclusion", "Don’t stop"))


class Inputs(NamedTuple):
    """A part of the sentence with its inputs: the value, and its currency where it is the first amount."""

    part: Part
    fields: list[forms.BoundField]
    first: bool


class RuleSentenceForm(RuleForm):
    """A rule as a sentence; why it exists is asked of everybody who changes it."""

    action = forms.ChoiceField(label="Effect", choices=EFFECTS)
    valid_for = forms.ChoiceField(
        label="Valid for",
        choices=[("all", "every customer"), ("group", "the group"), ("table", "the customer")],
    )
    name = forms.CharField(label="Name", max_length=40, help_text="What people call it.")
    why = forms.CharField(
        label="Why this rule exists", max_length=300, help_text="Kept with the version, for whoever asks later."
    )

    def __init__(self, *args: Any, rule_type: str, **options: Any) -> None:
        super().__init__(*args, rule_type=rule_type, **options)
        self.kind = rule_type
        self.fields["customer"].help_text = ""
        self.fields["customer"].widget.attrs["placeholder"] = "USMF:US-001"

    def sentence(self) -> list[Inputs]:
        """What the type compares, in words with inputs."""
        told, currency = [], "currency" in self.fields
        for place, part in enumerate(parts_of(self.kind)):
            inputs = [self[part.name]]
            if currency and part.name == "amount":
                inputs.append(self["currency"])
            told.append(Inputs(part, inputs, place == 0))
        return told

    def given(self) -> dict[str, Any]:
        """The values as the service takes them: of customer and group, the one that the sentence is about."""
        given = super().given()
        aimed_at = {"table": "customer", "group": "credit_management_group"}.get(given["valid_for"])
        return {**given, **{name: None for name in ("customer", "credit_management_group") if name != aimed_at}}

    def in_sentence(self) -> list[forms.BoundField]:
        """Every field that stands in the sentence, for its errors."""
        names = ("action", "valid_for", *self.AIMS, *self.value_names)
        return [self[name] for name in names]
