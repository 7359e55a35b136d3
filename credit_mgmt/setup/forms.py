"""Forms of the setup pages. They check shape; the services check meaning (`style.md` A29)."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.db import models
from django.db.models import Q

from credit_mgmt.fields import NumberField
from credit_mgmt.models import Parameters
from credit_mgmt.parameter_setup import REASONS
from credit_mgmt.setup.words import NAMES, PARAMETERS, SECTIONS
from customers.models import AccountStatus, Document, LegalEntity, Reason

_DIGITS = {"inputmode": "numeric", "size": 4}
_AMOUNT = {"inputmode": "decimal", "class": "amount"}


class ReasonField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A reason, called by its description."""

    def label_from_instance(self, obj: Any) -> str:
        """The description, or the code where there is none."""
        return f"{obj.description or obj.code}{'' if obj.open else ' (closed)'}"


class ParametersForm(forms.ModelForm):  # type: ignore[type-arg]
    """The parameters of a legal entity, or the default row's (`domain 10`). It never saves: the service does."""

    seen = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Parameters
        fields = NAMES
        labels = {name: said.label for name, said in PARAMETERS.items()}
        field_classes = {name: ReasonField for name in REASONS} | {
            name: NumberField for name in NAMES if isinstance(Parameters._meta.get_field(name), models.DecimalField)
        }

    def __init__(self, *args: Any, legal_entity: str | None, **options: Any) -> None:
        super().__init__(*args, **options)
        there = Q(legal_entity=None) | Q(legal_entity=legal_entity) if legal_entity else Q(legal_entity=None)
        for name, field in self.fields.items():
            if isinstance(field, forms.ModelChoiceField):
                stays = Q(pk=self.initial.get(name))
                valid = Reason.objects.filter(Q(open=True) & there | stays, type=Reason.Type.RELEASE)
                field.queryset, field.empty_label = valid.order_by("code"), "None"
            elif isinstance(field, forms.DecimalField):
                field.widget = forms.TextInput(attrs=_AMOUNT)
                if isinstance(self.initial.get(name), Decimal):
                    self.initial[name] = f"{self.initial[name].normalize():f}"

    def _post_clean(self) -> None:
        """Meaning is the service's: no model validation here."""

    def sections(self, notes: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
        """The fields under their headings; what else is to be said of one stands in its hint."""
        for name in NAMES:
            self.fields[name].help_text = " ".join((PARAMETERS[name].sentence, *notes.get(name, ())))
        return [
            {"anchor": anchor, "title": title, "fields": [self[name] for name in names]}
            for anchor, title, names in SECTIONS
        ]

    def given(self) -> dict[str, Any]:
        """The values as the service takes them: a reason as its code."""
        return {name: getattr(self.cleaned_data[name], "code", self.cleaned_data[name]) for name in NAMES}


class CheckpointForm(forms.Form):
    """Whether a document is checked at posting and pro forma, and its grace days (`domain 5.1`)."""

    posting = forms.BooleanField(label="Check at posting", required=False)
    grace_days = forms.IntegerField(label="Grace days", required=False)
    pro_forma = forms.BooleanField(label="Check at pro forma", required=False)
    pro_forma_grace_days = forms.IntegerField(label="Pro forma grace days", required=False)

    def __init__(self, *args: Any, document: str, **options: Any) -> None:
        super().__init__(*args, **{**options, "prefix": document})
        self.document = document
        self.label = str(Document(document).label)
        for name, field in self.fields.items():
            if name.endswith("days"):
                field.widget = forms.TextInput(attrs=dict(_DIGITS))
            field.widget.attrs["aria-label"] = f"{self.label}: {field.label}"

    def given(self) -> dict[str, Any]:
        """The checkpoint as the service takes it."""
        return {"document": self.document, **self.cleaned_data}


def checkpoint_forms(checkpoints: Iterable[Mapping[str, Any]], data: Any = None) -> list[CheckpointForm]:
    """One form for each document, with what is set up now: `parameter_values(row)["checkpoints"]`."""
    known = {item["document"]: {name: item[name] for name in item if name != "document"} for item in checkpoints}
    return [CheckpointForm(data, document=document, initial=known.get(document)) for document in Document.values]


class RecordForm(forms.Form):
    """A record that is set up by hand: its code, its description, and what its kind adds."""

    code = forms.CharField(label="Code", max_length=20)
    description = forms.CharField(label="Description", required=False, max_length=100)

    def given(self) -> dict[str, Any]:
        """The values as the service takes them: None for what was left empty and is no text."""
        texts = {name for name, field in self.fields.items() if type(field) is forms.CharField}
        return {name: None if value == "" and name not in texts else value for name, value in self.cleaned_data.items()}


class ReasonRecordForm(RecordForm):
    """A reason, of one legal entity or of all."""

    type = forms.ChoiceField(label="Type", choices=Reason.Type.choices)
    legal_entity = forms.ChoiceField(label="Legal entity", required=False)
    customer_wording = forms.CharField(
        label="Words for the customer",
        required=False,
        max_length=200,
        help_text="What a customer may be told when an order is held or released with it.",
    )
    requires_note = forms.BooleanField(
        label="Needs a note", required=False, help_text="Who gives this reason says what lies behind it."
    )
    field_order = ("type", "code", "description", "legal_entity", "customer_wording", "requires_note")

    def __init__(self, *args: Any, entities: Sequence[LegalEntity], everywhere: bool, **options: Any) -> None:
        """`entities`: where the reader sets up; `everywhere`: whether in all, so that a reason may be shared."""
        super().__init__(*args, **options)
        choices = [(entity.code, f"{entity.code} {entity.name}") for entity in entities]
        field = self.fields["legal_entity"]
        field.required = not everywhere
        field.choices = [("", "All entities"), *choices] if everywhere else choices  # type: ignore[attr-defined]


class StatusRecordForm(RecordForm):
    """An account status."""

    processing_hold = forms.ChoiceField(
        label="Stops",
        choices=AccountStatus.ProcessingHold.choices,
        help_text="Invoice: no invoice is posted for such a customer. All: nothing is, whatever the checkpoints.",
    )


class GroupRecordForm(RecordForm):
    """A credit management group."""

    code = forms.CharField(label="Group", max_length=10)
    description = forms.CharField(label="Description", required=False, max_length=60)


class TermsRecordForm(RecordForm):
    """Terms of payment."""

    net_days = forms.IntegerField(label="Net days", initial=0, widget=forms.TextInput(attrs=_DIGITS))
    rank = forms.IntegerField(
        label="Rank",
        required=False,
        widget=forms.TextInput(attrs=_DIGITS),
        help_text="The higher, the easier for the customer. Empty: never compared.",
    )
    uses_credit = forms.BooleanField(
        label="Uses credit",
        required=False,
        initial=True,
        help_text="Off, for prepayment: such an order takes no credit and its limit is not tested.",
    )


class DiscountRecordForm(RecordForm):
    """A cash discount."""

    percent = NumberField(label="Percent", initial=0, widget=forms.TextInput(attrs=_AMOUNT))
    rank = forms.IntegerField(
        label="Rank",
        required=False,
        widget=forms.TextInput(attrs=_DIGITS),
        help_text="The higher, the easier for the customer. Empty: never compared.",
    )


FORMS: Mapping[str, type[RecordForm]] = {
    "reasons": ReasonRecordForm,
    "account-statuses": StatusRecordForm,
    "credit-management-groups": GroupRecordForm,
    "payment-terms": TermsRecordForm,
    "cash-discounts": DiscountRecordForm,
}
"""The form of each kind of master data."""
