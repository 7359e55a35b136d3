"""Forms of the cover pages. They check shape; `credit_mgmt.cover.rows` checks meaning (`style.md` A29)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet

from credit_mgmt.forms import DateInput, decimal_field
from credit_mgmt.models import CoverageType, CoverPolicy, PolicyType
from credit_mgmt.models.cover import CoverKind
from customers.models import Currency, Customer, Party

Choices = list[tuple[str, str]]


def _words(row: Any) -> str:
    """A code with what it means."""
    return f"{row.pk} {row.description}".strip()


class PolicyForm(forms.Form):
    """An insurance policy or guarantee (`domain 2`); its kind is that of its type."""

    customer = forms.CharField(label="Customer", max_length=41, help_text="Legal entity and account, as USMF:US-001.")
    type = forms.ChoiceField(label="Type")
    insurer = forms.CharField(
        label="Insurer or guarantor",
        max_length=20,
        required=False,
        help_text="Number of the party.",
        widget=forms.TextInput(attrs={"list": "insurers"}),
    )
    coverage_type = forms.ChoiceField(label="Coverage type", required=False, help_text="Insurances only.")
    identification = forms.CharField(
        label="Number", max_length=60, required=False, help_text="Of the policy or the deed of guarantee."
    )
    effective_on = forms.DateField(label="From", widget=DateInput, help_text="First day, included.")
    expires_on = forms.DateField(label="To", widget=DateInput, help_text="Last day, included.")
    value = decimal_field("Value")
    currency = forms.ChoiceField(label="Currency")
    update_percent = decimal_field("Counts, % of the value", "From 0 to 100. Or give a fixed amount.")
    update_amount = decimal_field("Counts, fixed amount", "Up to the value. Leave the percentage empty then.")
    included_in_exposure = forms.BooleanField(
        label="Included in exposure",
        required=False,
        help_text="Its value is part of the exposure already: the whole value is taken off the limit.",
    )

    WHO = ("type", "insurer", "coverage_type", "identification")
    AMOUNTS = ("value", "currency", "update_percent", "update_amount")

    def __init__(self, *args: Any, owner: Customer | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["value"].required = True
        self._choose("type", [("", "Choose a type"), *_types_by_kind()])
        coverage = [(row.pk, _words(row)) for row in CoverageType.objects.order_by("pk")]
        self._choose("coverage_type", [("", "None"), *coverage])
        currencies = Currency.objects.order_by("pk").values_list("pk", flat=True)
        self._choose("currency", [("", "Choose a currency"), *((code, code) for code in currencies)])
        if owner is not None:
            del self.fields["customer"]

    def _choose(self, name: str, choices: Any) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    @property
    def insurers(self) -> QuerySet[Party]:
        """Who insures or guarantees already: what the field offers; any other party may be typed."""
        return Party.objects.filter(pk__in=CoverPolicy.objects.order_by().values("insurer")).order_by("name")

    @property
    def who(self) -> list[forms.BoundField]:
        """What it is, and who stands for it."""
        return [self[name] for name in self.WHO]

    @property
    def amounts(self) -> list[forms.BoundField]:
        """What it is worth, and what of it counts."""
        return [self[name] for name in self.AMOUNTS]

    def given(self) -> dict[str, Any]:
        """The values as the service takes them: None for what was left empty."""
        blank = {"identification"}
        return {name: None if value == "" and name not in blank else value for name, value in self.cleaned_data.items()}


def _types_by_kind() -> list[tuple[str, Choices]]:
    """The types under their kinds, as a select groups them."""
    known = list(PolicyType.objects.order_by("pk"))
    grouped = [(kind.label, [(row.pk, _words(row)) for row in known if row.identifier == kind]) for kind in CoverKind]
    return [(label, choices) for label, choices in grouped if choices]


def values_of(policy: CoverPolicy) -> dict[str, Any]:
    """A policy as the form shows it."""
    names = ("identification", "effective_on", "expires_on", "included_in_exposure")
    keys = ("type", "insurer", "coverage_type", "currency")
    numbers = {
        name: None if amount is None else f"{amount.normalize():f}"
        for name in ("value", "update_percent", "update_amount")
        for amount in [getattr(policy, name)]
    }
    return {
        **{name: getattr(policy, name) for name in names},
        **{name: getattr(policy, f"{name}_id") for name in keys},
        **numbers,
    }


class EndPolicyForm(forms.Form):
    """The day on which a policy ends, earlier than agreed."""

    last_day = forms.DateField(label="Last day", widget=DateInput, help_text="It counts up to this day, included.")

    def __init__(self, *args: Any, today: dt.date, **options: Any) -> None:
        super().__init__(*args, **{"initial": {"last_day": today}, **options})


class CoverFileForm(forms.Form):
    """A file of policies and guarantees."""

    file = forms.FileField(
        label="File",
        help_text="Excel workbook (.xlsx, its first visible sheet) or CSV in UTF-8, at most 5 MB.",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,text/csv"}),
    )


class PolicyTypeForm(forms.Form):
    """A type of guarantee or insurance."""

    code = forms.CharField(label="Type", max_length=20, help_text="Letters, digits, '-', '_' or '.'.")
    identifier = forms.ChoiceField(label="Kind", choices=CoverKind.choices, widget=forms.RadioSelect)
    description = forms.CharField(label="Description", max_length=100, required=False)


class CoverageTypeForm(forms.Form):
    """What an insurance covers."""

    code = forms.CharField(label="Coverage", max_length=20, help_text="Letters, digits, '-', '_' or '.'.")
    description = forms.CharField(label="Description", max_length=100, required=False)


TYPE_FORMS: Mapping[str, type[forms.Form]] = {"policy-types": PolicyTypeForm, "coverage-types": CoverageTypeForm}
