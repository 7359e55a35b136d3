"""Forms of the journal pages. They check shape; the services of journals check meaning (`style.md` A29)."""

from collections.abc import Sequence
from typing import Any

from django import forms

from credit_mgmt.engine.adjusting import Rounding, ValueType
from credit_mgmt.engine.typed import Style
from credit_mgmt.forms import DateInput, decimal_field
from credit_mgmt.journals import LONGEST_DESCRIPTION
from credit_mgmt.journals.adjusting import LineAdjustment
from credit_mgmt.journals.pasting import LARGEST_FILE
from credit_mgmt.journals.requests import ABSOLUTE, CUSTOMERS, GROUPS, RELATIVE
from credit_mgmt.models import LimitJournal
from customers.models import AccountStatus, CreditManagementGroup, Currency, CustomerCreditGroup, LegalEntity
from customers.money import ZERO

LINES, GENERATE, PASTE = "lines", "generate", "paste"
Choices = list[tuple[str, str]]


class NewJournalForm(forms.Form):
    """A new draft, and how its lines will come."""

    legal_entity = forms.ChoiceField(label="Legal entity")
    type = forms.ChoiceField(label="Type", choices=LimitJournal.Type.choices, widget=forms.RadioSelect)
    description = forms.CharField(label="Description", required=False, max_length=LONGEST_DESCRIPTION)
    then = forms.ChoiceField(
        label="Lines",
        widget=forms.RadioSelect,
        choices=[
            (LINES, "Entered by hand"),
            (GENERATE, "Generated from existing limits"),
            (PASTE, "From a spreadsheet"),
        ],
    )

    def __init__(self, *args: Any, entities: Sequence[LegalEntity], **options: Any) -> None:
        super().__init__(*args, **options)
        choices: Choices = [(entity.code, f"{entity.code} {entity.name}") for entity in entities]
        self.fields["legal_entity"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField


class DescribeForm(forms.Form):
    """What a journal is for."""

    description = forms.CharField(label="Description", required=False, max_length=LONGEST_DESCRIPTION)


class ChangeLimitForm(forms.Form):
    """A line for one customer or group, in a draft or in a new journal; the amount in the account's currency."""

    journal = forms.ChoiceField(label="Journal", required=False)
    type = forms.ChoiceField(
        label="Type", choices=LimitJournal.Type.choices, widget=forms.RadioSelect, help_text="Of a new journal."
    )
    new_limit = decimal_field("New limit", "0 means no credit.")
    new_from = forms.DateField(label="From", required=False, widget=DateInput, help_text="Of a temporary limit.")
    new_to = forms.DateField(label="To", widget=DateInput, help_text="Last day.")
    description = forms.CharField(
        label="Description", required=False, max_length=LONGEST_DESCRIPTION, help_text="Of a new journal."
    )

    def __init__(self, *args: Any, drafts: Sequence[LimitJournal], **options: Any) -> None:
        """`drafts`: those to which the line can be added."""
        super().__init__(*args, **options)
        choices: Choices = [("", "A new journal")]
        for draft in drafts:
            choices.append((draft.number, f"{draft.number} {draft.description or draft.get_type_display()}".strip()))
        self.fields["journal"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["new_limit"].required = True


class GenerateForm(forms.Form):
    """From which limits lines are made, and how (`domain 8`): the fields are those of `journal_requests.GIVEN`."""

    source = forms.ChoiceField(
        label="From", choices=[(CUSTOMERS, "Customers"), (GROUPS, "Customer credit groups")], widget=forms.RadioSelect
    )
    include_limits = forms.BooleanField(label="Include credit limits", required=False)
    include_temporary_limits = forms.BooleanField(label="Include temporary credit limits", required=False)
    adjustment = decimal_field("Change by", "May be negative; 0 keeps the limit and changes its dates.")
    value_type = forms.ChoiceField(
        label="Which is", choices=[(ValueType.FIXED, "an amount"), (ValueType.PERCENTAGE, "a percentage")]
    )
    round_off = decimal_field("Round to", "Such as 10.00; empty leaves it.")
    rounding_form = forms.ChoiceField(
        label="Rounding", choices=[(form.value, form.value.capitalize()) for form in Rounding], initial=Rounding.NEAREST
    )
    dates = forms.ChoiceField(
        label="Dates",
        widget=forms.RadioSelect,
        choices=[(ABSOLUTE, "The same dates for every line"), (RELATIVE, "The current dates, moved")],
    )
    new_from = forms.DateField(label="New from", required=False, widget=DateInput)
    new_to = forms.DateField(label="New to", required=False, widget=DateInput, help_text="Last day.")
    account_from = forms.CharField(label="From number", required=False, max_length=40)
    account_to = forms.CharField(label="To number", required=False, max_length=40)
    credit_management_group = forms.ChoiceField(label="Credit management group", required=False)
    credit_group = forms.ChoiceField(label="Customer credit group", required=False)
    account_status = forms.ChoiceField(label="Account status", required=False)
    currency = forms.ChoiceField(label="Currency", required=False)
    country = forms.CharField(label="Country", required=False, max_length=3)
    limit_min = decimal_field("Limit at least")
    limit_max = decimal_field("Limit at most")
    expires_before = forms.DateField(label="Limit ends before", required=False, widget=DateInput)

    FILTERS = (
        "account_from", "account_to", "credit_management_group", "credit_group", "account_status", "currency",
        "country", "limit_min", "limit_max", "expires_before",
    )  # fmt: skip
    FROM_OFFSETS = tuple(f"from_offset_{unit}" for unit in ("years", "months", "days"))
    TO_OFFSETS = tuple(f"to_offset_{unit}" for unit in ("years", "months", "days"))

    def __init__(self, *args: Any, temporary: bool, **options: Any) -> None:
        """`temporary`: whether the lines are of temporary limits, which begin on a day."""
        super().__init__(*args, **options)
        self.temporary = temporary
        for name in (*self.FROM_OFFSETS, *self.TO_OFFSETS):
            end, _, unit = name.partition("_offset_")
            self.fields[name] = forms.IntegerField(
                label=f"{unit.capitalize()}, {end}",
                required=False,
                widget=forms.TextInput(attrs={"inputmode": "numeric"}),
            )
        if not temporary:
            for name in ("new_from", *self.FROM_OFFSETS):
                del self.fields[name]
        offered: dict[str, Any] = {
            "credit_management_group": CreditManagementGroup.objects.order_by("code"),
            "credit_group": CustomerCreditGroup.objects.order_by("number"),
            "account_status": AccountStatus.objects.order_by("code"),
            "currency": Currency.objects.order_by("code"),
        }
        for name, rows in offered.items():
            words = [(row.pk, f"{row.pk} {getattr(row, 'description', '')}".strip()) for row in rows]
            self.fields[name].choices = [("", "Any"), *words]  # type: ignore[attr-defined]  # a ChoiceField

    def bound(self, names: Sequence[str]) -> list[forms.BoundField]:
        """Those of the fields that there are."""
        return [self[name] for name in names if name in self.fields]

    @property
    def filters(self) -> list[forms.BoundField]:
        """The fields that say which limits."""
        return self.bound(self.FILTERS)

    @property
    def moves(self) -> list[forms.BoundField]:
        """The fields that move the current dates."""
        return self.bound((*self.FROM_OFFSETS, *self.TO_OFFSETS))

    def given(self) -> dict[str, Any]:
        """The values as `read_generation` takes them: what was left empty is left out."""
        values = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        filters = {name: values.pop(name) for name in self.FILTERS if name in values}
        return {**values, "filter": filters}


class AdjustForm(forms.Form):
    """How lines of a draft change together; what is left empty stays."""

    adjustment = decimal_field("Change by", "May be negative.")
    value_type = forms.ChoiceField(
        label="Which is", choices=[(ValueType.PERCENTAGE, "a percentage"), (ValueType.FIXED, "an amount")]
    )
    round_off = decimal_field("Round to", "Such as 10.00; empty leaves it.")
    rounding_form = forms.ChoiceField(
        label="Rounding", choices=[(form.value, form.value.capitalize()) for form in Rounding], initial=Rounding.NEAREST
    )
    new_from = forms.DateField(label="New from", required=False, widget=DateInput)
    new_to = forms.DateField(label="New to", required=False, widget=DateInput, help_text="Last day.")

    def __init__(self, *args: Any, temporary: bool, **options: Any) -> None:
        """`temporary`: whether the lines are of temporary limits, which begin on a day."""
        super().__init__(*args, **options)
        if not temporary:
            del self.fields["new_from"]

    def adjustment_given(self) -> LineAdjustment:
        """The values as the service takes them."""
        given = self.cleaned_data
        return LineAdjustment(
            value=given["adjustment"] or ZERO,
            value_type=given["value_type"],
            round_off=given["round_off"],
            rounding=given["rounding_form"],
            new_from=given.get("new_from"),
            new_to=given["new_to"],
        )


class PasteForm(forms.Form):
    """Rows of a spreadsheet, pasted or as a file."""

    text = forms.CharField(
        label="Rows",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
        help_text="Account, new limit and last day, one row each; a first row may name the columns.",
    )
    file = forms.FileField(
        label="Or a file",
        required=False,
        help_text="Excel workbook (.xlsx, its first visible sheet) or CSV, at most 5 MB.",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,text/csv"}),
    )
    style = forms.ChoiceField(
        label="Amounts are written",
        required=False,
        choices=[("", "As the rows show it"), (Style.POINT, "1,234.50"), (Style.COMMA, "1.234,50")],
    )

    def clean_file(self) -> bytes:
        """What is in the file; it is read with its rows."""
        file = self.cleaned_data["file"]
        if not file:
            return b""
        if file.size > LARGEST_FILE:
            raise forms.ValidationError("The file is larger than 5 MB: split it.")
        return bytes(file.read())

    def block(self) -> str | bytes:
        """What is read: the file where there is one."""
        return self.cleaned_data["file"] or str(self.cleaned_data["text"])
