"""Forms of lists. They check shape; services check meaning (`style.md` A29)."""

from typing import Any

from django import forms

from customers.models import Role, SavedView


class ViewForm(forms.Form):
    """The name of a view and who sees it; only who may publish is asked for whom."""

    label = forms.CharField(label="Name", max_length=40)
    visibility = forms.ChoiceField(
        label="Who sees it", choices=SavedView.Visibility.choices, widget=forms.RadioSelect, required=False
    )
    role = forms.ChoiceField(label="Role", choices=[("", "Choose a role"), *Role.choices], required=False)

    def __init__(self, *args: Any, publish: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["visibility"].initial = SavedView.Visibility.ME
        if not publish:
            del self.fields["visibility"], self.fields["role"]

    def clean(self) -> dict[str, Any]:
        """What is not asked is for oneself."""
        given = dict(super().clean() or {})
        given["visibility"] = given.get("visibility") or SavedView.Visibility.ME.value
        given["role"] = given.get("role") or ""
        return given
