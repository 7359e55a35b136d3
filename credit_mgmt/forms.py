"""Forms of the setup pages. They check shape; `credit_mgmt.setup` checks meaning (`style.md` A29)."""

from collections.abc import Sequence
from typing import Any

from django import forms

from credit_mgmt.engine import rules as engine_rules
from credit_mgmt.fields import NumberField
from credit_mgmt.models import BlockingRule
from customers.models import (
    AccountStatus,
    CreditManagementGroup,
    Currency,
    LegalEntity,
    PaymentTerms,
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
