"""Forms of the hold pages. They check shape; services check meaning (`style.md` A29)."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import Q

from credit_mgmt.fields import NumberField
from customers.models import Document, Reason
from holds.models import Hold


class DateInput(forms.DateInput):
    """A date field of the browser; ISO both ways."""

    input_type = "date"

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%Y-%m-%d", **options)


def reasons_of(kind: Reason.Type, entities: Iterable[str]) -> list[Reason]:
    """The open reasons of a type that are valid in some of `entities`, by code. One query."""
    valid = Q(legal_entity__in=sorted(set(entities))) | Q(legal_entity=None)
    return list(Reason.objects.filter(valid, type=kind, open=True).order_by("code"))


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
    words = reason.description or reason.code
    return reason.code, f"{words} (needs a note)" if reason.requires_note else words


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
    forced_too = forms.BooleanField(required=False)

    def __init__(self, *args: Any, can_post: bool, forced: int, other: int, **options: Any) -> None:
        """`can_post`: something was being posted; `forced` and `other`: how many of the holds are forced, or not."""
        super().__init__(*args, **options)
        if not can_post:
            self.initial["mode"] = Hold.Mode.WITHOUT_POSTING
            self.fields["mode"].widget = forms.HiddenInput()
        if forced and other:
            self.fields["forced_too"].label = "Release the forced one too" if forced == 1 else "Release the forced too"
        else:
            del self.fields["forced_too"]


class RejectForm(ReasonForm):
    """Why the order may not go on."""

    order = forms.ChoiceField(
        label="Order",
        choices=[("keep", "Keep order, marked rejected"), ("cancel", "Cancel order")],
        widget=forms.RadioSelect,
        initial="keep",
        required=False,
    )
    reason = ReasonField(label="Reason", required=False)
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept in the history of each hold.",
    )

    def __init__(self, *args: Any, may_cancel: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not may_cancel:
            del self.fields["order"]

    @property
    def cancels(self) -> bool:
        """Whether the order is to be cancelled."""
        return self.cleaned_data.get("order") == "cancel"


class AssignForm(forms.Form):
    """Whose work it is: one person, nobody, or several in turn."""

    assignee = forms.ChoiceField(label="Assign to", required=False)
    people = forms.MultipleChoiceField(
        label="Or share among",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="One hold each in turn, where they may work on it.",
    )

    def __init__(self, *args: Any, people: Iterable[Any], me: str, several: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        names = [(person.get_username(), person.get_full_name() or person.get_username()) for person in people]
        mine = [(name, f"Me, {words}") for name, words in names if name == me]
        self.choices = [*mine, *(choice for choice in names if choice[0] != me)]
        offer(self, "assignee", [("", "Nobody"), *self.choices])
        if several:
            offer(self, "people", names)
        else:
            del self.fields["people"]

    def name_of(self, username: str) -> str:
        """What the person is called."""
        return str(dict(self.choices).get(username, "nobody")).removeprefix("Me, ")


class AbsenceForm(forms.Form):
    """When somebody is away, and who covers."""

    starts_on = forms.DateField(label="Away from", widget=DateInput)
    ends_on = forms.DateField(label="To", widget=DateInput, help_text="The last day away.")
    covered_by = forms.ChoiceField(label="Covered by")

    def __init__(self, *args: Any, people: Iterable[Any], **options: Any) -> None:
        super().__init__(*args, **options)
        self.choices = [(person.get_username(), person.get_full_name() or person.get_username()) for person in people]
        offer(self, "covered_by", [("", "Choose a colleague"), *self.choices])

    def name_of(self, username: str) -> str:
        """What the person is called."""
        return str(dict(self.choices).get(username, username))


class FitForm(forms.Form):
    """What is expected, and in which order held orders are tried."""

    by = forms.ChoiceField(
        label="Choose by",
        required=False,
        widget=forms.RadioSelect,
        choices=[("ship", "Earliest ship date"), ("most", "Most orders"), ("value", "Highest value")],
    )
    receipt = NumberField(label="Expected receipt", required=False, min_value=0, max_digits=18, decimal_places=4)


class SnoozeForm(forms.Form):
    """Until when a hold is put aside, and what brings it back earlier."""

    OTHER = "date"

    when = forms.ChoiceField(label="Until", widget=forms.RadioSelect)
    until = forms.DateField(label="Date", required=False, widget=DateInput)
    wakes_on = forms.MultipleChoiceField(
        label="Wake earlier when",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[
            ("reasons", "its reasons change"),
            ("payment", "a payment arrives"),
            ("ship_date", "it ships within a day"),
        ],
    )

    def __init__(self, *args: Any, days: Sequence[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "when", [*days, (self.OTHER, "Another day")])

    def clean(self) -> dict[str, Any]:
        """The day itself: one of those offered, or the one that was typed."""
        given = dict(super().clean() or {})
        when = given.get("when")
        if when == self.OTHER and not given.get("until") and "until" not in self.errors:
            self.add_error("until", "Choose the day on which it comes back.")
        elif when and when != self.OTHER:
            given["until"] = dt.date.fromisoformat(when)
        return given


class NoteForm(forms.Form):
    """A note on a hold."""

    note = forms.CharField(label="Note", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class ReviewForm(forms.Form):
    """The day on which a hold stands in the view *due for review*."""

    review_date = forms.DateField(label="Review on", required=False, widget=DateInput, help_text="Empty: no review.")


class ForceForm(ReasonForm):
    """Why orders are stopped outside the rules, and until when."""

    reason = ReasonField(label="Hold reason")
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Seen by everybody who sees the hold.",
    )
    until = forms.DateField(
        label="Ask me on",
        required=False,
        widget=DateInput,
        help_text="On that day the hold is laid before you. Empty: you release it.",
    )


class ForceManyForm(ForceForm):
    """The same for many orders; new orders of the customers that are named may be stopped, too."""

    also_new = forms.BooleanField(label="Also new orders until then", required=False)

    def __init__(self, *args: Any, customers: Sequence[str], **options: Any) -> None:
        super().__init__(*args, **options)
        if customers:
            whose = customers[0] if len(customers) == 1 else f"these {len(customers)} customers"
            self.fields["also_new"].help_text = f"What {whose} orders before that day is put on forced hold, too."
        else:
            del self.fields["also_new"]

    def clean(self) -> dict[str, Any]:
        """Without a day, new orders would be stopped for ever."""
        given = dict(super().clean() or {})
        if given.setdefault("also_new", False) and not given.get("until") and "until" not in self.errors:
            self.add_error("until", "Say until when new orders are stopped, too.")
        return given


class AimForm(forms.Form):
    """Which orders are forced: all of what is said narrows it down."""

    order = forms.CharField(
        label="Order numbers",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Separated by spaces or commas.",
    )
    customer = forms.CharField(label="Customer", required=False, max_length=41, help_text="Such as NL01:C-10427.")
    entity = forms.ChoiceField(label="Legal entity", required=False)
    group = forms.ChoiceField(label="Credit management group", required=False)
    credit_group = forms.ChoiceField(label="Credit group", required=False)

    def __init__(self, *args: Any, choices: Mapping[str, Sequence[tuple[str, str]]], **options: Any) -> None:
        super().__init__(*args, **options)
        for name, known in choices.items():
            offer(self, name, [("", "Any"), *known])


class EvaluateForm(forms.Form):
    """Which holds are evaluated (`domain 7`)."""

    scope = forms.ChoiceField(label="Which holds", widget=forms.RadioSelect)
    preview = forms.BooleanField(
        label="Preview only",
        required=False,
        help_text="Shows what would change and changes nothing. It can be applied afterwards.",
    )
    preview_for = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, scopes: Sequence[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "scope", scopes)


class QuestionForm(forms.Form):
    """What sales would like to know of an order on hold."""

    question = forms.CharField(
        label="Question",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Say also what helps to decide: a promise to pay, how urgent it is.",
    )


class ScheduleForm(forms.Form):
    """Whether a schedule is on, and how often it runs."""

    on = forms.BooleanField(label="On", required=False)
    every = forms.TypedChoiceField(label="How often", coerce=int)
    at = forms.TimeField(label="At", required=False, widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}))

    def __init__(self, *args: Any, every: Sequence[tuple[str, str]], zone: str, **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "every", every)
        self.fields["at"].help_text = f"Only for once a day; in {zone}."


class DocumentForm(forms.Form):
    """A document to post or to ask about."""

    document = forms.ChoiceField(label="Document")
    pro_forma = forms.BooleanField(label="Pro forma", required=False)

    def __init__(self, *args: Any, documents: Sequence[str], **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "document", [(word, str(Document(word).label)) for word in documents])
