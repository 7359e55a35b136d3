"""Forms of the setup pages. They check shape; `credit_mgmt.setup` checks meaning (`style.md` A29)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.db import models

from credit_mgmt.engine import rules as engine_rules
from credit_mgmt.fields import NumberField
from credit_mgmt.models import BlockingRule, CheckpointSetting, Parameters
from customers.models import (
    AccountStatus,
    CreditManagementGroup,
    Currency,
    Document,
    LegalEntity,
    PaymentTerms,
    Reason,
)


class DateInput(forms.DateInput):
    """A date field of the browser; ISO both ways."""

    input_type = "date"

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%Y-%m-%d", **options)


def _choices(rows: Any, empty: str) -> list[tuple[str, str]]:
    """Codes with their descriptions, after an empty choice."""
    words = [
        (row.pk, f"{row.pk} {getattr(row, 'description', '') or getattr(row, 'name', '')}".strip()) for row in rows
    ]
    return [("", empty), *words]


def decimal_field(label: str, help_text: str = "") -> forms.DecimalField:
    """An amount or a percentage, as typed."""
    return NumberField(
        label=label,
        required=False,
        max_digits=19,
        decimal_places=4,
        help_text=help_text,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "amount"}),
    )


class RuleForm(forms.Form):
    """A blocking or exclusion rule: aim, values, validity (`domain 4.2`). The values follow from the type's class."""

    name = forms.CharField(label="Name", max_length=40, help_text="Shown wherever the rule holds an order.")
    action = forms.ChoiceField(label="Effect", choices=BlockingRule.Action.choices, widget=forms.RadioSelect)
    valid_for = forms.ChoiceField(label="Valid for", choices=BlockingRule.ValidFor.choices, widget=forms.RadioSelect)
    customer = forms.CharField(
        label="Customer",
        required=False,
        max_length=41,
        help_text="For one customer: legal entity and account, as USMF:US-001.",
    )
    credit_management_group = forms.ChoiceField(label="Credit management group", required=False)
    legal_entity = forms.ChoiceField(label="Legal entity", required=False)
    days = forms.IntegerField(
        label="Days",
        required=False,
        min_value=0,
        max_value=36500,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    amount = decimal_field("Amount")
    currency = forms.ChoiceField(label="Currency", required=False)
    threshold_percent = decimal_field("Percentage of the total credit limit", "100 means the whole limit.")
    threshold_amount = decimal_field("Or a fixed amount of exposure", "Exclusions only, in the currency above.")
    account_status = forms.ChoiceField(label="Account status", required=False)
    payment_terms = forms.ChoiceField(label="Terms of payment", required=False)
    release_sales_order = forms.BooleanField(
        label="Release the order outright",
        required=False,
        help_text="Exclusions only. Where it excuses, no other rule or check is looked at, not even the credit limit.",
    )
    valid_from = forms.DateField(label="Valid from", required=False, widget=DateInput)
    valid_to = forms.DateField(label="Valid to", required=False, widget=DateInput, help_text="Last day.")
    why = forms.CharField(label="Why this rule exists", max_length=300, required=False)

    AIMS = ("customer", "credit_management_group", "legal_entity")
    ENDS = ("release_sales_order", "valid_from", "valid_to", "why")

    def __init__(self, *args: Any, rule_type: str, **options: Any) -> None:
        super().__init__(*args, **options)
        test = engine_rules.types[rule_type]
        self.value_names = list(dict.fromkeys((*test.blocking_values, *test.exclusion_values)))
        every = {
            name for other in engine_rules.types.values() for name in (*other.blocking_values, *other.exclusion_values)
        }
        for name in every - set(self.value_names):
            del self.fields[name]
        self._offer("credit_management_group", CreditManagementGroup.objects.order_by("code"), "None")
        self._offer("legal_entity", LegalEntity.objects.order_by("code"), "All legal entities")
        self._offer("currency", Currency.objects.order_by("code"), "Choose a currency")
        self._offer("account_status", AccountStatus.objects.order_by("code"), "Choose a status")
        self._offer("payment_terms", PaymentTerms.objects.order_by("code"), "Choose terms")

    def _offer(self, name: str, rows: Any, empty: str) -> None:
        field = self.fields.get(name)
        if isinstance(field, forms.ChoiceField):
            field.choices = _choices(rows, empty)

    @property
    def aims(self) -> list[forms.BoundField]:
        """The fields that say whom the rule is for."""
        return [self[name] for name in self.AIMS]

    @property
    def values(self) -> list[forms.BoundField]:
        """The fields that the type compares with."""
        return [self[name] for name in self.value_names]

    def given(self) -> dict[str, Any]:
        """The values as the service takes them: None for what was left empty."""
        return {
            name: None if value == "" and name not in ("name", "why") else value
            for name, value in self.cleaned_data.items()
        }


_PARAMETER_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Exposure and limit", (
        "credit_limit_type", "open_orders_that_use_credit", "check_credit_limit_for_sales_order",
        "message_when_exceeding_credit_limit", "check_customer_credit_groups_credit_limit",
        "unlimited_customers_skip_the_group_limit", "ignore_limit_expired_when_date_is_blank",
        "credit_limit_exchange_rate_type",
    )),
    ("Overdue", ("ignore_open_items_below", "disputed_amounts_count_as_overdue")),
    ("Changes of an order", (
        "check_when_payment_terms_are_increased", "check_when_settlement_discount_is_increased",
        "allow_edit_of_order_value_after_release", "release_tolerance_percent",
    )),
    ("Release", (
        "automatically_release", "automatic_release_reason", "modified_order_reason", "cancelled_order_reason",
        "require_review_date", "posting", "remove_blocked_load_lines",
    )),
    ("Limits", ("allow_manual_editing_of_credit_limits", "enforce_eligible_credit_limit")),
    ("Statistics and retention", (
        "dso_1_months", "dso_2_months", "average_balance_1_months", "average_balance_2_months", "average_limit_months",
        "average_exposure_months", "decision_retention_days",
    )),
)  # fmt: skip

_PARAMETER_WORDS = {
    "unlimited_customers_skip_the_group_limit": "Unlimited customers skip the group limit",
    "check_when_payment_terms_are_increased": "Check when payment terms are increased",
    "dso_1_months": "Months for DSO 1",
    "dso_2_months": "Months for DSO 2",
    "average_balance_1_months": "Months for average balance 1",
    "average_balance_2_months": "Months for average balance 2",
    "average_limit_months": "Months for average credit limit",
    "average_exposure_months": "Months for average exposure",
    "release_tolerance_percent": "Release tolerance, %",
    "decision_retention_days": "Decision retention, days",
}


def parameter_words(name: str) -> str:
    """What a parameter is called."""
    return _PARAMETER_WORDS.get(name, name.replace("_", " ").capitalize())


PARAMETER_GROUPS = _PARAMETER_GROUPS
PARAMETER_NAMES = tuple(name for _, names in PARAMETER_GROUPS for name in names)


class ReasonField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A reason, called by its description."""

    def label_from_instance(self, obj: Any) -> str:
        """The description, or the code where there is none."""
        return str(obj.description or obj.code)


class ParametersForm(forms.ModelForm):  # type: ignore[type-arg]
    """The parameters of a legal entity, or the default row's (`domain 10`). It never saves: the service does."""

    class Meta:
        model = Parameters
        fields = PARAMETER_NAMES
        field_classes = {
            name: ReasonField
            for name in ("automatic_release_reason", "modified_order_reason", "cancelled_order_reason")
        } | {
            name: NumberField
            for name in PARAMETER_NAMES
            if isinstance(Parameters._meta.get_field(name), models.DecimalField)
        }

    def __init__(self, *args: Any, legal_entity: str | None, **options: Any) -> None:
        super().__init__(*args, **options)
        valid = Reason.objects.filter(type=Reason.Type.RELEASE).order_by("code")
        if legal_entity is None:
            valid = valid.filter(legal_entity=None)
        else:
            valid = valid.exclude(legal_entity__isnull=False) | valid.filter(legal_entity=legal_entity)
        for name, field in self.fields.items():
            field.label = parameter_words(name)
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = valid
                field.empty_label = "None"
            elif isinstance(field, forms.DecimalField):
                field.widget = forms.TextInput(attrs={"inputmode": "decimal", "class": "amount"})
                if isinstance(self.initial.get(name), Decimal):
                    self.initial[name] = f"{self.initial[name].normalize():f}"

    def _post_clean(self) -> None:
        """Meaning is the service's: no model validation here."""

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under their headings."""
        return [(title, [self[name] for name in names]) for title, names in PARAMETER_GROUPS]


class CheckpointForm(forms.Form):
    """Whether a document is checked at posting and pro forma, and its grace days (`domain 5.1`)."""

    posting = forms.BooleanField(label="Posting", required=False)
    grace_days = forms.IntegerField(label="Grace days", required=False, min_value=0, max_value=3650)
    pro_forma = forms.BooleanField(label="Pro forma", required=False)
    pro_forma_grace_days = forms.IntegerField(label="Pro forma grace days", required=False, min_value=0, max_value=3650)

    def __init__(self, *args: Any, document: str, **options: Any) -> None:
        super().__init__(*args, **{**options, "prefix": document})
        self.document = document
        self.label = str(Document(document).label)
        for name, field in self.fields.items():
            field.widget.attrs["aria-label"] = f"{self.label}: {field.label}"
            if name.endswith("days"):
                field.widget = forms.TextInput(
                    attrs={"inputmode": "numeric", "size": 4, "aria-label": f"{self.label}: {field.label}"}
                )

    def given(self) -> dict[str, Any]:
        """The checkpoint as the service takes it."""
        return {"document": self.document, **self.cleaned_data}


def checkpoint_forms(row: Parameters | None, data: Any = None) -> list[CheckpointForm]:
    """One form for each document, with what is set up now."""
    known: dict[str, CheckpointSetting] = {}
    if row is not None and row.pk:
        known = {setting.document: setting for setting in row.checkpoints.order_by("document")}
    return [
        CheckpointForm(data, document=document, initial=_initial(known.get(document))) for document in Document.values
    ]


def _initial(setting: CheckpointSetting | None) -> dict[str, Any]:
    names = ("posting", "grace_days", "pro_forma", "pro_forma_grace_days")
    return {name: getattr(setting, name) for name in names} if setting else {}


class LimitForm(forms.Form):
    """A manual change of a customer's limit, where the parameter allows it (`domain 8`)."""

    limit_amount = NumberField(
        label="Credit limit",
        max_digits=19,
        decimal_places=4,
        min_value=0,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "amount"}),
        help_text="0 means no credit.",
    )
    unlimited = forms.BooleanField(
        label="Unlimited", required=False, help_text="Wins over the amount and never expires."
    )
    mandatory = forms.BooleanField(
        label="Mandatory limit", required=False, help_text="In a credit group, a limit of 0 then stops every order."
    )
    expires_on = forms.DateField(label="Expires on", required=False, widget=DateInput)
    note = forms.CharField(label="Why", max_length=120, help_text="Kept in the limit history.")

    def __init__(self, *args: Any, currencies: Sequence[str], **kwargs: Any) -> None:
        """`currencies`: the accounting currency, and the customer's own where it is another one."""
        super().__init__(*args, **kwargs)
        if len(currencies) > 1:
            choices = [(code, code) for code in currencies]
            self.fields["currency"] = forms.ChoiceField(
                label="Currency", choices=choices, help_text=f"Kept in {currencies[0]}, at the rate of today."
            )
            self.order_fields(["limit_amount", "currency"])


class ReviewForm(forms.Form):
    """What a customer may be given at most, and when its limit was and will be looked at (`domain 2`)."""

    eligible_credit_limit = NumberField(
        label="Eligible limit",
        required=False,
        max_digits=19,
        decimal_places=4,
        min_value=0,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "amount"}),
        help_text="The most that this customer may be given.",
    )
    eligible_credit_limit_currency = forms.ChoiceField(label="Currency", required=False)
    eligible_credit_limit_date = forms.DateField(label="Eligible since", required=False, widget=DateInput)
    last_review_date = forms.DateField(label="Last review", required=False, widget=DateInput)
    next_review_date = forms.DateField(label="Next review", required=False, widget=DateInput)

    def __init__(self, *args: Any, currencies: Sequence[str], **kwargs: Any) -> None:
        """`currencies`: those that there are."""
        super().__init__(*args, **kwargs)
        choices = [("", "–"), *((code, code) for code in currencies)]
        self.fields["eligible_credit_limit_currency"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
