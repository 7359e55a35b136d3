"""What the page of a backtest asks (`ux` 3.10); `requests` checks what it means."""

import datetime as dt
from typing import Any

from django import forms

from credit_mgmt.backtests.requests import DAYS, MOST_DAYS
from credit_mgmt.forms import DateInput
from customers.models import LegalEntity


class BacktestForm(forms.Form):
    """The period, and one legal entity or all, where there is a choice."""

    days = forms.IntegerField(
        label="Days to look back",
        min_value=1,
        max_value=MOST_DAYS,
        initial=DAYS,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    to = forms.DateField(label="Up to", widget=DateInput())
    legal_entity = forms.ChoiceField(label="Legal entity", required=False)

    def __init__(self, *args: Any, today: dt.date, entities: list[LegalEntity], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["to"].initial = today
        if len(entities) < 2:
            del self.fields["legal_entity"]
            return
        choices = [("", "All that you see"), *((entity.pk, f"{entity.pk} {entity.name}") for entity in entities)]
        self.fields["legal_entity"].choices = choices  # type: ignore[attr-defined]

    def given(self) -> dict[str, Any]:
        """The parameters of the job."""
        values = self.cleaned_data
        given: dict[str, Any] = {"days": values["days"], "to": values["to"].isoformat()}
        return {**given, "legal_entity": values["legal_entity"]} if values.get("legal_entity") else given
