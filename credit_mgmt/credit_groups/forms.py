"""Forms of customer credit groups. They check shape; `credit_mgmt.credit_groups` checks meaning (`style.md` A29)."""

from typing import Any

from django import forms

from credit_mgmt.fields import NumberField
from credit_mgmt.forms import DateInput
from customers.models import Currency


class GroupForm(forms.Form):
    """What a group is called, and how the days overdue of its members count."""

    description = forms.CharField(label="Description", max_length=100, required=False)
    use_member_days_overdue = forms.BooleanField(
        label="Use days overdue of each member",
        required=False,
        help_text="Days overdue of a member are then the most of any member. The overdue amount stays its own.",
    )


class GroupLimitForm(forms.Form):
    """The group's limit and its last day, in the group's currency."""

    credit_limit = NumberField(
        label="Credit limit",
        max_digits=19,
        decimal_places=4,
        min_value=0,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "amount"}),
        help_text="0 means no credit.",
    )
    credit_limit_to = forms.DateField(
        label="Credit limit to", widget=DateInput, help_text="Last day. It becomes the end of every member's own limit."
    )


class NewGroupForm(GroupLimitForm, GroupForm):
    """A group that is not there yet."""

    number = forms.CharField(label="Number", max_length=20, help_text="Letters, digits, - _ and full stop.")
    currency = forms.ChoiceField(label="Currency", help_text="Fixed once the group is made.")
    field_order = (
        "number", "description", "currency", "credit_limit", "credit_limit_to", "use_member_days_overdue",
    )  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        codes = Currency.objects.order_by("code").values_list("code", flat=True)
        field = self.fields["currency"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "Choose a currency"), *((code, code) for code in codes)]
