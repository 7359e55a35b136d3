"""Forms of the hold pages. They check shape; services check meaning (`style.md` A29)."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q

from customers.models import Document, Reason
from holds.models import Hold


class DateInput(forms.DateInput):
    """A date field of the browser; ISO both ways."""

    input_type = "date"

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%Y-%m-%d", **options)


def reasons_of(kind: Reason.Type, entities: Iterable[str]) -> list[Reason]:
    """The reasons of a type that are valid in some of `entities`, by code. One query."""
    valid = Q(legal_entity__in=sorted(set(entities))) | Q(legal_entity=None)
    return list(Reason.objects.filter(valid, type=kind).order_by("code"))


class ReasonField(forms.ChoiceField):
    """A reason code. Shared reasons first; those of one legal entity in their own group, named after it."""

    def offer(self, reasons: Sequence[Reason], entities: Sequence[str]) -> None:
        """Offer what is valid in all of `entities`, then, by legal entity, what is valid only there."""
        everywhere = [reason for reason in reasons if _valid_in_all(reason, entities)]
        choices: list[Any] = [("", "Choose a reason"), *(_choice(reason) for reason in everywhere)]
        for entity in entities:
            only = [_choice(item) for item in reasons if item.legal_entity_id == entity and item not in everywhere]
            if only:
                choices.append((f"Only for holds of {entity}", only))
        self.choices = choices


def _valid_in_all(reason: Reason, entities: Sequence[str]) -> bool:
    return reason.legal_entity_id is None or set(entities) == {reason.legal_entity_id}


def _choice(reason: Reason) -> tuple[str, str]:
    return reason.code, reason.description or reason.code


class ReasonForm(forms.Form):
    """A form with a reason: only what is valid in some of the legal entities is offered."""

    def __init__(self, *args: Any, reasons: Sequence[Reason], entities: Sequence[str], **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["reason"]
        if isinstance(field, ReasonField):
            field.offer(reasons, entities)


def offer(form: forms.Form, name: str, choices: Sequence[tuple[str, str]]) -> None:
    """Let a field of `form` offer `choices`."""
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = list(choices)


class PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A person, called by name."""

    def label_from_instance(self, obj: Any) -> str:
        """First and last name, or the user name where there is none."""
        return str(obj.get_full_name() or obj.get_username())


class ReleaseForm(ReasonForm):
    """How, why, until when: one form for one hold or many."""

    mode = forms.ChoiceField(label="How", choices=Hold.Mode.choices, widget=forms.RadioSelect)
    reason = ReasonField(label="Reason")
    review_date = forms.DateField(label="Review on", required=False, widget=DateInput)
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept in the history of each hold.",
    )


class RejectForm(ReasonForm):
    """Why the order may not go on."""

    reason = ReasonField(label="Reason", required=False)
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept in the history of each hold.",
    )


class AssignForm(forms.Form):
    """Whose work it is."""

    assignee = PersonField(
        label="Assign to",
        queryset=get_user_model().objects.none(),
        required=False,
        empty_label="Nobody",
        to_field_name="username",
    )

    def __init__(self, *args: Any, people: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["assignee"]
        if isinstance(field, PersonField):
            field.queryset = people


class NoteForm(forms.Form):
    """A note on a hold."""

    note = forms.CharField(label="Note", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class ReviewForm(forms.Form):
    """The day on which a hold stands in the view *due for review*."""

    review_date = forms.DateField(label="Review on", required=False, widget=DateInput, help_text="Empty: no review.")


class ForceForm(ReasonForm):
    """Why an order is stopped outside the rules."""

    reason = ReasonField(label="Hold reason")
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Seen by everybody who sees the hold.",
    )


class EvaluateForm(forms.Form):
    """Which holds are evaluated (`domain 7`)."""

    scope = forms.ChoiceField(label="Which holds", widget=forms.RadioSelect)

    def __init__(self, *args: Any, scopes: Sequence[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "scope", scopes)


class DocumentForm(forms.Form):
    """A document to post or to ask about."""

    document = forms.ChoiceField(label="Document")
    pro_forma = forms.BooleanField(label="Pro forma", required=False)

    def __init__(self, *args: Any, documents: Sequence[str], **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "document", [(word, str(Document(word).label)) for word in documents])
